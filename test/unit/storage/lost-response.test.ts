import { describe, expect, test } from 'vitest'
import { sendMutation } from '../../../src/storage/mutation/mutation.ts'
import {
  EFFECT_WINDOW_MS,
  newMutationState,
  type Mutation,
  type MutationState,
} from '../../../src/storage/mutation/state.ts'
import { AMBIGUOUS, createFailure } from '../../support/unit/api-failures.ts'
import { containing, matching } from '../../support/unit/matchers.ts'
import {
  aMutation,
  runMutation,
  started,
  type MutationScenario,
} from '../../support/unit/mutation-runs.ts'
import { aStorageContext, neverAborted } from '../../support/unit/storage-context.ts'
import {
  abortAt,
  creates,
  LOST,
  LOST_AFTER_EFFECT,
  otherJob,
  READS,
  storageExists,
} from '../../support/unit/storage-runs.ts'
import {
  EXISTS_TEXT,
  TIME_STYLES,
  type ConnectionOptions,
  type Fault,
  type VirtualAmplify,
} from '../../support/unit/virtual-amplify-types.ts'
import { virtualAmplify } from '../../support/unit/virtual-amplify.ts'
import { virtualClock } from '../../support/unit/virtual-clock.ts'

const STORAGE_COMMAND =
  'aws amplifybackend get-backend-storage --region eu-west-1 --app-id d1a2b3c4d5 --backend-environment-name prod --resource-name media'

const JOB_PENDING = { ok: true, value: { kind: 'job-pending' } }
const EFFECT_FOUND = { ok: true, value: { kind: 'effect-found' } }
const unidentifiable = (jobMs: number) => ({ times: TIME_STYLES.garbage, jobMs })

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

describe('a create whose response is lost', () => {
  test.each(AMBIGUOUS)('After %s, its job is found and nothing is sent again', async (failure) => {
    const { result, recorded, service, state } = await runMutation({
      connection: creates({ failure, effect: 'done' }),
      service: { jobMs: 3_000_000 },
      context: { timeoutMs: 3_600_000 },
    })
    expect(result).toEqual(started('job-1'))
    expect(service.mutations).toHaveLength(1)
    expect(recorded.jobs).toEqual([{ jobId: 'job-1', status: 'RUNNING' }])
    expect(recorded.lines).toEqual([
      matching(
        /^CreateBackendStorage failed \(attempt 1 of 8\): .+\. It may have taken effect; checking for up to 30 s before sending it again\.$/,
      ),
      'CreateBackendStorage started job job-1, although its response was lost.',
    ])
    expect(state.hadLostResponse).toBe(true)
    expect(service.unsafeCreates).toEqual([])
  })

  test.each(AMBIGUOUS)(
    'After %s without effect, it is sent again when the window ends',
    async (failure) => {
      const { result, recorded, service } = await runMutation({
        connection: creates({ failure, effect: 'none' }),
      })
      expect(result).toEqual(started('job-1'))
      const [first, second] = service.mutations
      expect(second?.at).toBe((first?.endedAt ?? 0) + EFFECT_WINDOW_MS)
      expect(recorded.lines[1]).toBe('CreateBackendStorage had no effect. Sending it again.')
      expect(service.effects()).toBe(1)
    },
  )

  test('Its effect is checked after half a second, then at growing intervals', async () => {
    const { service } = await runMutation({ connection: creates(LOST) })
    expect(checkTimes(service)).toEqual([500, 2_000, 5_000, 10_000, 18_000, 30_000])
    expect(service.count('GetBackendStorage')).toBe(6)
  })

  test.each([0, 1, 499, 500, 501, 17_999, 18_001, 29_999, 30_000])(
    'An effect that comes %i ms after the failure is found',
    async (lateMs) => {
      const { result, service, durationMs } = await runMutation({
        connection: creates({ failure: 'reset', effect: { lateMs } }),
      })
      expect(result).toMatchObject({ ok: true, value: { kind: 'started', jobId: 'job-1' } })
      expect(service.mutations).toHaveLength(1)
      expect(durationMs).toBeLessThanOrEqual(30_000)
    },
  )

  test('Its storage is found where the job cannot be identified', async () => {
    const { result, recorded, service, state } = await runMutation({
      connection: creates(LOST_AFTER_EFFECT),
      service: unidentifiable(3_000),
    })
    expect(result).toEqual(EFFECT_FOUND)
    expect(recorded.jobs).toEqual([])
    expect(service.mutations).toHaveLength(1)
    expect(state.lostResponse).toMatchObject({ effectFound: true, sentAt: 0, failedAt: 0 })
  })

  test('Its job is found when it appears together with the storage', async () => {
    // The list is read before the job begins, and the storage after it has ended.
    const { result, recorded, durationMs } = await runMutation({
      service: { jobMs: 0 },
      connection: {
        ...creates({ failure: 'reset', effect: { lateMs: 550 } }),
        // 1, 2: the create; 3, 4: the list at 500; 5: the request for the storage, until 600.
        latency: trips((trip) => (trip === 5 ? 100 : 0)),
      },
    })
    expect(result).toEqual(started('job-1', 'COMPLETED'))
    expect(recorded.jobs).toEqual([{ jobId: 'job-1', status: 'COMPLETED' }])
    expect(durationMs).toBe(600)
  })

  test('It is not sent again when its job ends between the two reads of the last check', async () => {
    const { result, service } = await runMutation({
      service: unidentifiable(30_050),
      connection: {
        ...creates(LOST_AFTER_EFFECT),
        // 1, 2: the create; 3 to 22: five checks; 23, 24: the first read of the last one, at 30,000.
        latency: trips((trip) => (trip > 24 ? 100 : 0)),
      },
    })
    expect(result).toMatchObject({ ok: true })
    expect(service.mutations).toHaveLength(1)
  })

  test.each<readonly [string, MutationScenario]>([
    [
      'its job runs and cannot be identified',
      { connection: creates(LOST_AFTER_EFFECT), service: unidentifiable(60_000) },
    ],
    [
      'its job runs and the server sends no time',
      { connection: creates(LOST_AFTER_EFFECT), service: { dates: false, jobMs: 1e6 } },
    ],
    [
      'somebody else starts a job before the window ends',
      { connection: creates(LOST), events: [otherJob({ fromMs: 29_000 })] },
    ],
  ])('The outcome at the end of the window is a pending job when %s', async (_when, scenario) => {
    const { result, service, durationMs } = await runMutation(scenario)
    expect(result).toEqual(JOB_PENDING)
    expect([durationMs, service.mutations.length]).toEqual([30_000, 1])
  })

  test.each<readonly [string, MutationScenario, object, number]>([
    [
      'A job of the same second counts as its own',
      {
        connection: creates(LOST),
        events: [otherJob({ operation: 'CreateBackendStorage', status: 'FAILED' })],
      },
      started('other-1', 'FAILED'),
      1,
    ],
    [
      'A failed job counts as its own',
      {
        connection: creates(LOST_AFTER_EFFECT),
        service: { jobMs: 100, jobResults: [{ status: 'FAILED', error: 'no auth' }] },
      },
      started('job-1', 'FAILED'),
      1,
    ],
    [
      'A job of another operation does not count as its own',
      { connection: creates(LOST), events: [otherJob({ fromMs: 100, toMs: 1_100 })] },
      started('job-1'),
      2,
    ],
    [
      'Its job is identified by the time of the server, with the clock of the runner far behind',
      { connection: creates(LOST_AFTER_EFFECT), service: { epochMs: Date.UTC(2049, 5) } },
      started('job-1'),
      1,
    ],
    [
      'Its job is identified by the time of the server, with the clock of the runner far ahead',
      { connection: creates(LOST_AFTER_EFFECT), service: { epochMs: Date.UTC(1999, 0) } },
      started('job-1'),
      1,
    ],
  ])('%s', async (_title, scenario, expected, sent) => {
    const { result, service } = await runMutation(scenario)
    expect(result).toEqual(expected)
    expect(service.mutations).toHaveLength(sent)
  })

  test('A job that was created two seconds before it does not count as its own', async () => {
    const clock = virtualClock()
    const service = virtualAmplify(clock)
    service.addJob('CreateBackendStorage', 'COMPLETED')
    await clock.run(clock.sleep(2_001, neverAborted))
    const { context } = aStorageContext(
      clock,
      service.connect({ latency: () => 0, ...creates(LOST) }),
    )
    const outcome = await clock.run(sendMutation(context, aMutation(context), newMutationState()))
    expect(outcome).toEqual(started('job-1').value)
    expect(service.mutations).toHaveLength(2)
  })

  test('A last attempt without effect fails with the error of the service', async () => {
    const { result, service, durationMs, recorded } = await runMutation({
      context: { maxAttempts: 2 },
      connection: { always: { CreateBackendStorage: LOST } },
    })
    expect(service.mutations).toHaveLength(2)
    expect(durationMs).toBe(60_000)
    expect(recorded.lines).toEqual([
      matching(/ 30 s before sending it again\.$/),
      'CreateBackendStorage had no effect. Sending it again.',
      matching(/\(attempt 2 of 2\).+ checking for up to 30 s\.$/),
      'CreateBackendStorage had no effect. It is not sent again: no attempts are left.',
    ])
    expect(result).toMatchObject({
      code: 'GATEWAY_TIMEOUT',
      result: 'failed',
      requestId: 'request-504',
      message: containing('Endpoint request timed out. No effect was found within 30 s.'),
      advice: containing('Run the job again later.'),
    })
  })

  test('The checks end with the signal', async () => {
    const abort = new AbortController()
    const run = runMutation({
      connection: creates(LOST),
      context: { signal: abort.signal },
      events: [abortAt(6_000, abort)],
    })
    await expect(run).rejects.toThrow('SIGINT')
  })
})

describe('a create whose response was lost before', () => {
  const lostBefore = (failedAt: number, effectFound: boolean): MutationState => ({
    ...newMutationState(),
    hadLostResponse: true,
    attempts: { failures: 1, dnsNotFoundSince: undefined },
    lostResponse: {
      failure: createFailure('CreateBackendStorage', 'reset'),
      sentAt: failedAt,
      failedAt,
      effectFound,
    },
  })

  test.each([
    ['checked once more when the window is over', -60_000, false, [0], 0],
    ['checked in what is left of the window', -15_000, false, [3_000, 15_000], 15_000],
    ['checked after a delay when checks contradict each other', -60_000, true, [2_000], 2_000],
    [
      'checked after a delay and until the window ends when checks contradict each other',
      0,
      true,
      [2_000, 5_000, 10_000, 18_000, 30_000],
      30_000,
    ],
  ])('It is %s, then sent again', async (_how, failedAt, effectFound, checksAt, sentAt) => {
    const { result, service, state } = await runMutation({
      state: lostBefore(failedAt, effectFound),
    })
    expect(result).toEqual(started('job-1'))
    expect(checkTimes(service)).toEqual(checksAt)
    expect(service.calls.slice(-3).map(({ operation }) => operation)).toEqual([
      'ListBackendJobs',
      'GetBackendStorage',
      'CreateBackendStorage',
    ])
    expect(service.mutations[0]?.at).toBe(sentAt)
    expect(state.lostResponse).toBeUndefined()
  })

  test('It does not delay an update', async () => {
    const { service, state } = await runMutation({
      operation: 'UpdateBackendStorage',
      state: lostBefore(-60_000, false),
      events: [storageExists()],
    })
    expect(service.calls.map(({ operation }) => operation)).toEqual(['UpdateBackendStorage'])
    expect(state.lostResponse).toBeDefined()
  })
})

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
      advice: `Check the storage before you do anything else. Running again is safe, because a run reads the storage first. To determine the outcome by itself, a run needs amplifybackend:GetBackendStorage and amplifybackend:ListBackendJobs. To check: ${STORAGE_COMMAND}`,
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

describe('an update whose response is lost', () => {
  const operation: Mutation['operation'] = 'UpdateBackendStorage'
  const update = (fault: Fault, service: MutationScenario['service'] = {}): MutationScenario => ({
    operation,
    service,
    connection: { faults: { [operation]: [fault] } },
    events: [storageExists()],
  })

  test('Its job is found', async () => {
    const { result, recorded } = await runMutation(update(LOST_AFTER_EFFECT))
    expect(result).toEqual(started('job-1'))
    expect(recorded.lines[1]).toBe(
      'UpdateBackendStorage started job job-1, although its response was lost.',
    )
  })

  test('Its changes are found where the job cannot be identified', async () => {
    const { result } = await runMutation(update(LOST_AFTER_EFFECT, unidentifiable(1_000)))
    expect(result).toEqual(EFFECT_FOUND)
  })

  test('It is sent again after 30 seconds when it had no effect, although there is a storage', async () => {
    const { result, service } = await runMutation(update(LOST))
    expect(result).toEqual(started('job-1'))
    expect(service.mutations.map(({ at }) => at)).toEqual([0, 30_000])
  })
})
