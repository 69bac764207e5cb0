/** Decides whether to create, update, accept or reject the current storage. */
import { ActionError } from '../errors/action-error.ts'
import type { ErrorCode } from '../errors/catalog.ts'
import { quote } from '../lib/text.ts'
import { findBucketNameViolation, type BucketNaming } from './bucket.ts'
import {
  diffStorage,
  formatChanges,
  getCreateChanges,
  isFullyCompared,
  type Change,
} from './diff.ts'
import type { DesiredStorage, Permissions, Storage } from './model.ts'

/** The values of the input `if-exists`. */
export type IfExists = 'match' | 'update' | 'fail'

export type PlannedChange =
  | Readonly<{ kind: 'create'; changes: readonly Change[] }>
  /** `changes` are undefined if a bucket is asked for and the current one is not known. */
  | Readonly<{ kind: 'unchanged'; changes: readonly [] | undefined }>
  | Readonly<{ kind: 'update'; changes: readonly Change[]; permissions: Permissions }>
  /** `changes` are undefined if the storage was not compared. */
  | Readonly<{ kind: 'reject'; changes: readonly Change[] | undefined; error: ActionError }>

/** A change that is sent to the service. */
export type MutatingChange = Extract<PlannedChange, { kind: 'create' | 'update' }>

/** Decides from the desired and the current storage; `current` is undefined if there is none. */
export function planChange(
  desired: DesiredStorage,
  current: Storage | undefined,
  ifExists: IfExists,
  naming: BucketNaming,
): PlannedChange {
  if (current === undefined) return { kind: 'create', changes: getCreateChanges(desired) }
  if (current.imported && ifExists === 'update') {
    return { kind: 'reject', changes: undefined, error: storageImported(desired) }
  }
  const changes = diffStorage(desired, current, naming)
  const error = findRejection(desired, current, ifExists, changes, naming)
  if (error !== undefined) return { kind: 'reject', changes, error }
  if (changes.length === 0) {
    return { kind: 'unchanged', changes: isFullyCompared(desired, current) ? [] : undefined }
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

function storageImported({ resourceName }: DesiredStorage): ActionError {
  return new ActionError(
    'STORAGE_IMPORTED',
    `The storage ${quote(resourceName)} was imported into the backend, and imported storage cannot be updated.`,
  )
}

/** The error for a storage that the run must neither accept nor update. */
function findRejection(
  desired: DesiredStorage,
  current: Storage,
  ifExists: IfExists,
  changes: readonly Change[],
  naming: BucketNaming,
): ActionError | undefined {
  const name = quote(desired.resourceName)
  const error = (code: ErrorCode, message: string, advice?: string): ActionError =>
    new ActionError(code, message, { advice })
  if (ifExists === 'fail') {
    return error('STORAGE_EXISTS', `The storage ${name} already exists, and if-exists is fail.`)
  }
  if (changes.length === 0) return undefined
  if (changes.some(({ field }) => field === 'bucket-name')) {
    return error(
      'BUCKET_FIXED',
      `The storage ${name} exists with a different bucket, and a bucket cannot be changed: ${formatChanges(changes)}.`,
      bucketAdvice(current.bucketName, changes, ifExists, naming),
    )
  }
  if (ifExists === 'match') {
    return error(
      'STORAGE_DIFFERS',
      `The storage ${name} exists with a different configuration: ${formatChanges(changes)}.`,
    )
  }
  const { authenticated, unauthenticated } = current.unknownPermissions
  const unknown = [...authenticated, ...unauthenticated]
  if (unknown.length === 0) return undefined
  return error(
    'STORAGE_DIFFERS',
    `The storage ${name} has permissions that this version of the action does not know (${unknown.join(', ')}). An update would remove them.`,
  )
}

/** What to set so that the next run does not fail for another reason. */
function bucketAdvice(
  bucket: string | undefined,
  changes: readonly Change[],
  ifExists: 'match' | 'update',
  { backendEnvironmentName }: BucketNaming,
): string {
  const isValidInput =
    bucket !== undefined && findBucketNameViolation(bucket, backendEnvironmentName) === undefined
  const bucketPart = isValidInput
    ? `Set bucket-name to ${bucket}, the name that the service reports, or leave it empty.`
    : 'Leave bucket-name empty, which accepts the bucket that exists.'
  const fields = changes.map(({ field }) => field).filter((field) => field !== 'bucket-name')
  if (ifExists === 'update' || fields.length === 0) return bucketPart
  return `${bucketPart} Also correct ${fields.join(' and ')} or set if-exists: update; otherwise the next run fails for that reason.`
}
