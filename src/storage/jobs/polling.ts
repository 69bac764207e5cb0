/** When to poll a job. */
import type { Random } from '../../lib/clock.ts'
import { throttleDelayMs, type ThrottleState } from '../../network/retry.ts'

/** Kept free before the deadline for the last poll and the report. */
export const REPORT_RESERVE_MS = 3_000

/**
 * The delay until the next poll, in milliseconds: a twelfth of the time that the job has taken so far, so
 * that its end is noticed late by a small share of it, between 5.5 and 30 seconds, with jitter so that
 * parallel runs do not poll at the same moment. On a throttled account the delay is at least as long as
 * throttled calls wait. Chosen with `bench/polling.ts` and `bench/throttled-fleet.ts`.
 *
 * @param elapsedMs since the wait began
 */
export function pollDelayMs(
  elapsedMs: number,
  random: Random,
  throttleState?: ThrottleState,
): number {
  const share = Math.min(30_000, Math.max(5_500, elapsedMs / 12))
  const middle =
    throttleState === undefined ? share : Math.max(share, 1.2 * throttleDelayMs(throttleState))
  return Math.round(middle * (0.85 + 0.3 * random()))
}

/** The delay, in milliseconds, before a call is repeated while a pending job cannot be seen. */
export function unlistedJobDelayMs(random: Random): number {
  return Math.round(15_000 + 15_000 * random())
}
