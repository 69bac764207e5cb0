import { describe, expect, test } from 'vitest'
import { MIN_TIME_TO_SEND_MS, sendMutation } from '../../../../src/storage/mutation/mutation.ts'
import { newMutationState, type MutationState } from '../../../../src/storage/mutation/state.ts'
import { createFailure, NOT_EXECUTED, PERMANENT } from '../../../support/unit/api-failures.ts'
import { containing, matching } from '../../../support/unit/matchers.ts'
import { aMutation, runMutation, started } from '../../../support/unit/mutation-runs.ts'
import { aStorageContext } from '../../../support/unit/storage-context.ts'
import {
  abortAt,
  creates,
  LOST,
  LOST_AFTER_EFFECT,
  otherJob,
  READS,
  storageExists,
  testRuns,
  unidentifiable,
  type Scenario,
} from '../../../support/unit/storage-runs.ts'
import { EXISTS_TEXT } from '../../../support/unit/virtual/virtual-amplify-types.ts'
import { virtualAmplify } from '../../../support/unit/virtual/virtual-amplify.ts'
import { virtualClock } from '../../../support/unit/virtual/virtual-clock.ts'

const JOB = { jobId: 'job-1', status: 'RUNNING' }

describe('a create', () => {
  testRuns(runMutation, {
    'A create that is accepted is sent once, and its job is reported at once': [
      {},
      {
        end: started(),
        jobs: [JOB],
        accepted: [{ ...JOB, appId: 'd1a2b3c4d5', backendEnvironmentName: 'prod' }],
        calls: ['CreateBackendStorage'],
        durationMs: 0,
        lines: [],
        state: newMutationState(),
      },
    ],
    'A create that gets no response times out after 35 seconds': [
      creates('stall'),
      { service: { mutations: [{ endedAt: 35_000 }, {}] } },
    ],
    'A create that gets no response times out at the deadline': [
      { ...creates('stall'), timeoutMs: 5_000 },
      { service: { mutations: [{ endedAt: 5_000 }] } },
    ],
    'A throttled create waits as long as Retry-After asks': [
      creates({ failure: 'throttled', retryAfterMs: 9_000 }),
      { sentAt: [0, 14_000] },
    ],
    'A throttled create waits as after any other failure where no shared limit is known': [
      { ...creates('throttled', 'throttled'), throttleState: null },
      { sentAt: [0, 500, 1_500] },
    ],
    'A create that is throttled in every attempt is sent at most max-attempts times': [
      { always: { CreateBackendStorage: 'throttled' }, maxAttempts: 3 },
      {
        end: { code: 'THROTTLED', result: 'failed', requestId: 'request-429' },
        sentAt: [0, 5_000, 15_000],
      },
    ],
    'A create is not sent again when its only attempt was throttled': [
      { ...creates('throttled'), maxAttempts: 1 },
      { end: { code: 'THROTTLED', result: 'failed' }, sentAt: [0] },
    ],
    'A create is not sent again when the delay would end after the deadline': [
      { ...creates({ failure: 'throttled', retryAfterMs: 60_000 }), timeoutMs: 60_000 },
      {
        end: {
          code: 'TIMED_OUT',
          result: 'timed-out',
          requestId: 'request-429',
          message: matching(/CreateBackendStorage.+429 TooManyRequestsException/),
          advice: containing('get-backend-storage'),
        },
        sentAt: [0],
        durationMs: 0,
      },
    ],
    'A create to an unknown host is given up within ten seconds': [
      { always: { CreateBackendStorage: 'unknownHost' }, maxAttempts: 20 },
      {
        end: { code: 'HOST_UNREACHABLE', result: 'failed' },
        sentAt: [0, 500, 1_500, 3_500, 7_500],
      },
    ],
    'A create is sent again with fresh credentials when they expired': [
      creates('expired'),
      { end: started(), refreshes: 1, sentAt: [0, 0] },
    ],
    'A create fails when fresh credentials are expired too': [
      creates('expired', 'expired'),
      { end: { code: 'CREDENTIALS_EXPIRED', result: 'failed' }, refreshes: 1, sentAt: [0, 0] },
    ],
    'A create fails with expired credentials when no attempt is left': [
      { ...creates('expired'), maxAttempts: 1 },
      { end: { code: 'CREDENTIALS_EXPIRED' }, refreshes: 0, sentAt: [0] },
    ],
    'A pending job is an outcome of its own, even in the last attempt': [
      { maxAttempts: 1, events: [otherJob({})] },
      { end: { kind: 'job-pending' }, sentAt: [0], state: newMutationState() },
    ],
    'An existing storage is an outcome of its own, with the text of the service': [
      { events: [storageExists({ resourceName: 'files' })] },
      { end: { kind: 'already-exists', failure: { message: EXISTS_TEXT, status: 400 } } },
    ],
  })

  test.each(NOT_EXECUTED)(
    'A create that was certainly not executed is sent again after a delay when it fails with %s',
    async (failure) => {
      const isThrottled = failure.startsWith('throttled')
      expect(await runMutation(creates(failure, failure))).toMatchObject({
        end: started(),
        sentAt: isThrottled ? [0, 5_000, 15_000] : [0, 500, 1_500],
        retries: [{}, containing('CreateBackendStorage failed (attempt 2 of 8): ')],
        calls: Array(3).fill('CreateBackendStorage'),
        state: newMutationState(),
      })
    },
  )

  test.each([...PERMANENT, 'notFound', 'accessDenied'] as const)(
    'A create fails at once with %s',
    async (failure) => {
      const run = await runMutation(creates(failure))
      expect(run).toMatchObject({ end: { result: 'failed' }, durationMs: 0 })
      expect(run.calls).toEqual(['CreateBackendStorage'])
    },
  )

  test('A create is sent again when the clocks differed', async () => {
    const clock = virtualClock()
    const { context } = aStorageContext(clock, virtualAmplify(clock).connect())
    const name = 'RequestTimeTooSkewed'
    const failure = createFailure('CreateBackendStorage', 'badRequest', { name })
    let sends = 0
    const mutation = aMutation(context)
    const send: typeof mutation.send = (options) => {
      sends += 1
      return sends === 1 ? Promise.resolve({ ok: false, failure }) : mutation.send(options)
    }
    const run = sendMutation(context, { ...mutation, send }, newMutationState())
    expect(await clock.run(run)).toEqual(started())
  })

  test('A throttled create waits longer after earlier throttled calls of the run', async () => {
    const throttleState = { throttledResponses: 2 }
    const { sentAt } = await runMutation({ ...creates('throttled'), throttleState })
    expect([sentAt, throttleState.throttledResponses]).toEqual([[0, 20_000], 3])
  })

  test.each(['CreateBackendStorage', 'UpdateBackendStorage'] as const)(
    '%s is not sent when almost no time is left',
    async (operation) => {
      const late = await runMutation({ operation, timeoutMs: MIN_TIME_TO_SEND_MS - 1 })
      const message = containing(`before ${operation} could be sent`)
      const end = { code: 'TIMED_OUT', result: 'timed-out', message }
      expect(late).toMatchObject({ end, sent: [] })
      const inTime = await runMutation({ operation, timeoutMs: MIN_TIME_TO_SEND_MS })
      expect(inTime.sent).toEqual([operation])
    },
  )

  test('A create in flight ends by its own signal, which may come later', async () => {
    const [abort, mutationAbort] = [new AbortController(), new AbortController()]
    const signals = { signal: abort.signal, mutationSignal: mutationAbort.signal }
    const scenario = { ...signals, latency: () => 3_000 }
    const run = await runMutation({ ...scenario, events: [abortAt(1_000, abort)] })
    expect(run.end).toEqual(started())
    const events = [abortAt(1_600, mutationAbort, '600 ms later')]
    await expect(runMutation({ ...scenario, events })).rejects.toThrow('600 ms later')
  })
})

describe('the attempts of a create', () => {
  const attempts = (failures: number): MutationState['attempts'] => ({
    failures,
    dnsNotFoundSince: undefined,
  })
  const lost = (resentUnchecked: boolean): MutationState => ({
    ...newMutationState(),
    hadLostResponse: true,
    resentUnchecked,
    attempts: attempts(3),
    lastFailure: createFailure('CreateBackendStorage', 'gatewayTimeout'),
  })
  const RESET = { sentAt: [0, 5_000], state: newMutationState() }

  testRuns(runMutation, {
    'An accepted create ends a series of failures': [creates('throttled'), RESET],
    'A pending job ends a series of failures': [
      { ...creates('throttled'), events: [otherJob({})] },
      RESET,
    ],
    'An existing storage ends a series of failures': [
      { ...creates('throttled'), events: [storageExists()] },
      RESET,
    ],
    'A lost response counts as an attempt like other failures': [
      { ...creates('throttled', LOST, 'throttled'), maxAttempts: 3 },
      { sentAt: [0, 5_000, 35_000], lines: [containing('(attempt 2 of 3)'), {}] },
    ],
    'Failures before a wait for another job still count after it': [
      { ...creates('throttled'), state: { ...newMutationState(), attempts: attempts(7) } },
      { end: { code: 'THROTTLED' }, sentAt: [0] },
    ],
    'A lost create that has used up its attempts fails': [
      { state: lost(false), maxAttempts: 3 },
      { end: { code: 'GATEWAY_TIMEOUT', result: 'failed', requestId: 'request-504' }, sent: [] },
    ],
    'An unchecked create that has used up its attempts has an unknown outcome': [
      { state: lost(true), maxAttempts: 2 },
      { end: { code: 'GATEWAY_TIMEOUT', result: 'unknown' }, sent: [] },
    ],
    'A lost create that has an attempt left is sent': [
      { state: lost(false), maxAttempts: 4 },
      { end: started(), sentAt: [0] },
    ],
  })
})

describe('what is reported of a create', () => {
  const SENT = ['pending', 'settled']

  test.each<readonly [string, Scenario, readonly string[]]>([
    ['is accepted', {}, SENT],
    ['is throttled once', creates('throttled'), [...SENT, ...SENT]],
    ['is invalid', creates('badRequest'), SENT],
    ['meets a pending job', { events: [otherJob({})] }, SENT],
    ['is lost and may have started a job', creates(LOST_AFTER_EFFECT), ['pending']],
    ['is lost without effect', creates(LOST), [...SENT, ...SENT]],
    [
      'is lost and has left a storage',
      { ...creates(LOST_AFTER_EFFECT), ...unidentifiable(1_000) },
      ['pending'],
    ],
    [
      'is lost while a job is pending that may be its own',
      { ...creates(LOST_AFTER_EFFECT), ...unidentifiable(1e6) },
      ['pending'],
    ],
    ['is lost and there is no time to check', { ...creates(LOST), timeoutMs: 20_000 }, ['pending']],
    [
      'is lost, cannot be checked, and is then invalid',
      { ...creates(LOST, 'badRequest'), denied: READS },
      ['pending', 'pending', 'pending'],
    ],
  ])(
    'A create that %s is reported as pending until its outcome is known',
    async (_how, scenario, expected) => {
      expect((await runMutation(scenario)).reportedMutations).toEqual(expected)
    },
  )
})
