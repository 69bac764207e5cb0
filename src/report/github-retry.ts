/** When a call to GitHub is worth another try. */
import type { RunContext } from '../run/context.ts'

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
  { clock, random }: Pick<RunContext, 'clock' | 'random'>,
  signal: AbortSignal,
  call: () => Promise<T>,
  repeatable = true,
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await call()
    } catch (error) {
      const again = repeatable || !mayHaveBeenDone(error)
      const wait = again ? pauseMs(error, failures, random()) : undefined
      if (wait === undefined || failures >= ATTEMPTS || signal.aborted) throw error
      await clock.sleep(wait, signal)
    }
  }
}

/** Milliseconds until the next try of a call; undefined when another would fail as well. */
export function pauseMs(error: unknown, failures: number, chance: number): number | undefined {
  const status = statusOf(error)
  if (status === 403 || status === 429) {
    const asked = retryAfterMs(error)
    // Without a time to wait, a 403 is a missing permission and not a secondary rate limit.
    if (asked === undefined) return status === 429 ? backoff(failures, chance) : undefined
    return asked <= LONGEST_MS ? asked + chance * 500 : undefined
  }
  return mayHaveBeenDone(error) ? backoff(failures, chance) : undefined
}

/** Whether a call failed in a way that says nothing of its effect: a lost answer, an error inside GitHub. */
export function mayHaveBeenDone(error: unknown): boolean {
  const status = statusOf(error)
  // GraphQL answers its refusals with 200, and the toolkit throws them without a status.
  if (status === undefined) return field(error, 'errors') === undefined
  return status >= 500
}

/** Whether GitHub refused a call because there were too many. */
export function isRateLimit(error: unknown): boolean {
  const status = statusOf(error)
  if (status === 429) return true
  const remaining = header(error, 'x-ratelimit-remaining')
  return status === 403 && (retryAfterMs(error) !== undefined || remaining === '0')
}

export function statusOf(error: unknown): number | undefined {
  const status = field(error, 'status')
  return typeof status === 'number' ? status : undefined
}

/** Any property of a value of any kind. */
export function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}

function retryAfterMs(error: unknown): number | undefined {
  const text = header(error, 'retry-after')
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) * 1000 : undefined
}

function header(error: unknown, name: string): string | undefined {
  const value = field(field(field(error, 'response'), 'headers'), name)
  return typeof value === 'string' ? value.trim() : undefined
}

function backoff(failures: number, chance: number): number {
  return Math.min(LONGEST_MS, (500 + chance * 1_000) * failures)
}
