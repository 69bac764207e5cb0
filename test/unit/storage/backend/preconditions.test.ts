import { describe, expect, test } from 'vitest'
import { ERROR_CATALOG } from '../../../../src/errors/catalog.ts'
import type {
  AmplifyMeta,
  AuthResource,
  Backend,
} from '../../../../src/storage/backend/amplify-meta.ts'
import {
  environmentNotFound,
  findFailedPreconditions,
} from '../../../../src/storage/backend/preconditions.ts'
import { containing } from '../../../support/unit/matchers.ts'
import { runPlan, storageExists, testRuns } from '../../../support/unit/storage-runs.ts'

const REF = { appId: 'd1abc', backendEnvironmentName: 'prod', resourceName: 'media' }
const MINE = { name: 'media', bucketName: undefined }
const OTHER = { name: 'files', bucketName: undefined }

const auth = (members: Partial<AuthResource> = {}): AuthResource => ({
  name: 'cognito',
  imported: false,
  hasIdentityPool: true,
  ...members,
})

const meta = (members: Partial<AmplifyMeta> = {}): AmplifyMeta => ({
  suffix: '14a5e',
  auth: [auth()],
  storages: [],
  ...members,
})

const failed = (members: Partial<Backend>): readonly object[] => {
  const backend = { environments: ['dev', 'prod'], error: undefined, meta: meta(), ...members }
  return findFailedPreconditions(REF, backend).map(({ error, mayBeFixedByMerge }) => {
    const { code, message, advice } = error
    return { code, message, advice, merge: mayBeFixedByMerge }
  })
}

const withAuth = (members: Partial<AuthResource>): Partial<Backend> => ({
  meta: meta({ auth: [auth(members)] }),
})

const ENVIRONMENT_NOT_FOUND = {
  code: 'ENVIRONMENT_NOT_FOUND',
  message: 'The app "d1abc" has no backend environment "prod". It has "dev", "test".',
  merge: true,
}
const OTHER_STORAGE = {
  code: 'OTHER_STORAGE',
  message: 'The environment "prod" already has an S3 storage, "files", and can have only one.',
  advice:
    'To manage that storage, set resource-name to "files". To replace it, remove it first (its bucket is kept).',
  merge: false,
}
const AUTH_MISSING = {
  code: 'AUTH_MISSING',
  message: 'The environment "prod" has no auth resource, which S3 storage needs.',
  advice: ERROR_CATALOG.AUTH_MISSING.remedy,
  merge: true,
}

const IDENTITY_POOL_MISSING = {
  code: 'AUTH_MISSING',
  message:
    'The imported auth "cognito" of the environment "prod" has a user pool only, and S3 storage needs an identity pool, too.',
  advice: containing('amplify import auth'),
  merge: true,
}

describe('the preconditions that a backend does not meet', () => {
  test.each<readonly [string, Partial<Backend>]>([
    ['with auth and without storage', {}],
    ['without metadata', { meta: undefined }],
    ['with an empty list of environments', { environments: [] }],
    ['without a list of environments', { environments: undefined }],
    ['with auth of its own without an identity pool', withAuth({ hasIdentityPool: false })],
    ['with imported auth and an identity pool', withAuth({ imported: true })],
    [
      'with imported auth that has a user pool only and other imported auth with an identity pool',
      {
        meta: meta({
          auth: [auth({ imported: true, hasIdentityPool: false }), auth({ imported: true })],
        }),
      },
    ],
    [
      'with imported auth of an unknown kind',
      withAuth({ imported: true, hasIdentityPool: undefined }),
    ],
    ['with the storage itself', { meta: meta({ storages: [MINE] }) }],
    ['with the storage and another one', { meta: meta({ storages: [OTHER, MINE] }) }],
  ])('A backend %s meets all of them', (_what, backend) => {
    expect(failed(backend)).toEqual([])
  })

  test('A long name of an environment is compared whole', () => {
    const name = `${'x'.repeat(90)}-prod`
    const backend = { environments: [name], error: undefined, meta: meta() }
    const ref = { ...REF, backendEnvironmentName: name }
    expect(findFailedPreconditions(ref, backend)).toEqual([])
    const [other] = findFailedPreconditions(
      { ...REF, backendEnvironmentName: 'x'.repeat(90) },
      backend,
    )
    expect(other?.error.code).toBe('ENVIRONMENT_NOT_FOUND')
    expect(other?.error.message).toContain(name)
  })

  test.each<readonly [string, Partial<Backend>, readonly object[]]>([
    ['without the environment', { environments: ['dev', 'test'] }, [ENVIRONMENT_NOT_FOUND]],
    [
      'without the environment and without auth',
      { environments: ['dev', 'test'], meta: meta({ auth: [] }) },
      [ENVIRONMENT_NOT_FOUND],
    ],
    ['with another storage', { meta: meta({ storages: [OTHER] }) }, [OTHER_STORAGE]],
    [
      'with imported auth that has a user pool only',
      withAuth({ imported: true, hasIdentityPool: false }),
      [IDENTITY_POOL_MISSING],
    ],
    ['without auth', { meta: meta({ auth: [] }) }, [AUTH_MISSING]],
    [
      'with another storage and without auth',
      { meta: meta({ auth: [], storages: [OTHER] }) },
      [OTHER_STORAGE, AUTH_MISSING],
    ],
  ])('A backend %s does not meet all of them', (_what, backend, expected) => {
    expect(failed(backend)).toMatchObject(expected)
  })
})

describe('the error for a missing environment', () => {
  test('It says that the app has no environments', () => {
    expect(environmentNotFound(REF, []).message).toBe(
      'The app "d1abc" has no backend environment "prod". It has none.',
    )
  })

  test('It lists at most 20 environments', () => {
    const many = Array.from({ length: 25 }, (_, index) => `env${index}`)
    const { message } = environmentNotFound(REF, many)
    expect(message).toContain('"env19".')
    expect(message).not.toContain('env20')
  })
})

describe('a plan of a create', () => {
  const own = { service: 'Cognito' }
  const imported = { service: 'Cognito', serviceType: 'imported' }
  const userPool = { output: { UserPoolId: 'eu-west-1_a1B2' } }
  const identityPool = { output: { IdentityPoolId: 'eu-west-1:0123' } }
  const withAuthOf = (...resources: readonly object[]) => ({
    metadata: JSON.stringify({
      providers: { awscloudformation: { StackName: 'amplify-octoapp-prod-14a5e' } },
      auth: Object.fromEntries(resources.map((resource, index) => [`auth${index}`, resource])),
    }),
  })
  const added = { warnings: [{ title: 'An identity pool is added' }] }
  const silent = { warnings: [] }

  testRuns(runPlan, {
    'It warns that auth of the environment with a user pool only gets an identity pool': [
      withAuthOf({ ...own, ...userPool }),
      added,
    ],
    'It warns also where other auth is imported and has a user pool only': [
      withAuthOf({ ...own, ...userPool }, { ...imported, ...userPool }),
      added,
    ],
    'It does not warn where auth of the environment has an identity pool': [
      withAuthOf({ ...own, ...identityPool }),
      silent,
    ],
    'It does not warn where one of several auth resources has an identity pool': [
      withAuthOf({ ...own, ...userPool }, { ...own, ...identityPool }),
      silent,
    ],
    'It does not warn where the metadata does not say what auth has': [withAuthOf(own), silent],
    'It warns only of the failing apply where auth is imported and has a user pool only': [
      withAuthOf({ ...imported, ...userPool }),
      { warnings: [{ title: 'An apply would fail now' }] },
    ],
    'It reports a storage of another name': [
      { events: [storageExists({ resourceName: 'files' })] },
      { end: { code: 'OTHER_STORAGE' }, otherStorages: ['files'] },
    ],
    'It reports no other storage where there is none': [{}, { otherStorages: [] }],
    'It reports no other storage where the metadata cannot be parsed': [
      { metadata: 'none' },
      { end: { failed: [] }, otherStorages: [] },
    ],
  })
})
