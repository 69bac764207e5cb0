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

/** An emulator whose clock stands still, with jobs of ten seconds. */
async function startPaused(rules: Partial<Rules> = {}): Promise<Backend> {
  const clock = manualClock()
  return { clock, emulator: await start({ clock, rules: { jobMs: 10_000, ...rules } }) }
}

/** Sends a create, lets its job end and returns the job. */
async function createAndFinish(
  { emulator, clock }: Backend,
  target: Parameters<typeof createStorage>[1] = {},
): Promise<unknown> {
  const jobId = getJobId(await createStorage(emulator, target))
  clock.advance(10_000)
  return (await getJob(emulator, jobId, target)).json
}

const completed = { status: 'COMPLETED' }
const failed = (text: string): object => ({
  status: 'FAILED',
  error: expect.stringContaining(text) as unknown,
})

describe('a job', () => {
  test('A job passes through its statuses, and the storage exists when it has completed', async () => {
    const { emulator, clock } = await startPaused({ jobStatuses: ['PENDING', 'RUNNING'] })
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
    const { emulator, clock } = backend
    emulator.planJob({ finalStatus: 'SUCCEEDED', ms: 10, statuses: ['QUEUED'] })
    emulator.planJob({ ms: 'never' })
    expect(await createAndFinish(backend)).toMatchObject({ status: 'SUCCEEDED' })
    const dev = { environment: 'dev' }
    const jobId = getJobId(await createStorage(emulator, dev))
    clock.advance(10 * 24 * 3_600_000)
    expect((await getJob(emulator, jobId, dev)).json).toMatchObject({ status: 'RUNNING' })
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
    const statuses = ['COMPLETED', 'FAILED', 'COMPLETED']
    for (const [index, status] of statuses.entries())
      addJob(emulator.environment(), { operation: `Op${index}`, status, jobId: `job-${index}` })
    const list = async (filter: Record<string, unknown>): Promise<unknown> =>
      (await listJobs(emulator, filter)).json
    const first = await list({ maxResults: 2 })
    expect(first).toMatchObject({ jobs: [{ jobId: 'job-2' }, { jobId: 'job-1' }] })
    const nextToken: unknown = Reflect.get(Object(first), 'nextToken')
    const second = await list({ maxResults: 2, nextToken })
    expect(second).toMatchObject({ jobs: [{ jobId: 'job-0' }] })
    expect(second).not.toHaveProperty('nextToken')
    expect(await list({ status: 'FAILED' })).toMatchObject({ jobs: [{ jobId: 'job-1' }] })
    expect(await list({ operation: 'Op0' })).toMatchObject({ jobs: [{ jobId: 'job-0' }] })
    for (const filter of [{ maxResults: 26 }, { maxResults: 0 }, { nextToken: '!' }])
      expect(errorOf(await listJobs(emulator, filter))).toEqual(badRequest)
  })
})

describe('a second create', () => {
  const second = { resourceName: 'second', config: { bucketName: 'second' } }

  test('While a job is pending in an environment, a create is rejected', async () => {
    const { emulator } = await startPaused()
    expect((await createStorage(emulator)).status).toBe(200)
    expect(errorOf(await createStorage(emulator))).toEqual(badRequest)
    expect(emulator.state.counters).toMatchObject({
      create: { received: 2, accepted: 1 },
      maxPendingJobs: 1,
    })
  })

  test('With permissive rules, every create is carried out', async () => {
    const { emulator, clock } = await startPaused(permissiveRules)
    await createStorage(emulator)
    await createStorage(emulator)
    clock.advance(10_000)
    expect(emulator.state.counters).toMatchObject({
      create: { received: 2, accepted: 2, executed: 2 },
      maxPendingJobs: 2,
    })
  })

  test.each(['media', 'second'])(
    'The job of a second storage with the name %s fails',
    async (resourceName) => {
      const backend = await startPaused()
      await createAndFinish(backend)
      const job = await createAndFinish(backend, { ...second, resourceName })
      expect(job).toMatchObject(failed(alreadyAdded))
      const { create } = backend.emulator.state.counters
      expect(create).toMatchObject({ accepted: 2, executed: 1 })
    },
  )

  test('With oneStorage "refused", a second storage is rejected at once', async () => {
    const backend = await startPaused({ oneStorage: 'refused' })
    await createAndFinish(backend)
    const reply = await createStorage(backend.emulator, second)
    expect(errorOf(reply)).toEqual(badRequest)
    expect(reply.json).toEqual({ message: alreadyAdded })
  })

  test('With oneStorage "off", an environment can have a second storage', async () => {
    const backend = await startPaused({ oneStorage: 'off' })
    await createAndFinish(backend)
    expect(await createAndFinish(backend, second)).toMatchObject(completed)
    expect([...backend.emulator.environment().storages.keys()]).toEqual(['media', 'second'])
  })
})

describe('what a create needs', () => {
  test.each([
    [true, failed('without an existing auth resource')],
    [false, completed],
  ])('With authRequired %s, a create without auth ends as %j', async (authRequired, job) => {
    const backend = await startPaused({ authRequired })
    backend.emulator.environment().auth = false
    expect(await createAndFinish(backend)).toMatchObject(job)
  })

  test('An unknown environment or app is rejected', async () => {
    const { emulator } = await startPaused()
    const reply = await createStorage(emulator, { environment: 'nope' })
    expect(errorOf(reply)).toEqual(notFound)
    expect(reply.json).toMatchObject({ resourceType: 'backendEnvironment' })
    const app = await createStorage(emulator, { appId: 'dnope' })
    expect(app.json).toMatchObject({ resourceType: 'app' })
  })

  test('With environmentRequired false, a create adds an unknown environment', async () => {
    const backend = await startPaused({ environmentRequired: false })
    expect(await createAndFinish(backend, { environment: 'fresh' })).toMatchObject(completed)
  })

  test.each([
    ['a resource name with a hyphen', { resourceName: 'my-storage' }, 'alphanumeric'],
    ['a bucket name with a dot', { config: { bucketName: 'my.bucket' } }, 'Bucket name can only'],
    ['an empty bucket name', { config: { bucketName: '' } }, 'Bucket name can only'],
    ['a bucket name of 48', { config: { bucketName: 'b'.repeat(48) } }, 'Bucket name can only'],
    ['a bucket name that S3 rejects', { config: { bucketName: '-bucket' } }, 'not valid'],
  ])('The job fails for %s', async (_, target, text) => {
    expect(await createAndFinish(await startPaused(), target)).toMatchObject(failed(text))
  })

  test('With checkedNames false, an invalid resource name is accepted', async () => {
    const backend = await startPaused({ checkedNames: false })
    const job = await createAndFinish(backend, { resourceName: 'my-storage' })
    expect(job).toMatchObject(completed)
  })

  test('With uniqueBuckets false, a bucket that exists is accepted', async () => {
    const backend = await startPaused({ uniqueBuckets: false })
    backend.emulator.environment().buckets.add('mybucket9c04b-prod')
    expect(await createAndFinish(backend)).toMatchObject(completed)
  })
})

describe('the name of a bucket', () => {
  test('A bucket name consists of the base name, the suffix and the environment', async () => {
    const backend = await startPaused()
    const { emulator } = backend
    await createAndFinish(backend)
    expect(emulator.environment().storages.get('media')?.bucket).toBe('mybucket9c04b-prod')
    await createAndFinish(backend, { environment: 'dev', config: { bucketName: undefined } })
    const generated = emulator.environment('dev').storages.get('media')?.bucket
    expect(generated).toMatch(/^octoapp[0-9a-f]{32}14a5e-dev$/)
  })

  test('A bucket name of a legacy stack has no suffix', async () => {
    const backend = await startPaused()
    backend.emulator.environment().suffix = ''
    await createAndFinish(backend)
    const { json } = await getStorage(backend.emulator)
    expect(json).toMatchObject({ resourceConfig: { bucketName: 'mybucket-prod' } })
  })
})

describe('GetBackendStorage', () => {
  test('A read returns the settings of the create', async () => {
    const backend = await startPaused()
    const permissions = { authenticated: ['DELETE', 'READ'], unAuthenticated: ['READ'] }
    await createAndFinish(backend, { config: { permissions } })
    const bucketName = 'mybucket9c04b-prod'
    expect((await getStorage(backend.emulator)).json).toEqual({
      appId: defaults.appId,
      backendEnvironmentName: 'prod',
      resourceName: 'media',
      resourceConfig: { imported: false, serviceName: 'S3', bucketName, permissions },
    })
    expect((await getStorage(backend.emulator, { resourceName: 'other' })).status).toBe(404)
  })

  test('With reportedBucket "base", a read returns the base name', async () => {
    const backend = await startPaused({ reportedBucket: 'base' })
    await createAndFinish(backend)
    const { json } = await getStorage(backend.emulator)
    expect(json).toMatchObject({ resourceConfig: { bucketName: 'mybucket' } })
  })

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

describe('UpdateBackendStorage', () => {
  test('An update replaces the permissions when its job completes', async () => {
    const { emulator, clock } = await startPaused()
    const permissions = async (): Promise<unknown> =>
      Reflect.get(
        Object(Reflect.get(Object((await getStorage(emulator)).json), 'resourceConfig')),
        'permissions',
      )
    addStorage(emulator.environment(), { resourceName: 'media', bucketName: 'mybucket' })
    await updateStorage(emulator)
    expect(await permissions()).toEqual({ authenticated: ['READ'] })
    clock.advance(10_000)
    expect(await permissions()).toEqual({ authenticated: ['DELETE'] })
    const job = { operation: 'UpdateBackendStorage', ...completed }
    expect((await listJobs(emulator)).json).toMatchObject({ jobs: [job] })
  })

  test('An update without storage is rejected', async () => {
    const { emulator } = await startPaused()
    expect(errorOf(await updateStorage(emulator))).toEqual(notFound)
  })
})

describe('GetBackend', () => {
  const metadataIn = (reply: Reply): unknown => {
    const text: unknown = Reflect.get(Object(reply.json), 'amplifyMetaConfig')
    return JSON.parse(String(text))
  }

  test('The response has the metadata of the backend as JSON in a string', async () => {
    const backend = await startPaused()
    await createAndFinish(backend)
    const reply = await getBackend(backend.emulator)
    const backendEnvironmentList = ['dev', 'prod']
    expect(reply.json).toMatchObject({ appName: 'octoapp', backendEnvironmentList })
    const output = { BucketName: 'mybucket9c04b-prod', Region: 'eu-west-1' }
    expect(metadataIn(reply)).toMatchObject({
      providers: { awscloudformation: { StackName: 'amplify-octoapp-prod-9c04b' } },
      auth: { octoapp: { service: 'Cognito' } },
      storage: { media: { service: 'S3', output } },
    })
  })

  test('The metadata lacks sections for resources that do not exist', async () => {
    const { emulator } = await startPaused()
    emulator.environment().auth = false
    expect(Object.keys(Object(metadataIn(await getBackend(emulator))) as object)).toEqual([
      'providers',
    ])
  })

  test('A test can replace the metadata with any text', async () => {
    const { emulator } = await startPaused()
    emulator.environment().metadata = 'no JSON'
    expect((await getBackend(emulator)).json).toMatchObject({ amplifyMetaConfig: 'no JSON' })
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

describe('the validation of a request', () => {
  const path = `/backend/${defaults.appId}/storage`
  const permissions = { authenticated: [] }
  const valid = {
    backendEnvironmentName: 'prod',
    resourceName: 'media',
    resourceConfig: { serviceName: 'S3', permissions },
  }
  const withConfig = (resourceConfig: object): object => ({ ...valid, resourceConfig })

  test.each<[string, unknown]>([
    ['a list', []],
    ['no resource name', { ...valid, resourceName: undefined }],
    ['no environment', { ...valid, backendEnvironmentName: undefined }],
    ['no config', { ...valid, resourceConfig: undefined }],
    ['another service', withConfig({ serviceName: 's3', permissions })],
    ['no permissions', withConfig({ serviceName: 'S3' })],
    [
      'an unknown permission',
      withConfig({ serviceName: 'S3', permissions: { authenticated: ['WRITE'] } }),
    ],
  ])('A create with %s is rejected', async (_, body) => {
    const { emulator } = await startPaused()
    const reply = await call(emulator, { path, body: JSON.stringify(body) })
    expect(errorOf(reply)).toEqual(badRequest)
    expect(emulator.state.counters.create).toMatchObject({ received: 1, accepted: 0 })
  })

  test('A create that is not JSON is rejected', async () => {
    const { emulator } = await startPaused()
    expect(errorOf(await call(emulator, { path, body: '{' }))).toEqual(badRequest)
  })

  test('A create with only the required members is accepted', async () => {
    const { emulator } = await startPaused()
    expect((await call(emulator, { path, body: JSON.stringify(valid) })).status).toBe(200)
  })

  test('A path without an app id belongs to no operation', async () => {
    const { emulator } = await startPaused()
    const reply = await call(emulator, { path: '/backend//storage', body: '{}' })
    expect(errorOf(reply)).toEqual([404, 'UnknownOperationException'])
  })
})

describe('throttling', () => {
  test('By default, calls are not throttled', async () => {
    const { emulator } = await startPaused()
    for (let count = 0; count < 20; count += 1)
      expect((await getStorage(emulator)).status).toBe(404)
  })

  test('A throttled account gets a burst of calls, and then a number of calls per second', async () => {
    const { emulator, clock } = await startPaused({ throttle: { perSecond: 2, burst: 3 } })
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
    expect(errorOf(reply)).toEqual([429, 'TooManyRequestsException'])
    expect(reply.json).toHaveProperty('limitType')
  })

  test('With errorNames "reference", a throttled call has the name of the REST reference', async () => {
    const throttle = { perSecond: 1, burst: 1 }
    const { emulator } = await startPaused({ throttle, errorNames: 'reference' })
    await getStorage(emulator)
    expect(errorOf(await getStorage(emulator))).toEqual([429, 'LimitExceededException'])
  })
})

test("Every response has a request id and the date of the emulator's clock", async () => {
  const { emulator, clock } = await startPaused()
  const reply = await getStorage(emulator)
  expect(reply.headers['x-amzn-requestid']).toBe(emulator.requests.at(-1)?.requestId)
  expect(reply.headers.date).toBe(new Date(clock.now()).toUTCString())
})
