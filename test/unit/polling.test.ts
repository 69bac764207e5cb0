/** What polling costs, simulated: the wait after a job's end against the number of requests. */
import { describe, expect, test } from 'vitest'
import { pollingCost } from '../../bench/polling-cost.ts'
import { pollDelayMs } from '../../src/wait.ts'
import { chanceOf } from '../kit/chance.ts'

describe('W05: polling', () => {
  test.each([10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1_200, 1_800])(
    'a job of %i seconds is noticed within a twentieth of its time or three seconds, with no more requests than every five seconds',
    (jobS) => {
      const { random } = chanceOf(7)
      const ours = pollingCost(
        jobS,
        (elapsed) => pollDelayMs(elapsed, random),
        chanceOf(jobS).random,
      )
      const fixed = pollingCost(jobS, () => 5_000, chanceOf(jobS).random)
      expect(ours.lagS).toBeLessThanOrEqual(Math.max(3, jobS / 20))
      expect(ours.requests).toBeLessThanOrEqual(fixed.requests)
    },
  )
})
