import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import type { FailureKind } from '../../../src/network/classify.ts'
import {
  backoffMs,
  DNS_NOT_FOUND_GRACE_MS,
  newAttempts,
  retry,
  throttleDelayMs,
  waitBeforeRetry,
  type ApiResult,
  type Attempts,
  type RetryPolicy,
  type ThrottleState,
} from '../../../src/network/retry.ts'
import {
  AMBIGUOUS,
  createFailure,
  NOT_EXECUTED,
  PERMANENT,
  type FailureName,
} from '../../support/unit/api-failures.ts'
import { aRetryPolicy } from '../../support/unit/storage-context.ts'
import { virtualClock, type VirtualClock } from '../../support/unit/virtual-clock.ts'

const success: ApiResult<string> = {
  ok: true,
  value: 'v',
  requestId: undefined,
  serverTime: undefined,
}
const failed = (name: FailureName, retryAfterMs?: number): ApiResult<never> => ({
  ok: false,
  failure: createFailure('GetBackend', name, { retryAfterMs }),
})
const afterFailures = (failures: number): Attempts => ({ ...newAttempts(), failures })
const throttledTimes = (throttledResponses: number): ThrottleState => ({ throttledResponses })

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

describe('retry', () => {
  type Run = {
    result: ApiResult<string>
    calls: number
    durationMs: number
    refreshes: number
    lines: string[]
  }

  async function run(
    results: readonly ApiResult<string>[],
    members: Partial<RetryPolicy> = {},
    callMs = 0,
  ): Promise<Run> {
    const clock = virtualClock()
    const recorded = { calls: 0, refreshes: 0, lines: new Array<string>() }
    const policy = aRetryPolicy(clock, {
      onRetry: (line) => recorded.lines.push(line),
      invalidateCredentials: () => {
        recorded.refreshes += 1
      },
      ...members,
    })
    const result = await clock.run(
      retry(policy, async () => {
        await clock.sleep(callMs, policy.signal)
        const next = results[Math.min(recorded.calls, results.length - 1)]
        recorded.calls += 1
        if (next === undefined) throw new Error('no result is left')
        return next
      }),
    )
    return { ...recorded, result, durationMs: clock.now() }
  }

  test('A successful call is made once', async () => {
    expect(await run([success])).toEqual({
      result: success,
      calls: 1,
      durationMs: 0,
      refreshes: 0,
      lines: [],
    })
  })

  test.each([...AMBIGUOUS, ...NOT_EXECUTED])('A call is repeated after %s', async (name) => {
    const { result, calls, lines } = await run([failed(name), failed(name), success])
    expect(result).toEqual(success)
    expect(calls).toBe(3)
    expect(lines).toHaveLength(2)
    expect(lines[1]).toMatch(/^GetBackend failed \(attempt 2 of 8\): /)
  })

  test.each([...PERMANENT, 'notFound', 'accessDenied'] as const)(
    'A call is not repeated after %s',
    async (name) => {
      const { result, calls, durationMs } = await run([failed(name), success])
      expect(result).toEqual(failed(name))
      expect([calls, durationMs]).toEqual([1, 0])
    },
  )

  test.each([1, 2, 8, 20])('With max-attempts %i, exactly as many calls are made', async (max) => {
    const { result, calls } = await run([failed('throttled')], { maxAttempts: max, deadline: 1e9 })
    expect(calls).toBe(max)
    expect(result).toEqual({ ...failed('throttled'), deadlineExceeded: false })
  })

  test('The retries stop before the deadline, and the result says so', async () => {
    const { result, durationMs } = await run([failed('throttled')], { deadline: 10_000 })
    expect(result).toEqual({ ...failed('throttled'), deadlineExceeded: true })
    expect(durationMs).toBeLessThan(10_000)
  })

  test('A last attempt that ends at the deadline exceeds the deadline', async () => {
    const { result } = await run([failed('stall')], { deadline: 5_000, maxAttempts: 1 }, 5_000)
    expect(result).toEqual({ ...failed('stall'), deadlineExceeded: true })
  })

  test('After expired credentials, the call is repeated once, immediately and with new ones', async () => {
    expect(await run([failed('expired'), success])).toEqual({
      result: success,
      calls: 2,
      durationMs: 0,
      refreshes: 1,
      lines: [],
    })
    const again = [failed('expired'), failed('internalError'), failed('expired'), success]
    expect(await run(again)).toMatchObject({ result: failed('expired'), calls: 3, refreshes: 1 })
  })

  test('A call with expired credentials counts as an attempt', async () => {
    expect(await run([failed('expired'), success], { maxAttempts: 1 })).toMatchObject({
      result: failed('expired'),
      calls: 1,
      refreshes: 0,
    })
    const { lines } = await run([failed('expired'), failed('internalError'), success])
    expect(lines[0]).toMatch(/^GetBackend failed \(attempt 2 of 8\)/)
  })

  test('An error that the call throws passes through', async () => {
    const clock = virtualClock()
    const call = (): Promise<ApiResult<string>> => Promise.reject(new Error('refused by the guard'))
    await expect(clock.run(retry(aRetryPolicy(clock), call))).rejects.toThrow(
      'refused by the guard',
    )
  })

  describe('Throttling across the calls of a run', () => {
    /** Makes calls one after the other and returns how long each of them waited. */
    async function waits(
      calls: readonly (readonly ApiResult<string>[])[],
      members: Partial<RetryPolicy>,
    ): Promise<number[]> {
      const clock = virtualClock()
      const policy = aRetryPolicy(clock, members)
      const times: number[] = []
      for (const results of calls) {
        const startedAt = clock.now()
        const left = [...results]
        await clock.run(retry(policy, () => Promise.resolve(left.shift() ?? success)))
        times.push(clock.now() - startedAt)
      }
      return times
    }

    const throttled = [failed('throttled')]
    const twice = [failed('throttled'), failed('throttled')]
    const other = [failed('internalError')]

    const withState = (count = 0): Partial<RetryPolicy> => ({
      throttleState: throttledTimes(count),
    })

    test.each<[string, (readonly ApiResult<string>[])[], Partial<RetryPolicy>, number[]]>([
      [
        'each throttled call waits longer',
        [throttled, throttled, throttled, throttled, throttled],
        withState(),
        [5_000, 10_000, 20_000, 40_000, 40_000],
      ],
      ['a success keeps the count', [throttled, [], throttled], withState(), [5_000, 0, 10_000]],
      ['others wait as usual', [throttled, other, throttled], withState(), [5_000, 500, 10_000]],
      [
        'the last attempt of a call counts',
        [twice, throttled],
        { ...withState(), maxAttempts: 2 },
        [5_000, 20_000],
      ],
      [
        'calls without a shared rate limit start from the beginning',
        [throttled, throttled, twice],
        {},
        [500, 500, 1_500],
      ],
    ])('Across the calls of a run, %s', async (_, calls, members, expected) => {
      expect(await waits(calls, members)).toEqual(expected)
    })
  })

  const failureNames = fc.constantFrom(
    ...AMBIGUOUS,
    ...NOT_EXECUTED,
    ...PERMANENT,
    'expired' as const,
  )

  property.prop([
    fc.array(fc.tuple(failureNames, fc.option(fc.nat(400_000), { nil: undefined })), {
      maxLength: 25,
    }),
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: 1, max: 3_600_000 }),
    fc.double({ min: 0, max: 0.999, noNaN: true }),
    fc.option(fc.nat(5), { nil: undefined }),
  ])(
    'A call never exceeds its attempts and never waits past the deadline',
    async (script, maxAttempts, deadline, random, throttledResponses) => {
      const results = [...script.map(([name, after]) => failed(name, after)), success]
      const { calls, durationMs, lines } = await run(results, {
        maxAttempts,
        deadline,
        random: () => random,
        ...(throttledResponses === undefined
          ? {}
          : { throttleState: throttledTimes(throttledResponses) }),
      })
      expect(calls).toBeLessThanOrEqual(maxAttempts)
      expect(durationMs).toBeLessThan(Math.max(1, deadline))
      expect(lines.length).toBeLessThan(calls)
    },
  )
})
