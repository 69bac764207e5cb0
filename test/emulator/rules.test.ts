import { describe, expect, test } from 'vitest'

import {
  addJob,
  addStorage,
  defaults,
  endJob,
  permissiveRules,
  type Emulator,
  type Rules,
} from '../../emulator/emulator.ts'
import {
  call,
  createStorage,
  getBackend,
  getJob,
  getJobId,
  getStorage,
  listJobs,
  manualClock,
  start,
  updateStorage,
  type ManualClock,
  type Reply,
} from '../support/emulator-requests.ts'

const errorOf = (reply: Reply): unknown => [reply.status, reply.headers['x-amzn-errortype']]

const badRequest = [400, 'BadRequestException']
const notFound = [404, 'NotFoundException']
const alreadyAdded = 'Amazon S3 storage was already added to your project.'

type Backend = { readonly emulator: Emulator; readonly clock: ManualClock }
type Environment = ReturnType<Emulator['environment']>
type Target = Parameters<typeof createStorage>[1]

/** An emulator whose clock stands still, with jobs of ten seconds. */
async function startPaused(rules: Partial<Rules> = {}): Promise<Backend> {
  const clock = manualClock()
  return { clock, emulator: await start({ clock, rules: { jobMs: 10_000, ...rules } }) }
}

/** Sends a create, lets its job end and returns the job. */
async function createAndFinish({ emulator, clock }: Backend, target?: Target): Promise<unknown> {
  const jobId = getJobId(await createStorage(emulator, target))
  clock.advance(10_000)
  return (await getJob(emulator, jobId, target)).json
}

const completed = { status: 'COMPLETED' }
const failed = (text: string): object => ({
  status: 'FAILED',
  error: expect.stringContaining(text) as unknown,
})

const addMedia = (environment: Environment): unknown =>
  addStorage(environment, { resourceName: 'media', bucketName: 'mybucket' })

describe('a job', () => {
  test('A job passes through its statuses, and the storage exists when it has completed', async () => {
    const { emulator, clock } = await startPaused()
    const reply = await createStorage(emulator)
    const jobId = getJobId(reply)
    const common = { appId: defaults.appId, backendEnvironmentName: 'prod', jobId }
    expect(jobId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/)
    expect(reply.json).toEqual({ ...common, status: 'PENDING' })
    clock.advance(5000)
    expect((await getJob(emulator, jobId)).json).toMatchObject({ status: 'RUNNING' })
    clock.advance(4999)
    expect((await getStorage(emulator)).status).toBe(404)
    clock.advance(1)
    expect((await getJob(emulator, jobId)).json).toEqual({
      ...common,
      operation: 'CreateBackendStorage',
      status: 'COMPLETED',
      createTime: String(clock.now() - 10_000),
      updateTime: String(clock.now()),
    })
    expect((await getStorage(emulator)).json).toMatchObject({ resourceName: 'media' })
  })

  test('A planned failure fails the job and leaves its bucket behind', async () => {
    const backend = await startPaused()
    backend.emulator.planJob({ error: 'Command failed: S3 is not amused' })
    expect(await createAndFinish(backend)).toMatchObject(failed('S3 is not amused'))
    expect((await getStorage(backend.emulator)).status).toBe(404)
    const bucketExists = failed('mybucket9c04b-prod already exists')
    expect(await createAndFinish(backend)).toMatchObject(bucketExists)
    const other = { config: { bucketName: 'another' } }
    expect(await createAndFinish(backend, other)).toMatchObject(completed)
    const counters = { received: 3, accepted: 3, executed: 1 }
    expect(backend.emulator.state.counters.create).toEqual(counters)
  })

  test('A plan can give a job any last status, or keep it pending forever', async () => {
    const backend = await startPaused()
    backend.emulator.planJob({ finalStatus: 'SUCCEEDED', ms: 10, statuses: ['QUEUED'] })
    backend.emulator.planJob({ ms: 'never' })
    expect(await createAndFinish(backend)).toMatchObject({ status: 'SUCCEEDED' })
    expect(await createAndFinish(backend, { environment: 'dev' })).toMatchObject({
      status: 'RUNNING',
    })
  })

  test('A job is PENDING for five seconds at most, however long it takes', async () => {
    const { emulator, clock } = await startPaused({ jobMs: 60_000 })
    const jobId = getJobId(await createStorage(emulator))
    clock.advance(4999)
    expect((await getJob(emulator, jobId)).json).toMatchObject({ status: 'PENDING' })
    clock.advance(1)
    expect((await getJob(emulator, jobId)).json).toMatchObject({ status: 'RUNNING' })
    clock.advance(55_000)
    expect((await getJob(emulator, jobId)).json).toMatchObject(completed)
  })

  test('Reads and lists do not find a job before the times that the rules set', async () => {
    const rules = { jobReadableAfterMs: 1000, jobListedAfterMs: 2000 }
    const { emulator, clock } = await startPaused(rules)
    const jobId = getJobId(await createStorage(emulator))
    expect(errorOf(await getJob(emulator, jobId))).toEqual(notFound)
    clock.advance(1000)
    expect((await getJob(emulator, jobId)).status).toBe(200)
    expect((await listJobs(emulator)).json).toEqual({ jobs: [] })
    clock.advance(1000)
    expect((await listJobs(emulator)).json).toMatchObject({ jobs: [{ jobId }] })
  })

  test("Another client's job prevents a create in its environment until it ends", async () => {
    const { emulator, clock } = await startPaused()
    const other = addJob(emulator.environment(), {
      operation: 'UpdateBackendAPI',
      status: 'DEPLOYING',
      createTime: '1625670294153',
    })
    const reply = await createStorage(emulator)
    expect(errorOf(reply)).toEqual(badRequest)
    expect(reply.json).toEqual({
      message: `There is already a pending job for the requested appId: ${defaults.appId} and backendEnvironmentName: prod, wait for it to complete before creating a new job`,
    })
    expect((await createStorage(emulator, { environment: 'dev' })).status).toBe(200)
    endJob(other, 'COMPLETED', clock.now())
    expect((await createStorage(emulator)).status).toBe(200)
  })

  test('ListBackendJobs returns the newest jobs first, in pages, with filters', async () => {
    const { emulator } = await startPaused()
    for (const [index, status] of ['COMPLETED', 'FAILED', 'COMPLETED'].entries())
      addJob(emulator.environment(), { operation: `Op${index}`, status, jobId: `job-${index}` })
    const list = async (filter: Record<string, unknown>): Promise<unknown> =>
      (await listJobs(emulator, filter)).json
    const first = await list({ maxResults: 2 })
    expect(first).toMatchObject({ jobs: [{ jobId: 'job-2' }, { jobId: 'job-1' }] })
    const nextToken: unknown = Reflect.get(Object(first), 'nextToken')
    expect(await list({ maxResults: 2, nextToken })).toEqual({
      jobs: [expect.objectContaining({ jobId: 'job-0' })],
    })
    expect(await list({ status: 'FAILED' })).toMatchObject({ jobs: [{ jobId: 'job-1' }] })
    expect(await list({ operation: 'Op0' })).toMatchObject({ jobs: [{ jobId: 'job-0' }] })
    expect(errorOf(await listJobs(emulator, { nextToken: '!' }))).toEqual(badRequest)
  })
})

test.each([
  [{}, { accepted: 1, executed: 1 }, 1],
  [permissiveRules, { accepted: 2, executed: 2 }, 2],
])('Of two creates at the same time, the rules %j let through %j', async (rules, counts, max) => {
  const { emulator, clock } = await startPaused(rules)
  await createStorage(emulator)
  await createStorage(emulator)
  clock.advance(10_000)
  expect(emulator.state.counters).toMatchObject({
    create: { received: 2, ...counts },
    maxPendingJobs: max,
  })
})

type Case = Readonly<{
  rules?: Partial<Rules>
  prepare?: (environment: Environment) => void
  target?: Target
  job: object
}>

const withAuth =
  (auth: Environment['auth']) =>
  (environment: Environment): void => {
    environment.auth = auth
  }
const withBucket = ({ buckets }: Environment): void => {
  buckets.add('mybucket9c04b-prod')
}
const second = { resourceName: 'second', config: { bucketName: 'second' } }
const invalidName = { resourceName: 'my-storage' }
const named = (bucketName: string): Target => ({ config: { bucketName } })
const invalidBucket = failed('Bucket name can only')

describe('what a create needs', () => {
  test.each<[string, Case]>([
    ['fails without auth', { prepare: withAuth(false), job: failed('an existing auth resource') }],
    [
      'without auth completes with authRequired false',
      { rules: { authRequired: false }, prepare: withAuth(false), job: completed },
    ],
    [
      'fails if an imported auth has no identity pool',
      { prepare: withAuth('imported-user-pool'), job: failed('imported auth config is not') },
    ],
    [
      'completes if its own auth has no identity pool',
      { prepare: withAuth('user-pool'), job: completed },
    ],
    ['fails if its bucket exists', { prepare: withBucket, job: failed('already exists') }],
    [
      'whose bucket exists completes with uniqueBuckets false',
      { rules: { uniqueBuckets: false }, prepare: withBucket, job: completed },
    ],
    ['of a second storage fails', { prepare: addMedia, target: second, job: failed(alreadyAdded) }],
    [
      'of the same storage fails',
      { prepare: addMedia, target: named('other'), job: failed(alreadyAdded) },
    ],
    [
      'of a second storage completes with oneStorage "off"',
      { rules: { oneStorage: 'off' }, prepare: addMedia, target: second, job: completed },
    ],
    [
      'in an unknown environment completes with environmentRequired false',
      {
        rules: { environmentRequired: false },
        target: { environment: 'fresh' },
        job: completed,
      },
    ],
    ['of a name with a hyphen fails', { target: invalidName, job: failed('alphanumeric') }],
    [
      'of a name with a hyphen completes with checkedNames false',
      { rules: { checkedNames: false }, target: invalidName, job: completed },
    ],
    ['of a bucket with a dot fails', { target: named('my.bucket'), job: invalidBucket }],
    ['of a bucket without a name fails', { target: named(''), job: invalidBucket }],
    ['of a bucket with 48 characters fails', { target: named('b'.repeat(48)), job: invalidBucket }],
    ['of a bucket that S3 rejects fails', { target: named('-bucket'), job: failed('not valid') }],
  ])('The job of a create %s', async (_, { rules, prepare, target, job }) => {
    const backend = await startPaused(rules)
    prepare?.(backend.emulator.environment())
    expect(await createAndFinish(backend, target)).toMatchObject(job)
  })

  test('With oneStorage "refused", a second storage is rejected at once', async () => {
    const { emulator } = await startPaused({ oneStorage: 'refused' })
    addMedia(emulator.environment())
    const reply = await createStorage(emulator, second)
    expect(errorOf(reply)).toEqual(badRequest)
    expect(reply.json).toEqual({ message: alreadyAdded })
  })

  test.each([
    [{ environment: 'nope' }, 'backendEnvironment'],
    [{ appId: 'dnope' }, 'app'],
  ])('A create in %j is rejected, and the error names the %s', async (target, resourceType) => {
    const reply = await createStorage((await startPaused()).emulator, target)
    expect(errorOf(reply)).toEqual(notFound)
    expect(reply.json).toMatchObject({ resourceType })
  })

  test.each([
    ['a body that is not JSON', '{'],
    ['an unknown permission', '{"resourceConfig":{"permissions":{"authenticated":["WRITE"]}}}'],
  ])('A create with %s is rejected and counted', async (_, body) => {
    const { emulator } = await startPaused()
    const reply = await call(emulator, { path: `/backend/${defaults.appId}/storage`, body })
    expect(errorOf(reply)).toEqual(badRequest)
    expect(emulator.state.counters.create).toMatchObject({ received: 1, accepted: 0 })
  })

  test('A path without an app id belongs to no operation', async () => {
    const { emulator } = await startPaused()
    const reply = await call(emulator, { path: '/backend//storage', body: '{}' })
    expect(errorOf(reply)).toEqual([404, 'UnknownOperationException'])
  })
})

test('A bucket name consists of the base name, the suffix if there is one, and the environment', async () => {
  const backend = await startPaused()
  const { emulator } = backend
  await createAndFinish(backend)
  expect(emulator.environment().storages.get('media')?.bucket).toBe('mybucket9c04b-prod')
  emulator.environment('dev').suffix = ''
  await createAndFinish(backend, { environment: 'dev', config: { bucketName: undefined } })
  const generated = emulator.environment('dev').storages.get('media')?.bucket
  expect(generated).toMatch(/^octoapp[0-9a-f]{32}-dev$/)
})

describe('GetBackendStorage', () => {
  test.each([
    ['physical', 'mybucket9c04b-prod'],
    ['base', 'mybucket'],
  ] as const)(
    'A read returns the settings of the create, with reportedBucket "%s" the bucket name %s',
    async (reportedBucket, bucketName) => {
      const backend = await startPaused({ reportedBucket })
      const permissions = { authenticated: ['DELETE', 'READ'], unAuthenticated: ['READ'] }
      await createAndFinish(backend, { config: { permissions } })
      expect((await getStorage(backend.emulator)).json).toEqual({
        appId: defaults.appId,
        backendEnvironmentName: 'prod',
        resourceName: 'media',
        resourceConfig: { imported: false, serviceName: 'S3', bucketName, permissions },
      })
      expect((await getStorage(backend.emulator, { resourceName: 'other' })).status).toBe(404)
    },
  )

  test('With absentStorage "empty", a read without storage returns 200 without settings', async () => {
    const { emulator } = await startPaused({ absentStorage: 'empty' })
    const reply = await getStorage(emulator)
    expect(reply.status).toBe(200)
    expect(reply.json).not.toHaveProperty('resourceConfig')
  })

  test('A storage is visible at once or after a delay, as the rules say', async () => {
    const early = await startPaused({ storageVisible: 'at-once' })
    await createStorage(early.emulator)
    expect((await getStorage(early.emulator)).status).toBe(200)
    const late = await startPaused({ storageVisibleAfterMs: 5000 })
    expect(await createAndFinish(late)).toMatchObject(completed)
    expect((await getStorage(late.emulator)).status).toBe(404)
    late.clock.advance(5000)
    expect((await getStorage(late.emulator)).status).toBe(200)
  })
})

test('An update replaces the permissions when its job completes, and is rejected without storage', async () => {
  const { emulator, clock } = await startPaused()
  expect(errorOf(await updateStorage(emulator))).toEqual(notFound)
  addMedia(emulator.environment())
  await updateStorage(emulator)
  const withPermission = (name: string): object => ({
    resourceConfig: { permissions: { authenticated: [name] } },
  })
  expect((await getStorage(emulator)).json).toMatchObject(withPermission('READ'))
  clock.advance(10_000)
  expect((await getStorage(emulator)).json).toMatchObject(withPermission('DELETE'))
  const job = { operation: 'UpdateBackendStorage', ...completed }
  expect((await listJobs(emulator)).json).toMatchObject({ jobs: [job] })
})

test('The job of an update of an imported storage fails, and the storage stays as it is', async () => {
  const { emulator, clock } = await startPaused()
  addStorage(emulator.environment(), { resourceName: 'media', imported: true })
  const jobId = getJobId(await updateStorage(emulator))
  clock.advance(10_000)
  const text = 'Updating an imported storage resource is not supported.'
  expect((await getJob(emulator, jobId)).json).toMatchObject(failed(text))
  expect(emulator.environment().storages.get('media')?.permissions.authenticated).toEqual(['READ'])
})

describe('GetBackend', () => {
  const metadataIn = ({ json }: Reply): unknown =>
    JSON.parse(String(Reflect.get(Object(json), 'amplifyMetaConfig')))

  test('The response has the metadata of the backend as JSON in a string', async () => {
    const { emulator } = await startPaused()
    addMedia(emulator.environment())
    const reply = await getBackend(emulator)
    const backendEnvironmentList = ['dev', 'prod']
    expect(reply.json).toMatchObject({ appName: 'octoapp', backendEnvironmentList })
    const output = { BucketName: 'mybucket9c04b-prod', Region: 'eu-west-1' }
    expect(metadataIn(reply)).toMatchObject({
      providers: { awscloudformation: { StackName: 'amplify-octoapp-prod-9c04b' } },
      auth: { octoapp: { service: 'Cognito' } },
      storage: { media: { service: 'S3', output } },
    })
  })

  test('The metadata has no sections for missing resources, and can be replaced with any text', async () => {
    const { emulator } = await startPaused()
    const environment = emulator.environment()
    environment.auth = false
    const metadata = Object(metadataIn(await getBackend(emulator))) as object
    expect(Object.keys(metadata)).toEqual(['providers'])
    environment.metadata = 'no JSON'
    expect((await getBackend(emulator)).json).toMatchObject({ amplifyMetaConfig: 'no JSON' })
  })

  test.each<[Environment['auth'], object]>([
    [true, { output: { IdentityPoolName: 'octoapp_identitypool_9c04b' } }],
    ['user-pool', { output: { UserPoolName: 'octoapp_userpool_9c04b' } }],
    ['imported-user-pool', { serviceType: 'imported' }],
  ])('The metadata of the auth %j has %j', async (auth, section) => {
    const { emulator } = await startPaused()
    emulator.environment().auth = auth
    const metadata = metadataIn(await getBackend(emulator))
    expect(metadata).toMatchObject({ auth: { octoapp: section } })
    expect(JSON.stringify(metadata).includes('IdentityPoolName')).toBe(auth === true)
  })

  test('An auth that got an identity pool keeps it', async () => {
    const backend = await startPaused()
    backend.emulator.environment().auth = 'user-pool'
    await createAndFinish(backend)
    expect(backend.emulator.environment().auth).toBe(true)
  })

  test('A request without an environment returns the app and its environments', async () => {
    const { emulator } = await startPaused()
    const reply = await call(emulator, { path: `/backend/${defaults.appId}/details`, body: '{}' })
    expect(reply.json).toEqual({
      appId: defaults.appId,
      appName: 'octoapp',
      backendEnvironmentList: ['dev', 'prod'],
    })
  })

  test('An unknown environment results in 404, or in 200 with an error, as the rules say', async () => {
    const { emulator } = await startPaused()
    expect((await getBackend(emulator, { environment: 'nope' })).status).toBe(404)
    emulator.state.rules.unknownEnvironment = 'error-member'
    const reply = await getBackend(emulator, { environment: 'nope' })
    expect(reply.status).toBe(200)
    expect(reply.json).toHaveProperty('error')
  })
})

test.each([
  ['model', 'TooManyRequestsException'],
  ['reference', 'LimitExceededException'],
] as const)(
  'A throttled account gets a burst and then calls per second; with errorNames "%s" others get %s',
  async (errorNames, name) => {
    const { emulator, clock } = await startPaused({
      throttle: { perSecond: 2, burst: 3 },
      errorNames,
    })
    const statuses = async (): Promise<number[]> => [
      (await getStorage(emulator)).status,
      (await getBackend(emulator)).status,
      (await getStorage(emulator)).status,
      (await getStorage(emulator)).status,
    ]
    expect(await statuses()).toEqual([404, 200, 404, 429])
    clock.advance(1000)
    expect(await statuses()).toEqual([404, 200, 429, 429])
    const reply = await getStorage(emulator)
    expect(errorOf(reply)).toEqual([429, name])
    expect(reply.json).toHaveProperty('limitType')
  },
)

test("Every response has a request id and the date of the emulator's clock", async () => {
  const { emulator, clock } = await startPaused()
  const reply = await getStorage(emulator)
  expect(reply.headers['x-amzn-requestid']).toBe(emulator.requests.at(-1)?.requestId)
  expect(reply.headers.date).toBe(new Date(clock.now()).toUTCString())
})
