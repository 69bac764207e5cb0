import { describe, expect, test } from 'vitest'
import { AMBIGUOUS, NOT_EXECUTED, PERMANENT } from '../../support/unit/api-failures.ts'
import {
  callTimes,
  completedAt,
  JOB_ID,
  runWaitForJob,
  type JobScenario,
} from '../../support/unit/job-runs.ts'
import type { Recorded } from '../../support/unit/storage-context.ts'
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
