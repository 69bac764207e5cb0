/** Reads the current storage, and the backend's metadata if that is needed to determine the bucket. */
import { ActionError } from '../errors/action-error.ts'
import { quote } from '../lib/text.ts'
import { classifyFailure } from '../network/classify.ts'
import type { ApiFailure } from '../network/failure.ts'
import type { ApiResult } from '../network/retry.ts'
import { findOtherStorage, type AmplifyMeta, type Backend } from './backend/amplify-meta.ts'
import { physicalBucket, type BucketNaming } from './bucket.ts'
import { readWithRetry, type Observer, type StorageContext } from './context.ts'
import { deadlineExceeded, otherStorage, toActionError } from './errors.ts'
import type { DesiredStorage, Storage } from './model.ts'

export type StorageReadResult = Readonly<{
  /** Undefined if there is no storage, or where it cannot be read. */
  current: Storage | undefined
  /** The failure if the role has no permission to read the storage. */
  denied: ApiFailure | undefined
  naming: BucketNaming
}>

/** Reads the backend at most once: several steps need it, and most runs do not. */
export type BackendReader = () => Promise<ApiResult<Backend>>

export function createBackendReader(context: StorageContext): BackendReader {
  let result: Promise<ApiResult<Backend>> | undefined
  return () =>
    (result ??= readWithRetry(context, (options) =>
      context.amplify.getBackend('environment', options),
    ))
}

/**
 * Reads the current storage.
 *
 * @throws ActionError when it cannot be read for another reason than a missing permission
 */
export async function readStorage(
  context: StorageContext,
  desired: DesiredStorage,
  readBackend: BackendReader,
): Promise<StorageReadResult> {
  const { amplify, ref, observer } = context
  const naming = { backendEnvironmentName: ref.backendEnvironmentName, suffix: undefined }
  const result = await readWithRetry(context, (options) =>
    amplify.getStorage(ref.resourceName, options),
  )
  if (!result.ok) {
    const kind = classifyFailure(result.failure)
    if (kind === 'access-denied') return { current: undefined, denied: result.failure, naming }
    if (kind !== 'not-found') throw await toReadError(result, context)
    observer.onStorage(undefined)
    return { current: undefined, denied: undefined, naming }
  }
  if (result.value.kind === 'other') {
    throw await toMismatchError(context, result.value.mismatch, result.requestId, readBackend)
  }
  const returned = result.value.kind === 'storage' ? result.value.storage : undefined
  const { bucketName } = desired
  // The metadata is read only if the bucket is compared and its name is not simply the base name.
  if (returned === undefined || bucketName === undefined || returned.bucketName === bucketName) {
    observer.onStorage(returned)
    return { current: returned, denied: undefined, naming }
  }
  const meta = await readAmplifyMeta(readBackend)
  const current = {
    ...returned,
    bucketName: returned.bucketName ?? findBucketInMeta(meta, ref.resourceName),
  }
  observer.onStorage(current)
  return { current, denied: undefined, naming: { ...naming, suffix: meta?.suffix } }
}

/** A response about another storage: only the backend's metadata can show whether there is one. */
async function toMismatchError(
  { ref, observer }: StorageContext,
  mismatch: string,
  requestId: string | undefined,
  readBackend: BackendReader,
): Promise<ActionError> {
  const other = findOtherStorage(await readAmplifyMeta(readBackend), ref.resourceName)
  if (other !== undefined) {
    observer.onOtherStorage(other)
    return otherStorage(ref.backendEnvironmentName, other)
  }
  return new ActionError(
    'UNREADABLE_RESPONSE',
    `GetBackendStorage returned another storage than the requested one: ${mismatch}.`,
    { requestId },
  )
}

async function toReadError(
  result: Extract<ApiResult<unknown>, { ok: false }>,
  { ref }: StorageContext,
): Promise<ActionError> {
  return result.deadlineExceeded === true
    ? deadlineExceeded(result.failure, ref)
    : await toActionError(result.failure, ref)
}

async function readAmplifyMeta(readBackend: BackendReader): Promise<AmplifyMeta | undefined> {
  const result = await readBackend()
  return result.ok ? result.value.meta : undefined
}

function findBucketInMeta(meta: AmplifyMeta | undefined, resourceName: string): string | undefined {
  return meta?.storages.find(({ name }) => name === resourceName)?.bucketName
}

/**
 * The physical name of the bucket of a storage that is accepted: what the service returned, or else what the
 * backend's metadata says.
 */
export async function resolveBucketName(
  context: StorageContext,
  desired: DesiredStorage,
  read: StorageReadResult,
  readBackend: BackendReader,
): Promise<string | undefined> {
  const name = await findPhysicalBucket(context, desired, read, readBackend)
  if (name !== undefined) context.observer.onBucketName(name)
  return name
}

async function findPhysicalBucket(
  { observer }: StorageContext,
  desired: DesiredStorage,
  { current, naming }: StorageReadResult,
  readBackend: BackendReader,
): Promise<string | undefined> {
  const returned = current?.bucketName
  if (current?.imported === true) {
    warnOfImport(observer)
    // The bucket of an imported storage has no base name.
    if (returned !== undefined) return returned
  }
  const base = desired.bucketName
  const certain = base === undefined ? undefined : physicalBucket(returned, base, naming)
  if (certain !== undefined) return certain
  const meta = await readAmplifyMeta(readBackend)
  // Without a base name to compare with, a returned name that looks physical may be a base name.
  const resolved =
    findBucketInMeta(meta, desired.resourceName) ??
    physicalBucket(returned, base, { ...naming, suffix: meta?.suffix })
  if (resolved === undefined) {
    const reason =
      returned === undefined
        ? 'The service does not return the name of the bucket'
        : `Only the base name of the bucket is known (${quote(returned)})`
    observer.onWarning('Bucket name not known', `${reason}. The output bucket-name stays empty.`)
  }
  return resolved
}

function warnOfImport(observer: Observer): void {
  observer.onWarning(
    'Imported storage',
    'The storage was imported into the backend, so this action does not manage its permissions: authenticated-permissions and unauthenticated-permissions have no effect.',
  )
}
