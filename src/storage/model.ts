/** The storage as asked for and as found: what differs, and what that calls for. */
import { ActionError } from '../errors/action-error.ts'
import type { ErrorCode } from '../errors/catalog.ts'
import { bucketName as judgeBucketName } from '../inputs/bucket-name.ts'
import { sanitizeLine, quote } from '../lib/text.ts'

/** What users may do with the files of a storage, in the words and the order of the API. */
export const PERMISSIONS = ['READ', 'CREATE_AND_UPDATE', 'DELETE'] as const
export type Permission = (typeof PERMISSIONS)[number]

/** The storage as the workflow asks for it. */
export type DesiredStorage = Readonly<{
  resourceName: string
  serviceName: 'S3'
  /** Base name of the bucket; undefined lets the service choose, and is not compared. */
  bucketName: string | undefined
  authenticated: readonly Permission[]
  /** Undefined: not managed, that is not sent on a create, not compared, sent back as read on an update. */
  unauthenticated: readonly Permission[] | undefined
}>

export type Permissions = Readonly<{
  authenticated: readonly Permission[]
  unauthenticated: readonly Permission[]
}>

/** The storage as the service describes it. */
export type Storage = Readonly<{
  /** Base name or physical name: the API does not say which it gives. */
  bucketName: string | undefined
  permissions: Permissions
  /** Permissions that this action does not know, so that no update can drop them silently. */
  unknownPermissions: Readonly<{
    authenticated: readonly string[]
    unauthenticated: readonly string[]
  }>
}>

/** Takes a storage out of an answer, whatever the types in it; undefined when the answer has none. */
export function parseStorage(
  config:
    | {
        readonly BucketName?: unknown
        readonly Permissions?:
          { readonly Authenticated?: unknown; readonly UnAuthenticated?: unknown } | undefined
      }
    | undefined,
): Storage | undefined {
  if (config === undefined) return undefined
  const authenticated = stringsIn(config.Permissions?.Authenticated)
  const unauthenticated = stringsIn(config.Permissions?.UnAuthenticated)
  const bucketName = config.BucketName
  return {
    bucketName: typeof bucketName === 'string' && bucketName !== '' ? bucketName : undefined,
    permissions: {
      authenticated: knownPermissions(authenticated),
      unauthenticated: knownPermissions(unauthenticated),
    },
    unknownPermissions: {
      authenticated: pickUnknown(authenticated),
      unauthenticated: pickUnknown(unauthenticated),
    },
  }
}

function stringsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

function knownPermissions(list: readonly string[]): readonly Permission[] {
  return PERMISSIONS.filter((permission) => list.includes(permission))
}

function pickUnknown(list: readonly string[]): readonly string[] {
  return list
    .filter((text) => !PERMISSIONS.some((permission) => permission === text))
    .map((text) => sanitizeLine(text, 40))
}

/** One difference, as the output `changes` shows it; the fields have the names of the inputs. */
export type Change = Readonly<{
  field:
    'resource-name' | 'bucket-name' | 'authenticated-permissions' | 'unauthenticated-permissions'
  from: string | readonly string[] | null
  to: string | readonly string[]
}>

/** What a create brings about, field by field; fields that are not managed are left out. */
export function getCreateChanges(desired: DesiredStorage): readonly Change[] {
  return [
    { field: 'resource-name', from: null, to: desired.resourceName },
    ...(desired.bucketName === undefined
      ? []
      : [{ field: 'bucket-name', from: null, to: desired.bucketName } as const]),
    { field: 'authenticated-permissions', from: null, to: desired.authenticated },
    ...(desired.unauthenticated === undefined
      ? []
      : [
          {
            field: 'unauthenticated-permissions',
            from: null,
            to: desired.unauthenticated,
          } as const,
        ]),
  ]
}

/** Which names a base name can have become. */
export type BucketContext = Readonly<{
  backendEnvironmentName: string
  /** The stack's suffix out of the backend's metadata, where that was read. */
  suffix: string | undefined
}>

/** What differs between what is asked and what is there; permissions compare as sets. */
export function diffStorage(
  desired: DesiredStorage,
  current: Storage,
  context: BucketContext,
): readonly Change[] {
  const changes: Change[] = []
  const { bucketName, authenticated, unauthenticated } = desired
  if (
    bucketName !== undefined &&
    current.bucketName !== undefined &&
    !isBucketOf(bucketName, current.bucketName, context)
  ) {
    changes.push({ field: 'bucket-name', from: current.bucketName, to: bucketName })
  }
  const users = [...current.permissions.authenticated, ...current.unknownPermissions.authenticated]
  if (!sameSet(authenticated, users)) {
    changes.push({ field: 'authenticated-permissions', from: users, to: authenticated })
  }
  const guests = [
    ...current.permissions.unauthenticated,
    ...current.unknownPermissions.unauthenticated,
  ]
  if (unauthenticated !== undefined && !sameSet(unauthenticated, guests)) {
    changes.push({ field: 'unauthenticated-permissions', from: guests, to: unauthenticated })
  }
  return changes
}

function sameSet(one: readonly string[], other: readonly string[]): boolean {
  return new Set(one).symmetricDifference(new Set(other)).size === 0
}

/**
 * Whether a bucket is the one that a base name became: the Amplify CLI makes it of base name, suffix of
 * the stack and environment (`buildBucketName` in amplify-cli); legacy stacks have no suffix.
 */
export function isBucketOf(base: string, bucket: string, context: BucketContext): boolean {
  const ending = `-${context.backendEnvironmentName}`
  if (bucket === base || bucket === `${base}${ending}`) return true
  if (!bucket.startsWith(base) || !bucket.endsWith(ending)) return false
  const middle = bucket.slice(base.length, -ending.length)
  return context.suffix === undefined ? isStackSuffix(middle) : middle === context.suffix
}

function isStackSuffix(text: string): boolean {
  return /^[a-z0-9]{5,6}$/.test(text)
}

/**
 * The physical bucket, if the described one certainly is it and not just a base name.
 *
 * @param base the base name that was asked for, if one was
 */
export function physicalBucket(
  described: string | undefined,
  base: string | undefined,
  context: BucketContext,
): string | undefined {
  if (described === undefined || described === base) return undefined
  const ending = `-${context.backendEnvironmentName}`
  if (!described.endsWith(ending)) return undefined
  // With a base name, anything that it became is physical; without, a suffix must be there to tell.
  if (base !== undefined) return isBucketOf(base, described, context) ? described : undefined
  const body = described.slice(0, -ending.length)
  const suffixed =
    context.suffix === undefined ? /[a-z0-9]{5,6}$/.test(body) : body.endsWith(context.suffix)
  return suffixed ? described : undefined
}

/** What the storage found calls for. */
export type PlannedChange =
  | Readonly<{ kind: 'create'; changes: readonly Change[] }>
  | Readonly<{ kind: 'unchanged' }>
  | Readonly<{ kind: 'update'; changes: readonly Change[]; permissions: Permissions }>
  | Readonly<{ kind: 'refuse'; changes: readonly Change[]; error: ActionError }>

/**
 * Decides from what is asked and what is there.
 *
 * @param ifExists the input of that name
 */
export function planChange(
  desired: DesiredStorage,
  current: Storage | undefined,
  ifExists: 'match' | 'update' | 'fail',
  context: BucketContext,
): PlannedChange {
  if (current === undefined) return { kind: 'create', changes: getCreateChanges(desired) }
  const changes = diffStorage(desired, current, context)
  const name = quote(desired.resourceName)
  const refuse = (code: ErrorCode, message: string, advice?: string): PlannedChange => ({
    kind: 'refuse',
    changes,
    error: new ActionError(code, message, { advice }),
  })
  if (ifExists === 'fail') {
    return refuse('STORAGE_EXISTS', `The storage ${name} exists already, and if-exists is fail.`)
  }
  if (changes.length === 0) return { kind: 'unchanged' }
  if (changes.some(({ field }) => field === 'bucket-name')) {
    return refuse(
      'BUCKET_FIXED',
      `The storage ${name} has another bucket, and a bucket cannot be changed: ${formatChanges(changes)}.`,
      bucketAdvice(current.bucketName, changes, ifExists, context),
    )
  }
  if (ifExists === 'match') {
    return refuse(
      'STORAGE_DIFFERS',
      `The storage ${name} exists with other settings: ${formatChanges(changes)}.`,
    )
  }
  const unknown = [
    ...current.unknownPermissions.authenticated,
    ...current.unknownPermissions.unauthenticated,
  ]
  if (unknown.length > 0) {
    return refuse(
      'STORAGE_DIFFERS',
      `The storage ${name} has permissions that this version does not know (${unknown.join(', ')}); an update would drop them.`,
    )
  }
  return {
    kind: 'update',
    changes,
    permissions: {
      authenticated: desired.authenticated,
      unauthenticated: desired.unauthenticated ?? current.permissions.unauthenticated,
    },
  }
}

/** What to set, so that the next run is not refused for something else. */
function bucketAdvice(
  bucket: string | undefined,
  changes: readonly Change[],
  ifExists: 'match' | 'update',
  { backendEnvironmentName }: BucketContext,
): string {
  const mayBeGiven =
    bucket !== undefined && 'value' in judgeBucketName(bucket, backendEnvironmentName)
  const bucketPart = mayBeGiven
    ? `Set bucket-name to ${bucket}, or leave it empty.`
    : 'Leave bucket-name empty.'
  const permissions = changes.filter(({ field }) => field !== 'bucket-name')
  if (ifExists === 'update' || permissions.length === 0) return bucketPart
  const fields = permissions.map(({ field }) => field).join(' and ')
  return `${bucketPart} Correct ${fields} as well, or set if-exists: update, since a run would be refused for that next.`
}

/** Differences in one line: `authenticated-permissions is READ, asked is READ, DELETE`. */
export function formatChanges(changes: readonly Change[]): string {
  return changes
    .map(({ field, from, to }) => `${field} is ${formatValue(from)}, asked is ${formatValue(to)}`)
    .join('; ')
}

/** A value of a change for people; the empty list is `none`, as in the inputs. */
export function formatValue(value: Change['from']): string {
  if (value === null) return 'absent'
  if (typeof value === 'string') return sanitizeLine(value, 100)
  return value.length === 0 ? 'none' : sanitizeLine(value.join(', '), 200)
}
