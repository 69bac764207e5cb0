import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { retry, type ApiResult, type RetryPolicy } from '../../../src/network/retry.ts'
import {
  AMBIGUOUS,
  createFailure,
  NOT_EXECUTED,
  PERMANENT,
  type FailureName,
} from '../../support/unit/api-failures.ts'
import { aRetryPolicy, throttledTimes } from '../../support/unit/storage-context.ts'
import { virtualClock } from '../../support/unit/virtual/virtual-clock.ts'

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
