import { describe, expect, test } from 'vitest'
import type { FailureKind } from '../../../src/network/classify.ts'
import { backoffMs, throttleDelayMs, type ThrottleState } from '../../../src/network/retry.ts'
import { throttledTimes } from '../../support/unit/storage-context.ts'

describe('backoffMs', () => {
  /** The longest delays after 1, 2, 3, … failures. */
  const maxDelays = (kind: FailureKind, count: number, state?: ThrottleState): number[] =>
    Array.from({ length: count }, (_, index) =>
      backoffMs(kind, index + 1, () => 0.999999999, undefined, state),
    )

  test.each<[FailureKind, ThrottleState | undefined, number[]]>([
    ['server-error', undefined, [1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000]],
    ['connection-failed', undefined, [1_000, 2_000]],
    ['throttled', undefined, [1_000, 2_000, 4_000, 8_000, 16_000, 20_000]],
    ['throttled', throttledTimes(0), [8_000, 16_000, 32_000, 64_000, 64_000, 64_000]],
    ['throttled', throttledTimes(3), [32_000, 32_000, 32_000, 64_000, 64_000]],
    ['server-error', throttledTimes(3), [1_000, 2_000]],
    // The first attempt with the corrected time is made at once.
    ['clock-skew', undefined, [0, 2_000, 4_000]],
  ])('The longest delays for %s and throttling %j are %j', (kind, state, delays) => {
    expect(maxDelays(kind, delays.length, state)).toEqual(delays)
  })

  test('An account that has not been throttled asks for no delay between calls', () => {
    const delays = [0, 1, 2, 3, 4, 5, 5_000].map((count) => throttleDelayMs(throttledTimes(count)))
    expect(delays).toEqual([0, 8_000, 16_000, 32_000, 64_000, 64_000, 64_000])
  })

  test.each<[FailureKind, number, number, number | undefined, ThrottleState | undefined, number]>([
    ['server-error', 3, 0, undefined, undefined, 0],
    ['server-error', 3, 0.5, undefined, undefined, 2_000],
    ['server-error', 1, 0.12345, undefined, undefined, 123],
    ['server-error', 32, 0.5, undefined, undefined, 10_000],
    ['server-error', 5_000, 0.5, undefined, undefined, 10_000],
    ['server-error', 2, 0.5, 7_000, undefined, 8_000],
    ['throttled', 1, 0, undefined, throttledTimes(0), 2_000],
    ['throttled', 1, 0.5, undefined, throttledTimes(0), 5_000],
    ['throttled', 1, 0, 7_000, undefined, 7_000],
    ['throttled', 1, 0.5, 7_000, undefined, 7_500],
    ['throttled', 1, 0, 7_000, throttledTimes(0), 9_000],
    ['throttled', 1, 0, 300_000, undefined, 300_000],
    ['throttled', 1, 0, 300_001, undefined, 300_000],
    ['throttled', 1, 0, 3_600_000, undefined, 300_000],
  ])(
    'After %s, %i failures, random %d, Retry-After %s and throttling %j, the delay is %i ms',
    (kind, failures, random, retryAfterMs, state, delay) => {
      expect(backoffMs(kind, failures, () => random, retryAfterMs, state)).toBe(delay)
    },
  )
})
