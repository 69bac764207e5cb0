import { describe, expect, test } from 'vitest'
import { DESIRED } from '../../support/unit/storage-context.ts'
import { containing } from '../../support/unit/matchers.ts'
import {
  BUCKET,
  CREATED,
  CREATE_CHANGES,
  creates,
  LOST_AFTER_EFFECT,
  MEDIA,
  otherJob,
  READS,
  runApply,
  storageExists,
  summarizeApply,
  summarizePlan,
  type RunScenario,
} from '../../support/unit/storage-runs.ts'
import { EXISTS_TEXT, TIME_STYLES } from '../../support/unit/virtual-amplify-types.ts'

const CREATING =
  'Creating the storage "media":\n  Storage: media\n  Bucket: photos\n  Signed-in users: READ, CREATE_AND_UPDATE'

describe('apply without a storage', () => {
  test('A missing storage is created, waited for and verified', async () => {
    const { result, recorded, service } = await runApply()
    expect(result).toEqual({ ok: true, value: CREATED })
    expect(service.storages.get('media')).toEqual(MEDIA)
    expect(recorded.jobs[0]).toEqual({ jobId: 'job-1', status: 'RUNNING' })
    expect(recorded.jobs.at(-1)).toEqual({ jobId: 'job-1', status: 'COMPLETED' })
    expect(recorded.changes).toEqual([CREATE_CHANGES])
    expect(recorded.storages).toEqual([undefined, expect.objectContaining({ bucketName: BUCKET })])
    expect(recorded.warnings).toEqual([])
    expect(recorded.lines.filter((line) => !line.startsWith('Job job-1 is RUNNING'))).toEqual([
      CREATING,
      'Waiting for job job-1 (RUNNING), at most 30 min.',
      'The storage "media" matches the configuration.',
    ])
  })

  test('A create makes no other calls than those it needs', async () => {
    const { calls } = await summarizeApply({ service: { jobMs: 3_000 } })
    expect(calls).toEqual([
      'GetBackendStorage',
      'GetBackend',
      'CreateBackendStorage',
      'GetBackendJob',
      'GetBackendStorage',
      'GetBackend',
    ])
  })

  test('A create sends what the workflow sets and nothing that is not managed', async () => {
    const { service } = await runApply()
    expect(service.mutations[0]?.desired).toEqual(MEDIA)
    const desired = {
      ...DESIRED,
      bucketName: undefined,
      authenticated: [],
      unauthenticated: ['READ'],
    } as const
    const guests = await runApply({ options: { desired } })
    expect(guests.service.mutations[0]?.desired).toMatchObject({
      authenticated: [],
      unauthenticated: ['READ'],
    })
    expect(guests.result).toMatchObject({ ok: true, value: { result: 'created' } })
  })

  test.each(['match', 'update', 'fail'] as const)(
    'A missing storage is created when if-exists is %s',
    async (ifExists) => {
      expect((await summarizeApply({ options: { ifExists } })).end).toEqual(CREATED)
    },
  )

  test('Without waiting, the run ends with the accepted job', async () => {
    const { end, recorded, durationMs, calls } = await summarizeApply({ options: { wait: false } })
    expect(end).toEqual({ result: 'started', verified: false, bucketName: undefined })
    expect(recorded.jobs).toEqual([{ jobId: 'job-1', status: 'RUNNING' }])
    expect(recorded.changes).toEqual([CREATE_CHANGES])
    expect(recorded.lines[1]).toBe('Job job-1 was started (RUNNING).')
    expect([durationMs, calls.includes('GetBackendJob')]).toEqual([0, false])
  })

  test.each([
    ['PENDING', 'Job job-1 was started (PENDING).'],
    ['', 'Job job-1 was started (no status).'],
  ])('A run that does not wait logs the status %j', async (runningStatus, line) => {
    const { recorded } = await summarizeApply({
      service: { runningStatus },
      options: { wait: false },
    })
    expect(recorded.lines[1]).toBe(line)
  })

  test('A rejected create still reports the changes that it was to make', async () => {
    const { end, recorded } = await summarizeApply({
      connection: { denied: ['CreateBackendStorage'] },
    })
    expect(end).toMatchObject({ code: 'ACCESS_DENIED', result: 'failed' })
    expect(recorded.changes).toEqual([CREATE_CHANGES])
  })

  test('The changes are logged once, however often the create has to wait', async () => {
    const { recorded, sent } = await summarizeApply({ events: [otherJob({ toMs: 10_000 })] })
    expect(sent).toHaveLength(2)
    expect(recorded.lines.filter((line) => line.startsWith('Creating'))).toEqual([
      CREATING,
      'Creating the storage "media".',
    ])
  })

  test.each([
    ['Something went wrong', { code: 'JOB_FAILED', message: containing('Something went wrong') }],
    [
      'Cannot headlessly add storage resource without an existing auth resource. It can be added with "amplify add auth"',
      { code: 'AUTH_MISSING' },
    ],
    ['Role amplify-octoapp-prod already exists', { code: 'JOB_FAILED' }],
    [
      `UPDATE_FAILED storagemedia AWS::CloudFormation::Stack\nS3Bucket: ${BUCKET} already exists`,
      { code: 'JOB_FAILED', advice: containing('buckets are retained') },
    ],
  ])('A job that fails with %j fails the run', async (error, expected) => {
    const { end, sent } = await summarizeApply({
      service: { jobResults: [{ status: 'FAILED', error }] },
    })
    expect(end).toMatchObject({ result: 'failed', ...expected })
    expect(sent).toHaveLength(1)
  })
})

describe('the warning about guest access', () => {
  const guests = (unauthenticated: readonly 'READ'[] | undefined): RunScenario => ({
    options: { ifExists: 'update', desired: { ...DESIRED, unauthenticated } },
  })
  const WARNING = ['Guests get access']

  test('The run warns once where guests get access, also after a lost response', async () => {
    const { recorded } = await summarizeApply({
      ...guests(['READ']),
      connection: creates(LOST_AFTER_EFFECT),
      service: { times: TIME_STYLES.garbage },
    })
    expect(recorded.warnings.filter(({ title }) => title === 'Guests get access')).toEqual([
      {
        title: 'Guests get access',
        text: 'unauthenticated-permissions gives everyone access without signing in. It also enables unauthenticated identities in the Cognito identity pool of the app.',
      },
    ])
  })

  test('The run warns once where another job has to end first', async () => {
    const { warnings, sent } = await summarizeApply({
      ...guests(['READ']),
      events: [otherJob({ toMs: 10_000 })],
    })
    expect([warnings, sent.length]).toEqual([WARNING, 2])
  })

  test.each([[[]], [undefined]] as const)(
    'The run does not warn where guests get %j',
    async (unauthenticated) => {
      expect((await summarizeApply(guests(unauthenticated))).warnings).toEqual([])
    },
  )

  test('An apply and a plan warn only where guests had no access before', async () => {
    const update = (unauthenticated: readonly string[]): RunScenario => ({
      ...guests(['READ']),
      events: [storageExists({ unauthenticated })],
    })
    expect((await summarizeApply(update([]))).warnings).toEqual(WARNING)
    expect((await summarizeApply(update(['DELETE']))).warnings).toEqual([])
    expect((await summarizePlan(update([]))).warnings).toEqual(WARNING)
    expect((await summarizePlan(update(['DELETE']))).warnings).toEqual([])
    expect((await summarizePlan(guests(['READ']))).warnings).toEqual(WARNING)
  })
})

describe('apply by a role that may not read the storage', () => {
  const denied = { denied: ['GetBackendStorage'] } as const
  const NOT_READ = {
    title: 'Storage not read',
    text: 'The role has no permission to read the storage (amplifybackend:GetBackendStorage): 403 AccessDeniedException: User is not authorized to perform that.',
  }

  test('The run warns once, continues, and reports the storage as not verified', async () => {
    const { end, recorded } = await summarizeApply({ connection: denied })
    expect(end).toEqual({ result: 'created', verified: false, bucketName: undefined })
    expect(recorded.warnings).toEqual([NOT_READ])
  })

  test.each<readonly [string, RunScenario]>([
    ['without waiting', { connection: denied, options: { wait: false } }],
    [
      'when only the last read is denied',
      {
        connection: { faults: { GetBackendStorage: [undefined, { failure: 'accessDenied' }] } },
      },
    ],
  ])('The run warns of the denied read %s', async (_when, scenario) => {
    const { end, warnings } = await summarizeApply(scenario)
    expect(end).toMatchObject({ verified: false })
    expect(warnings).toEqual(['Storage not read'])
  })

  test('The run warns once when it has to wait repeatedly', async () => {
    const { end, sentAt, warnings } = await summarizeApply({
      connection: { denied: READS },
      events: [otherJob({ toMs: 100_000 })],
    })
    expect(end).toMatchObject({ result: 'created', verified: false })
    expect(sentAt).toEqual([0, 22_500, 45_000, 67_500, 90_000, 112_500])
    expect(warnings).toEqual(['Storage not read'])
  })

  test('An existing storage fails the run, since it cannot be compared', async () => {
    const { end } = await summarizeApply({
      connection: { denied: ['GetBackendStorage', 'GetBackend'] },
      events: [storageExists()],
    })
    expect(end).toMatchObject({
      code: 'STORAGE_EXISTS',
      result: 'failed',
      requestId: 'request-400',
      message: `The service reports that the environment already has a storage, and the role has no permission to read it: "400 BadRequestException: ${EXISTS_TEXT}".`,
      advice: containing(
        'Allow amplifybackend:GetBackendStorage for the role, so that a run can compare the storage with the configuration. To check it: aws amplifybackend get-backend-storage --region eu-west-1',
      ),
    })
  })

  test('A lost create whose unchecked second attempt finds a storage has an unknown outcome', async () => {
    const { end, sent } = await summarizeApply({
      service: { oneStorage: 'failed-job', jobMs: 10_000 },
      connection: { denied: [...READS, 'GetBackend'], ...creates(LOST_AFTER_EFFECT) },
    })
    expect(end).toMatchObject({
      code: 'UNKNOWN_OUTCOME',
      result: 'unknown',
      message: containing(EXISTS_TEXT),
    })
    expect(sent).toHaveLength(2)
  })
})
