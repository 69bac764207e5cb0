/** The storage as the workflow asks for it, and as the service returns it. */
import { isObject, type JsonObject } from '../lib/json.ts'
import { sanitizeLine } from '../lib/text.ts'

/** What signed-in users or guests may do with the storage, in the API's words and order. */
export const PERMISSIONS = ['READ', 'CREATE_AND_UPDATE', 'DELETE'] as const
export type Permission = (typeof PERMISSIONS)[number]

export type Permissions = Readonly<{
  authenticated: readonly Permission[]
  unauthenticated: readonly Permission[]
}>

/** The storage as the workflow asks for it. */
export type DesiredStorage = Readonly<{
  resourceName: string
  serviceName: 'S3'
  /** The base name of the bucket; undefined lets the service choose, and is not compared. */
  bucketName: string | undefined
  authenticated: readonly Permission[]
  /** Undefined means not managed: omitted from a create, not compared, and kept as it is by an update. */
  unauthenticated: readonly Permission[] | undefined
}>

/** The storage as the service returns it. */
export type Storage = Readonly<{
  /** An imported storage has no permissions to compare and cannot be updated. */
  imported: boolean
  /** The base name or the physical name: the API does not document which of them it returns. */
  bucketName: string | undefined
  permissions: Permissions
  /** Permissions that this action does not know; kept so that an update never drops them silently. */
  unknownPermissions: Readonly<{
    authenticated: readonly string[]
    unauthenticated: readonly string[]
  }>
}>

/**
 * Parses the storage of a response.
 *
 * @param config members of any type, as the service sent them
 * @returns undefined if the response has no storage
 * @throws Error if a member has an unexpected type: what it says must not count as absent
 */
export function parseStorage(config: unknown): Storage | undefined {
  if (config === undefined || config === null) return undefined
  const members = requireObject('resourceConfig', config)
  const permissions = requireObject('permissions', members['Permissions'] ?? {})
  const authenticated = requireTexts('authenticated', permissions['Authenticated'] ?? [])
  const unauthenticated = requireTexts('unAuthenticated', permissions['UnAuthenticated'] ?? [])
  const bucketName = members['BucketName'] ?? ''
  if (typeof bucketName !== 'string') throw unexpectedType('bucketName')
  const imported = members['Imported'] ?? false
  if (typeof imported !== 'boolean') throw unexpectedType('imported')
  return {
    imported,
    bucketName: bucketName === '' ? undefined : bucketName,
    permissions: {
      authenticated: pickKnown(authenticated),
      unauthenticated: pickKnown(unauthenticated),
    },
    unknownPermissions: {
      authenticated: pickUnknown(authenticated),
      unauthenticated: pickUnknown(unauthenticated),
    },
  }
}

function requireObject(name: string, value: unknown): JsonObject {
  if (!isObject(value)) throw unexpectedType(name)
  return value
}

function requireTexts(name: string, value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw unexpectedType(name)
  return value.map((item: unknown) => {
    if (typeof item !== 'string') throw unexpectedType(name)
    return item
  })
}

function unexpectedType(name: string): Error {
  return new Error(`${name} in the response has an unexpected type`)
}

function pickKnown(list: readonly string[]): readonly Permission[] {
  return PERMISSIONS.filter((permission) => list.includes(permission))
}

function pickUnknown(list: readonly string[]): readonly string[] {
  return list
    .filter((text) => !PERMISSIONS.some((permission) => permission === text))
    .map((text) => sanitizeLine(text, 40))
}
