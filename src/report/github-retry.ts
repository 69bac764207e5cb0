/** When a call to GitHub is worth another try. */
import type { Run } from '../run.ts'

const ATTEMPTS = 3
/** Longer waits are not worth it for a comment. */
const LONGEST_MS = 10_000

/**
 * Makes a call to GitHub, again after server errors, broken connections and rate limits that are soon over.
 *
 * @param repeatable false for a call that would do its work twice when its first answer was only lost
 * @throws what the last call threw
 */
export async function persistGithub<T>(
  { clock, random }: Pick<Run, 'clock' | 'random'>,
  signal: AbortSignal,
  call: () => Promise<T>,
  repeatable: boolean,
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await call()
    } catch (error) {
      const wait = pauseMs(error, failures, random(), repeatable)
      if (wait === undefined || failures >= ATTEMPTS || signal.aborted) throw error
      await clock.sleep(wait, signal)
    }
  }
}

/** Milliseconds until the next try; undefined when there is none. */
export function pauseMs(
  error: unknown,
  failures: number,
  chance: number,
  repeatable: boolean,
): number | undefined {
  const status = field(error, 'status')
  const headers = field(field(error, 'response'), 'headers')
  const asked = Number(field(headers, 'retry-after') ?? NaN) * 1000
  if (status === 403 || status === 429) {
    // Without a time to wait, a 403 is a missing permission and not a secondary rate limit.
    if (Number.isNaN(asked)) return status === 429 ? 1_000 * failures : undefined
    return asked <= LONGEST_MS ? asked + chance * 500 : undefined
  }
  if (!repeatable || (typeof status === 'number' && status < 500 && status >= 400)) return undefined
  return Math.min(LONGEST_MS, (500 + chance * 1_000) * failures)
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}
