import { describe, expect, test } from 'vitest'
import { AMBIGUOUS, NOT_EXECUTED, PERMANENT } from '../../../support/unit/api-failures.ts'
import {
  completedAt,
  JOB_ID,
  runWaitForJob,
  type JobScenario,
} from '../../../support/unit/job-runs.ts'
import { containing, matching } from '../../../support/unit/matchers.ts'
import { failing, testRuns } from '../../../support/unit/storage-runs.ts'
import type { Script } from '../../../support/unit/virtual/virtual-amplify-types.ts'

/** The first polls fail. */
const polls = (...faults: Script) => failing('GetBackendJob', ...faults)
const COMPLETED = { end: { status: 'COMPLETED' } }
const advice = matching(
  new RegExp(`${JOB_ID} was started and continues in AWS.+get-backend-job .+--job-id ${JOB_ID}$`),
)

/** Waits, and shows the delays that were logged after failed polls. */
const runWithDelays = async (scenario: JobScenario): Promise<object> => {
  const run = await runWaitForJob(scenario)
  return { ...run, delays: run.retries.map((line) => /Next check in (.*)\./.exec(line)?.[1]) }
}

describe('polls that fail', () => {
  test.each([...AMBIGUOUS, ...NOT_EXECUTED])(
    'Polls that fail with %s do not end the wait',
    async (failure) => {
      const faults = polls(failure, failure, failure, failure)
      const run = await runWaitForJob({ ...faults, maxAttempts: 2, changes: completedAt(10_000) })
      expect(run).toMatchObject(COMPLETED)
      expect(run.retries).toHaveLength(4)
      expect(run.retries[0]).toMatch(/^GetBackendJob failed \(.+\);.+ Next check in [\d.]+ s\.$/)
    },
  )

  test('Only throttled polls count as throttled', async () => {
    const throttleState = { throttledResponses: 0 }
    const failures = [...AMBIGUOUS, ...NOT_EXECUTED].filter((name) => !name.startsWith('throttled'))
    await runWaitForJob({ ...polls(...failures), throttleState, changes: completedAt(1_000) })
    expect(throttleState.throttledResponses).toBe(0)
  })

  test.each(PERMANENT)('A poll that fails with %s ends the wait at once', async (failure) => {
    const run = await runWaitForJob({ always: { GetBackendJob: failure } })
    expect(run).toMatchObject({ end: { result: 'unknown', advice }, polledAt: [2_500] })
  })

  // The maximum delays are those of any call, 1 to 20 seconds; polls never come faster than without failures.
  const BACK_OFF = ['2.5 s', '2.5 s', '2.5 s', '5 s', '8 s', '10 s', '5 s']
  const sixAndOne = <T>(fault: T) => [...Array<T>(6).fill(fault), undefined, fault]

  testRuns(runWithDelays, {
    // A response in between resets nothing, and polls never come faster than without failures.
    'Throttled polls back off by the whole run, and wait as Retry-After asks': [
      {
        ...polls(
          ...Array<'throttled'>(4).fill('throttled'),
          { failure: 'throttled', retryAfterMs: 50_000 },
          undefined,
          'throttled',
        ),
        changes: completedAt(200_000),
      },
      { delays: ['5 s', '10 s', '20 s', '40 s', '1 min 30 s', '40 s'], durationMs: 284_300 },
    ],
    'Polls that fail back off anew after each response': [
      { ...polls(...sixAndOne('internalError' as const)), changes: completedAt(56_000) },
      { delays: BACK_OFF, durationMs: 58_000 },
    ],
    'Polls that are throttled back off like others where the account shares no known limit': [
      {
        ...polls(...sixAndOne('throttled' as const)),
        throttleState: null,
        changes: completedAt(56_000),
      },
      { delays: BACK_OFF, durationMs: 58_000 },
    ],
    'A role that may not read the job ends the wait, and the advice names the permission': [
      { denied: ['GetBackendJob'] },
      {
        end: {
          code: 'ACCESS_DENIED',
          result: 'unknown',
          requestId: 'request-403',
          message: containing('GetBackendJob: 403 AccessDeniedException'),
          advice: matching(
            /^Job other-1 was started.+amplifybackend:GetBackendJob on arn:.+ or set wait: false .+--job-id other-1$/,
          ),
        },
        durationMs: 2_500,
      },
    ],
    'Expired credentials are refreshed once after each response': [
      {
        ...polls('expired', undefined, 'expired', undefined, 'expired'),
        changes: completedAt(15_000),
      },
      { ...COMPLETED, refreshes: 3, durationMs: 15_000 },
    ],
    'Credentials that are still expired after a refresh end the wait': [
      polls('expired', 'expired'),
      { end: { code: 'CREDENTIALS_EXPIRED', result: 'unknown' }, refreshes: 1 },
    ],
  })
})

describe('polls of a throttled account', () => {
  const throttled = (throttledResponses: number): JobScenario => ({
    throttleState: { throttledResponses },
  })
  const notFound = (count: number): JobScenario => ({
    ...polls(...Array<'notFound'>(count).fill('notFound')),
    ...throttled(4),
    changes: completedAt(100_000),
  })

  testRuns(runWaitForJob, {
    'Polls of a throttled account come less often': [
      { ...throttled(2), changes: completedAt(50_000) },
      { polledAt: [19_200, 38_400, 57_600] },
    ],
    'Polls of a throttled account come no sooner after another failure': [
      { ...throttled(2), ...polls('internalError'), changes: completedAt(30_000) },
      { polledAt: [19_200, 38_400] },
    ],
    // After a throttled poll, the next comes by the back-off: 5 seconds, then 10, on average.
    'Polls come less often once a poll is throttled': [
      {
        ...polls(undefined, 'throttled', undefined, 'throttled'),
        changes: completedAt(60_000),
      },
      { polledAt: [2_500, 5_000, 10_000, 19_600, 29_600, 48_800, 68_000] },
    ],
    'Polls of a throttled account end at the deadline with a last poll': [
      { ...throttled(40), timeoutMs: 100_000 },
      { polledAt: [76_800, 97_000], durationMs: 97_000 },
    ],
    'A job that the first two polls do not find does not end the wait': [
      notFound(2),
      { ...COMPLETED, polledAt: [76_800, 153_600, 230_400] },
    ],
    'A job that the first three polls do not find ends the wait': [
      notFound(3),
      { end: { code: 'JOB_NOT_FOUND', result: 'unknown' }, polledAt: [76_800, 153_600, 230_400] },
    ],
  })

  test('Polls of an old job come as usual where its delay is long enough anyway', async () => {
    const { polledAt } = await runWaitForJob({ ...throttled(1), changes: completedAt(600_000) })
    const delays = polledAt.map((at, index) => at - (polledAt[index - 1] ?? 0))
    // A sixtieth of 576 seconds is as long as the account asks for.
    expect(delays).toEqual([...Array<number>(61).fill(9_600), 9_760, 9_923])
  })
})
