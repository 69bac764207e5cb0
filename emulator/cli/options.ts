/** What both commands need to parse their options. */
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'

/** An error in the command line; the message is for the user. */
export class UsageError extends Error {}

/**
 * Parses the options of a command line.
 *
 * @throws UsageError if an option is unknown or has no value
 */
export function parseOptions<const Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
): ReturnType<typeof parseArgs<{ options: Options }>>['values'] {
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
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
