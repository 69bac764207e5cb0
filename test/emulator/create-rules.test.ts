import { describe, expect, test } from 'vitest'

import { defaults, type Rules } from '../../emulator/emulator.ts'
import { call, createStorage } from '../support/emulator-requests.ts'
import {
  addMedia,
  completed,
  createAndFinish,
  type Environment,
  errorOf,
  failed,
  startPaused,
  type Target,
} from '../support/paused-emulator.ts'

const badRequest = [400, 'BadRequestException']
const notFound = [404, 'NotFoundException']
const alreadyAdded = 'Amazon S3 storage was already added to your project.'

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
