/** When to poll a job. */
import type { Random } from '../../lib/clock.ts'
import { throttleDelayMs, type ThrottleState } from '../../network/retry.ts'

/** Time before the deadline that is reserved for the last poll and the report, in milliseconds. */
export const REPORT_RESERVE_MS = 3_000

/** A job that fails early, or has little to do, ends within this time, in milliseconds. */
const SHORT_JOB_MS = 10_000

/**
 * The delay until the next poll, in milliseconds: 2.5 seconds in the first ten seconds of the wait, then 5
 * seconds, and after five minutes a sixtieth of the elapsed time, up to 10 seconds. It has jitter, so that
 * parallel runs do not poll at the same moment. On a throttled account it is at least the delay of throttled
 * calls. The numbers come from `bench/polling.ts` and `bench/throttled-fleet.ts`.
 *
 * @param elapsedMs since the wait began
 */
export function pollDelayMs(
  elapsedMs: number,
  random: Random,
  throttleState?: ThrottleState,
): number {
  const minimumMs = elapsedMs < SHORT_JOB_MS ? 2_500 : 5_000
  const usualMs = Math.min(10_000, Math.max(minimumMs, elapsedMs / 60))
  const baseMs =
    throttleState === undefined ? usualMs : Math.max(usualMs, 1.2 * throttleDelayMs(throttleState))
  return Math.round(baseMs * (0.85 + 0.3 * random()))
}

/** The delay, in milliseconds, before a call is repeated while a pending job is not listed. */
export function unlistedJobDelayMs(random: Random): number {
  return Math.round(15_000 + 15_000 * random())
}
