/** Plans: reads what an apply would change, without any call that changes the backend. */
import { withResult, type ActionError } from '../errors/action-error.ts'
import type { Observer, StorageContext } from './context.ts'
import type { Change } from './diff.ts'
import { toActionError } from './errors.ts'
import type { DesiredStorage, Storage } from './model.ts'
import { planChange, type IfExists } from './plan-change.ts'
import { checkPreconditions } from './backend/preconditions.ts'
import {
  createBackendReader,
  readStorage,
  resolveBucketName,
  type BackendReader,
} from './read-storage.ts'

export type PlanOptions = Readonly<{ desired: DesiredStorage; ifExists: IfExists }>

export type PlanResult = Readonly<{
  /** Empty if nothing differs. */
  changes: readonly Change[]
  /** What an apply would fail with now; the merge of the pull request may fix it. */
  failed: readonly ActionError[]
  /** The physical bucket of a storage that exists; undefined if its name is not known. */
  bucketName: string | undefined
}>

/**
 * Plans the storage.
 *
 * @throws ActionError when an apply would be rejected, or when the storage cannot be read
 */
export async function plan(
  context: StorageContext,
  { desired, ifExists }: PlanOptions,
): Promise<PlanResult> {
  const { observer, ref } = context
  const readBackend = createBackendReader(context)
  const read = await readStorage(context, desired, readBackend)
  const { current, denied, naming } = read
  if (denied !== undefined) {
    const error = await toActionError(denied, ref)
    throw withResult(error, 'failed', `Nothing was planned. ${error.message}`)
  }
  const change = planChange(desired, current, ifExists, naming)
  observer.onChanges(change.changes)
  switch (change.kind) {
    case 'reject':
      await resolveBucketName(context, desired, read, readBackend)
      throw change.error
    case 'create': {
      const failed = await warnOfFailedPreconditions(context, readBackend)
      warnOfGuestAccess(observer, desired, undefined)
      return { changes: change.changes, failed, bucketName: undefined }
    }
    case 'unchanged':
      break
    case 'update':
      warnOfGuestAccess(observer, desired, current)
  }
  const bucketName = await resolveBucketName(context, desired, read, readBackend)
  return { changes: change.changes ?? [], failed: [], bucketName }
}

/** @throws ActionError when a precondition fails that the merge of the pull request cannot fix */
async function warnOfFailedPreconditions(
  context: StorageContext,
  readBackend: BackendReader,
): Promise<readonly ActionError[]> {
  const failed = await checkPreconditions(context, readBackend)
  for (const { error, mayBeFixedByMerge } of failed) {
    if (!mayBeFixedByMerge) throw error
    context.observer.onWarning('An apply would fail now', `${error.message} ${error.advice}`, {
      code: error.code,
    })
  }
  return failed.map(({ error }) => error)
}

/** Warns if a change gives guests their first permissions. */
export function warnOfGuestAccess(
  observer: Observer,
  desired: DesiredStorage,
  current: Storage | undefined,
): void {
  const granted = desired.unauthenticated ?? []
  const before = current?.permissions.unauthenticated ?? []
  if (granted.length === 0 || before.length > 0) return
  observer.onWarning(
    'Guests get access',
    'unauthenticated-permissions gives everyone access without signing in. It also enables unauthenticated identities in the Cognito identity pool of the app.',
    { kind: 'guest-access' },
  )
}
