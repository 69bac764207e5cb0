import { describe, expect, test } from 'vitest'

import { addStorage, defaults } from '../../emulator/emulator.ts'
import {
  call,
  createStorage,
  getBackend,
  getJob,
  getJobId,
  getStorage,
  listJobs,
  updateStorage,
  type Reply,
} from '../support/emulator-requests.ts'
import {
  addMedia,
  completed,
  createAndFinish,
  type Environment,
  errorOf,
  failed,
  startPaused,
} from '../support/paused-emulator.ts'

const notFound = [404, 'NotFoundException']

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
