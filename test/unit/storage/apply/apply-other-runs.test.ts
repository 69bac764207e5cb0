import { describe, expect, test } from 'vitest'
import { apply } from '../../../../src/storage/apply.ts'
import { containing, matching } from '../../../support/unit/matchers.ts'
import { aStorageContext } from '../../../support/unit/storage-context.ts'
import {
  applyOptions,
  CREATED,
  failing,
  otherJob,
  runApply,
  storageExists,
  testRuns,
  UNCHANGED,
  type RunScenario,
} from '../../../support/unit/storage-runs.ts'
import { resultOf } from '../../../support/unit/task-result.ts'
import { virtualAmplify } from '../../../support/unit/virtual/virtual-amplify.ts'
import { virtualClock } from '../../../support/unit/virtual/virtual-clock.ts'

describe('apply when another run creates the storage first', () => {
  /** A storage appears between the first read and the create, and no metadata shows it. */
  const overtaken = (
    members: Parameters<typeof storageExists>[0] = {},
    { events = [], ...more }: RunScenario = {},
  ): RunScenario => ({
    latency: () => 100,
    metadata: '{}',
    events: [storageExists(members, 250), ...events],
    ...more,
  })
  const otherCreate = (members: Parameters<typeof otherJob>[0]) =>
    otherJob({ operation: 'CreateBackendStorage', ...members })
  const byAnotherRun = (text: RegExp) => ({ title: 'Created by another run', text: matching(text) })
  const DIFFERS = { code: 'STORAGE_DIFFERS', result: 'failed' }

  testRuns(runApply, {
    'A matching storage that another run has created counts as created, with a warning': [
      overtaken(),
      {
        end: CREATED,
        sent: ['CreateBackendStorage'],
        warnings: [
          byAnotherRun(
            /^Another run created the storage in the meantime, .+: "400 BadRequestException: Amazon S3 storage .+"\.$/,
          ),
        ],
        changes: [[{}, {}, {}], []],
      },
    ],
    'A matching storage of another run is waited for while its job is pending': [
      overtaken({}, { oneJob: false, events: [otherCreate({ fromMs: 250, toMs: 10_250 })] }),
      { end: CREATED, durationMs: 12_000, warnings: [byAnotherRun(/ with job other-1,/)] },
    ],
    'A different storage of another run fails the run when if-exists is match': [
      overtaken({ authenticated: [] }),
      { end: DIFFERS, sent: ['CreateBackendStorage'] },
    ],
    'A different storage of another run fails the run even when if-exists is update': [
      overtaken({ authenticated: [] }, { ifExists: 'update' }),
      { end: DIFFERS, sent: ['CreateBackendStorage'] },
    ],
    'A matching storage of another run fails the run when if-exists is fail': [
      overtaken({}, { ifExists: 'fail' }),
      { end: { code: 'STORAGE_EXISTS', result: 'failed' } },
    ],
    'A matching storage of another run fails the run when if-exists is fail and its job was awaited':
      [
        { ifExists: 'fail', events: [otherCreate({ toMs: 60_000, leaves: {} })] },
        { end: { code: 'STORAGE_EXISTS', result: 'failed' } },
      ],
    'A storage of another name fails the run': [
      overtaken({ resourceName: 'files' }),
      {
        end: {
          code: 'STORAGE_EXISTS',
          result: 'failed',
          requestId: 'request-400',
          message: matching(/none named "media" exists: "400 BadRequestException: .+"\.$/),
          advice: containing('resource-name'),
        },
        sent: ['CreateBackendStorage'],
      },
    ],
    'A job that fails because another run was first leaves a storage that counts as created': [
      { oneStorage: 'failed-job', jobMs: 10_000, events: [storageExists({}, 5_000)] },
      { end: CREATED, warnings: [byAnotherRun(/job job-1 failed: Amazon S3/)], sentAt: [0] },
    ],
    // Only the metadata names the bucket, so what was read of it before the wait is not enough.
    'A pending create of another run is waited for, and the backend is read again': [
      { bucketAs: 'base', events: [otherCreate({ toMs: 60_000, leaves: {} })] },
      { end: CREATED, sentAt: [0], warnings: [], jobs: [], changes: [[{}, {}, {}], []] },
    ],
    'A pending create of another run that fails lets this run create the storage': [
      { events: [otherCreate({ toMs: 9_000, result: { status: 'FAILED' } })] },
      { end: CREATED, sentAt: [0, 10_000] },
    ],
    'A storage that a pending create changes after the first read counts as created': [
      { events: [storageExists(), otherCreate({ toMs: 60_000 })] },
      { end: CREATED, sentAt: [] },
    ],
    'A storage is read again when a job that deletes it ends before the jobs are listed': [
      {
        ...failing('ListBackendJobs', 'throttled'),
        events: [
          storageExists(),
          otherJob({ operation: 'DeleteBackendStorage', toMs: 1_000 }),
          (service, clock) => {
            clock.schedule(1_000, () => {
              service.removeStorage('media')
            })
          },
        ],
      },
      { end: CREATED, sent: ['CreateBackendStorage'] },
    ],
    'A list of jobs that is not read to its end does not prove that a storage is unchanged': [
      { events: [storageExists()], isListComplete: false },
      { end: { code: 'UNREADABLE_RESPONSE', result: 'failed' }, sentAt: [] },
    ],
    'A pending job that can no longer be listed fails the run': [
      {
        ...failing('ListBackendJobs', undefined, 'accessDenied'),
        events: [storageExists(), otherCreate({})],
      },
      { end: { code: 'ACCESS_DENIED', result: 'failed' } },
    ],
    'A job that stays pending ends the run at the deadline': [
      { timeoutMs: 600_000, events: [otherCreate({})] },
      { end: { code: 'PENDING_JOB', result: 'timed-out' }, durationMs: 597_000, jobs: [] },
    ],
  })

  test.each([0, 90, 5_000, 25_000])(
    'Two runs for the same storage that start %i ms apart succeed with one create',
    async (apart) => {
      const clock = virtualClock()
      const service = virtualAmplify(clock)
      const run = async (name: string, afterMs: number) => {
        const amplify = service.connect({ run: name, latency: () => 50 })
        const { context } = aStorageContext(clock, amplify)
        await clock.sleep(afterMs, context.retryPolicy.signal)
        return resultOf(apply(context, applyOptions()))
      }
      const results = await clock.run(Promise.all([run('first', 0), run('second', apart)]))
      expect(results).toMatchObject([
        { value: CREATED },
        { value: apart < 20_000 ? CREATED : UNCHANGED },
      ])
      expect(service.effects('first') + service.effects('second')).toBe(1)
    },
  )
})
