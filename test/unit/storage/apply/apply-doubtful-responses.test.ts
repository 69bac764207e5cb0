import { describe } from 'vitest'
import { containing, including, matching } from '../../../support/unit/matchers.ts'
import {
  CREATED,
  creates,
  failing,
  LOST,
  READS,
  runApply,
  storageExists,
  testRuns,
} from '../../../support/unit/storage-runs.ts'

const FAILED = { status: 'FAILED', error: 'the stack could not be updated' }

describe('a create that something between the runner and the service responds to', () => {
  testRuns(runApply, {
    'Its job is found and followed': [
      creates({ failure: 'blockedPage', effect: 'done' }),
      { end: CREATED, sentAt: [0] },
    ],
    'It is not sent again when it had no effect': [
      creates({ failure: 'blockedPage', effect: 'none' }),
      { end: { code: 'REQUEST_REFUSED', result: 'failed' }, durationMs: 30_000, sentAt: [0] },
    ],
    'Its outcome is unknown where the role may read neither the jobs nor the storage': [
      { ...creates({ failure: 'blockedPage', effect: 'none' }), denied: READS },
      { end: { code: 'UNKNOWN_OUTCOME', result: 'unknown' }, sentAt: [0] },
    ],
  })
})

describe('a response about something else', () => {
  testRuns(runApply, {
    'The job of a create whose response names another environment is followed, never sent again': [
      { mismatches: { CreateBackendStorage: [true] } },
      { end: CREATED, sentAt: [0], jobs: including({ jobId: 'job-1', status: 'COMPLETED' }) },
    ],
    'Its failure has an unknown outcome, with the id and the error of the job': [
      { mismatches: { CreateBackendStorage: [true] }, jobResults: [FAILED] },
      {
        end: { result: 'unknown', message: matching(/job-1.+the stack could not be updated/) },
        sentAt: [0],
      },
    ],
    'Without waiting, its job is read once': [
      { wait: false, mismatches: { CreateBackendStorage: [true] } },
      {
        end: { result: 'started' },
        calls: ['GetBackendStorage', 'GetBackend', 'CreateBackendStorage', 'GetBackendJob'],
      },
    ],
    'Without waiting, the outcome is unknown when its job cannot be read': [
      { wait: false, mismatches: { CreateBackendStorage: [true] }, denied: ['GetBackendJob'] },
      { end: { code: 'ACCESS_DENIED', result: 'unknown' }, sentAt: [0] },
    ],
    'A read about another storage fails the run when the metadata names no other storage': [
      { mismatches: { GetBackendStorage: [true] }, events: [storageExists()] },
      { end: { code: 'UNREADABLE_RESPONSE', result: 'failed' }, sent: [] },
    ],
    'A read about another storage fails the run with the storage that the metadata names': [
      {
        mismatches: { GetBackendStorage: [true] },
        events: [storageExists({ resourceName: 'files' })],
      },
      { end: { code: 'OTHER_STORAGE', result: 'failed', message: containing('files') }, sent: [] },
    ],
    'A read about another storage leaves the outcome of a lost create unknown': [
      {
        ...creates(LOST),
        mismatches: { GetBackendStorage: [false, ...Array<boolean>(6).fill(true)] },
      },
      { end: { code: 'UNKNOWN_OUTCOME', result: 'unknown' }, sentAt: [0] },
    ],
    'A read about another storage after the job leaves the outcome unknown': [
      { mismatches: { GetBackendStorage: [false, true] } },
      { end: { result: 'unknown' }, sentAt: [0] },
    ],
  })
})

describe('an update that is rejected because of a conflict', () => {
  testRuns(runApply, {
    'It fails with the reason of the service and the request id': [
      {
        ifExists: 'update',
        ...failing('UpdateBackendStorage', 'conflict'),
        events: [storageExists({ authenticated: [] })],
      },
      {
        end: {
          code: 'REQUEST_REFUSED',
          result: 'failed',
          requestId: 'request-409',
          message: containing('The backend is being updated'),
        },
      },
    ],
  })
})
