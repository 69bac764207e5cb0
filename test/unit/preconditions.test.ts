import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import {
  environmentNotFound,
  findFailedPreconditions,
  parseBackend,
  type Backend,
  type AmplifyMeta,
} from '../../src/storage/preconditions.ts'

const PROVIDERS = { awscloudformation: { StackName: 'amplify-octoapp-prod-14a5e' } }

const metaOf = (meta: unknown): AmplifyMeta | undefined =>
  parseBackend({ AmplifyMetaConfig: JSON.stringify(meta) }).meta

describe('a backend out of an answer', () => {
  test('has environments, metadata and no error', () => {
    const backend = parseBackend({
      BackendEnvironmentList: ['dev', 'prod'],
      AmplifyMetaConfig: JSON.stringify({
        providers: PROVIDERS,
        auth: { cognito1: { service: 'Cognito' }, userPoolGroups: {} },
        storage: {
          media: { service: 'S3', output: { BucketName: 'photos14a5e-prod', Region: 'eu-west-1' } },
        },
      }),
    })
    expect(backend).toEqual({
      environments: ['dev', 'prod'],
      error: undefined,
      meta: {
        suffix: '14a5e',
        auth: ['cognito1', 'userPoolGroups'],
        storages: [{ name: 'media', bucketName: 'photos14a5e-prod' }],
      },
    })
  })

  test('has nothing where the answer says nothing that can be used', () => {
    const nothing = { environments: undefined, error: undefined, meta: undefined }
    expect(parseBackend({})).toEqual(nothing)
    expect(
      parseBackend({ BackendEnvironmentList: 'prod', AmplifyMetaConfig: {}, Error: 7 }),
    ).toEqual(nothing)
    expect(parseBackend({ AmplifyMetaConfig: '', Error: ' \n ' })).toEqual(nothing)
  })

  test('has an empty list of environments where the answer has one', () => {
    expect(parseBackend({ BackendEnvironmentList: [] }).environments).toEqual([])
  })

  test('has names and errors as harmless text', () => {
    const backend = parseBackend({
      BackendEnvironmentList: ['dev', 7, null, `::error::\n${'x'.repeat(60)}`],
      Error: `::error::forged\n${'y'.repeat(400)}`,
    })
    expect(backend.environments).toEqual(['dev', `: :error:: ${'x'.repeat(48)}…`])
    expect(backend.error).toMatch(/^: :error::forged y+…$/)
    expect(backend.error).toHaveLength(300)
  })
})

describe('metadata', () => {
  test.each([
    'not json',
    '{"providers"',
    'null',
    '[]',
    '7',
    '{}',
    '{"auth":{},"storage":{}}',
    '{"providers":{}}',
    '{"providers":null}',
    '{"providers":{"awscloudformation":"x"}}',
    '{"providers":{"awscloudformation":[]}}',
    '[{"providers":{"awscloudformation":{}}}]',
  ])('is none in %s, which names no stack', (text) => {
    expect(parseBackend({ AmplifyMetaConfig: text }).meta).toBeUndefined()
  })

  test('of a deployed backend without auth and storage has neither', () => {
    expect(metaOf({ providers: PROVIDERS })).toEqual({ suffix: '14a5e', auth: [], storages: [] })
    expect(metaOf({ providers: PROVIDERS, auth: null, storage: 'x' })).toEqual({
      suffix: '14a5e',
      auth: [],
      storages: [],
    })
    expect(metaOf({ providers: PROVIDERS, auth: ['a'], storage: [{ service: 'S3' }] })).toEqual({
      suffix: '14a5e',
      auth: [],
      storages: [],
    })
  })

  test.each([
    ['amplify-octoapp-prod-14a5e', '14a5e'],
    ['amplify-octoapp-prod-145580', '145580'],
    ['amplify-octoapp-prod-14a5', undefined],
    ['amplify-octoapp-prod-1234567', undefined],
    ['amplify-octoapp-prod-14A5E', undefined],
    ['amplify-octo-app-prod-14a5e', undefined],
    ['amplify-octoapp-14a5e', undefined],
    ['octoapp-prod-14a5e', undefined],
    ['my-amplify-octoapp-prod-14a5e', undefined],
    ['amplify-octoapp-prod-14a5e-x', undefined],
    ['amplify--prod-14a5e', undefined],
    [7, undefined],
    [undefined, undefined],
  ])('of the stack %j has the suffix %j', (StackName, suffix) => {
    expect(metaOf({ providers: { awscloudformation: { StackName } } })?.suffix).toBe(suffix)
  })

  test('has S3 storages only, those without a bucket too', () => {
    expect(
      metaOf({
        providers: PROVIDERS,
        storage: {
          table: { service: 'DynamoDB', output: { BucketName: 'no' } },
          one: { service: 'S3' },
          two: { service: 'S3', output: { BucketName: 7 } },
          three: { service: 'S3', output: { BucketName: 'three14a5e-prod' } },
          four: null,
          five: 'S3',
        },
      })?.storages,
    ).toEqual([
      { name: 'one', bucketName: undefined },
      { name: 'two', bucketName: undefined },
      { name: 'three', bucketName: 'three14a5e-prod' },
    ])
  })

  property.prop([
    fc.oneof(
      fc.string(),
      fc.json(),
      fc.jsonValue().map((v) => JSON.stringify(v)),
    ),
  ])('of any text is read without an error', (text) => {
    const { meta } = parseBackend({ AmplifyMetaConfig: text })
    expect(meta === undefined || Array.isArray(meta.auth)).toBe(true)
  })
})

describe('what stands in the way of a create', () => {
  const where = { appId: 'd1abc', backendEnvironmentName: 'prod', resourceName: 'media' }
  const meta = (members: Partial<AmplifyMeta> = {}): AmplifyMeta => ({
    suffix: '14a5e',
    auth: ['cognito'],
    storages: [],
    ...members,
  })
  const backend = (members: Partial<Backend> = {}): Backend => ({
    environments: ['dev', 'prod'],
    error: undefined,
    meta: meta(),
    ...members,
  })
  const found = (
    members: Partial<Backend>,
  ): { code: string; message: string; advice: string; merge: boolean }[] =>
    findFailedPreconditions(where, backend(members)).map(({ error, mayBeFixedByMerge }) => ({
      code: error.code,
      message: error.message,
      advice: error.advice,
      merge: mayBeFixedByMerge,
    }))

  test('is nothing in a backend with auth and without storage', () => {
    expect(found({})).toEqual([])
  })

  test('is nothing where there is no metadata, or none that can be read', () => {
    expect(found({ meta: undefined })).toEqual([])
    expect(found({ meta: undefined, environments: undefined })).toEqual([])
  })

  test('is an environment that the app does not have; its merge may bring it', () => {
    expect(found({ environments: ['dev', 'test'] })).toEqual([
      {
        code: 'ENVIRONMENT_NOT_FOUND',
        message: 'The app "d1abc" has no backend environment "prod"; it has "dev", "test".',
        advice: 'Use one of the environments that the message lists, or create it first.',
        merge: true,
      },
    ])
    expect(found({ environments: ['dev'], meta: meta({ auth: [] }) })).toHaveLength(1)
  })

  test('is no environment that an empty or missing list leaves out', () => {
    expect(found({ environments: [] })).toEqual([])
    expect(found({ environments: undefined })).toEqual([])
  })

  test('is an S3 storage of another name, for good', () => {
    expect(found({ meta: meta({ storages: [{ name: 'files', bucketName: undefined }] }) })).toEqual(
      [
        {
          code: 'OTHER_STORAGE',
          message:
            'The environment "prod" has an S3 storage already, named "files"; there can be only one.',
          advice: 'Set resource-name to "files" to manage that one, or remove it first.',
          merge: false,
        },
      ],
    )
  })

  test('is no storage of the name that is asked for', () => {
    const mine = { name: 'media', bucketName: undefined }
    const other = { name: 'files', bucketName: undefined }
    expect(found({ meta: meta({ storages: [mine] }) })).toEqual([])
    expect(found({ meta: meta({ storages: [other, mine] }) })).toEqual([])
  })

  test('is a missing auth resource; the merge may bring it', () => {
    expect(found({ meta: meta({ auth: [] }) })).toEqual([
      {
        code: 'AUTH_MISSING',
        message: 'The environment "prod" has no auth resource, and S3 storage needs one.',
        advice: 'Add auth (Cognito) to the backend environment, then run again.',
        merge: true,
      },
    ])
  })

  test('can be several things at once', () => {
    const both = meta({ auth: [], storages: [{ name: 'files', bucketName: undefined }] })
    expect(found({ meta: both }).map(({ code }) => code)).toEqual(['OTHER_STORAGE', 'AUTH_MISSING'])
  })
})

describe('an environment that is not there', () => {
  test('is reported with those that are', () => {
    expect(environmentNotFound('d1', 'prod', []).message).toBe(
      'The app "d1" has no backend environment "prod"; it has none.',
    )
    const many = Array.from({ length: 25 }, (_, index) => `env${index}`)
    const { message } = environmentNotFound('d1', 'prod', many)
    expect(message).toContain('"env19".')
    expect(message).not.toContain('env20')
  })
})
