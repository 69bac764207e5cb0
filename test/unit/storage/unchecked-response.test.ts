import { describe, expect, test } from 'vitest'
import { containing, matching } from '../../support/unit/matchers.ts'
import { runMutation, started } from '../../support/unit/mutation-runs.ts'
import { creates, LOST, LOST_AFTER_EFFECT, READS } from '../../support/unit/storage-runs.ts'
import {
  EXISTS_TEXT,
  type ConnectionOptions,
  type Fault,
  type VirtualAmplify,
} from '../../support/unit/virtual-amplify-types.ts'

const STORAGE_COMMAND =
  'aws amplifybackend get-backend-storage --region eu-west-1 --app-id d1a2b3c4d5 --backend-environment-name prod --resource-name media'

const EFFECT_FOUND = { ok: true, value: { kind: 'effect-found' } }
/** When the effect of a create was checked. */
const checkTimes = ({ calls }: VirtualAmplify): readonly number[] =>
  calls.filter(({ operation }) => operation === 'ListBackendJobs').map(({ at }) => at)

/** The times of a message's trips to the service and back, in order; 0 where nothing is given. */
const trips = (timeMs: (trip: number) => number): (() => number) => {
  let count = 0
  return () => {
    count += 1
    return timeMs(count)
  }
}

describe('a lost create that the role cannot check', () => {
  const unchecked = (...faults: Fault[]): ConnectionOptions => ({
    denied: READS,
    ...creates(...faults),
  })

  test('It is sent again after the window, and the log says why', async () => {
    const { result, recorded, service, state } = await runMutation({ connection: unchecked(LOST) })
    expect(result).toEqual(started('job-1'))
    expect(service.mutations.map(({ at }) => at)).toEqual([0, 30_000])
    expect(recorded.lines[1]).toBe(
      'The role has no permission to check for an effect. Sending CreateBackendStorage again.',
    )
    expect(state).toMatchObject({ hadLostResponse: true, resentUnchecked: true })
  })

  test('It is checked again when its second response is lost too', async () => {
    const { service } = await runMutation({ connection: unchecked(LOST, LOST) })
    expect(service.mutations.map(({ at }) => at)).toEqual([0, 30_000, 60_000])
  })

  test.each([
    ['an existing storage', 1_000, EXISTS_TEXT],
    ['a pending job', 1e6, 'There is already a pending job'],
  ])(
    'Its outcome is unknown when it is then rejected because of %s',
    async (_what, jobMs, text) => {
      const { result, service } = await runMutation({
        service: { jobMs },
        connection: unchecked(LOST_AFTER_EFFECT),
      })
      expect(result).toMatchObject({
        code: 'UNKNOWN_OUTCOME',
        result: 'unknown',
        requestId: 'request-400',
        message: matching(
          /^The response to the first CreateBackendStorage was lost, and the second was rejected \(400 BadRequestException: .+\), so the first was probably executed\. The role has no permission to check\.$/,
        ),
        advice: `Allow amplifybackend:GetBackendStorage and amplifybackend:ListBackendJobs for the role; the next run then determines the outcome by itself. To check whether the storage exists: ${STORAGE_COMMAND}`,
      })
      expect(result).toMatchObject({ message: containing(text) })
      expect(service.effects()).toBe(1)
    },
  )

  test('Its outcome is unknown after the last attempt', async () => {
    const { result, service } = await runMutation({
      connection: unchecked(LOST),
      context: { maxAttempts: 1 },
    })
    expect(service.mutations).toHaveLength(1)
    expect(result).toMatchObject({
      code: 'UNKNOWN_OUTCOME',
      result: 'unknown',
      requestId: 'request-504',
      message:
        'CreateBackendStorage was sent and its response was lost (504 GatewayTimeoutException: Endpoint request timed out). Its outcome could not be determined: the role has no permission to check.',
      advice: `Check the storage before you do anything else. It is safe to run the workflow again, because a run reads the storage first. To determine the outcome by itself, a run needs amplifybackend:GetBackendStorage and amplifybackend:ListBackendJobs. To check: ${STORAGE_COMMAND}`,
    })
  })

  test.each(['throttled', 'badRequest', 'accessDenied'] as const)(
    'Its outcome stays unknown when the second attempt ends with %s',
    async (failure) => {
      const { result } = await runMutation({
        context: { maxAttempts: 2 },
        connection: unchecked(LOST, { failure }),
      })
      expect(result).toMatchObject({
        ok: false,
        result: 'unknown',
        message: matching(
          /An earlier attempt may have taken effect; the role has no permission to check\.$/,
        ),
      })
    },
  )

  test.each<readonly [string, number, readonly Fault[], number]>([
    [
      'the second attempt would have to wait too long',
      40_000,
      [LOST, { failure: 'throttled', retryAfterMs: 60_000 }],
      2,
    ],
    ['there is no time for a second attempt', 31_999, [LOST], 1],
  ])('Its outcome stays unknown when %s', async (_when, timeoutMs, faults, sent) => {
    const { result, service } = await runMutation({
      context: { timeoutMs },
      connection: unchecked(...faults),
    })
    expect(result).toMatchObject({ code: 'TIMED_OUT', result: 'unknown' })
    expect(service.mutations).toHaveLength(sent)
  })
})

describe('a lost create whose check fails', () => {
  const DENIED = '403 AccessDeniedException: User is not authorized to perform that'
  const INTERNAL = '500: Internal server error'

  test.each<readonly [string, ConnectionOptions['always'], string]>([
    ['ListBackendJobs fails', { ListBackendJobs: { failure: 'internalError' } }, INTERNAL],
    ['GetBackendStorage fails', { GetBackendStorage: { failure: 'internalError' } }, INTERNAL],
    ['only ListBackendJobs is denied', { ListBackendJobs: { failure: 'accessDenied' } }, DENIED],
    [
      'only GetBackendStorage is denied',
      { GetBackendStorage: { failure: 'accessDenied' } },
      DENIED,
    ],
    [
      'ListBackendJobs finds no app',
      { ListBackendJobs: { failure: 'notFound' } },
      '404 NotFoundException: App not found',
    ],
    [
      'GetBackendStorage is forbidden',
      { GetBackendStorage: { failure: 'forbidden' } },
      '403: Forbidden',
    ],
    [
      'both fail, with the reason of the storage',
      { ListBackendJobs: { failure: 'badRequest' }, GetBackendStorage: { failure: 'forbidden' } },
      '403: Forbidden',
    ],
  ])('Its outcome is unknown when %s', async (_when, always, reason) => {
    const { result, service } = await runMutation({
      connection: { always: always ?? {}, ...creates(LOST) },
      context: { maxAttempts: 2 },
    })
    expect(service.mutations).toHaveLength(1)
    expect(result).toMatchObject({
      code: 'UNKNOWN_OUTCOME',
      result: 'unknown',
      message: `CreateBackendStorage was sent and its response was lost (504 GatewayTimeoutException: Endpoint request timed out). Its outcome could not be determined: ${reason}.`,
    })
  })

  test.each([
    [30_000, 18_000, { code: 'UNKNOWN_OUTCOME', message: containing(': no time is left.') }],
    [30_001, 30_000, { code: 'TIMED_OUT' }],
    [2_000, 500, { code: 'UNKNOWN_OUTCOME', result: 'unknown' }],
    [500, 0, { code: 'TIMED_OUT' }],
  ])(
    'With a timeout of %i ms, the last check is at %i ms',
    async (timeoutMs, lastCheckMs, expected) => {
      const { result, durationMs } = await runMutation({
        connection: creates(LOST),
        context: { timeoutMs },
      })
      expect(durationMs).toBe(lastCheckMs)
      expect(result).toMatchObject(expected)
    },
  )

  test('Both reads are retried at the end of the window and not before', async () => {
    const reset: Fault = { failure: 'reset' }
    const { result, service, recorded } = await runMutation({
      connection: {
        faults: {
          CreateBackendStorage: [LOST],
          ListBackendJobs: [reset, undefined, reset, undefined, undefined, reset],
          GetBackendStorage: [undefined, reset, undefined, undefined, reset, reset],
        },
      },
    })
    expect(result).toEqual(started('job-1'))
    expect(recorded.retries).toHaveLength(2)
    expect(service.count('ListBackendJobs')).toBe(7)
    expect(service.count('GetBackendStorage')).toBe(7)
  })

  test('Slow reads skip a check whose time has passed, but never the last one', async () => {
    const { service } = await runMutation({
      connection: { ...creates(LOST), latency: trips((trip) => (trip > 2 ? 1_000 : 0)) },
    })
    expect(checkTimes(service)).toEqual([500, 5_000, 10_000, 18_000, 30_000])
  })

  test('Its job is found although the storage cannot be read', async () => {
    const { result } = await runMutation({
      connection: {
        always: { GetBackendStorage: { failure: 'internalError' } },
        ...creates(LOST_AFTER_EFFECT),
      },
      service: { jobMs: 1e6 },
    })
    expect(result).toEqual(started('job-1'))
  })

  test('Its storage is found although jobs cannot be listed', async () => {
    const { result } = await runMutation({
      connection: { denied: ['ListBackendJobs'], ...creates(LOST_AFTER_EFFECT) },
      service: { jobMs: 1_000 },
    })
    expect(result).toEqual(EFFECT_FOUND)
  })

  test.each(['not-found', 'empty'] as const)(
    'It is sent again where an absent storage is %s',
    async (absentAs) => {
      const { result, service } = await runMutation({
        service: { absentAs },
        connection: creates(LOST),
      })
      expect(result).toEqual(started('job-1'))
      expect(service.mutations).toHaveLength(2)
    },
  )
})
