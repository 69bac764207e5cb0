import { describe, expect, test } from 'vitest'
import { sendMutation } from '../../../../src/storage/mutation/mutation.ts'
import { newMutationState, type MutationState } from '../../../../src/storage/mutation/state.ts'
import { AMBIGUOUS, createFailure } from '../../../support/unit/api-failures.ts'
import { containing, matching } from '../../../support/unit/matchers.ts'
import {
  adopted,
  aMutation,
  runMutation,
  started,
  type MutationScenario,
} from '../../../support/unit/mutation-runs.ts'
import { aStorageContext, neverAborted } from '../../../support/unit/storage-context.ts'
import {
  abortAt,
  creates,
  failing,
  LOST,
  LOST_AFTER_EFFECT,
  otherJob,
  storageExists,
  testRuns,
  trips,
  unidentifiable,
} from '../../../support/unit/storage-runs.ts'
import type { Fault } from '../../../support/unit/virtual/virtual-amplify-types.ts'
import { virtualAmplify } from '../../../support/unit/virtual/virtual-amplify.ts'
import { virtualClock } from '../../../support/unit/virtual/virtual-clock.ts'

const READ_AGAIN = { kind: 'read-again' }
const SENT_AGAIN = { end: started(), sentAt: [0, 30_000] }
const NOT_SENT_AGAIN = { end: adopted(), sentAt: [0] }

describe('a create whose response is lost', () => {
  const lostAndDone = creates(LOST_AFTER_EFFECT)
  const PENDING_JOB = { end: { kind: 'job-pending' }, durationMs: 30_000, sentAt: [0] }

  test.each(AMBIGUOUS)('After %s, its job is found and nothing is sent again', async (failure) => {
    const scenario = { ...creates({ failure, effect: 'done' }), jobMs: 3e6, timeoutMs: 3.6e6 }
    expect(await runMutation(scenario)).toMatchObject({
      ...NOT_SENT_AGAIN,
      jobs: [{ jobId: 'job-1', status: 'RUNNING' }],
      lines: [
        matching(/^CreateBackendStorage failed \(attempt 1 of 8\): .+ 30 s before sending/),
        containing('job-1'),
      ],
      state: { hadLostResponse: true },
      service: { unsafeMutations: [] },
    })
  })

  test.each(AMBIGUOUS)(
    'After %s without effect, it is sent again when the window ends',
    async (failure) => {
      const { end, lines, service } = await runMutation(creates({ failure, effect: 'none' }))
      expect(end).toEqual(started())
      const [first, second] = service.mutations
      expect(second?.at).toBe((first?.endedAt ?? 0) + 30_000)
      expect(lines[1]).toContain('CreateBackendStorage had no effect. Sending it again')
      expect(service.effects()).toBe(1)
    },
  )

  test.each([0, 1, 499, 501, 17_999, 18_001, 29_999, 30_000])(
    'An effect that comes %i ms after the failure is found',
    async (lateMs) => {
      const run = await runMutation(creates({ failure: 'reset', effect: { lateMs } }))
      expect(run).toMatchObject({ end: { kind: 'started', jobId: 'job-1' }, sentAt: [0] })
      expect(run.durationMs).toBeLessThanOrEqual(30_000)
    },
  )

  testRuns(runMutation, {
    'Its effect is checked after half a second, then at growing intervals': [
      creates(LOST),
      { checkedAt: [500, 2_000, 5_000, 10_000, 18_000, 30_000] },
    ],
    'Its storage is found where the job cannot be identified': [
      { ...lostAndDone, ...unidentifiable(3_000) },
      {
        end: READ_AGAIN,
        jobs: [],
        sentAt: [0],
        state: { lostResponse: { effectFound: true, sentAt: 0, failedAt: 0 } },
      },
    ],
    // The list is read before the job begins, and the storage, at 600, after it has ended.
    'Its job is found when it appears together with the storage': [
      {
        ...creates({ failure: 'reset', effect: { lateMs: 550 } }),
        jobMs: 0,
        latency: trips((trip) => (trip === 5 ? 100 : 0)),
      },
      {
        end: adopted('job-1', 'COMPLETED'),
        jobs: [{ jobId: 'job-1', status: 'COMPLETED' }],
        durationMs: 600,
      },
    ],
    // The trips after the first read of the last check, at 30 seconds, are slow.
    'It is not sent again when its job ends between the two reads of the last check': [
      {
        ...lostAndDone,
        ...unidentifiable(30_050),
        latency: trips((trip) => (trip > 24 ? 100 : 0)),
      },
      { result: { ok: true }, sentAt: [0] },
    ],
    'At the end of the window, its own job counts as pending where it cannot be identified': [
      { ...lostAndDone, ...unidentifiable(60_000) },
      PENDING_JOB,
    ],
    'At the end of the window, its own job counts as pending where the server sends no time': [
      { ...lostAndDone, dates: false, jobMs: 1e6 },
      PENDING_JOB,
    ],
    'At the end of the window, a job that somebody else has started is pending': [
      { ...creates(LOST), events: [otherJob({ fromMs: 29_000 })] },
      PENDING_JOB,
    ],
    'A failed job of the same second counts as its own': [
      {
        ...creates(LOST),
        events: [otherJob({ operation: 'CreateBackendStorage', status: 'FAILED' })],
      },
      { end: adopted('other-1', 'FAILED'), sentAt: [0] },
    ],
    'A job of another operation does not count as its own': [
      { ...creates(LOST), events: [otherJob({ fromMs: 100, toMs: 1_100 })] },
      SENT_AGAIN,
    ],
    'Its job is identified by the time of the server, with the clock of the runner far behind': [
      { ...lostAndDone, epochMs: Date.UTC(2049, 5) },
      NOT_SENT_AGAIN,
    ],
    'Its job is identified by the time of the server, with the clock of the runner far ahead': [
      { ...lostAndDone, epochMs: Date.UTC(1999, 0) },
      NOT_SENT_AGAIN,
    ],
    'A last attempt without effect fails with the error of the service': [
      { always: { CreateBackendStorage: LOST }, maxAttempts: 2 },
      {
        end: {
          code: 'GATEWAY_TIMEOUT',
          result: 'failed',
          requestId: 'request-504',
          message: containing('Endpoint request timed out. No effect was found within 30 s.'),
          advice: containing('again later.'),
        },
        sentAt: [0, 30_000],
        durationMs: 60_000,
        lines: [
          containing('(attempt 1 of 2)'),
          containing('Sending it again'),
          matching(/\(attempt 2 of 2\).+ checking for up to 30 s\.$/),
          containing('It is not sent again.'),
        ],
      },
    ],
    'It is sent again where an absent storage is an empty response': [
      { ...creates(LOST), absentAs: 'empty' },
      SENT_AGAIN,
    ],
  })

  test('A job that was created two seconds before it does not count as its own', async () => {
    const clock = virtualClock()
    const service = virtualAmplify(clock)
    service.addJob('CreateBackendStorage', 'COMPLETED')
    await clock.run(clock.sleep(2_001, neverAborted))
    const amplify = service.connect({ latency: () => 0, ...creates(LOST) })
    const { context } = aStorageContext(clock, amplify)
    const outcome = await clock.run(sendMutation(context, aMutation(context), newMutationState()))
    expect(outcome).toEqual(started())
    expect(service.mutations).toHaveLength(2)
  })

  test('The checks end with the signal', async () => {
    const abort = new AbortController()
    const events = [abortAt(6_000, abort)]
    const run = runMutation({ ...creates(LOST), signal: abort.signal, events })
    await expect(run).rejects.toThrow('SIGINT')
  })
})

describe('a create whose response was lost before', () => {
  const clock = virtualClock()
  const lostBefore = (failedAt: number, effectFound: boolean): { state: MutationState } => ({
    state: {
      ...newMutationState(),
      hadLostResponse: true,
      attempts: { failures: 1, dnsNotFoundSince: undefined },
      lostResponse: {
        mutation: aMutation(aStorageContext(clock, virtualAmplify(clock).connect()).context),
        failure: createFailure('CreateBackendStorage', 'reset'),
        sentAt: failedAt,
        failedAt,
        effectFound,
      },
    },
  })
  const checked = (...checkedAt: number[]) => ({
    end: started(),
    checkedAt,
    sentAt: checkedAt.slice(-1),
    state: { lostResponse: undefined },
  })

  testRuns(runMutation, {
    'It is checked once more when the window is over, then sent again': [
      lostBefore(-60_000, false),
      {
        ...checked(0),
        calls: ['ListBackendJobs', 'GetBackendStorage', 'CreateBackendStorage'],
      },
    ],
    'It is checked in what is left of the window, then sent again': [
      lostBefore(-15_000, false),
      checked(3_000, 15_000),
    ],
    'It is checked after a delay when checks contradict each other, then sent again': [
      lostBefore(-60_000, true),
      checked(2_000),
    ],
    'It is checked after a delay and until the window ends when checks contradict each other': [
      lostBefore(0, true),
      checked(2_000, 5_000, 10_000, 18_000, 30_000),
    ],
    'An update is planned again once it is known that the create had no effect': [
      {
        ...lostBefore(-60_000, false),
        operation: 'UpdateBackendStorage',
      },
      {
        end: READ_AGAIN,
        calls: ['ListBackendJobs', 'GetBackendStorage'],
        state: { lostResponse: undefined },
      },
    ],
  })
})

describe('an update whose response is lost', () => {
  const update = (fault: Fault): MutationScenario => ({
    operation: 'UpdateBackendStorage',
    ...failing('UpdateBackendStorage', fault),
    events: [storageExists()],
  })

  testRuns(runMutation, {
    'The job of a lost update is found': [
      update(LOST_AFTER_EFFECT),
      {
        ...NOT_SENT_AGAIN,
        lines: [containing('attempt 1 of 8'), containing('job-1')],
      },
    ],
    'The changes of a lost update are found where the job cannot be identified': [
      { ...update(LOST_AFTER_EFFECT), ...unidentifiable(1_000) },
      { end: READ_AGAIN },
    ],
    'A lost update without effect is sent again after 30 seconds, although there is a storage': [
      update(LOST),
      SENT_AGAIN,
    ],
  })
})
