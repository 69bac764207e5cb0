import { describe, expect, test } from 'vitest'
import { apply } from '../../../../src/storage/apply.ts'
import { createFailure } from '../../../support/unit/api-failures.ts'
import { containing, including } from '../../../support/unit/matchers.ts'
import { aStorageContext } from '../../../support/unit/storage-context.ts'
import {
  applyOptions,
  CREATED,
  CREATE_CHANGES,
  creates,
  failing,
  LOST,
  LOST_AFTER_EFFECT,
  otherJob,
  READS,
  runApply,
  storageExists,
  testRuns,
  trips,
  unidentifiable,
  UPDATED,
  type RunScenario,
} from '../../../support/unit/storage-runs.ts'
import type { Fault, Script } from '../../../support/unit/virtual/virtual-amplify-types.ts'
import { virtualAmplify } from '../../../support/unit/virtual/virtual-amplify.ts'
import { virtualClock } from '../../../support/unit/virtual/virtual-clock.ts'

const JOB = { jobId: 'job-1', status: 'RUNNING' }
const WARNING = { title: 'Lost response', text: containing('reports it as created') }
const FOUND =
  'The storage matches the configuration now: the request probably took effect although its response was lost.'
const INTERNAL_ERROR = 'failed with an internal service error: 500: Internal server error.'

describe('apply when the response to a create is lost', () => {
  const lostAndDone = creates(LOST_AFTER_EFFECT)
  /** Reads that go well so often before they fail for good. */
  const failsLater = (operation: 'GetBackendStorage' | 'ListBackendJobs', reads: number) => ({
    maxAttempts: 2,
    faults: { ...lostAndDone.faults, [operation]: Array<undefined>(reads).fill(undefined) },
    always: { [operation]: 'internalError' } as const,
  })
  const unknownBy = (operation: string) => ({
    end: {
      code: 'SERVICE_ERROR',
      result: 'unknown',
      requestId: 'request-500',
      message: containing(`could not be determined: ${operation} ${INTERNAL_ERROR}`),
    },
  })
  const appearing = {
    end: CREATED,
    changes: [CREATE_CHANGES, [], []],
    warnings: [WARNING],
    sentAt: [0],
  }
  const different = [storageExists({ authenticated: [] }, 1_000)]
  /** The storage is absent, then appears, and then replicas of the service disagree so often. */
  const flickering = (times: number): RunScenario => ({
    ...unidentifiable(100),
    faults: {
      ...lostAndDone.faults,
      GetBackendStorage: [undefined, ...Array<Script>(times).fill([undefined, 'notFound']).flat()],
    },
  })

  testRuns(runApply, {
    'The job that the create started is waited for, and the run ends as usual': [
      lostAndDone,
      {
        end: CREATED,
        jobs: [...Array<typeof JOB>(6).fill(JOB), {}],
        changes: [CREATE_CHANGES],
        sentAt: [0],
      },
    ],
    'Without waiting, the run ends with the job that was found': [
      { ...lostAndDone, wait: false },
      { end: { result: 'started' }, jobs: [JOB] },
    ],
    'A create without effect is sent again after 30 seconds': [
      creates(LOST),
      { end: CREATED, sentAt: [0, 30_000] },
    ],
    'A storage that appears without an identifiable job counts as created, with a warning': [
      { ...lostAndDone, ...unidentifiable(1_000) },
      { ...appearing, lines: including(FOUND) },
    ],
    'A storage that appears counts as created even when if-exists is fail': [
      { ...lostAndDone, ...unidentifiable(1_000), ifExists: 'fail' },
      appearing,
    ],
    'A storage that appears with another configuration fails the run': [
      { ...creates(LOST), events: different },
      { end: { code: 'STORAGE_DIFFERS', result: 'failed' } },
    ],
    'A storage that appears with another configuration is updated when if-exists is update': [
      { ...creates(LOST), events: different, ifExists: 'update' },
      { end: UPDATED, sent: ['CreateBackendStorage', 'UpdateBackendStorage'] },
    ],
    'A pending job that may be its own is waited for, and its storage counts as created': [
      { ...lostAndDone, ...unidentifiable(100_000) },
      { ...appearing, changes: [CREATE_CHANGES, []], reportedMutations: ['pending', 'settled'] },
    ],
    'The outcome of an unchecked create counts as known once the storage was read': [
      { denied: READS, ...creates(LOST), jobMs: 1_000 },
      { reportedMutations: ['pending', 'pending', 'settled'] },
    ],
    'A second create that is rejected, with no storage to be read, has an unknown outcome': [
      {
        ...creates(LOST),
        metadata: '{}',
        events: [storageExists({ resourceName: 'files' }, 29_000)],
      },
      { end: { code: 'STORAGE_EXISTS', result: 'unknown' } },
    ],
    'The outcome is unknown when the storage has appeared and cannot be read again': [
      { ...unidentifiable(100), ...failsLater('GetBackendStorage', 7) },
      unknownBy('GetBackendStorage'),
    ],
    'The outcome is unknown when the storage has appeared and jobs cannot be listed': [
      { ...unidentifiable(100), ...failsLater('ListBackendJobs', 12) },
      unknownBy('ListBackendJobs'),
    ],
    'Lists that fail do not end the wait for a job that may be its own': [
      { ...unidentifiable(100_000), ...failsLater('ListBackendJobs', 7) },
      { end: { code: 'PENDING_JOB', result: 'timed-out' } },
    ],
    'The run times out when the job that may be its own does not end': [
      { ...lostAndDone, ...unidentifiable(1e7), timeoutMs: 120_000 },
      { end: { code: 'PENDING_JOB', result: 'timed-out' } },
    ],
    'Nothing is sent within the window when the storage appears and one read does not find it': [
      flickering(1),
      { end: CREATED, sentAt: [0] },
    ],
    'Nothing is sent within the window when the storage appears and three reads do not find it': [
      flickering(3),
      { end: CREATED, sentAt: [0] },
    ],
    'The create is sent again when the storage appears and is gone at the end of the window': [
      {
        ...creates(LOST),
        latency: () => 100,
        events: [
          storageExists({}, 2_000),
          (service, clock) => {
            clock.schedule(3_250, () => {
              service.removeStorage('media')
            })
          },
        ],
      },
      { end: CREATED, sentAt: [400, 31_000] },
    ],
    'A last attempt is not repeated after the wait for a job of somebody else': [
      { ...creates(LOST), maxAttempts: 1, events: [otherJob({ fromMs: 29_000, toMs: 49_000 })] },
      { end: { code: 'GATEWAY_TIMEOUT', result: 'failed' }, sentAt: [0] },
    ],
  })

  test('An unexpected exception is passed on unchanged', async () => {
    const clock = virtualClock()
    const amplify = virtualAmplify(clock).connect({ latency: () => 0, ...creates(LOST) })
    let lists = 0
    const message = 'pending job'
    const rejected = {
      ok: false,
      failure: createFailure('CreateBackendStorage', 'badRequest', { message }),
    } as const
    const broken: typeof amplify = {
      ...amplify,
      listJobs: (options) => {
        lists += 1
        if (lists > 6) throw new TypeError('a programming error')
        return amplify.listJobs(options)
      },
      createStorage: (desired, options) =>
        lists < 6 ? amplify.createStorage(desired, options) : Promise.resolve(rejected),
    }
    const { context } = aStorageContext(clock, broken)
    await expect(clock.run(apply(context, applyOptions()))).rejects.toThrow('a programming error')
  })
})

describe('apply when the response to an update is lost', () => {
  const losing = (fault: Fault, { events = [], ...more }: RunScenario = {}): RunScenario => ({
    ifExists: 'update',
    ...failing('UpdateBackendStorage', fault),
    events: [storageExists({ authenticated: [] }), ...events],
    ...more,
  })

  testRuns(runApply, {
    'The job that the update started is waited for': [
      losing(LOST_AFTER_EFFECT),
      { end: UPDATED, sentAt: [0], jobs: [...Array<typeof JOB>(6).fill(JOB), {}], warnings: [] },
    ],
    'The effect of an update without an identifiable job counts as updated, with a warning': [
      losing(LOST_AFTER_EFFECT, unidentifiable(1_000)),
      { end: UPDATED, sentAt: [0], warnings: [{ text: containing('reports it as updated') }] },
    ],
    'An update without effect is sent again after a job of somebody else has ended': [
      losing(LOST, { events: [otherJob({ fromMs: 29_000, toMs: 34_000 })] }),
      { end: UPDATED, sentAt: [0, 35_000] },
    ],
  })
})

describe('apply when the effect of a create comes late', () => {
  // The API has no idempotency token, so no client can exclude an effect after the window of 30 seconds.
  const OFF = { oneJob: false, oneStorage: 'off' } as const
  const late = (lateMs: number, scenario: RunScenario = {}): RunScenario => ({
    ...creates({ failure: 'reset', effect: { lateMs } }),
    ...scenario,
  })
  /** The second create is on the way for two seconds, while the first takes effect after all. */
  const slowSecondCreate = () => trips((trip) => (trip === 31 ? 2_000 : 0))
  /** An apply, and the number of creates that took effect in the end. */
  const runToTheEnd = async (scenario: RunScenario): Promise<object> => {
    const run = await runApply(scenario)
    await run.clock.drain()
    return { ...run, effects: run.service.effects() }
  }

  testRuns(runToTheEnd, {
    'A late effect one millisecond before the end of the window is the only create': [
      late(29_999, OFF),
      { end: CREATED, sentAt: [0], effects: 1 },
    ],
    'After a late effect behind the window, the rules of the service reject the second create': [
      late(35_000),
      { end: CREATED, sentAt: [0, 30_000], effects: 1 },
    ],
    'After a late effect behind the window, a service without such rules creates it twice': [
      late(35_000, OFF),
      { end: CREATED, sentAt: [0, 30_000], effects: 2 },
    ],
    'A late effect while the second create is on its way has that create rejected': [
      late(31_000, { latency: slowSecondCreate() }),
      { end: CREATED, sentAt: [0, 30_000], effects: 1 },
    ],
    'A second create that is rejected because of the first counts as created, with a warning': [
      late(31_000, { jobMs: 0, latency: slowSecondCreate() }),
      { end: CREATED, sentAt: [0, 30_000], effects: 1, warnings: [WARNING] },
    ],
    'A second create that is rejected because of the first counts as created when if-exists is fail':
      [
        late(31_000, { jobMs: 0, latency: slowSecondCreate(), ifExists: 'fail' }),
        { end: CREATED, sentAt: [0, 30_000], effects: 1, warnings: [WARNING] },
      ],
    'A different storage that has a second create rejected is not updated when if-exists is fail': [
      {
        ...creates(LOST),
        latency: slowSecondCreate(),
        ifExists: 'fail',
        events: [storageExists({ authenticated: [] }, 31_000)],
      },
      { end: { code: 'STORAGE_DIFFERS' }, sent: ['CreateBackendStorage', 'CreateBackendStorage'] },
    ],
    'A storage of a job that has a second create rejected fails the run when if-exists is fail': [
      {
        ...creates(LOST),
        latency: slowSecondCreate(),
        ifExists: 'fail',
        events: [otherJob({ fromMs: 31_000, toMs: 60_000, leaves: {} })],
      },
      { end: { code: 'STORAGE_EXISTS', result: 'failed' }, sentAt: [0, 30_000] },
    ],
  })
})
