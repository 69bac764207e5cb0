import { describe, expect, test } from 'vitest'

import {
  addJob,
  addStorage,
  defaults,
  endJob,
  permissiveRules,
  type Emulator,
  type EmulatorOptions,
} from '../../emulator/emulator.ts'
import {
  getBackend,
  call,
  createStorage,
  getJob,
  getJobId,
  listJobs,
  getStorage,
  manualClock,
  start,
  updateStorage,
  type ManualClock,
  type Reply,
} from '../support/emulator-requests.ts'

const refusal = (reply: Reply): unknown => [reply.status, reply.headers['x-amzn-errortype']]

async function paused(
  rules: EmulatorOptions['rules'] = {},
): Promise<{ emulator: Emulator; clock: ManualClock }> {
  const clock = manualClock()
  return { clock, emulator: await start({ clock, rules: { jobMs: 10_000, ...rules } }) }
}

/** Creates, lets the job end, and gives it back. */
async function outcome(
  { emulator, clock }: { emulator: Emulator; clock: ManualClock },
  place: Parameters<typeof createStorage>[1] = {},
): Promise<unknown> {
  const jobId = getJobId(await createStorage(emulator, place))
  clock.advance(10_000)
  return (await getJob(emulator, jobId, place)).json
}

const completed = { status: 'COMPLETED' }
const failed = (text: string): object => ({
  status: 'FAILED',
  error: expect.stringContaining(text) as unknown,
})

const alreadyAdded = 'Amazon S3 storage was already added to your project.'

describe('a job', () => {
  test('takes its time, and the storage is there when it has completed', async () => {
    const { emulator, clock } = await paused({ jobStatuses: ['PENDING', 'RUNNING'] })
    const reply = await createStorage(emulator)
    const jobId = getJobId(reply)
    expect(reply.json).toEqual({
      appId: defaults.appId,
      backendEnvironmentName: 'prod',
      jobId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4/) as unknown,
      status: 'PENDING',
    })
    clock.advance(5000)
    expect((await getJob(emulator, jobId)).json).toMatchObject({ status: 'RUNNING' })
    clock.advance(4999)
    expect((await getStorage(emulator)).status).toBe(404)
    clock.advance(1)
    expect((await getJob(emulator, jobId)).json).toEqual({
      appId: defaults.appId,
      backendEnvironmentName: 'prod',
      jobId,
      operation: 'CreateBackendStorage',
      status: 'COMPLETED',
      createTime: String(clock.now() - 10_000),
      updateTime: String(clock.now()),
    })
    expect((await getStorage(emulator)).json).toMatchObject({ resourceName: 'media' })
  })

  test('can be made to fail, and then leaves the bucket behind', async () => {
    const world = await paused()
    world.emulator.planJob({ error: 'Command failed: S3 is not amused' })
    expect(await outcome(world)).toMatchObject(failed('S3 is not amused'))
    expect((await getStorage(world.emulator)).status).toBe(404)
    expect(await outcome(world)).toMatchObject(failed('mybucket9c04b-prod already exists'))
    expect(await outcome(world, { config: { bucketName: 'another' } })).toMatchObject(completed)
    expect(world.emulator.state.counters.create).toEqual({
      received: 3,
      accepted: 3,
      executed: 1,
    })
  })

  test('can be told to end in any status, or never', async () => {
    const world = await paused()
    world.emulator.planJob({ finalStatus: 'SUCCEEDED', ms: 10, statuses: ['QUEUED'] })
    world.emulator.planJob({ ms: 'never' })
    expect(await outcome(world)).toMatchObject({ status: 'SUCCEEDED' })
    const { emulator, clock } = world
    const stuck = getJobId(await createStorage(emulator, { environment: 'dev' }))
    clock.advance(10 * 24 * 3_600_000)
    expect((await getJob(emulator, stuck, { environment: 'dev' })).json).toMatchObject({
      status: 'RUNNING',
    })
  })

  test('can be late to be known', async () => {
    const { emulator, clock } = await paused({ jobReadableAfterMs: 1000, jobListedAfterMs: 2000 })
    const jobId = getJobId(await createStorage(emulator))
    expect(refusal(await getJob(emulator, jobId))).toEqual([404, 'NotFoundException'])
    clock.advance(1000)
    expect((await getJob(emulator, jobId)).status).toBe(200)
    expect((await listJobs(emulator)).json).toEqual({ jobs: [] })
    clock.advance(1000)
    expect((await listJobs(emulator)).json).toMatchObject({ jobs: [{ jobId }] })
  })

  test('of somebody else keeps ours away until it ends', async () => {
    const { emulator, clock } = await paused()
    const theirs = addJob(emulator.environment(), {
      operation: 'UpdateBackendAPI',
      status: 'DEPLOYING',
      createTime: '1625670294153',
    })
    const reply = await createStorage(emulator)
    expect(refusal(reply)).toEqual([400, 'BadRequestException'])
    expect(reply.json).toEqual({
      message: `There is already a pending job for the requested appId: ${defaults.appId} and backendEnvironmentName: prod, wait for it to complete before creating a new job`,
    })
    expect((await createStorage(emulator, { environment: 'dev' })).status).toBe(200)
    endJob(theirs, 'COMPLETED', clock.now())
    expect((await createStorage(emulator)).status).toBe(200)
  })
})

describe('ListBackendJobs', () => {
  test('shows the newest first, in pages, filtered', async () => {
    const { emulator } = await paused()
    const environment = emulator.environment()
    for (const [index, status] of ['COMPLETED', 'FAILED', 'COMPLETED'].entries())
      addJob(environment, {
        operation: `Op${String(index)}`,
        status,
        jobId: `job-${String(index)}`,
      })
    const first = await listJobs(emulator, { maxResults: 2 })
    expect(first.json).toMatchObject({ jobs: [{ jobId: 'job-2' }, { jobId: 'job-1' }] })
    const nextToken: unknown = Reflect.get(Object(first.json), 'nextToken')
    const second = await listJobs(emulator, { maxResults: 2, nextToken })
    expect(second.json).toMatchObject({ jobs: [{ jobId: 'job-0' }] })
    expect(second.json).not.toHaveProperty('nextToken')
    expect((await listJobs(emulator, { status: 'FAILED' })).json).toMatchObject({
      jobs: [{ jobId: 'job-1' }],
    })
    expect((await listJobs(emulator, { operation: 'Op0' })).json).toMatchObject({
      jobs: [{ jobId: 'job-0' }],
    })
    for (const filter of [{ maxResults: 26 }, { maxResults: 0 }, { nextToken: '!' }])
      expect(refusal(await listJobs(emulator, filter))).toEqual([400, 'BadRequestException'])
  })
})

describe('one pending job an environment', () => {
  test('is the rule', async () => {
    const { emulator } = await paused()
    expect((await createStorage(emulator)).status).toBe(200)
    expect(refusal(await createStorage(emulator))).toEqual([400, 'BadRequestException'])
    expect(emulator.state.counters).toMatchObject({
      create: { received: 2, accepted: 1 },
      maxPendingJobs: 1,
    })
  })

  test('can be switched off with the others, so that every create is carried out', async () => {
    const { emulator, clock } = await paused(permissiveRules)
    await createStorage(emulator)
    await createStorage(emulator)
    clock.advance(10_000)
    expect(emulator.state.counters).toMatchObject({
      create: { received: 2, accepted: 2, executed: 2 },
      maxPendingJobs: 2,
    })
  })
})

describe('one storage an environment, whatever its name', () => {
  const second = { resourceName: 'second', config: { bucketName: 'second' } }

  test.each(['media', 'second'])('fails the job of a second one called %s', async (name) => {
    const world = await paused()
    await outcome(world)
    expect(await outcome(world, { ...second, resourceName: name })).toMatchObject(
      failed(alreadyAdded),
    )
    expect(world.emulator.state.counters.create).toMatchObject({ accepted: 2, executed: 1 })
  })

  test('can be refused at once', async () => {
    const world = await paused({ oneStorage: 'refused' })
    await outcome(world)
    const reply = await createStorage(world.emulator, second)
    expect(refusal(reply)).toEqual([400, 'BadRequestException'])
    expect(reply.json).toEqual({ message: alreadyAdded })
  })

  test('can be switched off', async () => {
    const world = await paused({ oneStorage: 'off' })
    await outcome(world)
    expect(await outcome(world, second)).toMatchObject(completed)
    expect([...world.emulator.environment().storages.keys()]).toEqual(['media', 'second'])
  })
})

describe('an auth resource', () => {
  test('must be there', async () => {
    const world = await paused()
    world.emulator.environment().auth = false
    expect(await outcome(world)).toMatchObject(failed('without an existing auth resource'))
  })

  test('need not be there when the rule is off', async () => {
    const world = await paused({ authRequired: false })
    world.emulator.environment().auth = false
    expect(await outcome(world)).toMatchObject(completed)
  })
})

describe('an environment', () => {
  test('must be there, as must the app', async () => {
    const { emulator } = await paused()
    const reply = await createStorage(emulator, { environment: 'nope' })
    expect(refusal(reply)).toEqual([404, 'NotFoundException'])
    expect(reply.json).toMatchObject({ resourceType: 'backendEnvironment' })
    const app = await createStorage(emulator, { appId: 'dnope' })
    expect(app.json).toMatchObject({ resourceType: 'app' })
  })

  test('comes into being when the rule is off', async () => {
    const world = await paused({ environmentRequired: false })
    expect(await outcome(world, { environment: 'fresh' })).toMatchObject(completed)
  })
})

describe('names', () => {
  test.each([
    ['a resource name with a hyphen', { resourceName: 'my-storage' }, 'alphanumeric'],
    ['a bucket name with a dot', { config: { bucketName: 'my.bucket' } }, 'Bucket name can only'],
    ['an empty bucket name', { config: { bucketName: '' } }, 'Bucket name can only'],
    ['a bucket name of 48', { config: { bucketName: 'b'.repeat(48) } }, 'Bucket name can only'],
    ['a bucket that S3 refuses', { config: { bucketName: '-bucket' } }, 'not valid'],
  ])('fail the job with %s', async (_, place, text) => {
    expect(await outcome(await paused(), place)).toMatchObject(failed(text))
  })

  test('are not checked when the rule is off', async () => {
    const world = await paused({ checkedNames: false })
    expect(await outcome(world, { resourceName: 'my-storage' })).toMatchObject(completed)
  })

  test('of buckets may clash when the rule is off', async () => {
    const world = await paused({ uniqueBuckets: false })
    world.emulator.environment().buckets.add('mybucket9c04b-prod')
    expect(await outcome(world)).toMatchObject(completed)
  })

  test('of buckets are made of base, suffix and environment', async () => {
    const world = await paused()
    await outcome(world)
    expect(world.emulator.environment().storages.get('media')?.bucket).toBe('mybucket9c04b-prod')
    await outcome(world, { environment: 'dev', config: { bucketName: undefined } })
    const chosen = world.emulator.environment('dev').storages.get('media')?.bucket
    expect(chosen).toMatch(/^octoapp[0-9a-f]{32}14a5e-dev$/)
  })

  test('of buckets carry no suffix in a legacy stack', async () => {
    const world = await paused()
    world.emulator.environment().suffix = ''
    await outcome(world)
    expect((await getStorage(world.emulator)).json).toMatchObject({
      resourceConfig: { bucketName: 'mybucket-prod' },
    })
  })
})

describe('GetBackendStorage', () => {
  test('gives back what was asked for', async () => {
    const world = await paused()
    const permissions = { authenticated: ['DELETE', 'READ'], unAuthenticated: ['READ'] }
    await outcome(world, { config: { permissions } })
    expect((await getStorage(world.emulator)).json).toEqual({
      appId: defaults.appId,
      backendEnvironmentName: 'prod',
      resourceName: 'media',
      resourceConfig: {
        imported: false,
        serviceName: 'S3',
        bucketName: 'mybucket9c04b-prod',
        permissions,
      },
    })
    expect((await getStorage(world.emulator, { resourceName: 'other' })).status).toBe(404)
  })

  test('can give the base name', async () => {
    const world = await paused({ reportedBucket: 'base' })
    await outcome(world)
    expect((await getStorage(world.emulator)).json).toMatchObject({
      resourceConfig: { bucketName: 'mybucket' },
    })
  })

  test('can answer 200 without a config where there is nothing', async () => {
    const { emulator } = await paused({ absentStorage: 'empty' })
    const reply = await getStorage(emulator)
    expect(reply.status).toBe(200)
    expect(reply.json).not.toHaveProperty('resourceConfig')
  })

  test('can show a storage at once, or with a lag', async () => {
    const early = await paused({ storageVisible: 'at-once' })
    await createStorage(early.emulator)
    expect((await getStorage(early.emulator)).status).toBe(200)
    const late = await paused({ storageVisibleAfterMs: 5000 })
    expect(await outcome(late)).toMatchObject(completed)
    expect((await getStorage(late.emulator)).status).toBe(404)
    late.clock.advance(5000)
    expect((await getStorage(late.emulator)).status).toBe(200)
  })
})

describe('UpdateBackendStorage', () => {
  test('replaces the permissions when its job completes', async () => {
    const { emulator, clock } = await paused()
    addStorage(emulator.environment(), { resourceName: 'media', bucketName: 'mybucket' })
    await updateStorage(emulator)
    expect((await getStorage(emulator)).json).toMatchObject({
      resourceConfig: { permissions: { authenticated: ['READ'] } },
    })
    clock.advance(10_000)
    expect((await getStorage(emulator)).json).toMatchObject({
      resourceConfig: { permissions: { authenticated: ['DELETE'] } },
    })
    expect((await listJobs(emulator)).json).toMatchObject({
      jobs: [{ operation: 'UpdateBackendStorage', status: 'COMPLETED' }],
    })
  })

  test('is refused where there is no storage', async () => {
    const { emulator } = await paused()
    expect(refusal(await updateStorage(emulator))).toEqual([404, 'NotFoundException'])
  })
})

function metaOf(reply: Reply): unknown {
  const text: unknown = Reflect.get(Object(reply.json), 'amplifyMetaConfig')
  return JSON.parse(String(text))
}

describe('GetBackend', () => {
  test('gives the metadata as a string of JSON', async () => {
    const world = await paused()
    await outcome(world)
    const reply = await getBackend(world.emulator)
    expect(reply.json).toMatchObject({
      appName: 'octoapp',
      backendEnvironmentList: ['dev', 'prod'],
    })
    expect(metaOf(reply)).toMatchObject({
      providers: { awscloudformation: { StackName: 'amplify-octoapp-prod-9c04b' } },
      auth: { octoapp: { service: 'Cognito' } },
      storage: {
        media: { service: 'S3', output: { BucketName: 'mybucket9c04b-prod', Region: 'eu-west-1' } },
      },
    })
  })

  test('leaves out what is not there', async () => {
    const { emulator } = await paused()
    emulator.environment().auth = false
    expect(Object.keys(Object(metaOf(await getBackend(emulator))) as object)).toEqual(['providers'])
  })

  test('gives any metadata that a test puts there', async () => {
    const { emulator } = await paused()
    emulator.environment().metadata = 'no JSON'
    expect((await getBackend(emulator)).json).toMatchObject({ amplifyMetaConfig: 'no JSON' })
  })

  test('needs no environment', async () => {
    const { emulator } = await paused()
    const reply = await call(emulator, { path: `/backend/${defaults.appId}/details`, body: '{}' })
    expect(reply.json).toEqual({
      appId: defaults.appId,
      appName: 'octoapp',
      backendEnvironmentList: ['dev', 'prod'],
    })
  })

  test('refuses an unknown environment, or answers 200 with an error', async () => {
    const { emulator } = await paused()
    expect((await getBackend(emulator, { environment: 'nope' })).status).toBe(404)
    emulator.state.rules.unknownEnvironment = 'error-member'
    const reply = await getBackend(emulator, { environment: 'nope' })
    expect(reply.status).toBe(200)
    expect(reply.json).toHaveProperty('error')
  })
})

describe('a request', () => {
  const path = `/backend/${defaults.appId}/storage`
  const whole = {
    backendEnvironmentName: 'prod',
    resourceName: 'media',
    resourceConfig: { serviceName: 'S3', permissions: { authenticated: [] } },
  }

  test.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['no resource name', JSON.stringify({ ...whole, resourceName: undefined })],
    ['no environment', JSON.stringify({ ...whole, backendEnvironmentName: undefined })],
    ['no config', JSON.stringify({ ...whole, resourceConfig: undefined })],
    ['another service', JSON.stringify({ ...whole, resourceConfig: { serviceName: 's3' } })],
    ['no permissions', JSON.stringify({ ...whole, resourceConfig: { serviceName: 'S3' } })],
    [
      'an unknown permission',
      JSON.stringify({
        ...whole,
        resourceConfig: { serviceName: 'S3', permissions: { authenticated: ['WRITE'] } },
      }),
    ],
  ])('is refused with %s', async (_, body) => {
    const { emulator } = await paused()
    expect(refusal(await call(emulator, { path, body }))).toEqual([400, 'BadRequestException'])
    expect(emulator.state.counters.create).toMatchObject({ received: 1, accepted: 0 })
  })

  test('needs no more than the model asks for', async () => {
    const { emulator } = await paused()
    expect((await call(emulator, { path, body: JSON.stringify(whole) })).status).toBe(200)
  })

  test('to nowhere is refused', async () => {
    const { emulator } = await paused()
    const reply = await call(emulator, { path: '/backend//storage', body: '{}' })
    expect(refusal(reply)).toEqual([404, 'UnknownOperationException'])
  })
})

describe('throttling', () => {
  test('is off unless it is asked for', async () => {
    const { emulator } = await paused()
    for (let count = 0; count < 20; count += 1)
      expect((await getStorage(emulator)).status).toBe(404)
  })

  test('lets a burst through, and then so many calls a second', async () => {
    const { emulator, clock } = await paused({ throttle: { perSecond: 2, burst: 3 } })
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
    expect(refusal(reply)).toEqual([429, 'TooManyRequestsException'])
    expect(reply.json).toHaveProperty('limitType')
  })

  test("can carry the REST reference's name", async () => {
    const { emulator } = await paused({
      throttle: { perSecond: 1, burst: 1 },
      errorNames: 'reference',
    })
    await getStorage(emulator)
    expect(refusal(await getStorage(emulator))).toEqual([429, 'LimitExceededException'])
  })
})

test('every answer has a request id and the date of the emulated world', async () => {
  const { emulator, clock } = await paused()
  const reply = await getStorage(emulator)
  expect(reply.headers['x-amzn-requestid']).toBe(emulator.requests.at(-1)?.requestId)
  expect(reply.headers.date).toBe(new Date(clock.now()).toUTCString())
})
