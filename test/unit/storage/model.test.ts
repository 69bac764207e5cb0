import { describe, expect, test } from 'vitest'
import { parseStorage } from '../../../src/storage/model.ts'

describe('parsing a storage', () => {
  test('The bucket is kept, and the permissions are put in one order', () => {
    const storage = parseStorage({
      BucketName: 'photos14a5e-prod',
      Permissions: { Authenticated: ['DELETE', 'READ'], UnAuthenticated: ['READ'] },
    })
    expect(storage).toEqual({
      imported: false,
      bucketName: 'photos14a5e-prod',
      permissions: { authenticated: ['READ', 'DELETE'], unauthenticated: ['READ'] },
      unknownPermissions: { authenticated: [], unauthenticated: [] },
    })
  })

  test.each([undefined, null])('There is no storage in a response with %s for it', (config) => {
    expect(parseStorage(config)).toBeUndefined()
  })

  test.each([
    {},
    { BucketName: '', Permissions: undefined },
    { BucketName: null, Permissions: { Authenticated: null } },
    { Imported: null, Permissions: null },
  ])('There is neither a bucket nor a permission in %j', (config) => {
    expect(parseStorage(config)).toEqual({
      imported: false,
      bucketName: undefined,
      permissions: { authenticated: [], unauthenticated: [] },
      unknownPermissions: { authenticated: [], unauthenticated: [] },
    })
  })

  test.each([
    [[], 'resourceConfig'],
    ['S3', 'resourceConfig'],
    [{ BucketName: 7 }, 'bucketName'],
    [{ Imported: 'true' }, 'imported'],
    [{ Permissions: 'READ' }, 'permissions'],
    [{ Permissions: { Authenticated: 'READ' } }, 'authenticated'],
    [{ Permissions: { UnAuthenticated: { 0: 'READ' } } }, 'unAuthenticated'],
    [{ Permissions: { Authenticated: ['READ', 7] } }, 'authenticated'],
  ])('The storage %j is malformed, because of %s', (config, member) => {
    expect(() => parseStorage(config)).toThrow(Error)
    expect(() => parseStorage(config)).toThrow(member)
  })

  test('Unknown permissions are kept apart, as sanitized text', () => {
    const storage = parseStorage({
      Permissions: {
        Authenticated: ['READ', 'LIST', 'read'],
        UnAuthenticated: [`::error::\n${'x'.repeat(50)}`],
      },
    })
    expect(storage?.permissions).toEqual({ authenticated: ['READ'], unauthenticated: [] })
    expect(storage?.unknownPermissions).toEqual({
      authenticated: ['LIST', 'read'],
      unauthenticated: [`: :error:: ${'x'.repeat(28)}…`],
    })
  })
})
