import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import {
  changeLines,
  diffStorage,
  formatChanges,
  formatValue,
  getCreateChanges,
  isFullyCompared,
  withIndentedDetails,
  type Change,
} from '../../../src/storage/diff.ts'
import type { DesiredStorage, Storage } from '../../../src/storage/model.ts'
import { aDesiredStorage, aStorage } from '../../support/unit/storages.ts'
import { anyPermissions } from '../../support/unit/properties/any-scenario.ts'

const diff = (desired: Partial<DesiredStorage>, current: Storage): readonly Change[] =>
  diffStorage(aDesiredStorage(desired), current, {
    backendEnvironmentName: 'prod',
    suffix: undefined,
  })

const MATCHING = ['READ', 'DELETE']

describe('the changes of a create', () => {
  test('They name every field that is managed', () => {
    expect(getCreateChanges(aDesiredStorage({ unauthenticated: ['READ'] }))).toEqual([
      { field: 'resource-name', from: null, to: 'media' },
      { field: 'bucket-name', from: null, to: 'photos' },
      { field: 'authenticated-permissions', from: null, to: ['READ', 'DELETE'] },
      { field: 'unauthenticated-permissions', from: null, to: ['READ'] },
    ])
  })

  test('They leave out what is not managed, and show an empty list', () => {
    const desired = { bucketName: undefined, authenticated: [], unauthenticated: [] }
    expect(getCreateChanges(aDesiredStorage(desired))).toEqual([
      { field: 'resource-name', from: null, to: 'media' },
      { field: 'authenticated-permissions', from: null, to: [] },
      { field: 'unauthenticated-permissions', from: null, to: [] },
    ])
    expect(getCreateChanges(aDesiredStorage())).toHaveLength(3)
  })
})

describe('the differences between the desired and the current storage', () => {
  test.each<readonly [string, Partial<DesiredStorage>, Storage]>([
    ['permissions are in another order', {}, aStorage(['DELETE', 'READ'])],
    [
      'a permission is listed twice',
      { authenticated: ['DELETE', 'READ', 'READ'] },
      aStorage(MATCHING),
    ],
    [
      'only fields differ that are not managed',
      { bucketName: undefined, unauthenticated: undefined },
      aStorage(MATCHING, ['READ'], 'videos'),
    ],
    ['no permissions of guests are desired or there', { unauthenticated: [] }, aStorage(MATCHING)],
    ['the service does not return the bucket', {}, aStorage(MATCHING, [], null)],
  ])('There are none where %s', (_where, desired, current) => {
    expect(diff(desired, current)).toEqual([])
  })

  test.each<readonly [string, Partial<DesiredStorage>, Storage, readonly Change[]]>([
    [
      'every managed field, with both values',
      { unauthenticated: ['READ'] },
      aStorage(['READ'], ['READ', 'DELETE'], 'videos'),
      [
        { field: 'bucket-name', from: 'videos', to: 'photos' },
        { field: 'authenticated-permissions', from: ['READ'], to: MATCHING },
        { field: 'unauthenticated-permissions', from: MATCHING, to: ['READ'] },
      ],
    ],
    [
      'an unknown permission of users',
      {},
      aStorage(['READ', 'DELETE', 'LIST'], ['LIST']),
      [{ field: 'authenticated-permissions', from: ['READ', 'DELETE', 'LIST'], to: MATCHING }],
    ],
    [
      'an unknown permission of guests where these are managed',
      { unauthenticated: [] },
      aStorage(MATCHING, ['LIST']),
      [{ field: 'unauthenticated-permissions', from: ['LIST'], to: [] }],
    ],
  ])('They include %s', (_what, desired, current, changes) => {
    expect(diff(desired, current)).toEqual(changes)
  })

  property.prop([
    anyPermissions,
    anyPermissions,
    fc.option(anyPermissions, { nil: undefined }),
    anyPermissions,
  ])('Permissions are compared as sets', (authenticated, users, unauthenticated, guests) => {
    const fields = diff({ authenticated, unauthenticated }, aStorage(users, guests)).map(
      ({ field }) => field,
    )
    const key = (list: readonly string[]): string => [...list].toSorted().join()
    expect(fields.includes('authenticated-permissions')).toBe(key(authenticated) !== key(users))
    expect(fields.includes('unauthenticated-permissions')).toBe(
      unauthenticated !== undefined && key(unauthenticated) !== key(guests),
    )
  })
})

describe('whether everything that is desired was compared', () => {
  test.each<readonly [Partial<DesiredStorage>, Storage | undefined, boolean]>([
    [{}, aStorage(MATCHING), true],
    [{}, aStorage(MATCHING, [], null), false],
    [{ bucketName: undefined }, aStorage(MATCHING, [], null), true],
    [{}, undefined, false],
    [{ bucketName: undefined }, undefined, true],
  ])('With %j desired and %j as it is, it is %s', (desired, current, compared) => {
    expect(isFullyCompared(aDesiredStorage(desired), current)).toBe(compared)
  })
})

describe('changes as text', () => {
  const changes: readonly Change[] = [
    { field: 'bucket-name', from: 'photos', to: 'files' },
    { field: 'unauthenticated-permissions', from: [], to: ['READ'] },
    { field: 'resource-name', from: null, to: 'media' },
  ]

  test('An error shows them in one line', () => {
    expect(formatChanges([])).toBe('')
    expect(formatChanges(changes.slice(0, 2))).toBe(
      'bucket-name is photos, but the workflow sets files; unauthenticated-permissions is none, but the workflow sets READ',
    )
  })

  test('The log shows them in a line each, below the message', () => {
    expect(withIndentedDetails('Changing it', changeLines(changes))).toBe(
      'Changing it:\n  Bucket: photos → files\n  Guests: none → READ\n  Storage: media',
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
  ])('The value %j is shown as %s', (value, text) => {
    expect(formatValue(value)).toBe(text)
  })
})
