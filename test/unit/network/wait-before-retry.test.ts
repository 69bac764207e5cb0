import { describe, expect, test } from 'vitest'
import {
  DNS_NOT_FOUND_GRACE_MS,
  newAttempts,
  waitBeforeRetry,
  type Attempts,
  type RetryPolicy,
} from '../../../src/network/retry.ts'
import { AMBIGUOUS, createFailure, type FailureName } from '../../support/unit/api-failures.ts'
import { aRetryPolicy, throttledTimes } from '../../support/unit/storage-context.ts'
import { virtualClock, type VirtualClock } from '../../support/unit/virtual/virtual-clock.ts'

const afterFailures = (failures: number): Attempts => ({ ...newAttempts(), failures })

describe('waitBeforeRetry', () => {
  type Wait = { next: string; waitedMs: number; lines: string[] }

  async function wait(
    name: FailureName,
    attempts: Attempts,
    members: Partial<RetryPolicy> = {},
    clock: VirtualClock = virtualClock(),
    retryAfterMs?: number,
  ): Promise<Wait> {
    const lines: string[] = []
    const policy = aRetryPolicy(clock, { onRetry: (line) => lines.push(line), ...members })
    const startedAt = clock.now()
    const failure = createFailure('GetBackend', name, { retryAfterMs })
    const next = await clock.run(waitBeforeRetry(policy, failure, attempts))
    return { next, waitedMs: clock.now() - startedAt, lines }
  }

  test('A wait is reported in one line', async () => {
    expect(await wait('internalError', afterFailures(3))).toEqual({
      next: 'retry',
      waitedMs: 2_000,
      lines: [
        'GetBackend failed (attempt 3 of 8): 500: Internal server error. Next attempt in 2 s.',
      ],
    })
  })

  test.each([
    [0.04, 'Next attempt in 0.1 s.'],
    [0.16, 'Next attempt in 0.2 s.'],
    [0.3, 'Next attempt in 0.3 s.'],
  ])('A short wait (%f of the maximum) is not reported as 0 s', async (random, text) => {
    const { lines } = await wait('internalError', afterFailures(1), { random: () => random })
    expect(lines[0]).toContain(text)
  })

  test.each([
    [7, 8, 'retry'],
    [8, 8, 'exhausted'],
    [9, 8, 'exhausted'],
    [1, 1, 'exhausted'],
  ])('After %i of %i attempts the result is %s', async (failures, maxAttempts, next) => {
    const result = await wait('internalError', afterFailures(failures), { maxAttempts })
    expect(result.next).toBe(next)
    if (next === 'exhausted') expect(result).toMatchObject({ waitedMs: 0, lines: [] })
  })

  test.each<[FailureName, number, number | undefined, string, number]>([
    ['internalError', 500, undefined, 'deadline', 0],
    ['internalError', 501, undefined, 'retry', 500],
    ['throttled', 60_000, 60_000, 'deadline', 0],
  ])(
    'After %s with the deadline in %i ms and Retry-After %s, the result is %s after %i ms',
    async (name, deadline, retryAfterMs, next, waitedMs) => {
      const result = wait(name, afterFailures(1), { deadline }, virtualClock(), retryAfterMs)
      expect(await result).toMatchObject({ next, waitedMs })
    },
  )

  test.each([
    [1_000, 'deadline'],
    [1_001, 'exhausted'],
  ])(
    'After the last attempt at 1000 ms with the deadline at %i ms, the result is %s',
    async (deadline, next) => {
      const clock = virtualClock(1_000)
      expect(await wait('stall', afterFailures(8), { deadline }, clock)).toMatchObject({ next })
    },
  )

  test('Throttled responses are counted, also when there is no next attempt', async () => {
    const throttleState = throttledTimes(0)
    const countAfter = async (...given: Parameters<typeof wait>): Promise<number> => {
      const [name, attempts, members] = given
      await wait(name, attempts, { ...members, throttleState })
      return throttleState.throttledResponses
    }
    expect(await countAfter('throttled', afterFailures(1))).toBe(1)
    expect(await countAfter('throttledUntyped', afterFailures(2))).toBe(2)
    expect(await countAfter('throttled', afterFailures(8))).toBe(3)
    expect(await countAfter('throttled', afterFailures(1), { deadline: 0 })).toBe(4)
    expect(await countAfter('throttled', afterFailures(1), { deadline: 1 })).toBe(5)
    for (const name of [...AMBIGUOUS, 'connectionRefused', 'unknownHost'] as const) {
      expect(await countAfter(name, afterFailures(1))).toBe(5)
    }
  })

  test('Aborting the signal ends the wait with its reason', async () => {
    const clock = virtualClock()
    const abort = new AbortController()
    clock.schedule(300, () => {
      abort.abort(new Error('cancelled'))
    })
    const waiting = wait('internalError', afterFailures(5), { signal: abort.signal }, clock)
    await expect(waiting).rejects.toThrow('cancelled')
    expect(clock.now()).toBe(300)
  })

  test('A host that is not found is retried for at most ten seconds', async () => {
    const clock = virtualClock()
    const attempts = newAttempts()
    const results: string[] = []
    do {
      attempts.failures += 1
      const { next } = await wait('unknownHost', attempts, { maxAttempts: 20 }, clock)
      results.push(next)
    } while (results.at(-1) === 'retry')
    expect(results.at(-1)).toBe('exhausted')
    expect(results.length).toBeGreaterThan(3)
    expect(clock.now()).toBeGreaterThan(5_000)
    expect(clock.now()).toBeLessThanOrEqual(DNS_NOT_FOUND_GRACE_MS)
  })

  test.each([
    [10_000, 'retry', 10_000],
    [10_001, 'exhausted', 0],
  ])('For a host that is not found, a delay of %i ms means %s', async (delay, next, waitedMs) => {
    const random = (): number => delay / 16_000
    expect(await wait('unknownHost', afterFailures(5), { random })).toMatchObject({
      next,
      waitedMs,
    })
  })

  test('The ten seconds start when the host is first not found, and again after another failure', async () => {
    const clock = virtualClock()
    const attempts = newAttempts()
    const after = async (
      failures: number,
      name: FailureName,
      members: Partial<RetryPolicy> = {},
    ): Promise<string> => {
      attempts.failures = failures
      const { next, waitedMs } = await wait(name, attempts, members, clock)
      if (name === 'throttled') expect(waitedMs).toBe(40_000)
      return next
    }
    const throttled = { throttleState: throttledTimes(0) }
    expect(await after(6, 'throttled', throttled)).toBe('retry')
    expect(await after(1, 'unknownHost')).toBe('retry')
    expect(await after(5, 'throttled', throttled)).toBe('retry')
    expect(await after(2, 'unknownHost')).toBe('retry')
    expect(await after(5, 'unknownHost', { random: () => 0.6 })).toBe('exhausted')
  })
})
