import { describe, expect, test } from 'vitest'
import type { ActionError } from '../../../src/errors/action-error.ts'
import { getCreateChanges } from '../../../src/storage/diff.ts'
import type { DesiredStorage, Storage } from '../../../src/storage/model.ts'
import { planChange, type IfExists, type PlannedChange } from '../../../src/storage/plan-change.ts'
import { containing } from '../../support/unit/matchers.ts'
import { aDesiredStorage, aStorage } from '../../support/unit/storages.ts'

const planned = (
  desired: Partial<DesiredStorage>,
  current: Storage | undefined,
  ifExists: IfExists,
): PlannedChange =>
  planChange(aDesiredStorage(desired), current, ifExists, {
    backendEnvironmentName: 'prod',
    suffix: undefined,
  })

/** The error of a change that is rejected. */
const rejection = (current: Storage, ifExists: IfExists): ActionError => {
  const change = planned({}, current, ifExists)
  if (change.kind !== 'reject') throw new Error(change.kind)
  return change.error
}

const DIFFERENT = aStorage(['READ'])
const MATCHING = aStorage(['READ', 'DELETE'], ['READ'])

describe('the planned change', () => {
  test.each(['match', 'update', 'fail'] as const)(
    'A missing storage is created when if-exists is %s',
    (ifExists) => {
      expect(planned({}, undefined, ifExists)).toEqual({
        kind: 'create',
        changes: getCreateChanges(aDesiredStorage()),
      })
    },
  )

  test.each(['match', 'update'] as const)(
    'A storage that matches stays unchanged when if-exists is %s',
    (ifExists) => {
      expect(planned({}, MATCHING, ifExists)).toEqual({ kind: 'unchanged', changes: [] })
    },
  )

  test.each([
    ['matches', MATCHING, []],
    ['differs', DIFFERENT, [{ field: 'authenticated-permissions' }]],
  ])('A storage that %s is rejected when if-exists is fail', (_how, current, changes) => {
    expect(planned({}, current, 'fail')).toMatchObject({
      kind: 'reject',
      changes,
      error: {
        code: 'STORAGE_EXISTS',
        result: 'failed',
        message: 'The storage "media" already exists, and if-exists is fail.',
      },
    })
  })

  test('A storage that differs is rejected when if-exists is match, with the differences', () => {
    expect(planned({}, DIFFERENT, 'match')).toMatchObject({
      kind: 'reject',
      changes: [{ field: 'authenticated-permissions', from: ['READ'], to: ['READ', 'DELETE'] }],
      error: {
        code: 'STORAGE_DIFFERS',
        message:
          'The storage "media" exists with a different configuration: authenticated-permissions is READ, but the workflow sets READ, DELETE.',
      },
    })
  })

  test.each(['match', 'update'] as const)(
    'A storage with another bucket is rejected when if-exists is %s',
    (ifExists) => {
      expect(planned({}, aStorage(['READ'], [], 'videos'), ifExists)).toMatchObject({
        kind: 'reject',
        changes: [{ field: 'bucket-name' }, { field: 'authenticated-permissions' }],
        error: {
          code: 'BUCKET_FIXED',
          message:
            'The storage "media" exists with a different bucket, and a bucket cannot be changed: bucket-name is videos, but the workflow sets photos; authenticated-permissions is READ, but the workflow sets READ, DELETE.',
        },
      })
    },
  )

  test('A storage that differs is updated to the desired permissions when if-exists is update', () => {
    expect(planned({ unauthenticated: [] }, aStorage(['READ'], ['DELETE']), 'update')).toEqual({
      kind: 'update',
      changes: [
        { field: 'authenticated-permissions', from: ['READ'], to: ['READ', 'DELETE'] },
        { field: 'unauthenticated-permissions', from: ['DELETE'], to: [] },
      ],
      permissions: { authenticated: ['READ', 'DELETE'], unauthenticated: [] },
    })
  })

  test.each([
    [aStorage(['READ', 'LIST'], ['TAG']), 'LIST, TAG'],
    [aStorage(['READ'], ['TAG']), 'TAG'],
  ])('An update never removes unknown permissions', (current, unknown) => {
    expect(rejection(current, 'update')).toMatchObject({
      code: 'STORAGE_DIFFERS',
      message: `The storage "media" has permissions that this version of the action does not know (${unknown}). An update would remove them.`,
    })
  })

  test('Unknown permissions of guests that are not managed make no difference', () => {
    const current = aStorage(['READ', 'DELETE'], ['TAG'])
    expect(planned({}, current, 'update')).toEqual({ kind: 'unchanged', changes: [] })
  })
})

describe('the planned change of an imported storage', () => {
  const imported = (bucketName: string | null = 'photos'): Storage => ({
    ...aStorage([], [], bucketName),
    imported: true,
  })

  test.each([
    ['the same bucket', {}],
    ['a bucket that is not managed', { bucketName: undefined }],
  ])('With %s, it stays unchanged when if-exists is match', (_what, desired) => {
    expect(planned(desired, imported(), 'match')).toEqual({ kind: 'unchanged', changes: [] })
  })

  test('Its bucket is compared literally: it has neither a suffix nor an environment', () => {
    expect(planned({}, imported('photos14a5e-prod'), 'match')).toMatchObject({
      kind: 'reject',
      changes: [{ field: 'bucket-name', from: 'photos14a5e-prod', to: 'photos' }],
      error: { code: 'BUCKET_FIXED' },
    })
  })

  test('It is rejected as existing when if-exists is fail', () => {
    const error = { code: 'STORAGE_EXISTS' }
    expect(planned({}, imported(), 'fail')).toMatchObject({ kind: 'reject', changes: [], error })
  })

  test.each(['photos', 'videos'])(
    'With the bucket %s, it is not compared and never updated when if-exists is update',
    (bucketName) => {
      const change = planned({}, imported(bucketName), 'update')
      expect(change).toMatchObject({ kind: 'reject', error: { code: 'STORAGE_IMPORTED' } })
      expect(change.changes).toBeUndefined()
    },
  )
})

describe('a storage whose bucket is not known', () => {
  test('It counts as unchanged, but not as compared, where a bucket is asked for', () => {
    const current = aStorage(['READ', 'DELETE'], [], null)
    expect(planned({}, current, 'match')).toEqual({ kind: 'unchanged', changes: undefined })
    expect(planned({ bucketName: undefined }, current, 'match')).toEqual({
      kind: 'unchanged',
      changes: [],
    })
  })
})

describe('the advice for a storage with another bucket', () => {
  const BUCKET = 'videos1a2b3c-prod'
  const SET_OR_EMPTY = `Set bucket-name to ${BUCKET}, the name that the service reports, or leave it empty.`

  test.each([
    ['match', ['READ', 'DELETE'], SET_OR_EMPTY],
    ['update', ['READ'], SET_OR_EMPTY],
    [
      'match',
      ['READ'],
      `${SET_OR_EMPTY} Also correct authenticated-permissions or set if-exists: update; otherwise the next run fails for that reason.`,
    ],
  ] as const)(
    'When if-exists is %s and users have %j, it is complete',
    (ifExists, users, advice) => {
      expect(rejection(aStorage(users, [], BUCKET), ifExists).advice).toBe(advice)
    },
  )

  test('It names every input that differs', () => {
    const current = aStorage(['READ'], [], BUCKET)
    const change = planned({ unauthenticated: ['READ'] }, current, 'match')
    expect(change).toMatchObject({
      error: {
        code: 'BUCKET_FIXED',
        advice: containing('authenticated-permissions and unauthenticated-permissions'),
      },
    })
  })

  test('Following it leaves the storage unchanged', () => {
    const current = aStorage(['READ', 'DELETE'], [], BUCKET)
    expect(planned({ bucketName: BUCKET }, current, 'match')).toEqual({
      kind: 'unchanged',
      changes: [],
    })
  })

  test.each(['Not a bucket', 'x'.repeat(63)])(
    'It does not suggest %s, which the input would not accept',
    (name) => {
      const { advice } = rejection(aStorage(['READ', 'DELETE'], [], name), 'match')
      expect(advice).toMatch(/^Leave bucket-name empty/)
    },
  )
})
