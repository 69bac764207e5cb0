/** What polling costs, simulated: the wait after a job's end against the number of requests. */
import { describe, expect, test } from 'vitest'
import { simulatePolling } from '../../bench/polling-cost.ts'
import { pollDelayMs } from '../../src/storage/jobs/wait-for-job.ts'
import { seededRandom } from '../support/seeded-random.ts'

describe('W05: polling', () => {
  test.each([10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1_200, 1_800])(
    'a job of %i seconds is noticed within a twentieth of its time or three seconds, with no more requests than every five seconds',
    (jobS) => {
      const { random } = seededRandom(7)
      const ours = simulatePolling(
        jobS,
        (elapsed) => pollDelayMs(elapsed, random),
        seededRandom(jobS).random,
      )
      const fixed = simulatePolling(jobS, () => 5_000, seededRandom(jobS).random)
      expect(ours.lagS).toBeLessThanOrEqual(Math.max(3, jobS / 20))
      expect(ours.requests).toBeLessThanOrEqual(fixed.requests)
    },
  )
})
