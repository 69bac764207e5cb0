import { describe, expect, test } from 'vitest'
import { containing, matching } from '../../support/unit/matchers.ts'
import {
  abortAt,
  BUCKET,
  CREATED,
  CREATE_CHANGES,
  creates,
  failing,
  LOST_AFTER_EFFECT,
  MEDIA,
  otherJob,
  READS,
  runApply,
  runPlan,
  storageExists,
  testRuns,
  UNCHANGED,
  UPDATED,
  userChange,
  type RunScenario,
} from '../../support/unit/storage-runs.ts'
import { EXISTS_TEXT, TIME_STYLES } from '../../support/unit/virtual/virtual-amplify-types.ts'

const STARTED = { result: 'started', verified: false, bucketName: undefined }
const NOT_VERIFIED = { result: 'created', verified: false, bucketName: undefined }
const NOT_READ = { title: 'Storage not read', text: containing('403 AccessDeniedException') }
const CREATING =
  'Creating the storage "media":\n  Storage: media\n  Bucket: photos\n  Signed-in users: READ, CREATE_AND_UPDATE'

const failedJob = (error: string): RunScenario => ({ jobResults: [{ status: 'FAILED', error }] })

describe('apply without a storage', () => {
  testRuns(runApply, {
    'A missing storage is created, waited for and verified, with no other calls than needed': [
      { jobMs: 2_000 },
      {
        end: CREATED,
        calls: [
          'GetBackendStorage',
          'GetBackend',
          'CreateBackendStorage',
          'GetBackendJob',
          'GetBackendStorage',
          'GetBackend',
        ],
        service: { mutations: [{ desired: MEDIA }] },
        jobs: [{ jobId: 'job-1', status: 'RUNNING' }, { status: 'COMPLETED' }],
        changes: [CREATE_CHANGES],
        storages: [undefined, { bucketName: BUCKET }],
        warnings: [],
        lines: [CREATING, containing('job-1 (RUNNING)'), containing('"media" matches')],
      },
    ],
    'A create sends nothing that is not managed': [
      { desired: { bucketName: undefined, authenticated: [], unauthenticated: ['READ'] } },
      {
        end: { result: 'created' },
        service: { mutations: [{ desired: { authenticated: [], unauthenticated: ['READ'] } }] },
      },
    ],
    'Without waiting, the run ends with the accepted job': [
      { wait: false },
      {
        end: STARTED,
        durationMs: 0,
        calls: ['GetBackendStorage', 'GetBackend', 'CreateBackendStorage'],
        jobs: [{ jobId: 'job-1', status: 'RUNNING' }],
        changes: [CREATE_CHANGES],
        lines: [CREATING, containing('job-1 was started (RUNNING)')],
      },
    ],
    'A run that does not wait logs that the accepted job has no status': [
      { wait: false, runningStatus: '' },
      { lines: [CREATING, containing('(no status)')] },
    ],
    'A rejected create still reports the changes that it was to make': [
      { denied: ['CreateBackendStorage'] },
      { end: { code: 'ACCESS_DENIED', result: 'failed' }, changes: [CREATE_CHANGES] },
    ],
    'The changes are logged once, however often the create has to wait': [
      { wait: false, events: [otherJob({ toMs: 10_000 })] },
      {
        sentAt: [0, 10_000],
        lines: [
          CREATING,
          containing('other-1'),
          'Creating the storage "media".',
          containing('job-1'),
        ],
      },
    ],
    'A job that fails fails the run with the text of the job': [
      failedJob('Something went wrong'),
      {
        end: { code: 'JOB_FAILED', result: 'failed', message: containing('Something went wrong') },
        sentAt: [0],
      },
    ],
    'A job that fails because a role exists is not taken for a storage that exists': [
      failedJob('Role amplify-octoapp-prod already exists'),
      { end: { code: 'JOB_FAILED', result: 'failed' }, sentAt: [0] },
    ],
    'A bucket that exists is not taken for a storage in the short form of CloudFormation': [
      failedJob('UPDATE_FAILED storagemedia\nacme-media14a5e-prod already exists'),
      { end: { code: 'JOB_FAILED', message: containing('buckets are retained') }, sentAt: [0] },
    ],
    'A bucket that exists is not taken for a storage in the long form of CloudFormation': [
      failedJob(
        'UPDATE_FAILED storage media: "acme-media14a5e-prod already exists (Service: S3, Status Code: 0)"',
      ),
      { end: { code: 'JOB_FAILED', message: containing('buckets are retained') }, sentAt: [0] },
    ],
    'A job that fails because of a retained bucket is not taken for a storage that exists': [
      failedJob(`UPDATE_FAILED storagemedia\nS3Bucket: ${BUCKET} already exists`),
      { end: { code: 'JOB_FAILED', message: containing('buckets are retained') }, sentAt: [0] },
    ],
  })
})

describe('the warning about guest access', () => {
  const guests = (members: RunScenario = {}): RunScenario => ({
    ifExists: 'update',
    desired: { unauthenticated: ['READ'] },
    ...members,
  })
  const had = (unauthenticated: readonly string[]): RunScenario =>
    guests({ events: [storageExists({ unauthenticated })] })
  const WARNING = {
    title: 'Guests get access',
    text: containing('unauthenticated-permissions'),
    details: { kind: 'guest-access' },
  }

  testRuns(runApply, {
    'An apply warns once where guests get access, also after a lost response': [
      guests({ ...creates(LOST_AFTER_EFFECT), times: TIME_STYLES.garbage }),
      { warnings: [WARNING, { title: 'Lost response' }] },
    ],
    'An apply warns once where another job has to end first': [
      guests({ events: [otherJob({ toMs: 10_000 })] }),
      { warnings: [WARNING], sentAt: [0, 10_000] },
    ],
    'An apply does not warn where guests get nothing': [
      guests({ desired: { unauthenticated: [] } }),
      { warnings: [] },
    ],
    'An apply does not warn where the permissions of guests are not managed': [
      guests({ desired: {} }),
      { warnings: [] },
    ],
    'An apply warns where guests had no access before': [had([]), { warnings: [WARNING] }],
    'An apply does not warn where guests had access before': [had(['DELETE']), { warnings: [] }],
  })

  testRuns(runPlan, {
    'A plan of a create warns of guest access': [guests(), { warnings: [WARNING] }],
    'A plan warns where guests had no access before': [had([]), { warnings: [WARNING] }],
    'A plan does not warn where guests had access before': [had(['DELETE']), { warnings: [] }],
  })
})

describe('apply by a role that may not read the storage', () => {
  testRuns(runApply, {
    'The run warns once, continues, and reports the storage as not verified': [
      { denied: ['GetBackendStorage'] },
      { end: NOT_VERIFIED, warnings: [NOT_READ] },
    ],
    'A run that does not wait warns of the denied read': [
      { denied: ['GetBackendStorage'], wait: false },
      { end: STARTED, warnings: [NOT_READ] },
    ],
    'The run warns when only the last read is denied': [
      failing('GetBackendStorage', undefined, 'accessDenied'),
      { end: NOT_VERIFIED, warnings: [NOT_READ] },
    ],
    'The run warns once when it has to wait repeatedly': [
      { denied: READS, events: [otherJob({ toMs: 30_000 })] },
      { end: NOT_VERIFIED, sentAt: [0, 22_500, 45_000], warnings: [NOT_READ] },
    ],
    'An existing storage fails the run, since it cannot be compared': [
      { denied: ['GetBackendStorage', 'GetBackend'], events: [storageExists()] },
      {
        end: {
          code: 'STORAGE_EXISTS',
          result: 'failed',
          requestId: 'request-400',
          message: containing(EXISTS_TEXT),
          advice: containing('Allow amplifybackend:GetBackendStorage'),
        },
      },
    ],
    'A lost create whose unchecked second attempt finds a storage has an unknown outcome': [
      {
        oneStorage: 'failed-job',
        jobMs: 10_000,
        denied: [...READS, 'GetBackend'],
        ...creates(LOST_AFTER_EFFECT),
      },
      {
        end: {
          code: 'UNKNOWN_OUTCOME',
          result: 'unknown',
          message: matching(/CreateBackendStorage.+Amazon S3 storage was already added/),
        },
        sentAt: [0, 30_000],
      },
    ],
  })
})

describe('apply with an existing storage', () => {
  const differs = (members: RunScenario = {}): RunScenario => ({
    ifExists: 'update',
    events: [storageExists({ authenticated: ['DELETE'], unauthenticated: ['READ'] })],
    ...members,
  })

  testRuns(runApply, {
    'A storage that matches is left unchanged': [
      { events: [storageExists()] },
      {
        end: UNCHANGED,
        calls: ['GetBackendStorage', 'GetBackend', 'ListBackendJobs', 'GetBackendStorage'],
        lines: ['The storage "media" matches the configuration.'],
        changes: [[], []],
        warnings: [],
        jobs: [],
      },
    ],
    'A storage that matches is read again after a pending job has ended': [
      {
        events: [storageExists(), otherJob({ toMs: 10_000, leaves: { authenticated: ['READ'] } })],
      },
      {
        end: { code: 'STORAGE_DIFFERS', result: 'failed' },
        durationMs: 10_000,
        lines: [containing('other-1')],
        changes: [[], userChange(['READ'])],
      },
    ],
    'A storage that matches is unchanged, with a warning, where jobs cannot be listed': [
      { denied: ['ListBackendJobs'], events: [storageExists()] },
      { end: UNCHANGED, warnings: [{ title: 'Pending jobs not checked' }] },
    ],
    'A storage with another bucket fails the run when if-exists is update': [
      { ifExists: 'update', events: [storageExists({ baseName: 'videos' })] },
      { end: { code: 'BUCKET_FIXED', result: 'failed' }, sent: [], changes: [[{}]] },
    ],
    'A storage that matches fails the run when if-exists is fail': [
      { ifExists: 'fail', events: [storageExists()] },
      { end: { code: 'STORAGE_EXISTS', result: 'failed' }, sent: [], changes: [[]] },
    ],
    'A storage that differs is updated when if-exists is update, and guests keep their permissions':
      [
        differs(),
        {
          end: UPDATED,
          service: {
            mutations: [
              { desired: { authenticated: MEDIA.authenticated, unauthenticated: ['READ'] } },
            ],
          },
          changes: [userChange(['DELETE'])],
          lines: [
            'Updating the storage "media":\n  Signed-in users: DELETE → READ, CREATE_AND_UPDATE',
            containing('job-1'),
            containing('matches'),
          ],
        },
      ],
    'An update that is not waited for ends with the accepted job': [
      differs({ wait: false }),
      { end: STARTED },
    ],
    'An update does not check the preconditions of a create': [
      differs({ wait: false, auth: false, desired: { bucketName: undefined } }),
      { end: STARTED, calls: ['GetBackendStorage', 'UpdateBackendStorage'] },
    ],
    'A rejected update still reports the changes that it was to make': [
      differs({ denied: ['UpdateBackendStorage'] }),
      { end: { code: 'ACCESS_DENIED' }, changes: [userChange(['DELETE'])] },
    ],
    'A failed update is never taken for a create that finds a storage': [
      differs(failedJob(EXISTS_TEXT)),
      { end: { code: 'OTHER_STORAGE', result: 'failed' } },
    ],
  })
})

test.each([50, 150, 250, 5_000, 20_850])(
  'A run that is cancelled after %i ms ends with the reason of the signal',
  async (ms) => {
    const abort = new AbortController()
    const events = [abortAt(ms, abort)]
    const run = runApply({ latency: () => 50, signal: abort.signal, events })
    await expect(run).rejects.toThrow('SIGINT')
  },
)
