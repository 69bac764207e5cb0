import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { parseBackend, type AmplifyMeta } from '../../../../src/storage/backend/amplify-meta.ts'

const PROVIDERS = { awscloudformation: { StackName: 'amplify-octoapp-prod-14a5e' } }

const metaOf = (meta: unknown): AmplifyMeta | undefined =>
  parseBackend({ AmplifyMetaConfig: JSON.stringify(meta) }).meta

describe('parsing a backend', () => {
  test('The environments and the metadata are parsed', () => {
    const backend = parseBackend({
      BackendEnvironmentList: ['dev', 'prod'],
      AmplifyMetaConfig: JSON.stringify({
        providers: PROVIDERS,
        auth: {
          cognito1: { service: 'Cognito' },
          userPoolGroups: { service: 'Cognito-UserPool-Groups' },
        },
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
        auth: [{ name: 'cognito1', imported: false, hasIdentityPool: undefined }],
        storages: [{ name: 'media', bucketName: 'photos14a5e-prod' }],
      },
    })
  })

  test('Members of other types count as absent', () => {
    const nothing = { environments: undefined, error: undefined, meta: undefined }
    expect(parseBackend({})).toEqual(nothing)
    expect(
      parseBackend({ BackendEnvironmentList: 'prod', AmplifyMetaConfig: {}, Error: 7 }),
    ).toEqual(nothing)
    expect(parseBackend({ AmplifyMetaConfig: '', Error: ' \n ' })).toEqual(nothing)
    const text = JSON.stringify({ providers: PROVIDERS })
    expect(parseBackend({ AmplifyMetaConfig: [text] })).toEqual(nothing)
  })

  test('An empty list of environments is kept', () => {
    expect(parseBackend({ BackendEnvironmentList: [] }).environments).toEqual([])
  })

  test('Names are kept whole, and errors are sanitized', () => {
    const long = 'x'.repeat(100)
    const backend = parseBackend({
      BackendEnvironmentList: ['dev', 7, null, long],
      Error: `::error::forged\n${'y'.repeat(400)}`,
    })
    expect(backend.environments).toEqual(['dev', long])
    expect(backend.error).toMatch(/^: :error::forged y+…$/)
    expect(backend.error).toHaveLength(300)
  })
})

describe('parsing the metadata', () => {
  test.each([
    ...['not json', '{"providers"', 'null', '[]', '7', '{}', '{"auth":{},"storage":{}}'],
    ...['{"providers":{}}', '{"providers":null}', '{"providers":{"awscloudformation":"x"}}'],
    ...['{"providers":{"awscloudformation":[]}}', '[{"providers":{"awscloudformation":{}}}]'],
  ])('There is no metadata in %s, which names no stack', (text) => {
    expect(parseBackend({ AmplifyMetaConfig: text }).meta).toBeUndefined()
  })

  test.each([{}, { auth: null, storage: 'x' }, { auth: [{ service: 'SNS' }], storage: 7 }])(
    'A deployed backend has neither auth nor storage where the metadata has %j',
    (members) => {
      const expected = { suffix: '14a5e', auth: [], storages: [] }
      expect(metaOf({ providers: PROVIDERS, ...members })).toEqual(expected)
    },
  )

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
    [['amplify-octoapp-prod-14a5e'], undefined],
    [undefined, undefined],
  ])('The stack %j has the suffix %j', (StackName, suffix) => {
    expect(metaOf({ providers: { awscloudformation: { StackName } } })?.suffix).toBe(suffix)
  })

  test.each([
    [{}, undefined],
    [{ output: {} }, undefined],
    [{ output: { UserPoolId: '' } }, undefined],
    [{ output: { UserPoolId: 'eu-west-1_x' } }, false],
    [{ output: { UserPoolName: 'x', AppClientID: '7' } }, false],
    [{ output: { UserPoolId: 'eu-west-1_x', IdentityPoolId: 'eu-west-1:1' } }, true],
    [{ output: { IdentityPoolName: 'x' } }, true],
  ])('Whether auth with %j has an identity pool is %s', (members, hasIdentityPool) => {
    const auth = { cognito: { service: 'Cognito', serviceType: 'imported', ...members } }
    expect(metaOf({ providers: PROVIDERS, auth })?.auth).toEqual([
      { name: 'cognito', imported: true, hasIdentityPool },
    ])
  })

  test('An auth resource that names no service is kept', () => {
    expect(metaOf({ providers: PROVIDERS, auth: { cognito: {} } })?.auth).toEqual([
      { name: 'cognito', imported: false, hasIdentityPool: undefined },
    ])
  })

  test('Only S3 storages are kept, also those without a bucket', () => {
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
  ])('Any text is parsed without an exception', (text) => {
    const { meta } = parseBackend({ AmplifyMetaConfig: text })
    expect(meta === undefined || Array.isArray(meta.auth)).toBe(true)
  })
})
