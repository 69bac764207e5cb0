/** When to poll a job. */
import type { Random } from '../../lib/clock.ts'
import { throttleDelayMs, type ThrottleState } from '../../network/retry.ts'

/** Time before the deadline that is reserved for the last poll and the report, in milliseconds. */
export const REPORT_RESERVE_MS = 3_000

/**
 * The delay until the next poll, in milliseconds: a twelfth of the time since the wait began, so that the
 * end of a long job is noticed a little later than that of a short one, but between 5.5 and 30 seconds. It
 * has jitter, so that parallel runs do not poll at the same moment. On a throttled account it is at least
 * the delay of throttled calls. The numbers come from `bench/polling.ts` and `bench/throttled-fleet.ts`.
 *
 * @param elapsedMs since the wait began
 */
export function pollDelayMs(
  elapsedMs: number,
  random: Random,
  throttleState?: ThrottleState,
): number {
  const proportionalMs = Math.min(30_000, Math.max(5_500, elapsedMs / 12))
  const baseMs =
    throttleState === undefined
      ? proportionalMs
      : Math.max(proportionalMs, 1.2 * throttleDelayMs(throttleState))
  return Math.round(baseMs * (0.85 + 0.3 * random()))
}

/** The delay, in milliseconds, before a call is repeated while a pending job is not listed. */
export function unlistedJobDelayMs(random: Random): number {
  return Math.round(15_000 + 15_000 * random())
}
