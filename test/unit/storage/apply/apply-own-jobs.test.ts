import { describe, expect, test } from 'vitest'
import { including } from '../../../support/unit/matchers.ts'
import {
  CREATED,
  creates,
  LOST_AFTER_EFFECT,
  otherJob,
  runApply,
  storageExists,
  testRuns,
  UNCHANGED,
} from '../../../support/unit/storage-runs.ts'
import { EXISTS_TEXT } from '../../../support/unit/virtual/virtual-amplify-types.ts'

describe('the job of a lost create', () => {
  testRuns(runApply, {
    'It is waited for when it is listed only after the storage appeared': [
      {
        faults: {
          CreateBackendStorage: [LOST_AFTER_EFFECT],
          ListBackendJobs: ['throttled', 'throttled'],
        },
        jobMs: 20_000,
        storageLeadMs: 19_900,
      },
      {
        end: CREATED,
        sentAt: [0],
        warnings: [],
        jobs: including({ jobId: 'job-1', status: 'COMPLETED' }),
        reportedMutations: ['pending', 'settled'],
      },
    ],
    'The outcome of the create is known when it has completed': [
      creates(LOST_AFTER_EFFECT),
      { end: CREATED, reportedMutations: ['pending', 'settled'] },
    ],
    'It is not followed again when it and another one fail because a storage exists': [
      {
        ...creates({ failure: 'reset', effect: { lateMs: 15_000 } }),
        oneJob: false,
        oneStorage: 'failed-job',
        jobMs: 1_000,
        jobResults: [{ status: 'FAILED', error: EXISTS_TEXT }],
        events: [
          otherJob({
            operation: 'CreateBackendStorage',
            fromMs: 100,
            toMs: 6_000,
            result: { status: 'FAILED', error: EXISTS_TEXT },
          }),
          storageExists({}, 29_000),
        ],
      },
      { end: CREATED, sentAt: [0] },
    ],
  })

  test('Jobs are listed once after it has completed when another one was pending and has ended', async () => {
    const { end, calls } = await runApply({
      ...creates(LOST_AFTER_EFFECT),
      oneJob: false,
      jobMs: 40_000,
      events: [otherJob({ operation: 'UpdateBackendAuth', toMs: 10_000 })],
    })
    expect(end).toEqual(CREATED)
    expect(calls.slice(calls.lastIndexOf('GetBackendJob') + 1)).toEqual([
      'ListBackendJobs',
      'GetBackendStorage',
      'GetBackend',
    ])
  })
})

describe('the wait for the jobs of other runs', () => {
  test('The backend is read again with the storage after it', async () => {
    const { end, calls } = await runApply({
      events: [storageExists(), otherJob({ toMs: 10_000 })],
    })
    expect(end).toEqual(UNCHANGED)
    expect(calls.filter((operation) => operation !== 'ListBackendJobs')).toEqual([
      ...['GetBackendStorage', 'GetBackend'],
      ...['GetBackendStorage', 'GetBackend'],
    ])
  })

  testRuns(runApply, {
    'Jobs are listed once when a create is rejected because of a storage and none is pending': [
      { latency: () => 100, metadata: '{}', events: [storageExists({}, 250)] },
      {
        end: CREATED,
        calls: [
          ...['GetBackendStorage', 'GetBackend', 'CreateBackendStorage'],
          ...['ListBackendJobs', 'GetBackendStorage', 'GetBackend'],
        ],
      },
    ],
  })
})
