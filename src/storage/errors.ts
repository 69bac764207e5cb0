/** Errors for calls to the Amplify Backend API that have finally failed. */
import { ActionError, type ErrorDetails } from '../errors/action-error.ts'
import { quote } from '../lib/text.ts'
import { formatFailure, type ApiFailure } from '../network/failure.ts'
import type { StorageRef } from './api.ts'
import { storageCommand } from './cli-commands.ts'

/** The error for a call that has finally failed: what happened and what to do. */
export async function toActionError(
  failure: ApiFailure,
  ref: StorageRef,
  details?: ErrorDetails,
): Promise<ActionError> {
  const { explainFailure } = await import('./explain-failure.ts')
  return explainFailure(failure, ref, details)
}

/** The error for a call that was still being retried when the run timed out. */
export function deadlineExceeded(failure: ApiFailure, ref: StorageRef): ActionError {
  return new ActionError(
    'TIMED_OUT',
    `No time is left for another attempt of ${failure.operation}, which failed: ${formatFailure(failure)}.`,
    {
      result: 'timed-out',
      requestId: failure.requestId,
      advice: timeoutAdvice(ref),
    },
  )
}

/** What to do if a run times out before it knows anything about the storage. */
export function timeoutAdvice(ref: StorageRef): string {
  return `Run the workflow again, or raise timeout-in-minutes. To check the storage: ${storageCommand(ref)}`
}

/** The error for an environment with an S3 storage of another name. */
export function otherStorage(environment: string, other: string): ActionError {
  return new ActionError(
    'OTHER_STORAGE',
    `The environment ${quote(environment)} already has an S3 storage, ${quote(other)}, and can have only one.`,
    {
      advice: `To manage that storage, set resource-name to ${quote(other)}. To replace it, remove it first (its bucket is kept).`,
    },
  )
}
