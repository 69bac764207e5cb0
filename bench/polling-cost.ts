/** What a way of polling costs, simulated: the wait after a job's end against the number of requests. */

/** One call takes about so long, which the next pause does not include. */
const CALL_MS = 100
const TRIALS = 2_000

/** Means of many jobs. */
export type PollingCost = Readonly<{ lagS: number; requests: number }>

/**
 * @param jobS how long the jobs take, in seconds
 * @param pause milliseconds until the next poll, by those that have passed
 * @param random in [0, 1)
 */
export function simulatePolling(
  jobS: number,
  pause: (elapsedMs: number) => number,
  random: () => number,
): PollingCost {
  let lag = 0
  let requests = 0
  for (let trial = 0; trial < TRIALS; trial += 1) {
    // Jobs do not end on the second.
    const end = jobS * 1_000 * (0.9 + 0.2 * random())
    let now = 0
    while (now < end) {
      now += pause(now) + CALL_MS
      requests += 1
    }
    lag += now - end
  }
  return { lagS: lag / TRIALS / 1_000, requests: requests / TRIALS }
}
