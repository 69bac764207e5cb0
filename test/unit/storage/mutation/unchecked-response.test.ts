import { describe, expect, test } from 'vitest'
import { containing, matching } from '../../../support/unit/matchers.ts'
import {
  runMutation,
  adopted,
  started,
  type MutationScenario,
} from '../../../support/unit/mutation-runs.ts'
import {
  creates,
  LOST,
  LOST_AFTER_EFFECT,
  READS,
  testRuns,
  trips,
} from '../../../support/unit/storage-runs.ts'
import {
  EXISTS_TEXT,
  type ConnectionOptions,
  type Script,
} from '../../../support/unit/virtual/virtual-amplify-types.ts'

const STORAGE_COMMAND = containing(
  'aws amplifybackend get-backend-storage --region eu-west-1 --app-id d1a2b3c4d5 --backend-environment-name prod --resource-name media',
)
const unknownBecause = (reason: string) => ({
  code: 'UNKNOWN_OUTCOME',
  result: 'unknown',
  message: containing(
    `(504 GatewayTimeoutException: Endpoint request timed out). Its outcome could not be determined: ${reason}.`,
  ),
})

describe('a lost create that the role cannot check', () => {
  const unchecked = (...faults: Script): MutationScenario => ({
    denied: READS,
    ...creates(...faults),
  })
  const probablyExecuted = (text: string) => ({
    end: {
      code: 'UNKNOWN_OUTCOME',
      result: 'unknown',
      requestId: 'request-400',
      message: containing(`the second was rejected (400 BadRequestException: ${text}`),
      advice: STORAGE_COMMAND,
    },
    service: { jobs: [{}] },
  })
  const stillUnknown = {
    end: {
      result: 'unknown',
      message: matching(/An earlier attempt may have taken effect; .+ no permission to check\.$/),
    },
  }
  const TIMED_OUT = { code: 'TIMED_OUT', result: 'unknown' }

  testRuns(runMutation, {
    'An unchecked create is sent again after the window, and the log says why': [
      unchecked(LOST),
      {
        end: started(),
        sentAt: [0, 30_000],
        lines: [containing('attempt 1 of 8'), matching(/no permission .+ CreateBackendStorage/)],
        state: { hadLostResponse: true, resentUnchecked: true },
      },
    ],
    'An unchecked create is sent a third time when its second response is lost too': [
      unchecked(LOST, LOST),
      { sentAt: [0, 30_000, 60_000] },
    ],
    'Its outcome is unknown when it is then rejected because of an existing storage': [
      { ...unchecked(LOST_AFTER_EFFECT), jobMs: 1_000 },
      probablyExecuted(EXISTS_TEXT),
    ],
    'Its outcome is unknown when it is then rejected because of a pending job': [
      { ...unchecked(LOST_AFTER_EFFECT), jobMs: 1e6 },
      probablyExecuted('There is already a pending job'),
    ],
    'Its outcome is unknown after the last attempt': [
      { ...unchecked(LOST), maxAttempts: 1 },
      {
        end: {
          ...unknownBecause('the role has no permission to check'),
          requestId: 'request-504',
          advice: STORAGE_COMMAND,
        },
        sentAt: [0],
      },
    ],
    'Its outcome stays unknown when the second attempt is throttled': [
      { ...unchecked(LOST, 'throttled'), maxAttempts: 2 },
      stillUnknown,
    ],
    'Its outcome stays unknown when the second attempt is invalid': [
      unchecked(LOST, 'badRequest'),
      stillUnknown,
    ],
    'Its outcome stays unknown when the second attempt would have to wait too long': [
      { ...unchecked(LOST, { failure: 'throttled', retryAfterMs: 60_000 }), timeoutMs: 40_000 },
      { end: TIMED_OUT, sentAt: [0, 30_000] },
    ],
    'Its outcome stays unknown when there is no time for a second attempt': [
      { ...unchecked(LOST), timeoutMs: 31_999 },
      { end: TIMED_OUT, sentAt: [0] },
    ],
  })
})

describe('a lost create whose check fails', () => {
  const DENIED = '403 AccessDeniedException: User is not authorized to perform that'
  const INTERNAL = '500: Internal server error'

  test.each<readonly [NonNullable<ConnectionOptions['always']>, string]>([
    [{ ListBackendJobs: 'internalError' }, INTERNAL],
    [{ GetBackendStorage: 'internalError' }, INTERNAL],
    [{ ListBackendJobs: 'accessDenied' }, DENIED],
    [{ GetBackendStorage: 'accessDenied' }, DENIED],
    [{ ListBackendJobs: 'notFound' }, '404 NotFoundException: App not found'],
    [{ ListBackendJobs: 'badRequest', GetBackendStorage: 'forbidden' }, '403: Forbidden'],
  ])('Its outcome is unknown when every check fails by %j', async (always, reason) => {
    const { end, sentAt } = await runMutation({ always, ...creates(LOST), maxAttempts: 2 })
    expect([end, sentAt]).toMatchObject([unknownBecause(reason), [0]])
  })

  test.each([
    [30_000, 18_000, unknownBecause('no time is left')],
    [30_001, 30_000, { code: 'TIMED_OUT' }],
    [2_000, 500, unknownBecause('no time is left')],
    [500, 0, { code: 'TIMED_OUT' }],
  ])('With a timeout of %i ms, the last check is at %i ms', async (timeoutMs, durationMs, end) => {
    const run = await runMutation({ ...creates(LOST), timeoutMs })
    expect(run).toMatchObject({ durationMs, end })
  })

  testRuns(runMutation, {
    'Both reads are retried at the end of the window and not before': [
      {
        faults: {
          CreateBackendStorage: [LOST],
          ListBackendJobs: ['reset', undefined, 'reset', undefined, undefined, 'reset'],
          GetBackendStorage: [undefined, 'reset', undefined, undefined, 'reset', 'reset'],
        },
      },
      {
        end: started(),
        retries: [containing('ListBackendJobs'), containing('GetBackendStorage')],
        checkedAt: [500, 2_000, 5_000, 10_000, 18_000, 30_000, 30_500],
      },
    ],
    'Slow reads skip a check whose time has passed, but never the last one': [
      { ...creates(LOST), latency: trips((trip) => (trip > 2 ? 1_000 : 0)) },
      { checkedAt: [500, 5_000, 10_000, 18_000, 30_000] },
    ],
    'It is not sent again when the list of jobs is not read to its end': [
      { ...creates(LOST), isListComplete: false },
      { end: unknownBecause('the list of jobs could not be read to its end'), sentAt: [0] },
    ],
    'Its job is found although the storage cannot be read': [
      { always: { GetBackendStorage: 'internalError' }, ...creates(LOST_AFTER_EFFECT), jobMs: 1e6 },
      { end: adopted() },
    ],
    'Its storage is found although jobs cannot be listed': [
      { denied: ['ListBackendJobs'], ...creates(LOST_AFTER_EFFECT), jobMs: 1_000 },
      { end: { kind: 'read-again' } },
    ],
  })
})
