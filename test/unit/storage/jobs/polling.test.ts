import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { simulatePolling } from '../../../../bench/polling-cost.ts'
import { pollDelayMs, unlistedJobDelayMs } from '../../../../src/storage/jobs/polling.ts'
import { seededRandom } from '../../../support/seeded-random.ts'

const atMost = (): number => 0.999999999

describe('the delay before the next poll', () => {
  test('It grows with the age of the job, from 2.5 to 10 seconds', () => {
    const delays = [0, 9_999, 10_000, 300_000, 360_000, 600_000, 3_600_000].map((elapsedMs) =>
      pollDelayMs(elapsedMs, () => 0.5),
    )
    expect(delays).toEqual([2_500, 2_500, 5_000, 5_000, 6_000, 10_000, 10_000])
  })

  test('It varies by 15 % in both directions', () => {
    expect([pollDelayMs(120_000, () => 0), pollDelayMs(120_000, atMost)]).toEqual([4_250, 5_750])
    expect([pollDelayMs(0, () => 0), pollDelayMs(1e9, atMost)]).toEqual([2_125, 11_500])
  })

  test('It is at least as long as a throttled account asks for', () => {
    const delays = [0, 1, 2, 3, 4, 40].map((throttledResponses) =>
      pollDelayMs(120_000, () => 0.5, { throttledResponses }),
    )
    expect(delays).toEqual([5_000, 9_600, 19_200, 38_400, 76_800, 76_800])
  })

  test('It is 15 to 30 seconds where the job cannot be listed', () => {
    const delays = [() => 0, () => 0.5, atMost].map(unlistedJobDelayMs)
    expect(delays).toEqual([15_000, 22_500, 30_000])
  })

  property.prop([
    fc.nat(21_000_000),
    fc.nat(21_000_000),
    fc.double({ min: 0, max: 0.999, noNaN: true }),
  ])('It never shrinks, and is whole milliseconds within its bounds', (one, other, random) => {
    const [first, second] = [Math.min(one, other), Math.max(one, other)].map((elapsedMs) =>
      pollDelayMs(elapsedMs, () => random),
    )
    expect(second).toBeGreaterThanOrEqual(first ?? Infinity)
    expect(first).toBeGreaterThanOrEqual(2_125)
    expect(second).toBeLessThanOrEqual(11_500)
    expect(Number.isInteger(first)).toBe(true)
  })

  test.each([
    [5, 2],
    [10, 2],
    [20, 2.8],
    [60, 2.8],
    [120, 2.8],
    [300, 2.8],
    [600, 5.2],
    [1_200, 5.2],
    [1_800, 5.2],
  ])(
    'The end of a job of %i seconds is noticed after %f seconds on average, with at most three requests more than polling every 5 seconds',
    (jobS, lagS) => {
      const { random } = seededRandom(7)
      const adaptive = simulatePolling(
        jobS,
        (elapsedMs) => pollDelayMs(elapsedMs, random),
        seededRandom(jobS).random,
      )
      const fixed = simulatePolling(jobS, () => 5_000, seededRandom(jobS).random)
      expect(adaptive.lagS).toBeLessThanOrEqual(lagS)
      expect(adaptive.requests).toBeLessThanOrEqual(fixed.requests + 3)
    },
  )
})
