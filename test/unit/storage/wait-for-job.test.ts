import { describe, expect, test } from 'vitest'
import { AMBIGUOUS, NOT_EXECUTED, PERMANENT } from '../../support/unit/api-failures.ts'
import {
  callTimes,
  completedAt,
  JOB_ID,
  runWaitForJob,
  START_MS,
  type JobScenario,
} from '../../support/unit/job-runs.ts'
import { containing } from '../../support/unit/matchers.ts'
import type { Recorded } from '../../support/unit/storage-context.ts'
import { abortAt } from '../../support/unit/storage-runs.ts'
import type { Fault } from '../../support/unit/virtual-amplify-types.ts'

const throttled: Fault = { failure: 'throttled' }
const notFound: Fault = { failure: 'notFound' }
const expired: Fault = { failure: 'expired' }
const COMPLETED = { ok: true, value: { status: 'COMPLETED' } }

/** A connection on which the first polls fail. */
const polls = (...faults: (Fault | undefined)[]) => ({ faults: { GetBackendJob: faults } })

/** The delays that were logged after failed polls. */
const loggedDelays = ({ retries }: Recorded): (string | undefined)[] =>
  retries.map((line) => /Next check in (.*)\./.exec(line)?.[1])

/** The longest time without a line in the log, and the longest after the first lines. */
const silences = ({ timedLines }: Recorded): readonly number[] =>
  timedLines.map(({ at }, index) => at - (timedLines[index - 1]?.at ?? START_MS))

describe('waiting for a job', () => {
  test('The wait ends when the job is complete, and every status is reported', async () => {
    const { result, recorded, durationMs, service } = await runWaitForJob({
      changes: completedAt(15_000),
    })
    expect(result).toMatchObject({ ok: true, value: { jobId: JOB_ID, status: 'COMPLETED' } })
    expect([durationMs, service.count('GetBackendJob')]).toEqual([16_500, 3])
    expect(recorded.jobs).toEqual([
      { jobId: JOB_ID, status: 'RUNNING' },
      { jobId: JOB_ID, status: 'RUNNING' },
      { jobId: JOB_ID, status: 'COMPLETED' },
    ])
    expect(recorded.lines).toEqual([
      `Waiting for job ${JOB_ID}, at most 30 min.`,
      `Job ${JOB_ID} is RUNNING after 6 s; 29 min 55 s left.`,
    ])
  })

  test('The wait ends when the job has failed, with the text of the service', async () => {
    const { result } = await runWaitForJob({
      changes: [{ endsAtMs: 1_000, status: 'FAILED', error: 'no auth' }],
    })
    expect(result).toMatchObject({ ok: true, value: { status: 'FAILED', error: 'no auth' } })
  })

  test('The first line has the status of the response that started the job', async () => {
    const { recorded } = await runWaitForJob({
      status: 'RUNNING',
      changes: [{ endsAtMs: 5_000, status: 'completed' }],
    })
    expect(recorded.lines).toEqual([`Waiting for job ${JOB_ID} (RUNNING), at most 30 min.`])
  })

  test('Every change of the status is logged', async () => {
    const { recorded } = await runWaitForJob({
      status: 'PENDING',
      changes: [{ atMs: 12_000, status: 'RUNNING' }, ...completedAt(23_000)],
    })
    expect(recorded.lines).toEqual([
      `Waiting for job ${JOB_ID} (PENDING), at most 30 min.`,
      `Job ${JOB_ID} is RUNNING after 17 s; 29 min 44 s left.`,
    ])
  })

  test('An unknown status counts as running, and the log says so once', async () => {
    const { result, recorded } = await runWaitForJob({
      changes: [
        { atMs: 1_000, status: 'NEW_STATE' },
        { atMs: 14_000, status: 'RUNNING' },
        { atMs: 25_000, status: 'NEW_STATE' },
        { atMs: 30_000, status: 'PROVISIONING' },
        ...completedAt(41_000),
      ],
    })
    expect(result.ok).toBe(true)
    expect(recorded.lines).toEqual([
      `Waiting for job ${JOB_ID}, at most 30 min.`,
      `Job ${JOB_ID} is NEW_STATE after 6 s; 29 min 55 s left. This status is unknown and is treated as running.`,
      `Job ${JOB_ID} is RUNNING after 17 s; 29 min 44 s left.`,
      `Job ${JOB_ID} is NEW_STATE after 28 s; 29 min 33 s left.`,
      `Job ${JOB_ID} is PROVISIONING after 33 s; 29 min 27 s left.`,
    ])
  })

  test.each(['Succeeded', 'CANCELLED', 'NEW_STATE'])(
    'With the status %s, the wait goes on until the deadline',
    async (status) => {
      const { result, durationMs } = await runWaitForJob({
        context: { timeoutMs: 120_000 },
        changes: [{ atMs: 0, status }],
      })
      expect(result).toMatchObject({ ok: false, code: 'TIMED_OUT', result: 'timed-out' })
      expect(durationMs).toBe(117_000)
    },
  )

  test('The wait is given up after max-attempts responses without a status', async () => {
    const { result, durationMs, service } = await runWaitForJob({
      context: { maxAttempts: 3 },
      changes: [{ atMs: 0, status: '' }],
    })
    expect(result).toMatchObject({
      ok: false,
      code: 'UNREADABLE_RESPONSE',
      result: 'unknown',
      message: `The service repeatedly returned job ${JOB_ID} without a status, so its outcome is unknown.`,
      advice: containing(`--job-id ${JOB_ID}`),
    })
    expect([durationMs, service.count('GetBackendJob')]).toEqual([16_500, 3])
  })

  test('The wait goes on where a status is missing now and then', async () => {
    const { result, recorded } = await runWaitForJob({
      context: { maxAttempts: 2 },
      status: 'RUNNING',
      changes: [
        ...[1_000, 12_000, 23_000].flatMap((atMs) => [
          { atMs, status: '' },
          { atMs: atMs + 5_500, status: 'RUNNING' },
        ]),
        ...completedAt(36_000),
      ],
    })
    expect(result.ok).toBe(true)
    expect(recorded.jobs.map(({ status }) => status)).not.toContain('')
    expect(recorded.lines[1]).toBe(`Job ${JOB_ID} is without a status after 6 s; 29 min 55 s left.`)
  })

  test('The wait ends with the signal', async () => {
    const abort = new AbortController()
    const run = runWaitForJob({
      context: { signal: abort.signal },
      events: [abortAt(6_000, abort)],
    })
    await expect(run).rejects.toThrow('SIGINT')
  })
})

describe('the log while a job is waited for', () => {
  test.each([0, 5_000, 9_999, 15_000])(
    'With a latency of %i ms, there is a line at least once a minute',
    async (latency) => {
      const { recorded } = await runWaitForJob({
        connection: { latency: () => latency },
        context: { timeoutMs: 900_000 },
      })
      const gaps = silences(recorded)
      expect(Math.max(...gaps)).toBeLessThanOrEqual(60_000)
      expect(Math.max(...gaps.slice(2))).toBeGreaterThanOrEqual(40_000)
      expect(recorded.lines.at(-1)).toMatch(
        new RegExp(`^Job ${JOB_ID} is .* after .*; .* left\\.$`),
      )
    },
  )

  test.each<readonly [string, JobScenario]>([
    [
      'the server asks for long delays',
      {
        connection: { always: { GetBackendJob: { failure: 'throttled', retryAfterMs: 300_000 } } },
      },
    ],
    ['the account is throttled', { context: { throttleState: { throttledResponses: 40 } } }],
  ])('There is a line every 40 seconds when %s', async (_when, scenario) => {
    const { recorded } = await runWaitForJob({
      ...scenario,
      context: { ...scenario.context, timeoutMs: 700_000 },
    })
    expect(Math.max(...silences(recorded))).toBe(40_000)
  })
})

describe('polls that fail', () => {
  test.each([...AMBIGUOUS, ...NOT_EXECUTED])(
    'Polls that fail with %s do not end the wait',
    async (failure) => {
      const fault: Fault = { failure }
      const { result, recorded } = await runWaitForJob({
        connection: polls(fault, fault, fault, fault),
        context: { maxAttempts: 2 },
        changes: completedAt(10_000),
      })
      expect(result).toMatchObject(COMPLETED)
      expect(recorded.retries).toHaveLength(4)
      expect(recorded.retries[0]).toMatch(
        /^GetBackendJob failed \(.+\); the job is not affected\. Next check in 6 s\.$/,
      )
    },
  )

  test('Throttled polls back off by the whole run, and wait as Retry-After asks', async () => {
    const { recorded, durationMs } = await runWaitForJob({
      connection: polls(
        ...Array.from({ length: 4 }, () => throttled),
        { failure: 'throttled', retryAfterMs: 50_000 },
        undefined,
        throttled,
      ),
      changes: completedAt(200_000),
    })
    // A response in between resets nothing, and polls never come faster than without failures.
    expect(loggedDelays(recorded)).toEqual(['6 s', '10 s', '20 s', '40 s', '1 min 30 s', '40 s'])
    expect(durationMs).toBe(287_800)
  })

  test.each<readonly [string, Fault['failure'], JobScenario['context']]>([
    ['fail', 'internalError', {}],
    ['are throttled where the account shares no known limit', 'throttled', { throttleState: null }],
  ])('Polls that %s back off anew after each response', async (_how, failure, context) => {
    const fault: Fault = { failure }
    const { recorded, durationMs } = await runWaitForJob({
      connection: polls(...Array.from({ length: 6 }, () => fault), undefined, fault),
      context: context ?? {},
      changes: completedAt(56_000),
    })
    // The maximum delays are those of any call, 1 to 20 seconds; polls never come faster than without failures.
    expect(loggedDelays(recorded)).toEqual(['6 s', '6 s', '6 s', '6 s', '8 s', '10 s', '6 s'])
    expect(durationMs).toBe(56_500)
  })

  test('Only throttled polls count as throttled', async () => {
    const throttleState = { throttledResponses: 0 }
    const failures = [...AMBIGUOUS, ...NOT_EXECUTED].filter((name) => !name.startsWith('throttled'))
    await runWaitForJob({
      connection: polls(...failures.map((failure) => ({ failure }))),
      context: { throttleState },
      changes: completedAt(1_000),
    })
    expect(throttleState.throttledResponses).toBe(0)
  })

  test.each(PERMANENT)('A poll that fails with %s ends the wait at once', async (failure) => {
    const { result, service } = await runWaitForJob({
      connection: { always: { GetBackendJob: { failure } } },
    })
    expect(result).toMatchObject({
      ok: false,
      result: 'unknown',
      advice: `Job ${JOB_ID} was started and continues in AWS. To check the job: aws amplifybackend get-backend-job --region eu-west-1 --app-id d1a2b3c4d5 --backend-environment-name prod --job-id ${JOB_ID}`,
    })
    expect(service.count('GetBackendJob')).toBe(1)
  })

  test('A role that may not read the job ends the wait, and the advice names the permission', async () => {
    const { result, durationMs } = await runWaitForJob({
      connection: { denied: ['GetBackendJob'] },
    })
    expect(result).toMatchObject({
      ok: false,
      code: 'ACCESS_DENIED',
      result: 'unknown',
      requestId: 'request-403',
      message:
        'The credentials have no permission to call GetBackendJob: 403 AccessDeniedException: User is not authorized to perform that.',
      advice: `Job ${JOB_ID} was started and continues in AWS. Allow amplifybackend:GetBackendJob on arn:aws:amplifybackend:eu-west-1:111122223333:/backend/d1a2b3c4d5/* for the role, or set wait: false.`,
    })
    expect(durationMs).toBe(5_500)
  })

  test('Expired credentials are refreshed once after each response', async () => {
    const { result, recorded, durationMs } = await runWaitForJob({
      connection: polls(expired, undefined, expired, undefined, expired),
      changes: completedAt(15_000),
    })
    expect(result.ok).toBe(true)
    expect([recorded.refreshes, durationMs]).toEqual([3, 16_500])
  })

  test('Credentials that are still expired after a refresh end the wait', async () => {
    const { result, recorded } = await runWaitForJob({ connection: polls(expired, expired) })
    expect(result).toMatchObject({ code: 'CREDENTIALS_EXPIRED', result: 'unknown' })
    expect(recorded.refreshes).toBe(1)
  })
})

describe('polls of a throttled account', () => {
  test.each<readonly [string, JobScenario, readonly number[]]>([
    [
      'come less often',
      { context: { throttleState: { throttledResponses: 2 } }, changes: completedAt(50_000) },
      [19_200, 38_400, 57_600],
    ],
    [
      'come no sooner after another failure',
      {
        connection: polls({ failure: 'internalError' }),
        context: { throttleState: { throttledResponses: 2 } },
        changes: completedAt(30_000),
      },
      [19_200, 38_400],
    ],
    [
      'come less often once a poll is throttled',
      // After a throttled poll, the next comes by the back-off: 5 seconds, then 10, on average.
      {
        connection: polls(undefined, throttled, undefined, throttled),
        changes: completedAt(60_000),
      },
      [5_500, 11_000, 16_500, 26_100, 36_100, 55_300, 74_500],
    ],
    [
      'come as usual where the account shares no known limit',
      {
        connection: polls(throttled),
        context: { throttleState: null },
        changes: completedAt(17_000),
      },
      [5_500, 11_000, 16_500, 22_000],
    ],
    [
      'end at the deadline with a last poll',
      { context: { timeoutMs: 100_000, throttleState: { throttledResponses: 40 } } },
      [76_800, 97_000],
    ],
  ])('Polls %s', async (_how, scenario, times) => {
    const { service, durationMs } = await runWaitForJob(scenario)
    expect(callTimes(service, 'GetBackendJob')).toEqual(times)
    expect(durationMs).toBe(times.at(-1))
  })

  test('Polls of an old job come as usual where its delay is long enough anyway', async () => {
    const { service } = await runWaitForJob({
      context: { throttleState: { throttledResponses: 1 } },
      changes: completedAt(150_000),
    })
    const times = callTimes(service, 'GetBackendJob')
    const delays = times.map((at, index) => at - (times[index - 1] ?? 0))
    // A twelfth of 115.2 seconds is as long as the account asks for.
    expect(delays).toEqual([...Array.from({ length: 13 }, () => 9_600), 10_400, 11_267, 12_206])
  })

  test.each([1, 2, 3])(
    'A job that is not found by the first %i polls ends the wait only at the third',
    async (count) => {
      const { result, service } = await runWaitForJob({
        connection: polls(...Array.from({ length: count }, () => notFound)),
        context: { throttleState: { throttledResponses: 4 } },
        changes: completedAt(100_000),
      })
      expect(callTimes(service, 'GetBackendJob')[0]).toBe(76_800)
      expect(result).toMatchObject(
        count < 3 ? COMPLETED : { code: 'JOB_NOT_FOUND', result: 'unknown' },
      )
    },
  )
})

describe('a job that is not found', () => {
  test('A job that is not found at first does not end the wait', async () => {
    const { result, recorded } = await runWaitForJob({
      service: { jobLagMs: 50_000 },
      changes: completedAt(55_000),
    })
    expect(result).toMatchObject({ ok: true })
    expect(recorded.retries).toEqual([])
  })

  test.each([
    ['PENDING', 'PENDING'],
    [undefined, 'unknown'],
  ])(
    'A job that is not found for a minute ends the wait (last status %j)',
    async (status, shown) => {
      const { result, durationMs } = await runWaitForJob({
        service: { jobLagMs: 1e9 },
        ...(status === undefined ? {} : { status }),
      })
      expect(result).toMatchObject({
        ok: false,
        code: 'JOB_NOT_FOUND',
        result: 'unknown',
        requestId: 'request-404',
        message: `The service no longer finds job ${JOB_ID}, whose last status was ${shown}: 404 NotFoundException: App not found.`,
        advice: containing('aws amplifybackend get-backend-storage'),
      })
      expect(durationMs).toBeGreaterThanOrEqual(60_000)
      expect(durationMs).toBeLessThan(70_000)
    },
  )

  test.each([
    [4_500, 60_000],
    [4_499, 69_999],
  ])(
    'The minute ends with the response: after %i ms, the wait ends at %i ms',
    async (ms, endMs) => {
      // The eighth poll is sent after 55.5 seconds.
      let trips = 0
      const { durationMs } = await runWaitForJob({
        service: { jobLagMs: 1e9 },
        connection: {
          latency: () => {
            trips += 1
            return trips === 16 ? ms : 0
          },
        },
      })
      expect(durationMs).toBe(endMs)
    },
  )
})

describe('a job at the deadline', () => {
  test('The wait ends with a last poll just before the deadline', async () => {
    const { result, durationMs, service } = await runWaitForJob({ context: { timeoutMs: 300_000 } })
    expect([durationMs, callTimes(service, 'GetBackendJob').at(-1)]).toEqual([297_000, 297_000])
    expect(result).toMatchObject({
      ok: false,
      code: 'TIMED_OUT',
      result: 'timed-out',
      message: `Job ${JOB_ID} had not ended when the run timed out. Its last status was RUNNING after 4 min 57 s of waiting.`,
      advice: `The job continues in AWS, and a re-run waits for it. If it needs longer, raise timeout-in-minutes. To check the job: aws amplifybackend get-backend-job --region eu-west-1 --app-id d1a2b3c4d5 --backend-environment-name prod --job-id ${JOB_ID}`,
    })
  })

  test('Without time for a poll, the wait ends at once, with no status', async () => {
    const { result, durationMs, service } = await runWaitForJob({ context: { timeoutMs: 3_000 } })
    expect(result).toMatchObject({
      message: containing('Its last status was unknown after 0 s of waiting.'),
    })
    expect([durationMs, service.calls]).toEqual([0, []])
  })

  test('A job that ends just before the deadline is noticed', async () => {
    const { result, durationMs } = await runWaitForJob({
      context: { timeoutMs: 300_000 },
      changes: completedAt(296_900),
    })
    expect(result).toMatchObject(COMPLETED)
    expect(durationMs).toBe(297_000)
  })
})
