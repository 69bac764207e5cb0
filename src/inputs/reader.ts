/** Reads one input at a time from the environment of the step. */
import { readVariable, type Env } from '../lib/env.ts'
import { formatInput } from './format.ts'
import type { InputProblem, Parsed } from './parsed.ts'

/** What the parser of an input can use besides the text of that input. */
export type InputContext = Readonly<{
  env: Env
  /** Inputs that are read earlier; undefined if they are invalid. */
  backendEnvironmentName: string | undefined
  region: string | undefined
}>

/** One input of action.yml. */
export type InputDefinition<T> = Readonly<{
  name: string
  required: boolean
  /** Applies to an empty value, too: an expression in a workflow often evaluates to one. */
  default: string
  /** Environment variables that are read, in this order, when the input is empty. */
  variables?: readonly string[]
  /** The value is never shown. */
  secret?: boolean
  /** @param text trimmed; empty if the input is empty and has no default */
  parse: (text: string, context: InputContext) => Parsed<T>
}>

export type InputResult<T> =
  Readonly<{ value: T; warnings: readonly string[] }> | Readonly<{ problem: InputProblem }>

type InputSource = Pick<InputDefinition<unknown>, 'name' | 'default' | 'variables'>

/**
 * The variable in which the runner passes an input: `INPUT_`, then the name in upper case with spaces
 * as `_`; hyphens stay (`getInput` of actions/toolkit).
 */
export function inputVariable(name: string): string {
  return `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`
}

/** The trimmed text of an input or its default, and the input or variable that it comes from. */
export function findInput(
  { name, default: preset, variables = [] }: InputSource,
  env: Env,
): Readonly<{ source: string; text: string }> {
  const candidates = [
    [name, inputVariable(name)],
    ...variables.map((each) => [each, each]),
  ] as const
  for (const [source = '', variable = ''] of candidates) {
    const text = readVariable(env, variable)
    if (text !== '') return { source, text }
  }
  // Only the runner can evaluate an expression.
  return { source: name, text: preset.startsWith('${{') ? '' : preset }
}

/** Reads and parses one input. Its problem or warnings name the input and show its value. */
export function readInput<T>(
  definition: InputDefinition<T>,
  context: InputContext,
): InputResult<T> {
  const { source, text } = findInput(definition, context.env)
  const value = definition.secret === true ? '(not shown)' : formatInput(text)
  const parsed = definition.parse(text, context)
  if ('problem' in parsed) {
    return { problem: Object.freeze({ input: source, value, ...parsed.problem }) }
  }
  Object.freeze(parsed.value)
  return {
    value: parsed.value,
    warnings: parsed.warnings.map((warning) => `${source} is ${value}: ${warning}`),
  }
}
