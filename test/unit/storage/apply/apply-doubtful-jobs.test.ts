import { describe, expect, test } from 'vitest'
import { apply } from '../../../../src/storage/apply.ts'
import { containing, including, matching } from '../../../support/unit/matchers.ts'
import { aStorageContext } from '../../../support/unit/storage-context.ts'
import {
  abortAt,
  applyOptions,
  CREATED,
  creates,
  failing,
  LOST,
  LOST_AFTER_EFFECT,
  otherJob,
  runApply,
  storageExists,
  testRuns,
} from '../../../support/unit/storage-runs.ts'
import { TIME_STYLES } from '../../../support/unit/virtual/virtual-amplify-types.ts'
import { virtualAmplify } from '../../../support/unit/virtual/virtual-amplify.ts'
import { virtualClock } from '../../../support/unit/virtual/virtual-clock.ts'

const FAILED = { status: 'FAILED', error: 'the stack could not be updated' }

const otherCreate = (members: Parameters<typeof otherJob>[0]) =>
  otherJob({ operation: 'CreateBackendStorage', ...members })

describe('a job that the service reports as failed', () => {
  const failsAtOnce = { runningStatus: 'FAILED', jobMs: 0, jobResults: [FAILED] }

  testRuns(runApply, {
    'A run that does not wait fails with the error of the job when the response reports the failure':
      [
        { wait: false, ...failsAtOnce },
        {
          end: {
            code: 'JOB_FAILED',
            result: 'failed',
            message: matching(/job-1.+the stack could not be updated/),
          },
          jobs: [{ jobId: 'job-1', status: 'FAILED' }],
        },
      ],
    'A run that waits fails although later responses report another status': [
      { ...failsAtOnce, jobResults: [{ status: 'COMPLETED' }] },
      { end: { code: 'JOB_FAILED', result: 'failed' }, sentAt: [0] },
    ],
    'A failure is reported without its text where the job cannot be read': [
      { wait: false, ...failsAtOnce, denied: ['GetBackendJob'] },
      { end: { code: 'JOB_FAILED', message: containing('job-1') } },
    ],
    'A run that does not wait fails with a job that was found and is reported as failed': [
      { ...creates(LOST_AFTER_EFFECT), wait: false, ...failsAtOnce },
      { end: { code: 'JOB_FAILED', result: 'failed' }, durationMs: 30_000, sentAt: [0] },
    ],
    'A run that does not wait checks a job that fails before the end of the window only once': [
      { ...creates(LOST_AFTER_EFFECT), wait: false, jobMs: 20_000, jobResults: [FAILED] },
      {
        end: { code: 'JOB_FAILED', result: 'failed', message: containing(FAILED.error) },
        calls: [
          ...['GetBackendStorage', 'GetBackend', 'CreateBackendStorage', 'ListBackendJobs'],
          ...['ListBackendJobs', 'GetBackendStorage'],
        ],
        jobs: [{ jobId: 'job-1', status: 'RUNNING' }, { status: 'FAILED' }],
        reportedMutations: ['pending', 'settled'],
      },
    ],
  })
})

describe('a job that another run may have started', () => {
  const fails = { result: FAILED, toMs: 6_000 }

  testRuns(runApply, {
    'It was started by this run if it is the only one at the end of the window': [
      { ...creates(LOST), events: [otherCreate({ fromMs: 100, ...fails })] },
      {
        end: { code: 'JOB_FAILED', result: 'failed', message: containing(FAILED.error) },
        durationMs: 30_000,
        sentAt: [0],
        reportedMutations: ['pending', 'settled'],
      },
    ],
    'Its failure leaves the outcome unknown when another one was started meanwhile': [
      {
        ...creates({ failure: 'reset', effect: { lateMs: 15_000 } }),
        oneJob: false,
        events: [otherCreate({ fromMs: 100, ...fails })],
      },
      {
        end: {
          code: 'UNKNOWN_OUTCOME',
          result: 'unknown',
          message: matching(/other-1.+job-1.+the stack could not be updated/),
        },
        sentAt: [0],
        reportedMutations: ['pending'],
      },
    ],
    'Its failure leaves the outcome unknown when the jobs can no longer be listed': [
      {
        ...creates(LOST),
        ...failing('ListBackendJobs', undefined),
        faults: { CreateBackendStorage: [LOST], ListBackendJobs: [undefined] },
        always: { ListBackendJobs: 'accessDenied' },
        events: [otherCreate({ fromMs: 100, ...fails })],
      },
      { end: { code: 'UNKNOWN_OUTCOME', result: 'unknown', message: containing('other-1') } },
    ],
    'Its failure minutes later leaves the outcome unknown when two were started': [
      {
        ...creates(LOST_AFTER_EFFECT),
        oneJob: false,
        jobMs: 400_000,
        jobResults: [FAILED],
        events: [otherCreate({ fromMs: 100, toMs: 300_000, result: FAILED })],
      },
      { end: { code: 'UNKNOWN_OUTCOME', result: 'unknown' }, sentAt: [0] },
    ],
    'A run that does not wait ends with it when it is the only one at the end of the window': [
      { ...creates(LOST_AFTER_EFFECT), wait: false },
      { end: { result: 'started' }, durationMs: 30_000 },
    ],
    'A run that does not wait has an unknown outcome when there are two': [
      {
        ...creates({ failure: 'reset', effect: { lateMs: 20_000 } }),
        wait: false,
        oneJob: false,
        oneStorage: 'off',
        events: [otherCreate({ fromMs: 100 })],
      },
      {
        end: { code: 'UNKNOWN_OUTCOME', result: 'unknown', message: matching(/other-1.+job-1/) },
        reportedMutations: ['pending'],
      },
    ],
    'A storage that another run has created with another configuration leaves the outcome unknown':
      [
        {
          ...creates(LOST),
          events: [otherCreate({ fromMs: 100, toMs: 6_000, leaves: { authenticated: [] } })],
        },
        { end: { code: 'STORAGE_DIFFERS' }, sentAt: [0], reportedMutations: ['pending'] },
      ],
    'Its failure because a storage exists leads to a comparison with that storage': [
      {
        ...creates(LOST),
        events: [
          storageExists({}, 3_000),
          otherCreate({
            fromMs: 100,
            toMs: 6_000,
            result: {
              status: 'FAILED',
              error: 'Amazon S3 storage was already added to your project.',
            },
          }),
        ],
      },
      { end: CREATED, sentAt: [0] },
    ],
    'It is found in the list while another job is waited for': [
      {
        ...creates({ failure: 'reset', effect: { lateMs: 29_990 } }),
        oneJob: false,
        jobLagMs: 3_000,
        events: [otherJob({ fromMs: 100, toMs: 40_000 })],
      },
      { end: CREATED, jobs: including({ jobId: 'job-1', status: 'RUNNING' }), sentAt: [0] },
    ],
  })
})

describe('a cancelled run whose create was lost', () => {
  test('It reports the job of the create, although that was listed after the storage appeared', async () => {
    const abort = new AbortController()
    const clock = virtualClock()
    const faults = {
      CreateBackendStorage: [LOST_AFTER_EFFECT],
      ListBackendJobs: ['throttled', 'throttled'],
    } as const
    const service = virtualAmplify(clock, { jobMs: 20_000, storageLeadMs: 19_900 })
    const amplify = service.connect({ latency: () => 0, faults })
    const { context, recorded } = aStorageContext(clock, amplify, { signal: abort.signal })
    abortAt(2_500, abort)(service, clock)
    await expect(clock.run(apply(context, applyOptions()))).rejects.toThrow('SIGINT')
    expect(recorded.jobs).toEqual([{ jobId: 'job-1', status: 'RUNNING' }])
    expect(recorded.reportedMutations).toEqual(['pending'])
  })
})

describe('a job of which nobody knows when it was created', () => {
  testRuns(runApply, {
    'A lost create is not sent again when such a job has failed, and its error is shown': [
      {
        ...creates(LOST),
        times: TIME_STYLES.garbage,
        events: [otherCreate({ toMs: 5_000, result: FAILED })],
      },
      {
        end: {
          code: 'UNKNOWN_OUTCOME',
          result: 'unknown',
          message: matching(/other-1.+the stack could not be updated/),
        },
        sentAt: [0],
      },
    ],
    'A lost create is not sent again when the server sends no time and such a job has ended': [
      { ...creates(LOST), dates: false, events: [otherCreate({ toMs: 5_000 })] },
      { end: { code: 'UNKNOWN_OUTCOME', result: 'unknown' }, sentAt: [0] },
    ],
    'Such a job is waited for, and its storage counts as created': [
      { ...creates(LOST_AFTER_EFFECT), times: TIME_STYLES.absent, jobMs: 90_000 },
      { end: CREATED, sentAt: [0] },
    ],
  })
})
