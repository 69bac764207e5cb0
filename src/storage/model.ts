/** The storage as the workflow asks for it, and as the service returns it. */
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
 */
export function parseStorage(
  config:
    | {
        readonly Imported?: unknown
        readonly BucketName?: unknown
        readonly Permissions?:
          { readonly Authenticated?: unknown; readonly UnAuthenticated?: unknown } | undefined
      }
    | undefined,
): Storage | undefined {
  if (config === undefined) return undefined
  const authenticated = pickStrings(config.Permissions?.Authenticated)
  const unauthenticated = pickStrings(config.Permissions?.UnAuthenticated)
  const bucketName = config.BucketName
  return {
    imported: config.Imported === true,
    bucketName: typeof bucketName === 'string' && bucketName !== '' ? bucketName : undefined,
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

function pickStrings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

function pickKnown(list: readonly string[]): readonly Permission[] {
  return PERMISSIONS.filter((permission) => list.includes(permission))
}

function pickUnknown(list: readonly string[]): readonly string[] {
  return list
    .filter((text) => !PERMISSIONS.some((permission) => permission === text))
    .map((text) => sanitizeLine(text, 40))
}
