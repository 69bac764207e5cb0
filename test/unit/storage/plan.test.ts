import { describe } from 'vitest'
import { ERROR_CATALOG } from '../../../src/errors/catalog.ts'
import { containing } from '../../support/unit/matchers.ts'
import {
  BUCKET,
  CREATED,
  CREATE_CHANGES,
  failing,
  otherJob,
  runApply,
  runPlan,
  storageExists,
  testRuns,
  userChange,
} from '../../support/unit/storage-runs.ts'

const OTHER_STORAGE = { events: [storageExists({ resourceName: 'files' })] }
const differs = [storageExists({ authenticated: ['READ'] })]
const PLANNED_CREATE = { changes: CREATE_CHANGES, bucketName: undefined }
const failed = (code: string, ...changes: readonly unknown[]) => ({
  end: { code, result: 'failed' },
  changes,
})

describe('a plan', () => {
  const wouldFail = (code: string, text: string) => ({
    end: { ...PLANNED_CREATE, failed: [{ code }] },
    warnings: [{ title: 'An apply would fail now', text: containing(text), details: { code } }],
  })

  testRuns(runPlan, {
    'A plan of a create returns its changes': [
      {},
      { end: PLANNED_CREATE, calls: ['GetBackendStorage', 'GetBackend'] },
    ],
    'A plan of a storage that matches returns no changes': [
      { events: [storageExists()] },
      { end: { changes: [], bucketName: BUCKET }, changes: [[]] },
    ],
    'A plan of a storage whose bucket is not known returns no changes': [
      { events: [storageExists()], bucketAs: 'absent', metadata: '{}' },
      {
        end: { changes: [], failed: [], bucketName: undefined },
        changes: [],
        warnings: [{ title: 'Bucket name not known' }],
      },
    ],
    'A plan of an imported storage does not warn of guest access, which stays as it is': [
      {
        events: [storageExists({ imported: true })],
        desired: { bucketName: undefined, unauthenticated: ['READ'] },
      },
      { end: { changes: [] }, warnings: [{ title: 'Imported storage' }] },
    ],
    'A plan of an update returns its changes': [
      { events: differs, ifExists: 'update' },
      { end: { changes: userChange(['READ']), bucketName: BUCKET } },
    ],
    'A plan fails and reports the changes when the storage differs': [
      { events: differs },
      failed('STORAGE_DIFFERS', userChange(['READ'])),
    ],
    'A plan fails when there is a storage of another name': [
      OTHER_STORAGE,
      failed('OTHER_STORAGE', CREATE_CHANGES),
    ],
    'A plan fails when the app does not exist': [
      { always: { GetBackend: 'notFound' } },
      failed('NOT_FOUND', CREATE_CHANGES),
    ],
    'A plan fails when the storage cannot be read': [
      { maxAttempts: 1, always: { GetBackendStorage: 'unavailable' } },
      failed('SERVICE_ERROR'),
    ],
    'A plan fails when the role has no permission to read the storage': [
      { events: [storageExists()], denied: ['GetBackendStorage'] },
      {
        end: {
          code: 'ACCESS_DENIED',
          result: 'failed',
          requestId: 'request-403',
          message: containing('no permission to call GetBackendStorage: 403 AccessDenied'),
          advice: containing('Allow amplifybackend:GetBackendStorage'),
        },
        changes: [],
      },
    ],
    'A plan only warns of a missing auth resource, which the merge may add': [
      { auth: false },
      wouldFail(
        'AUTH_MISSING',
        `has no auth resource, which S3 storage needs. ${ERROR_CATALOG.AUTH_MISSING.remedy}`,
      ),
    ],
    'A plan only warns of a missing environment, which the merge may add': [
      { environments: ['dev'] },
      wouldFail('ENVIRONMENT_NOT_FOUND', 'no backend environment "prod". It has "dev".'),
    ],
    'A plan continues with a warning when the backend cannot be read': [
      { denied: ['GetBackend'] },
      { end: PLANNED_CREATE, warnings: [{ title: 'Backend not checked' }] },
    ],
  })
})

describe('the preconditions of a create', () => {
  const beforeSending = (code: string) => ({ ...failed(code, CREATE_CHANGES), sent: [] })
  const warned = (title: string, text: string) => ({
    end: CREATED,
    warnings: [{ title, text: containing(text) }],
  })

  testRuns(runApply, {
    'An environment that the app does not have fails an apply, after one more read of the app': [
      { environments: ['dev'] },
      {
        ...beforeSending('ENVIRONMENT_NOT_FOUND'),
        calls: ['GetBackendStorage', 'GetBackend', 'GetBackend'],
      },
    ],
    'A missing auth resource fails an apply': [{ auth: false }, beforeSending('AUTH_MISSING')],
    'A storage of another name fails an apply': [OTHER_STORAGE, beforeSending('OTHER_STORAGE')],
    'An environment that GetBackend lists and does not find fails an apply': [
      failing('GetBackend', 'notFound'),
      { end: { code: 'NOT_FOUND', result: 'failed', requestId: 'request-404' }, sent: [] },
    ],
    'An app whose environments cannot be listed fails an apply': [
      { environments: ['dev'], ...failing('GetBackend', undefined, 'accessDenied') },
      beforeSending('NOT_FOUND'),
    ],
    'Metadata of another document does not stop a create': [
      { metadata: '{"auth":{}}' },
      { end: { result: 'created' } },
    ],
    'An apply continues with a warning when GetBackend reports an error': [
      { backendError: 'Stack is odd' },
      warned('Backend reports an error', 'GetBackend reported an error: Stack is odd'),
    ],
    'An apply continues with a warning when GetBackend fails in every attempt': [
      { maxAttempts: 2, ...failing('GetBackend', 'internalError', 'internalError') },
      warned('Backend not checked', 'GetBackend failed: 500: Internal server error'),
    ],
    'An apply warns once that the backend cannot be read, however often it has to wait': [
      { denied: ['GetBackend'], events: [otherJob({ toMs: 10_000 })] },
      {
        ...warned('Backend not checked', 'amplifybackend:GetBackend): 403 AccessDenied'),
        sentAt: [0, 10_000],
      },
    ],
    'A backend that cannot be read before the deadline ends the run': [
      { timeoutMs: 60_000, maxAttempts: 20, always: { GetBackend: 'throttled' } },
      { end: { code: 'TIMED_OUT', result: 'timed-out' }, sent: [] },
    ],
  })
})
