/** How a run ends: exactly one result, green or red. */
import { ActionError, type FailureResult } from '../errors/action-error.ts'
import { jobCommand, storageCommand, type StorageRef } from '../storage/errors.ts'
import { hasRunningJob, type RunState } from './state.ts'
import { errorMessage } from '../lib/error-message.ts'

export type RunOutcome =
  | Readonly<{
      result: 'created' | 'updated' | 'unchanged' | 'started'
      /** The storage was seen, and seen to be as asked. */
      verified: boolean
      /** The physical bucket; undefined where it is not known. */
      bucketName: string | undefined
    }>
  | Readonly<{ result: 'planned' }>
  | Readonly<{ result: 'skipped'; reason: string }>
  | FailedOutcome

export type FailedOutcome = Readonly<{ result: FailureResult; error: ActionError }>

export type RunResult = RunOutcome['result']

/** Every result, the green ones first. */
export const RESULTS = [
  'created',
  'updated',
  'unchanged',
  'planned',
  'started',
  'skipped',
  'failed',
  'unknown',
  'timed-out',
  'cancelled',
] as const satisfies readonly RunResult[]

export function isFailure(outcome: RunOutcome): outcome is FailedOutcome {
  return 'error' in outcome
}

/**
 * The red end that a thrown value comes to.
 *
 * @param ref undefined before the inputs were read
 * @param redact cuts secrets out of a text, since a server may repeat what it was sent
 */
export function toFailedOutcome(
  cause: unknown,
  state: RunState,
  ref: StorageRef | undefined,
  redact: (text: string) => string,
): FailedOutcome {
  const { result, error } = determineOutcome(cause, state, ref)
  const clean = new ActionError(error.code, redact(error.message), {
    result,
    advice: redact(error.advice),
    requestId: error.requestId,
    cause: error.cause,
  })
  return { result, error: clean }
}

/** The result, and the error that explains it; `redEnding` writes the one into the other. */
function determineOutcome(
  cause: unknown,
  state: RunState,
  ref: StorageRef | undefined,
): FailedOutcome {
  const error =
    cause instanceof ActionError
      ? cause
      : new ActionError(
          'INTERNAL_ERROR',
          `Something unforeseen happened: ${errorMessage(cause)}.`,
          {
            cause: cause,
          },
        )
  if (error.result === 'cancelled') return toCancelledOutcome(error, state, ref)
  if (error.result !== 'failed') return { result: error.result, error }
  if (ref === undefined || !(hasRunningJob(state) || state.mutationPending)) {
    return { result: 'failed', error }
  }
  // Whatever went wrong here, the change that was sent may yet come about.
  return { result: 'unknown', error: appendAdvice(error, pendingAdvice(state, ref)) }
}

function toCancelledOutcome(
  error: ActionError,
  state: RunState,
  ref: StorageRef | undefined,
): FailedOutcome {
  const pending = ref !== undefined && (hasRunningJob(state) || state.mutationPending)
  const advice = pending
    ? pendingAdvice(state, ref)
    : 'Nothing that this run started is still going on. A re-run is harmless.'
  return {
    result: 'cancelled',
    error: new ActionError('CANCELLED', error.message, { advice }),
  }
}

function pendingAdvice(state: RunState, ref: StorageRef): string {
  return hasRunningJob(state)
    ? `Job ${state.jobId} goes on remotely, and a re-run waits for it. Look at it: ${jobCommand(ref, state.jobId)}`
    : `A request was sent whose outcome is not known; a re-run looks first and is harmless. Look at the storage: ${storageCommand(ref)}`
}

function appendAdvice(error: ActionError, more: string): ActionError {
  // A command at the end of the advice has to stay whole.
  const separator = error.advice.endsWith('.') ? ' ' : '\n'
  return new ActionError(error.code, error.message, {
    advice: `${error.advice}${separator}${more}`,
    requestId: error.requestId,
    cause: error,
  })
}
