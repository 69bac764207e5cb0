import { describe, expect, test } from 'vitest'
import { DESIRED } from '../../support/unit/storage-context.ts'
import {
  BUCKET,
  CREATED,
  runApply,
  storageExists,
  summarizeApply,
  summarizePlan,
  type RunScenario,
} from '../../support/unit/storage-runs.ts'

describe('reading the storage', () => {
  test.each(['badRequest', 'forbidden', 'badKeys'] as const)(
    'A read that fails with %s fails the run at once',
    async (failure) => {
      const { end, calls } = await summarizeApply({
        connection: { always: { GetBackendStorage: { failure } } },
      })
      expect(end).toMatchObject({ ok: false, result: 'failed' })
      expect(calls).toHaveLength(1)
    },
  )

  test('A read that fails in every attempt fails the run', async () => {
    const { end } = await summarizeApply({
      context: { maxAttempts: 3 },
      connection: { always: { GetBackendStorage: { failure: 'reset' } } },
    })
    expect(end).toMatchObject({ code: 'NO_ANSWER', result: 'failed' })
  })

  test('A read that fails until the deadline is timed out', async () => {
    const { end } = await summarizeApply({
      context: { timeoutMs: 60_000, maxAttempts: 20 },
      connection: { always: { GetBackendStorage: { failure: 'throttled' } } },
    })
    expect(end).toMatchObject({
      code: 'TIMED_OUT',
      result: 'timed-out',
      message:
        'Timed out while retrying GetBackendStorage: 429 TooManyRequestsException: Rate exceeded.',
    })
  })

  test('A response without a storage means that there is none', async () => {
    const { end } = await summarizeApply({ service: { absentAs: 'empty' } })
    expect(end).toEqual(CREATED)
  })
})

describe('the name of the bucket', () => {
  const ANY_BUCKET = { desired: { ...DESIRED, bucketName: undefined } }
  const NO_METADATA = { denied: ['GetBackend'] } as const
  const UNKNOWN = [undefined, ['Bucket name not known']] as const

  /** The bucket and the warnings of a run that finds a storage, or the code of its error. */
  const resolve = async (scenario: RunScenario): Promise<unknown> => {
    const { result, recorded } = await runApply({ events: [storageExists()], ...scenario })
    return result.ok
      ? [result.value.bucketName, recorded.warnings.map(({ title }) => title)]
      : result.code
  }

  test.each<readonly [string, RunScenario]>([
    ['a physical name', {}],
    ['a physical name that no input sets', { options: ANY_BUCKET }],
    [
      'a physical name that no input sets, without metadata',
      { options: ANY_BUCKET, connection: NO_METADATA },
    ],
    ['a base name', { service: { bucketAs: 'base' } }],
    ['a base name that no input sets', { service: { bucketAs: 'base' }, options: ANY_BUCKET }],
    ['no name', { service: { bucketAs: 'absent' } }],
    ['no name, and no input sets one', { service: { bucketAs: 'absent' }, options: ANY_BUCKET }],
    [
      'a base name, and the metadata has several storages',
      {
        service: { bucketAs: 'base' },
        events: [storageExists({ resourceName: 'files', baseName: 'files' }), storageExists()],
      },
    ],
  ])('The bucket is resolved where the service returns %s', async (_what, scenario) => {
    expect(await resolve(scenario)).toEqual([BUCKET, []])
  })

  test.each([
    [
      'base',
      'Only the base name of the bucket is known ("photos"). The output bucket-name stays empty.',
    ],
    [
      'absent',
      'The service does not return the name of the bucket. The output bucket-name stays empty.',
    ],
  ] as const)(
    'Without metadata, a bucket name returned as %s stays unknown, with a warning',
    async (bucketAs, text) => {
      const { end, warningTexts } = await summarizeApply({
        events: [storageExists()],
        service: { bucketAs },
        connection: NO_METADATA,
      })
      expect(end).toMatchObject({ result: 'unchanged', bucketName: undefined })
      expect(warningTexts).toEqual([text])
    },
  )

  test('The bucket stays unknown where the metadata has no such storage', async () => {
    const metadata = JSON.stringify({
      providers: { awscloudformation: { StackName: 'amplify-octoapp-prod-14a5e' } },
      auth: { cognito: {} },
    })
    expect(await resolve({ service: { bucketAs: 'base', metadata } })).toEqual(UNKNOWN)
  })

  test('A base name that looks physical is never taken for the physical name', async () => {
    const scenario: RunScenario = {
      service: { bucketAs: 'base' },
      events: [storageExists({ baseName: 'my-photos-prod' })],
    }
    const options = { desired: { ...DESIRED, bucketName: 'my-photos-prod' } }
    const physical = ['my-photos-prod14a5e-prod', []]
    expect(await resolve({ ...scenario, options })).toEqual(physical)
    expect(await resolve({ ...scenario, options: ANY_BUCKET })).toEqual(physical)
    expect(await resolve({ ...scenario, options, connection: NO_METADATA })).toEqual(UNKNOWN)
  })

  test.each<readonly [string, RunScenario, unknown]>([
    [
      'The bucket is compared by the metadata where the service returns no name',
      { service: { bucketAs: 'absent' }, events: [storageExists({ baseName: 'videos' })] },
      'BUCKET_FIXED',
    ],
    [
      'The bucket photos114a5e-prod is not that of photos where the suffix is known to be 14a5e',
      { events: [storageExists({ baseName: 'photos1' })] },
      'BUCKET_FIXED',
    ],
    [
      'The bucket photos114a5e-prod may be that of photos where the suffix is not known',
      { events: [storageExists({ baseName: 'photos1' })], connection: NO_METADATA },
      ['photos114a5e-prod', []],
    ],
  ])('%s', async (_title, scenario, expected) => {
    expect(await resolve(scenario)).toEqual(expected)
  })

  test('The metadata is not read where the service returns the base name that the input sets', async () => {
    const { calls, recorded } = await summarizePlan({
      events: [storageExists()],
      service: { bucketAs: 'base' },
    })
    expect(calls).toEqual(['GetBackendStorage'])
    expect(recorded.storages).toMatchObject([{ bucketName: 'photos' }])
    const any = await summarizePlan({ events: [storageExists()], options: ANY_BUCKET })
    expect(any.calls).toEqual(['GetBackendStorage'])
  })
})
