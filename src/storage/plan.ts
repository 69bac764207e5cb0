/** Plans: reads what an apply would change, without any call that changes the backend. */
import { withResult } from '../errors/action-error.ts'
import type { Observer, StorageContext } from './context.ts'
import type { Change } from './diff.ts'
import { toActionError } from './errors.ts'
import type { DesiredStorage, Storage } from './model.ts'
import { planChange, type IfExists } from './plan-change.ts'
import { checkPreconditions } from './preconditions.ts'
import { createBackendReader, readStorage } from './read-storage.ts'

export type PlanOptions = Readonly<{ desired: DesiredStorage; ifExists: IfExists }>

/**
 * Plans the storage.
 *
 * @returns the changes, none if the storage matches the configuration
 * @throws ActionError when an apply would be rejected, or when the storage cannot be read
 */
export async function plan(
  context: StorageContext,
  { desired, ifExists }: PlanOptions,
): Promise<readonly Change[]> {
  const { observer, ref } = context
  const readBackend = createBackendReader(context)
  const { current, denied, naming } = await readStorage(context, desired, readBackend)
  if (denied !== undefined) {
    const error = toActionError(denied, ref)
    throw withResult(error, 'failed', `Nothing was planned. ${error.message}`)
  }
  const change = planChange(desired, current, ifExists, naming)
  switch (change.kind) {
    case 'unchanged':
      return []
    case 'reject':
      observer.onChanges(change.changes)
      throw change.error
    case 'create':
      observer.onChanges(change.changes)
      for (const { error, mayBeFixedByMerge } of await checkPreconditions(context, readBackend)) {
        if (!mayBeFixedByMerge) throw error
        observer.onWarning('An apply would fail now', `${error.message} ${error.advice}`, {
          code: error.code,
        })
      }
      warnOfGuestAccess(observer, desired, undefined)
      return change.changes
    case 'update':
      warnOfGuestAccess(observer, desired, current)
      return change.changes
  }
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
