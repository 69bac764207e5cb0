/** Simulates polling: the delay after the end of a job, and the number of requests. */

/** Duration of one call; the delay before the next call starts after it. */
const CALL_MS = 100
const TRIALS = 2_000

/** Means over many jobs: seconds from the end of the job to its detection, and requests. */
export type PollingCost = Readonly<{ lagS: number; requests: number }>

/**
 * @param jobS duration of the jobs, in seconds
 * @param delayMs delay before the next poll, given the time since the start; both in milliseconds
 * @param random in [0, 1)
 */
export function simulatePolling(
  jobS: number,
  delayMs: (elapsedMs: number) => number,
  random: () => number,
): PollingCost {
  let lag = 0
  let requests = 0
  for (let trial = 0; trial < TRIALS; trial += 1) {
    // The duration varies, so that no interval has an advantage.
    const end = jobS * 1_000 * (0.9 + 0.2 * random())
    let now = 0
    while (now < end) {
      now += delayMs(now) + CALL_MS
      requests += 1
    }
    lag += now - end
  }
  return { lagS: lag / TRIALS / 1_000, requests: requests / TRIALS }
}
