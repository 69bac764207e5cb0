import { describe, expect, test } from 'vitest'
import { containing, matching } from '../../support/unit/matchers.ts'
import {
  BUCKET,
  CREATED,
  runApply,
  runPlan,
  storageExists,
  testRuns,
  type RunScenario,
} from '../../support/unit/storage-runs.ts'

describe('reading the storage', () => {
  testRuns(runApply, {
    'A read that is forbidden fails the run at once': [
      { always: { GetBackendStorage: 'forbidden' } },
      { end: { code: 'REQUEST_REFUSED', result: 'failed' }, calls: ['GetBackendStorage'] },
    ],
    'A read that fails in every attempt fails the run': [
      { always: { GetBackendStorage: 'reset' }, maxAttempts: 3 },
      { end: { code: 'NO_ANSWER', result: 'failed' } },
    ],
    'A read that fails until the deadline is timed out': [
      { always: { GetBackendStorage: 'throttled' }, timeoutMs: 60_000, maxAttempts: 20 },
      {
        end: {
          code: 'TIMED_OUT',
          result: 'timed-out',
          message: matching(/GetBackendStorage.+429 TooManyRequestsException/),
        },
      },
    ],
    'A response without a storage means that there is none': [
      { absentAs: 'empty' },
      { end: CREATED },
    ],
    'The metadata is not read for an update where the service returns the base name of the workflow':
      [
        {
          bucketAs: 'base',
          ifExists: 'update',
          events: [storageExists({ authenticated: ['READ'] })],
          wait: false,
        },
        { end: { result: 'started' }, calls: ['GetBackendStorage', 'UpdateBackendStorage'] },
      ],
  })

  const mismatch = { mismatches: { GetBackendStorage: [true] } } as const
  const files = storageExists({ resourceName: 'files' })
  const unreadable = {
    end: { code: 'UNREADABLE_RESPONSE', requestId: 'request-1' },
    otherStorages: [],
    sent: [],
  }

  testRuns(runApply, {
    'A response about another storage that the metadata has in place of this one names it': [
      { ...mismatch, events: [files] },
      { end: { code: 'OTHER_STORAGE' }, otherStorages: ['files'], sent: [] },
    ],
    'A response about another storage is unreadable where the metadata has both': [
      { ...mismatch, events: [storageExists(), files] },
      unreadable,
    ],
    'A response about another storage is unreadable where the metadata cannot be read': [
      { ...mismatch, denied: ['GetBackend'] },
      unreadable,
    ],
  })
})

describe('the name of the bucket', () => {
  const anyBucket = { desired: { bucketName: undefined } }
  const noMetadata = { denied: ['GetBackend'] } as const
  const base = { bucketAs: 'base' } as const
  const absent = { bucketAs: 'absent' } as const
  const files = storageExists({ resourceName: 'files', baseName: 'files' })
  const photos1 = [storageExists({ baseName: 'photos1' })]
  const looksPhysical = {
    ...base,
    desired: { bucketName: 'my-photos-prod' },
    events: [storageExists({ baseName: 'my-photos-prod' })],
  }
  const imported = { events: [storageExists({ imported: true })] }
  const document = {
    providers: { awscloudformation: { StackName: 'amplify-octoapp-prod-14a5e' } },
    auth: { cognito: {} },
  }
  const withoutStorage = JSON.stringify(document)
  const metadataOf = (BucketName: string) =>
    JSON.stringify({ ...document, storage: { media: { service: 'S3', output: { BucketName } } } })
  const runExisting = (scenario: RunScenario) =>
    runApply({ events: [storageExists()], ...scenario })

  test.each<readonly [string, RunScenario]>([
    ['a physical name', {}],
    ['a physical name that no input sets', anyBucket],
    ['a physical name that no input sets, without metadata', { ...anyBucket, ...noMetadata }],
    ['a base name', base],
    ['a base name that no input sets', { ...base, ...anyBucket }],
    ['no name', absent],
    ['no name, and no input sets one', { ...absent, ...anyBucket }],
    ['a base name of several storages', { ...base, events: [files, storageExists()] }],
  ])('The bucket is resolved where the service returns %s', async (_what, scenario) => {
    expect(await runExisting(scenario)).toMatchObject({
      end: { bucketName: BUCKET },
      bucketNames: [BUCKET],
      warnings: [],
    })
  })

  test.each<readonly [string, RunScenario, string]>([
    ['only the base name is returned', { ...base, ...noMetadata }, '("photos")'],
    ['no name is returned', { ...absent, ...noMetadata }, 'does not return'],
    ['the metadata has no such storage', { ...base, metadata: withoutStorage }, '("photos")'],
    [
      'only a base name that looks physical is returned',
      { ...looksPhysical, ...noMetadata },
      '("my-photos-prod")',
    ],
  ])('The bucket stays unknown, with a warning, where %s', async (_where, scenario, text) => {
    expect(await runExisting(scenario)).toMatchObject({
      end: { result: 'unchanged', bucketName: undefined },
      bucketNames: [],
      warnings: [{ title: 'Bucket name not known', text: containing(text) }],
    })
  })

  test('An apply that asks for a bucket is not verified where nothing names one', async () => {
    const denied = { ...absent, ...noMetadata }
    expect(await runExisting(denied)).toMatchObject({ end: { verified: false } })
    expect(await runApply(denied)).toMatchObject({ end: { result: 'created', verified: false } })
    const run = await runExisting({ ...denied, ...anyBucket })
    expect(run).toMatchObject({ end: { verified: true } })
  })

  const PHYSICAL = { end: { bucketName: 'my-photos-prod14a5e-prod' }, warnings: [] }

  testRuns(runExisting, {
    'A base name that looks physical is not taken for the physical name': [looksPhysical, PHYSICAL],
    'A base name that looks physical and that no input sets is not taken for the physical name': [
      { ...looksPhysical, ...anyBucket },
      PHYSICAL,
    ],
    'A name that certainly is the physical one is preferred to that of the metadata': [
      { metadata: metadataOf('videos14a5e-prod') },
      { end: { bucketName: BUCKET }, warnings: [] },
    ],
    'The bucket of an imported storage is the returned one, without a read of the metadata': [
      { ...anyBucket, ...imported },
      {
        end: { result: 'unchanged', bucketName: 'photos' },
        bucketNames: ['photos'],
        warnings: [{ title: 'Imported storage' }],
        calls: ['GetBackendStorage', 'ListBackendJobs', 'GetBackendStorage'],
      },
    ],
    'The bucket of an imported storage is that of the metadata where the service returns no name': [
      { ...anyBucket, ...imported, ...absent, metadata: metadataOf('team-media') },
      {
        end: { result: 'unchanged', bucketName: 'team-media' },
        bucketNames: ['team-media'],
        warnings: [{ title: 'Imported storage' }],
      },
    ],
    'The bucket photos114a5e-prod may be that of photos where the suffix is not known': [
      { events: photos1, ...noMetadata },
      { end: { bucketName: 'photos114a5e-prod' }, warnings: [] },
    ],
    'The bucket is compared by the metadata where the service returns no name': [
      { ...absent, events: [storageExists({ baseName: 'videos' })] },
      { end: { code: 'BUCKET_FIXED' } },
    ],
    'The bucket photos114a5e-prod is not that of photos where the suffix is known to be 14a5e': [
      { events: photos1 },
      { end: { code: 'BUCKET_FIXED' } },
    ],
  })

  testRuns(runPlan, {
    'A plan reads the metadata once for the bucket, also where the service returns its base name': [
      { ...base, events: [storageExists()] },
      {
        end: { changes: [], bucketName: 'photos14a5e-prod' },
        calls: ['GetBackendStorage', 'GetBackend'],
        storages: [{ bucketName: 'photos' }],
      },
    ],
    'A plan names the bucket where no input sets it': [
      { ...anyBucket, events: [storageExists()] },
      { end: { bucketName: 'photos14a5e-prod' }, calls: ['GetBackendStorage', 'GetBackend'] },
    ],
    'A plan that cannot compare the bucket reports no comparison, and warns': [
      { ...absent, ...noMetadata, events: [storageExists()] },
      {
        end: { changes: [], bucketName: undefined },
        changes: [],
        warnings: [{ title: 'Bucket name not known' }],
      },
    ],
  })
})
