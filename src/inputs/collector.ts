/** Takes one input after another and keeps what is wrong with any of them. */

import type { InputProblem, Outcome } from './outcome.ts'
import { shown } from './show.ts'
import { textOf } from './table.ts'
import type { Env, InputName } from './table.ts'

export type Collector = Readonly<{
  /** The input's trimmed text (or its default), judged; undefined where it is refused. */
  take: <T>(input: InputName, judge: (text: string) => Outcome<T>) => T | undefined
  /** As `take`; undefined, without a problem, where the input is blank too. */
  takeGiven: <T>(input: InputName, judge: (text: string) => Outcome<T>) => T | undefined
  /** As `takeGiven`, for a value that is never shown. */
  takeSecret: <T>(input: InputName, judge: (text: string) => Outcome<T>) => T | undefined
  /** A text from elsewhere under its own name. */
  judge: <T>(name: string, text: string, judge: (text: string) => Outcome<T>) => T | undefined
  reject: (problem: InputProblem) => void
  warn: (warning: string) => void
  problems: () => readonly InputProblem[]
  warnings: () => readonly string[]
}>

/** An empty collector over an environment. */
export function collector(env: Env): Collector {
  const problems: InputProblem[] = []
  const warnings: string[] = []

  function settle<T>(input: string, value: string, outcome: Outcome<T>): T | undefined {
    if ('flaw' in outcome) {
      problems.push(Object.freeze({ input, value, ...outcome.flaw }))
      return undefined
    }
    for (const warning of outcome.warnings) warnings.push(`${input} is ${value}: ${warning}`)
    return outcome.value
  }

  const textFor = (input: InputName): string => textOf(env, input).trim()

  return {
    take: (input, judge) => settle(input, shown(textFor(input)), judge(textFor(input))),
    takeGiven: (input, judge) => {
      const text = textFor(input)
      return text === '' ? undefined : settle(input, shown(text), judge(text))
    },
    takeSecret: (input, judge) => {
      const text = textFor(input)
      return text === '' ? undefined : settle(input, '(not shown)', judge(text))
    },
    judge: (name, text, judge) => settle(name, shown(text), judge(text)),
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
