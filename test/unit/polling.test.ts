/** What polling costs, simulated: the wait after a job's end against the number of requests. */
import { describe, expect, test } from 'vitest'
import { pollDelayMs } from '../../src/wait.ts'
import { chanceOf } from '../kit/chance.ts'

/** One call takes about so long, which the next pause does not include. */
const CALL_MS = 100
const TRIALS = 2_000

type Cost = Readonly<{ lagS: number; requests: number }>

function costOf(jobS: number, pause: (elapsedMs: number) => number): Cost {
  const { random } = chanceOf(jobS)
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

describe('W05: polling', () => {
  test.each([10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1_200, 1_800])(
    'a job of %i seconds is noticed within a twentieth of its time or three seconds, with no more requests than every five seconds',
    (jobS) => {
      const { random } = chanceOf(7)
      const ours = costOf(jobS, (elapsed) => pollDelayMs(elapsed, random))
      expect(ours.lagS).toBeLessThanOrEqual(Math.max(3, jobS / 20))
      expect(ours.requests).toBeLessThanOrEqual(costOf(jobS, () => 5_000).requests)
    },
  )
})
