import { describe } from 'vitest'
import {
  CREATED,
  CREATE_CHANGES,
  failing,
  otherJob,
  runApply,
  storageExists,
  testRuns,
  UNCHANGED,
} from '../../../support/unit/storage-runs.ts'

describe('the changes of a run whose role may not read the storage', () => {
  const denied = ['GetBackendStorage'] as const

  testRuns(runApply, {
    'They are reported once, when the create was accepted': [
      { denied },
      { end: { result: 'created' }, changes: [CREATE_CHANGES] },
    ],
    'They are reported when the create was accepted in a run that does not wait': [
      { denied, wait: false },
      { end: { result: 'started' }, changes: [CREATE_CHANGES] },
    ],
    'None are reported when the create is rejected because of a storage': [
      { denied, events: [storageExists()] },
      { end: { code: 'STORAGE_EXISTS' }, sent: ['CreateBackendStorage'], changes: [] },
    ],
    'None are reported when the role may not create a storage either': [
      { denied: [...denied, 'CreateBackendStorage'] },
      { end: { code: 'ACCESS_DENIED' }, changes: [] },
    ],
    'A storage that only a later read shows was not created by the run': [
      {
        ...failing('GetBackendStorage', 'accessDenied'),
        events: [storageExists(), otherJob({ toMs: 10_000 })],
      },
      { end: UNCHANGED, sent: ['CreateBackendStorage'], changes: [[]] },
    ],
  })
})

describe('a run whose role may not list jobs', () => {
  const denied = ['ListBackendJobs'] as const
  const NOT_CHECKED = { title: 'Pending jobs not checked' }

  testRuns(runApply, {
    'A storage that matches is read only once': [
      { denied, events: [storageExists()] },
      {
        end: UNCHANGED,
        calls: ['GetBackendStorage', 'GetBackend', 'ListBackendJobs'],
        warnings: [NOT_CHECKED],
      },
    ],
    'A storage that another run has created meanwhile counts as created, and jobs are listed once':
      [
        { denied, latency: () => 100, metadata: '{}', events: [storageExists({}, 250)] },
        {
          end: CREATED,
          calls: [
            ...['GetBackendStorage', 'GetBackend', 'CreateBackendStorage'],
            ...['ListBackendJobs', 'GetBackendStorage', 'GetBackend'],
          ],
          warnings: [NOT_CHECKED, { title: 'Created by another run' }],
        },
      ],
  })
})
