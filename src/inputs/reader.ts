/** Takes one input after another and keeps what is wrong with any of them. */

import type { InputProblem, Parsed } from './parsed.ts'
import { formatInput } from './format.ts'
import { inputText } from './definitions.ts'
import type { InputName } from './definitions.ts'
import type { Env } from '../lib/env.ts'

export type InputReader = Readonly<{
  /** The input's trimmed text (or its default), judged; undefined where it is refused. */
  read: <T>(input: InputName, check: (text: string) => Parsed<T>) => T | undefined
  /** As `take`; undefined, without a problem, where the input is blank too. */
  readOptional: <T>(input: InputName, judge: (text: string) => Parsed<T>) => T | undefined
  /** As `takeGiven`, for a value that is never shown. */
  readSecret: <T>(input: InputName, judge: (text: string) => Parsed<T>) => T | undefined
  /** A text from elsewhere under its own name. */
  check: <T>(name: string, text: string, judge: (text: string) => Parsed<T>) => T | undefined
  reject: (problem: InputProblem) => void
  warn: (warning: string) => void
  problems: () => readonly InputProblem[]
  warnings: () => readonly string[]
}>

/** An empty collector over an environment. */
export function createInputReader(env: Env): InputReader {
  const problems: InputProblem[] = []
  const warnings: string[] = []

  function settle<T>(input: string, value: string, outcome: Parsed<T>): T | undefined {
    if ('flaw' in outcome) {
      problems.push(Object.freeze({ input, value, ...outcome.flaw }))
      return undefined
    }
    for (const warning of outcome.warnings) warnings.push(`${input} is ${value}: ${warning}`)
    return outcome.value
  }

  const textFor = (input: InputName): string => inputText(env, input).trim()

  return {
    read: (input, judge) => settle(input, formatInput(textFor(input)), judge(textFor(input))),
    readOptional: (input, judge) => {
      const text = textFor(input)
      return text === '' ? undefined : settle(input, formatInput(text), judge(text))
    },
    readSecret: (input, judge) => {
      const text = textFor(input)
      return text === '' ? undefined : settle(input, '(not shown)', judge(text))
    },
    check: (name, text, judge) => settle(name, formatInput(text), judge(text)),
    reject: (problem) => {
      problems.push(Object.freeze(problem))
    },
    warn: (warning) => {
      warnings.push(warning)
    },
    problems: () => Object.freeze([...problems]),
    warnings: () => Object.freeze([...warnings]),
  }
}
