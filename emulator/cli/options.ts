/** What both commands need to parse their options, and to say what is wrong with them. */
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'

import { closest } from './closest.ts'

/** An error in the command line, in two lines for the user: the problem and what to do. */
export class UsageError extends Error {
  readonly advice: string

  constructor(problem: string, advice = '') {
    super(problem)
    this.advice = advice
  }
}

/** What a command prints for an error in its command line: three lines. */
export const usageErrorText = ({ message, advice }: UsageError, command: string): string =>
  [message, advice, `npm run ${command} -- --help lists the options.`]
    .filter((line) => line !== '')
    .map((line) => `${line}\n`)
    .join('')

/** The error for a name that does not exist. */
export function unknownName(kind: string, name: string, known: readonly string[]): UsageError {
  const similar = closest(name, known)
  return new UsageError(
    `Unknown ${kind} "${name}".`,
    similar === undefined ? `Choose one of: ${known.join(', ')}` : `Did you mean ${similar}?`,
  )
}

const isUnknownOption = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION'

/**
 * Parses the options of a command line; `-h` is `--help`.
 *
 * @throws UsageError if an option is unknown or has no value
 */
export function parseOptions<const Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
): ReturnType<typeof parseArgs<{ options: Options }>>['values'] {
  try {
    return parseArgs({ args: [...args].map((arg) => (arg === '-h' ? '--help' : arg)), options })
      .values
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const name = /'(-[^' =]*)/.exec(message)?.[1]
    if (isUnknownOption(error) && name !== undefined) {
      const known = Object.keys(options).map((option) => `--${option}`)
      const similar = closest(name, known)
      throw new UsageError(
        `Unknown option ${name}.`,
        similar === undefined ? `The options are ${known.join(', ')}` : `Did you mean ${similar}?`,
      )
    }
    throw new UsageError(message.split('\n')[0] ?? '')
  }
}

/**
 * Parses the number that an option has as its value.
 *
 * @throws UsageError if it is not a number from 0 to `max`
 */
export function parseNumber(option: string, text: string, max: number): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN
  if (value <= max) return value
  throw new UsageError(`--${option} must be a number from 0 to ${max}, not "${text}"`)
}

/**
 * Parses values of the form `NAME=VALUE`.
 *
 * @throws UsageError if one has no name
 */
export function parsePairs(
  option: string,
  values: readonly string[] = [],
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    values.map((text) => {
      const equals = text.indexOf('=')
      if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)]
      throw new UsageError(`--${option} must be NAME=VALUE, not "${text}"`)
    }),
  )
}
