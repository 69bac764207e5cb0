import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import {
  AmplifyBackendClient,
  CreateBackendStorageCommand,
  GetBackendCommand,
  GetBackendJobCommand,
  GetBackendStorageCommand,
  ListBackendJobsCommand,
  NotFoundException,
  UpdateBackendStorageCommand,
} from '@aws-sdk/client-amplifybackend'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'

import { defaults, type Emulator } from '../../emulator/emulator.ts'
import { manualClock, start, requestToken } from '../support/emulator-requests.ts'

const place = { AppId: defaults.appId, BackendEnvironmentName: 'prod', ResourceName: 'media' }

function client(emulator: Emulator): AmplifyBackendClient {
  const { accessKeyId, secretAccessKey } = emulator.state.user
  const made = new AmplifyBackendClient({
    endpoint: emulator.url,
    region: 'eu-west-1',
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
  })
  onTestFinished(() => {
    made.destroy()
  })
  return made
}

afterEach(() => {
  vi.unstubAllEnvs()
})

test('The SDK creates a storage, waits for its job, reads it and updates it', async () => {
  // The SDK signs with the real time, so the clock starts there.
  const clock = manualClock(Date.now())
  const emulator = await start({ clock })
  const sdk = client(emulator)

  await expect(sdk.send(new GetBackendStorageCommand(place))).rejects.toThrow(NotFoundException)

  const created = await sdk.send(
    new CreateBackendStorageCommand({
      ...place,
      ResourceConfig: {
        ServiceName: 'S3',
        BucketName: 'mybucket',
        Permissions: { Authenticated: ['READ'], UnAuthenticated: [] },
      },
    }),
  )
  expect(created).toMatchObject({
    AppId: defaults.appId,
    BackendEnvironmentName: 'prod',
    Status: 'RUNNING',
  })
  const jobKey = { ...place, JobId: created.JobId }
  expect(await sdk.send(new GetBackendJobCommand(jobKey))).toMatchObject({
    Operation: 'CreateBackendStorage',
    Status: 'RUNNING',
  })
  clock.advance(3_000)
  expect(await sdk.send(new GetBackendJobCommand(jobKey))).toMatchObject({ Status: 'COMPLETED' })
  expect((await sdk.send(new GetBackendStorageCommand(place))).ResourceConfig).toEqual({
    Imported: false,
    ServiceName: 'S3',
    BucketName: 'mybucket9c04b-prod',
    Permissions: { Authenticated: ['READ'], UnAuthenticated: [] },
  })

  await sdk.send(
    new UpdateBackendStorageCommand({
      ...place,
      ResourceConfig: { ServiceName: 'S3', Permissions: { Authenticated: ['READ', 'DELETE'] } },
    }),
  )
  clock.advance(3_000)
  expect((await sdk.send(new GetBackendStorageCommand(place))).ResourceConfig).toMatchObject({
    Permissions: { Authenticated: ['READ', 'DELETE'] },
  })
  const listed = await sdk.send(new ListBackendJobsCommand({ ...place, MaxResults: 1 }))
  expect(listed.Jobs).toMatchObject([{ Operation: 'UpdateBackendStorage', Status: 'COMPLETED' }])
  expect(listed.NextToken).toBeTruthy()
  const { BackendEnvironmentList } = await sdk.send(new GetBackendCommand(place))
  expect(BackendEnvironmentList).toEqual(['dev', 'prod'])
  expect(emulator.state.counters).toEqual({
    create: { received: 1, accepted: 1, executed: 1 },
    update: { received: 1, accepted: 1, executed: 1 },
    maxPendingJobs: 1,
  })
})

test('The credential chain of the SDK assumes a role with a token of the emulator', async () => {
  const emulator = await start()
  const folder = await mkdtemp(join(tmpdir(), 'emulator-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'token')
  await writeFile(file, await requestToken(emulator))
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE'])
    vi.stubEnv(name, undefined)
  vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', file)
  vi.stubEnv('AWS_ROLE_ARN', defaults.planRole)
  vi.stubEnv('AWS_ROLE_SESSION_NAME', 'chain')
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'))
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'credentials'))
  vi.stubEnv('AWS_ENDPOINT_URL', emulator.url)
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')

  const sdk = new AmplifyBackendClient({ region: 'eu-west-1' })
  onTestFinished(() => {
    sdk.destroy()
  })
  const { AppName } = await sdk.send(new GetBackendCommand(place))

  expect(AppName).toBe('octoapp')
  expect(emulator.requests.map(({ operation, roleArn }) => [operation, roleArn])).toEqual([
    ['token', undefined],
    ['AssumeRoleWithWebIdentity', defaults.planRole],
    ['GetBackend', defaults.planRole],
  ])
})
