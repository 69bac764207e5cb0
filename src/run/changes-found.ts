/** The error of a plan that finds a difference while `fail-on-changes` is set. */
import { ActionError } from '../errors/action-error.ts'
import type { ErrorCode } from '../errors/catalog.ts'
import { quote } from '../lib/text.ts'
import { formatChanges, type Change } from '../storage/diff.ts'

/** The errors of a plan that only say that the storage differs. */
const DIFFERENCES: readonly ErrorCode[] = ['STORAGE_DIFFERS', 'BUCKET_FIXED']

const REASON = 'The step fails because fail-on-changes is true.'

/** Reports a rejection because of differences as CHANGES_FOUND; every other error stays as it is. */
export function toChangesFound(error: unknown): unknown {
  if (!(error instanceof ActionError) || !DIFFERENCES.includes(error.code)) return error
  const { message, code, advice, requestId } = error
  return new ActionError(
    'CHANGES_FOUND',
    `${message} An apply would fail with ${code}. ${REASON}`,
    {
      advice,
      requestId,
      cause: error,
    },
  )
}

/** @param exists whether the storage exists, so that an apply would change it */
export function changesFound(
  resourceName: string,
  changes: readonly Change[],
  exists: boolean,
): ActionError {
  const name = quote(resourceName)
  return new ActionError(
    'CHANGES_FOUND',
    exists
      ? `The storage ${name} differs from the configuration: ${formatChanges(changes)}. An apply would change it. ${REASON}`
      : `The storage ${name} does not exist. An apply would create it. ${REASON}`,
  )
}
