import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import type { Permission } from '../../src/storage/model.ts'
import {
  getCreateChanges,
  formatChanges,
  formatValue,
  diffStorage,
  isBucketOf,
  planChange,
  physicalBucket,
  parseStorage,
  type BucketContext,
  type Change,
  type PlannedChange,
  type Storage,
  type DesiredStorage,
} from '../../src/storage/model.ts'

const request = (members: Partial<DesiredStorage> = {}): DesiredStorage => ({
  resourceName: 'media',
  serviceName: 'S3',
  bucketName: 'photos',
  authenticated: ['READ', 'DELETE'],
  unauthenticated: undefined,
  ...members,
})

const storage = (
  authenticated: readonly string[],
  unauthenticated: readonly string[] = [],
  bucketName: string | undefined = 'photos',
): Storage => {
  const found = parseStorage({
    BucketName: bucketName,
    Permissions: { Authenticated: authenticated, UnAuthenticated: unauthenticated },
  })
  if (found === undefined) throw new Error('no storage')
  return found
}

const unknownSuffix: BucketContext = { backendEnvironmentName: 'prod', suffix: undefined }
const knownSuffix: BucketContext = { backendEnvironmentName: 'prod', suffix: '14a5e' }

describe('a storage out of an answer', () => {
  test('has its bucket and its permissions in one order', () => {
    const found = parseStorage({
      BucketName: 'photos14a5e-prod',
      Permissions: { Authenticated: ['DELETE', 'READ'], UnAuthenticated: ['READ'] },
    })
    expect(found).toEqual({
      bucketName: 'photos14a5e-prod',
      permissions: { authenticated: ['READ', 'DELETE'], unauthenticated: ['READ'] },
      foreign: { authenticated: [], unauthenticated: [] },
    })
  })

  test('is absent where the answer has none', () => {
    expect(parseStorage(undefined)).toBeUndefined()
  })

  test.each([
    {},
    { BucketName: '', Permissions: undefined },
    { BucketName: 7, Permissions: {} },
    { BucketName: null, Permissions: { Authenticated: 'READ', UnAuthenticated: { 0: 'READ' } } },
    { Permissions: { Authenticated: [7, null, ['READ']] } },
  ])('has neither bucket nor permissions in %j', (config) => {
    expect(parseStorage(config)).toEqual({
      bucketName: undefined,
      permissions: { authenticated: [], unauthenticated: [] },
      foreign: { authenticated: [], unauthenticated: [] },
    })
  })

  test('keeps permissions that are not known apart, as harmless text', () => {
    const found = storage(['READ', 'LIST', 'read'], [`::error::\n${'x'.repeat(50)}`])
    expect(found.permissions).toEqual({ authenticated: ['READ'], unauthenticated: [] })
    expect(found.unknownPermissions.authenticated).toEqual(['LIST', 'read'])
    expect(found.unknownPermissions.unauthenticated).toEqual([`: :error:: ${'x'.repeat(28)}…`])
  })
})

describe('the changes of a create', () => {
  test('name every field that is managed', () => {
    expect(getCreateChanges(request({ unauthenticated: ['READ'] }))).toEqual([
      { field: 'resource-name', from: null, to: 'media' },
      { field: 'bucket-name', from: null, to: 'photos' },
      { field: 'authenticated-permissions', from: null, to: ['READ', 'DELETE'] },
      { field: 'unauthenticated-permissions', from: null, to: ['READ'] },
    ])
  })

  test('leave out what is not managed, and show an empty list', () => {
    expect(
      getCreateChanges(request({ bucketName: undefined, authenticated: [], unauthenticated: [] })),
    ).toEqual([
      { field: 'resource-name', from: null, to: 'media' },
      { field: 'authenticated-permissions', from: null, to: [] },
      { field: 'unauthenticated-permissions', from: null, to: [] },
    ])
    expect(getCreateChanges(request()).map(({ field }) => field)).not.toContain(
      'unauthenticated-permissions',
    )
  })
})

describe('the differences between what is asked and what is there', () => {
  const between = (asked: Partial<DesiredStorage>, found: Storage): readonly Change[] =>
    diffStorage(request(asked), found, unknownSuffix)

  test('are none where all is equal, in whatever order', () => {
    expect(between({}, storage(['DELETE', 'READ']))).toEqual([])
    expect(
      between({ authenticated: ['DELETE', 'READ', 'READ'] }, storage(['READ', 'DELETE'])),
    ).toEqual([])
  })

  test('are shown with both values', () => {
    expect(
      between({ unauthenticated: ['READ'] }, storage(['READ'], ['READ', 'DELETE'], 'videos')),
    ).toEqual([
      { field: 'bucket-name', from: 'videos', to: 'photos' },
      { field: 'authenticated-permissions', from: ['READ'], to: ['READ', 'DELETE'] },
      { field: 'unauthenticated-permissions', from: ['READ', 'DELETE'], to: ['READ'] },
    ])
  })

  test('do not include what is not managed', () => {
    const found = storage(['READ', 'DELETE'], ['READ'], 'videos')
    expect(between({ bucketName: undefined, unauthenticated: undefined }, found)).toEqual([])
  })

  test('an empty list is managed: it asks for none', () => {
    expect(between({ unauthenticated: [] }, storage(['READ', 'DELETE'], ['READ']))).toEqual([
      { field: 'unauthenticated-permissions', from: ['READ'], to: [] },
    ])
    expect(between({ unauthenticated: [] }, storage(['READ', 'DELETE'], []))).toEqual([])
    expect(between({ authenticated: [] }, storage(['READ']))).toEqual([
      { field: 'authenticated-permissions', from: ['READ'], to: [] },
    ])
  })

  test('a bucket that the service does not tell cannot differ', () => {
    const found = parseStorage({ Permissions: { Authenticated: ['READ', 'DELETE'] } })
    expect(found === undefined ? undefined : between({}, found)).toEqual([])
  })

  test('a permission that is not known is a difference, where it is managed', () => {
    const found = storage(['READ', 'DELETE', 'LIST'], ['LIST'])
    expect(between({}, found)).toEqual([
      {
        field: 'authenticated-permissions',
        from: ['READ', 'DELETE', 'LIST'],
        to: ['READ', 'DELETE'],
      },
    ])
    expect(between({ unauthenticated: [] }, storage(['READ', 'DELETE'], ['LIST']))).toEqual([
      { field: 'unauthenticated-permissions', from: ['LIST'], to: [] },
    ])
  })

  const permissions = fc.subarray<Permission>(['READ', 'CREATE_AND_UPDATE', 'DELETE'])

  property.prop([
    permissions,
    permissions,
    fc.option(permissions, { nil: undefined }),
    permissions,
  ])('of permissions are those of sets', (asked, there, askedGuests, guests) => {
    const changed = between(
      { authenticated: asked, unauthenticated: askedGuests },
      storage(there, guests),
    ).map(({ field }) => field)
    const key = (list: readonly string[]): string => [...list].toSorted().join()
    expect(changed.includes('authenticated-permissions')).toBe(key(asked) !== key(there))
    expect(changed.includes('unauthenticated-permissions')).toBe(
      askedGuests !== undefined && key(askedGuests) !== key(guests),
    )
  })
})

describe('a bucket that a base name became', () => {
  test.each([
    ['photos', 'photos'],
    ['photos', 'photos-prod'],
    ['photos', 'photos14a5e-prod'],
    ['photos', 'photos145580-prod'],
    ['photos-prod', 'photos-prod'],
    ['photos-prod', 'photos-prod14a5e-prod'],
    ['a.b', 'a.b00000-prod'],
  ])('%s can be %s', (base, bucket) => {
    expect(isBucketOf(base, bucket, unknownSuffix)).toBe(true)
  })

  test.each([
    ['photos', 'videos'],
    ['photos', 'photos2'],
    ['photos', 'photos14a5e'],
    ['photos', 'photos14a5e-dev'],
    ['photos', 'photos14a5e-prod-prod'],
    ['photos', 'photos1234-prod'],
    ['photos', 'photos1234567-prod'],
    ['photos', 'photos14A5E-prod'],
    ['photos', 'photos-14a5-prod'],
    ['photos', 'photos14a5eprod'],
    ['photos', 'xphotos14a5e-prod'],
    ['photos', 'photo14a5e-prod'],
    ['photos', ''],
    ['photos-prod', 'photos-pro'],
  ])('%s cannot be %s', (base, bucket) => {
    expect(isBucketOf(base, bucket, unknownSuffix)).toBe(false)
  })

  test('has the suffix of the stack, where that is known', () => {
    expect(isBucketOf('photos', 'photos14a5e-prod', knownSuffix)).toBe(true)
    expect(isBucketOf('photos', 'photos99999-prod', knownSuffix)).toBe(false)
    expect(isBucketOf('photos', 'photos14a5e1-prod', knownSuffix)).toBe(false)
    expect(isBucketOf('photos', 'photos-prod', knownSuffix)).toBe(true)
    expect(isBucketOf('photos', 'photos', knownSuffix)).toBe(true)
  })

  test('is not one that base name and environment share parts of', () => {
    const context = { backendEnvironmentName: 'b', suffix: undefined }
    expect(isBucketOf('a-b', 'a-b', context)).toBe(true)
    expect(isBucketOf('aa-b', 'a-b', context)).toBe(false)
    expect(isBucketOf('a-', 'a-b', context)).toBe(false)
  })

  property.prop([
    fc.stringMatching(/^[a-z0-9-]{3,47}$/),
    fc.stringMatching(/^[a-z0-9]{5,6}$/),
    fc.stringMatching(/^[a-z]{2,10}$/),
  ])('is the one that the Amplify CLI makes of it', (base, suffix, environment) => {
    const context = { backendEnvironmentName: environment, suffix: undefined }
    const bucket = `${base}${suffix}-${environment}`
    expect(isBucketOf(base, bucket, context)).toBe(true)
    expect(isBucketOf(base, bucket, { ...context, suffix })).toBe(true)
    expect(physicalBucket(bucket, base, context)).toBe(bucket)
    expect(physicalBucket(bucket, undefined, context)).toBe(bucket)
  })
})

describe('the physical bucket', () => {
  test('is the described one, where it can only have become that', () => {
    expect(physicalBucket('photos14a5e-prod', 'photos', unknownSuffix)).toBe('photos14a5e-prod')
    expect(physicalBucket('photos-prod', 'photos', unknownSuffix)).toBe('photos-prod')
    expect(physicalBucket('photos14a5e-prod', undefined, unknownSuffix)).toBe('photos14a5e-prod')
    expect(physicalBucket('photos14a5e-prod', undefined, knownSuffix)).toBe('photos14a5e-prod')
  })

  test('is not the base name itself, however it looks', () => {
    expect(physicalBucket('photos', 'photos', unknownSuffix)).toBeUndefined()
    expect(physicalBucket('photos-prod', 'photos-prod', unknownSuffix)).toBeUndefined()
    expect(physicalBucket('photos14a5e-prod', 'photos14a5e-prod', knownSuffix)).toBeUndefined()
  })

  test('is unknown where nothing tells', () => {
    expect(physicalBucket(undefined, undefined, unknownSuffix)).toBeUndefined()
    expect(physicalBucket(undefined, 'photos', unknownSuffix)).toBeUndefined()
    expect(physicalBucket('photos', undefined, unknownSuffix)).toBeUndefined()
    expect(physicalBucket('pho-prod', undefined, unknownSuffix)).toBeUndefined()
    expect(physicalBucket('photos14a5e-dev', undefined, unknownSuffix)).toBeUndefined()
    expect(physicalBucket('photos99999-prod', undefined, knownSuffix)).toBeUndefined()
    expect(physicalBucket('14a5e-photos-prod', undefined, knownSuffix)).toBeUndefined()
    expect(physicalBucket('videos14a5e-prod', 'photos', unknownSuffix)).toBeUndefined()
    expect(physicalBucket('photos-14a5-prod', undefined, unknownSuffix)).toBeUndefined()
  })
})

describe('the next step', () => {
  const step = (
    asked: Partial<DesiredStorage>,
    found: Storage | undefined,
    ifExists: 'match' | 'update' | 'fail',
  ): PlannedChange => planChange(request(asked), found, ifExists, unknownSuffix)
  const differing = storage(['READ'])
  const equal = storage(['READ', 'DELETE'], ['READ'])

  test.each(['match', 'update', 'fail'] as const)(
    'is a create where there is none (%s)',
    (mode) => {
      expect(step({}, undefined, mode)).toEqual({
        kind: 'create',
        changes: getCreateChanges(request()),
      })
    },
  )

  test('is none where it is equal', () => {
    expect(step({}, equal, 'match')).toEqual({ kind: 'unchanged' })
    expect(step({}, equal, 'update')).toEqual({ kind: 'unchanged' })
  })

  test('under fail is a refusal of any storage, with its differences', () => {
    const refused = step({}, equal, 'fail')
    expect(refused).toMatchObject({ kind: 'refuse', changes: [] })
    if (refused.kind !== 'refuse') throw new Error(refused.kind)
    expect(refused.error).toMatchObject({
      code: 'STORAGE_EXISTS',
      result: 'failed',
      message: 'The storage "media" exists already, and if-exists is fail.',
    })
    expect(step({}, differing, 'fail')).toMatchObject({
      kind: 'refuse',
      changes: [{ field: 'authenticated-permissions' }],
    })
  })

  test('under match is a refusal that shows the differences', () => {
    const refused = step({}, differing, 'match')
    if (refused.kind !== 'refuse') throw new Error(refused.kind)
    expect(refused.changes).toEqual([
      { field: 'authenticated-permissions', from: ['READ'], to: ['READ', 'DELETE'] },
    ])
    expect(refused.error).toMatchObject({
      code: 'STORAGE_DIFFERS',
      message:
        'The storage "media" exists with other settings: authenticated-permissions is READ, asked is READ, DELETE.',
    })
  })

  test.each(['match', 'update'] as const)('is a refusal of another bucket (%s)', (mode) => {
    const refused = step({}, storage(['READ'], [], 'videos'), mode)
    if (refused.kind !== 'refuse') throw new Error(refused.kind)
    expect(refused.changes.map(({ field }) => field)).toEqual([
      'bucket-name',
      'authenticated-permissions',
    ])
    expect(refused.error).toMatchObject({
      code: 'BUCKET_FIXED',
      message:
        'The storage "media" has another bucket, and a bucket cannot be changed: bucket-name is videos, asked is photos; authenticated-permissions is READ, asked is READ, DELETE.',
    })
  })

  test('of another bucket says what to set, and what else would be refused', () => {
    const advice = (found: Storage, mode: 'match' | 'update'): string => {
      const refused = step({}, found, mode)
      if (refused.kind !== 'refuse') throw new Error(refused.kind)
      return refused.error.advice
    }
    const equal = storage(['READ', 'DELETE'], [], 'videos1a2b3c-prod')
    expect(advice(equal, 'match')).toBe('Set bucket-name to videos1a2b3c-prod, or leave it empty.')
    const differing = storage(['READ'], [], 'videos1a2b3c-prod')
    expect(advice(differing, 'update')).toBe(advice(equal, 'match'))
    expect(advice(differing, 'match')).toBe(
      'Set bucket-name to videos1a2b3c-prod, or leave it empty. Correct authenticated-permissions as well, or set if-exists: update, since a run would be refused for that next.',
    )
    // What is set as told is taken.
    expect(step({ bucketName: 'videos1a2b3c-prod' }, equal, 'match')).toEqual({ kind: 'unchanged' })
    // A name that the input does not take is none to set.
    for (const name of ['Not a bucket', 'x'.repeat(63)]) {
      expect(advice(storage(['READ', 'DELETE'], [], name), 'match')).toBe(
        'Leave bucket-name empty.',
      )
    }
  })

  test('under update is an update to what is asked', () => {
    expect(step({ unauthenticated: [] }, storage(['READ'], ['DELETE']), 'update')).toEqual({
      kind: 'update',
      changes: [
        { field: 'authenticated-permissions', from: ['READ'], to: ['READ', 'DELETE'] },
        { field: 'unauthenticated-permissions', from: ['DELETE'], to: [] },
      ],
      permissions: { authenticated: ['READ', 'DELETE'], unauthenticated: [] },
    })
  })

  test('under update sends guests back as they were read, where they are not managed', () => {
    expect(step({}, storage(['READ'], ['READ', 'DELETE']), 'update')).toMatchObject({
      kind: 'update',
      permissions: { authenticated: ['READ', 'DELETE'], unauthenticated: ['READ', 'DELETE'] },
    })
  })

  test('under update never drops permissions that are not known', () => {
    const refused = step({}, storage(['READ', 'LIST'], ['TAG']), 'update')
    if (refused.kind !== 'refuse') throw new Error(refused.kind)
    expect(refused.error).toMatchObject({
      code: 'STORAGE_DIFFERS',
      message:
        'The storage "media" has permissions that this version does not know (LIST, TAG); an update would drop them.',
    })
    const guestsOnly = step({}, storage(['READ'], ['TAG']), 'update')
    expect(guestsOnly).toMatchObject({ kind: 'refuse', error: { code: 'STORAGE_DIFFERS' } })
    expect(step({}, storage(['READ', 'DELETE'], ['TAG']), 'update')).toEqual({ kind: 'unchanged' })
  })
})

describe('changes for people', () => {
  test('are one line', () => {
    expect(formatChanges([])).toBe('')
    expect(
      formatChanges([
        { field: 'bucket-name', from: 'photos', to: 'files' },
        { field: 'unauthenticated-permissions', from: [], to: ['READ'] },
      ]),
    ).toBe(
      'bucket-name is photos, asked is files; unauthenticated-permissions is none, asked is READ',
    )
  })

  test.each([
    [null, 'absent'],
    ['photos', 'photos'],
    ['a\n::b', 'a ::b'],
    ['x'.repeat(101), `${'x'.repeat(99)}…`],
    [[], 'none'],
    [['READ'], 'READ'],
    [['READ', 'DELETE'], 'READ, DELETE'],
    [['x'.repeat(201)], `${'x'.repeat(199)}…`],
  ])('show %j as %s', (value, text) => {
    expect(formatValue(value)).toBe(text)
  })
})
