import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import type { FailureKind } from '../../src/network/classify.ts'
import {
  backoffMs,
  formatFailure as describeFailure,
  newAttempts,
  retry,
  throttleDelayMs,
  DNS_NOT_FOUND_GRACE_MS,
  waitBeforeRetry,
  type ApiResult,
  type Attempts,
  type RetryPolicy,
  type ThrottleState,
} from '../../src/network/retry.ts'
import { aRetryPolicy } from '../support/unit/storage-context.ts'
import {
  AMBIGUOUS,
  aFailure,
  createFailure,
  NOT_EXECUTED,
  PERMANENT,
  type FailureName,
} from '../support/unit/api-failures.ts'
import { virtualClock, type VirtualClock } from '../support/unit/virtual-clock.ts'

const ok: ApiResult<string> = { ok: true, value: 'v', requestId: undefined, serverTime: undefined }
const bad = (trouble: FailureName, retryAfterMs?: number): ApiResult<never> => ({
  ok: false,
  failure: createFailure('GetBackend', trouble, { retryAfterMs }),
})
const failures = (count: number): Attempts => ({ ...newAttempts(), failures: count })

describe('the time before the next send', () => {
  const most = (): number => 0.999999999
  const ceilings = (verdict: FailureKind, count: number, pressure?: ThrottleState): number[] =>
    Array.from({ length: count }, (_, index) =>
      backoffMs(verdict, index + 1, most, undefined, pressure),
    )

  test('doubles from one second to twenty', () => {
    expect(ceilings('server-error', 8)).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000, 20_000,
    ])
    expect(ceilings('not-connected', 2)).toEqual([1_000, 2_000])
  })

  test('doubles from eight seconds to sixty-four where the account is throttled', () => {
    expect(ceilings('throttled', 6, { throttledResponses: 0 })).toEqual([
      8_000, 16_000, 32_000, 64_000, 64_000, 64_000,
    ])
  })

  test('counts what was throttled before in this run, whichever calls those were', () => {
    expect(ceilings('throttled', 5, { throttledResponses: 3 })).toEqual([
      32_000, 32_000, 32_000, 64_000, 64_000,
    ])
    expect(ceilings('server-error', 2, { throttledResponses: 3 })).toEqual([1_000, 2_000])
  })

  test('is as after any failure where throttling is not of the account', () => {
    expect(ceilings('throttled', 6)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 20_000])
  })

  test('is nothing that a throttled account asks for until it has throttled', () => {
    const asked = [0, 1, 2, 3, 4, 5, 5_000].map((throttledResponses) =>
      throttleDelayMs({ throttledResponses }),
    )
    expect(asked).toEqual([0, 8_000, 16_000, 32_000, 64_000, 64_000, 64_000])
  })

  test('is at least a quarter of that where the account is throttled', () => {
    expect(backoffMs('throttled', 1, () => 0, undefined, { throttledResponses: 0 })).toBe(2_000)
    expect(backoffMs('throttled', 1, () => 0.5, undefined, { throttledResponses: 0 })).toBe(5_000)
  })

  test('is anything from nothing to that: full jitter, in whole milliseconds', () => {
    expect(backoffMs('server-error', 3, () => 0)).toBe(0)
    expect(backoffMs('server-error', 3, () => 0.5)).toBe(2_000)
    expect(backoffMs('server-error', 1, () => 0.12345)).toBe(123)
  })

  test('begins after what the server asks for', () => {
    expect(backoffMs('throttled', 1, () => 0, 7_000)).toBe(7_000)
    expect(backoffMs('throttled', 1, () => 0.5, 7_000)).toBe(7_500)
    expect(backoffMs('throttled', 1, () => 0, 7_000, { throttledResponses: 0 })).toBe(9_000)
    expect(backoffMs('server-error', 2, () => 0.5, 7_000)).toBe(8_000)
  })

  test('does not obey to absurdity: five minutes of it at most', () => {
    expect(backoffMs('throttled', 1, () => 0, 300_000)).toBe(300_000)
    expect(backoffMs('throttled', 1, () => 0, 300_001)).toBe(300_000)
    expect(backoffMs('throttled', 1, () => 0, 3_600_000)).toBe(300_000)
  })

  test('stays in bounds for any number of failures', () => {
    expect(backoffMs('server-error', 32, () => 0.5)).toBe(10_000)
    expect(backoffMs('server-error', 5_000, () => 0.5)).toBe(10_000)
  })
})

describe('waiting to try again', () => {
  type Wait = { end: string; took: number; lines: string[] }

  async function wait(
    trouble: FailureName,
    attempts: Attempts,
    members: Partial<RetryPolicy> = {},
    clock: VirtualClock = virtualClock(),
    retryAfterMs?: number,
  ): Promise<Wait> {
    const lines: string[] = []
    const patience = aRetryPolicy(clock, { onRetry: (line) => lines.push(line), ...members })
    const from = clock.now()
    const failure = createFailure('GetBackend', trouble, { retryAfterMs })
    const end = await clock.run(waitBeforeRetry(patience, failure, attempts))
    return { end, took: clock.now() - from, lines }
  }

  test('takes its time and says so in one line', async () => {
    expect(await wait('internalError', failures(3))).toEqual({
      end: 'again',
      took: 2_000,
      lines: [
        'GetBackend failed (attempt 3 of 8): 500: Internal server error. Next attempt in 2 s.',
      ],
    })
  })

  test('is over at once when the attempts are used up', async () => {
    expect(await wait('internalError', failures(8))).toEqual({
      end: 'attempts',
      took: 0,
      lines: [],
    })
    expect(await wait('internalError', failures(9))).toMatchObject({ end: 'attempts' })
    expect(await wait('internalError', failures(7))).toMatchObject({ end: 'again' })
    expect(await wait('internalError', failures(1), { maxAttempts: 1 })).toMatchObject({
      end: 'attempts',
      took: 0,
    })
  })

  test('never begins when it would end at the deadline or after it', async () => {
    expect(await wait('internalError', failures(1), { deadline: 500 })).toEqual({
      end: 'deadline',
      took: 0,
      lines: [],
    })
    expect(await wait('internalError', failures(1), { deadline: 501 })).toMatchObject({
      end: 'again',
      took: 500,
    })
    const obeying = await wait(
      'throttled',
      failures(1),
      { deadline: 60_000 },
      virtualClock(),
      60_000,
    )
    expect(obeying).toMatchObject({ end: 'deadline', took: 0 })
  })

  test('at the deadline it is the deadline that ends the attempts, also the last of them', async () => {
    const clock = virtualClock(1_000)
    expect(await wait('stall', failures(8), { deadline: 1_000 }, clock)).toMatchObject({
      end: 'deadline',
    })
    expect(await wait('stall', failures(8), { deadline: 1_001 }, clock)).toMatchObject({
      end: 'attempts',
    })
  })

  test('honours Retry-After', async () => {
    const waited = await wait('throttled', failures(1), {}, virtualClock(), 20_000)
    expect(waited).toMatchObject({ end: 'again', took: 20_500 })
    expect(waited.lines[0]).toMatch(/Next attempt in 21 s\.$/)
    const throttleState = { throttledResponses: 0 }
    const shared = await wait('throttled', failures(1), { throttleState }, virtualClock(), 20_000)
    expect(shared).toMatchObject({ end: 'again', took: 25_000 })
    expect(shared.lines[0]).toMatch(/Next attempt in 25 s\.$/)
  })

  test('counts what throttles the account, also where there is no next attempt', async () => {
    const throttleState = { throttledResponses: 0 }
    const after = async (...given: Parameters<typeof wait>): Promise<number> => {
      const [trouble, attempts, members] = given
      await wait(trouble, attempts, { ...members, throttleState })
      return throttleState.throttledResponses
    }
    expect(await after('throttled', failures(1))).toBe(1)
    expect(await after('throttledUntyped', failures(2))).toBe(2)
    expect(await after('throttled', failures(8))).toBe(3)
    expect(await after('throttled', failures(1), { deadline: 0 })).toBe(4)
    expect(await after('throttled', failures(1), { deadline: 1 })).toBe(5)
    for (const trouble of [...AMBIGUOUS, 'connectionRefused', 'unknownHost'] as const) {
      expect(await after(trouble, failures(1))).toBe(5)
    }
  })

  test('ends with the reason of the signal when that is aborted', async () => {
    const clock = virtualClock()
    const abort = new AbortController()
    clock.schedule(300, () => {
      abort.abort(new Error('cancelled'))
    })
    const waiting = wait('internalError', failures(5), { signal: abort.signal }, clock)
    await expect(waiting).rejects.toThrow('cancelled')
    expect(clock.now()).toBe(300)
  })

  test('R04: for a host that does not exist goes on for ten seconds and no more', async () => {
    const clock = virtualClock()
    const attempts = newAttempts()
    const ends: string[] = []
    do {
      attempts.failures += 1
      const { end } = await wait('unknownHost', attempts, { maxAttempts: 20 }, clock)
      ends.push(end)
    } while (ends.at(-1) === 'again')
    expect(ends.at(-1)).toBe('attempts')
    expect(ends.length).toBeGreaterThan(3)
    expect(clock.now()).toBeGreaterThan(5_000)
    expect(clock.now()).toBeLessThanOrEqual(DNS_NOT_FOUND_GRACE_MS)
  })

  test('for a host that does not exist ends exactly when ten seconds would be passed', async () => {
    const at = (random: number): Promise<Wait> =>
      wait('unknownHost', failures(5), { random: () => random })
    expect(await at(10_000 / 16_000)).toMatchObject({ end: 'again', took: 10_000 })
    expect(await at(10_001 / 16_000)).toMatchObject({ end: 'attempts', took: 0 })
  })

  test('counts those ten seconds from when the host was first not found, whatever was before', async () => {
    const clock = virtualClock()
    const attempts = newAttempts()
    const throttleState = { throttledResponses: 0 }
    attempts.failures = 6
    expect(await wait('throttled', attempts, { throttleState }, clock)).toMatchObject({
      took: 40_000,
    })
    attempts.failures = 1
    expect(await wait('unknownHost', attempts, {}, clock)).toMatchObject({ end: 'again' })
    // The host was there in between, so the count begins anew.
    attempts.failures = 5
    expect(await wait('throttled', attempts, { throttleState }, clock)).toMatchObject({
      took: 40_000,
    })
    attempts.failures = 2
    expect(await wait('unknownHost', attempts, {}, clock)).toMatchObject({ end: 'again' })
    attempts.failures = 5
    expect(await wait('unknownHost', attempts, { random: () => 0.6 }, clock)).toMatchObject({
      end: 'attempts',
    })
  })
})

describe('a call that may be made again', () => {
  type Run = {
    answer: ApiResult<string>
    calls: number
    took: number
    renewals: number
    lines: string[]
  }

  async function run(
    answers: readonly ApiResult<string>[],
    members: Partial<RetryPolicy> = {},
    callMs = 0,
  ): Promise<Run> {
    const clock = virtualClock()
    const seen: Omit<Run, 'answer'> = { calls: 0, took: 0, renewals: 0, lines: [] }
    const patience = aRetryPolicy(clock, {
      onRetry: (line) => seen.lines.push(line),
      refreshCredentials: () => {
        seen.renewals += 1
      },
      ...members,
    })
    const answer = await clock.run(
      retry(patience, async () => {
        await clock.sleep(callMs, patience.signal)
        const next = answers[Math.min(seen.calls, answers.length - 1)]
        seen.calls += 1
        if (next === undefined) throw new Error('no answer is left')
        return next
      }),
    )
    return { ...seen, answer, took: clock.now() }
  }

  test('is made once where it succeeds', async () => {
    expect(await run([ok])).toEqual({ answer: ok, calls: 1, took: 0, renewals: 0, lines: [] })
  })

  test.each([...AMBIGUOUS, ...NOT_EXECUTED])('is made again after %s', async (trouble) => {
    const { answer, calls, lines } = await run([bad(trouble), bad(trouble), ok])
    expect(answer).toEqual(ok)
    expect(calls).toBe(3)
    expect(lines).toHaveLength(2)
    expect(lines[1]).toMatch(/^GetBackend failed \(attempt 2 of 8\): /)
  })

  test.each([...PERMANENT, 'notFound', 'accessDenied'] as const)(
    'T06: is not made again after %s',
    async (trouble) => {
      const { answer, calls, took } = await run([bad(trouble), ok])
      expect(answer).toEqual(bad(trouble))
      expect([calls, took]).toEqual([1, 0])
    },
  )

  test.each([1, 2, 8, 20])(
    'T03: with max-attempts %i is sent exactly so often',
    async (maxAttempts) => {
      const { answer, calls } = await run([bad('throttled')], {
        maxAttempts,
        deadline: 1e9,
      })
      expect(calls).toBe(maxAttempts)
      expect(answer).toEqual({ ...bad('throttled'), outOfTime: false })
    },
  )

  test('stops at the deadline and says that this was why', async () => {
    const { answer, took } = await run([bad('throttled')], { deadline: 10_000 })
    expect(answer).toEqual({ ...bad('throttled'), outOfTime: true })
    expect(took).toBeLessThan(10_000)
  })

  test('whose last attempt ends at the deadline says so too', async () => {
    const { answer } = await run([bad('stall')], { deadline: 5_000, maxAttempts: 1 }, 5_000)
    expect(answer).toEqual({ ...bad('stall'), outOfTime: true })
  })

  test('with expired credentials is made again at once, with fresh ones, but once', async () => {
    expect(await run([bad('expired'), ok])).toEqual({
      answer: ok,
      calls: 2,
      took: 0,
      renewals: 1,
      lines: [],
    })
    expect(await run([bad('expired'), bad('internalError'), bad('expired'), ok])).toMatchObject({
      answer: bad('expired'),
      calls: 3,
      renewals: 1,
    })
  })

  test('with expired credentials counts as an attempt like any other', async () => {
    expect(await run([bad('expired'), ok], { maxAttempts: 1 })).toMatchObject({
      answer: bad('expired'),
      calls: 1,
      renewals: 0,
    })
    const { lines } = await run([bad('expired'), bad('internalError'), ok])
    expect(lines[0]).toMatch(/^GetBackend failed \(attempt 2 of 8\)/)
  })

  test('throws what the call throws', async () => {
    const clock = virtualClock()
    const call = (): Promise<ApiResult<string>> => Promise.reject(new Error('refused by the guard'))
    await expect(clock.run(retry(aRetryPolicy(clock), call))).rejects.toThrow(
      'refused by the guard',
    )
  })

  describe('of a run whose account is throttled', () => {
    /** Calls of one run, one after the other: the time that each of them has waited. */
    async function waits(
      calls: readonly (readonly ApiResult<string>[])[],
      members: Partial<RetryPolicy> = {},
    ): Promise<number[]> {
      const clock = virtualClock()
      const patience = aRetryPolicy(clock, members)
      const times: number[] = []
      for (const answers of calls) {
        const from = clock.now()
        const left = [...answers]
        const call = (): Promise<ApiResult<string>> => Promise.resolve(left.shift() ?? ok)
        await clock.run(retry(patience, call))
        times.push(clock.now() - from)
      }
      return times
    }

    const throttled = [bad('throttled')]

    test('waits longer, the more calls were throttled before', async () => {
      const throttleState = { throttledResponses: 0 }
      const times = await waits([throttled, throttled, throttled, throttled, throttled], {
        throttleState,
      })
      expect(times).toEqual([5_000, 10_000, 20_000, 40_000, 40_000])
      expect(throttleState.throttledResponses).toBe(5)
    })

    test('is not taken for free again by an answer', async () => {
      const times = await waits([throttled, [], [], throttled], {
        throttleState: { throttledResponses: 0 },
      })
      expect(times).toEqual([5_000, 0, 0, 10_000])
    })

    test('waits after other failures as ever', async () => {
      const other = [bad('internalError')]
      const throttleState = { throttledResponses: 0 }
      expect(await waits([throttled, other, throttled, other], { throttleState })).toEqual([
        5_000, 500, 10_000, 500,
      ])
    })

    test('remembers a call that was given up', async () => {
      const members = { pressure: { throttledResponses: 0 }, maxAttempts: 2 }
      // Both of its attempts are throttled; the second has no pause after it, and counts.
      expect(await waits([[bad('throttled'), bad('throttled')], throttled], members)).toEqual([
        5_000, 20_000,
      ])
    })

    test('whose calls share no limit begins anew with each of them', async () => {
      const twice = [bad('throttled'), bad('throttled')]
      expect(await waits([throttled, throttled, twice])).toEqual([500, 500, 1_500])
    })

    property.prop([fc.nat(100), fc.nat(20), fc.double({ min: 0, max: 0.999, noNaN: true })])(
      'waits a quarter of its time at least, and never longer than all of it',
      (throttledResponses, failed, random) => {
        const known = { throttledResponses }
        const wait = backoffMs('throttled', failed + 1, () => random, undefined, known)
        const all = throttleDelayMs({
          throttledResponses: Math.max(throttledResponses, failed + 1),
        })
        expect(all).toBeGreaterThanOrEqual(8_000)
        expect(all).toBeLessThanOrEqual(64_000)
        expect(wait).toBeGreaterThanOrEqual(all / 4)
        expect(wait).toBeLessThanOrEqual(all)
      },
    )
  })

  const troubles = fc.constantFrom(...AMBIGUOUS, ...NOT_EXECUTED, ...PERMANENT, 'expired' as const)

  property.prop([
    fc.array(fc.tuple(troubles, fc.option(fc.nat(400_000), { nil: undefined })), { maxLength: 25 }),
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: 1, max: 3_600_000 }),
    fc.double({ min: 0, max: 0.999, noNaN: true }),
    fc.option(fc.nat(5), { nil: undefined }),
  ])(
    'never exceeds its attempts, never waits past the deadline, and ends',
    async (script, maxAttempts, deadline, random, throttledResponses) => {
      const answers = [...script.map(([trouble, after]) => bad(trouble, after)), ok]
      const { calls, took, lines } = await run(answers, {
        maxAttempts,
        deadline,
        random: () => random,
        ...(throttledResponses === undefined ? {} : { throttleState: { throttledResponses } }),
      })
      expect(calls).toBeLessThanOrEqual(maxAttempts)
      expect(took).toBeLessThan(Math.max(1, deadline))
      expect(lines.length).toBeLessThan(calls)
    },
  )
})

describe('a failure in a few words', () => {
  test.each([
    [
      { status: 429, name: 'TooManyRequestsException', message: 'Rate exceeded' },
      '429 TooManyRequestsException: Rate exceeded',
    ],
    [{ status: 500, message: 'Oops' }, '500: Oops'],
    [{ status: 500 }, '500'],
    [
      { code: 'ECONNRESET', name: 'Error', message: 'socket hang up' },
      'ECONNRESET: socket hang up',
    ],
    [
      { code: 'ECONNRESET', name: 'TimeoutError', message: 'read ECONNRESET' },
      'ECONNRESET: read ECONNRESET',
    ],
    [{ status: 200, code: 'X', name: 'Strange' }, '200 X Strange'],
    [{ status: 502, name: 'SyntaxError', message: '<' }, '502: the answer is not JSON'],
    [{ status: 500, name: 'Unknown', message: 'UnknownError' }, '500: no reason given'],
    [{ status: 500, name: 'Unknown', message: 'Unknown' }, '500: no reason given'],
    [{ message: 'only a text' }, 'only a text'],
    [{}, ''],
    [{ timeLimit: true, status: 200, message: 'x' }, 'no answer within the time limit'],
  ])('%j is "%s"', (members, text) => {
    expect(describeFailure(aFailure(members))).toBe(text)
  })
})
