/** How a run ends: one result, a success or a failure. */
import { ActionError, type FailureResult } from '../errors/action-error.ts'
import { errorMessage } from '../lib/error-message.ts'
import { jobCommand, storageCommand } from '../storage/cli-commands.ts'
import type { StorageRef } from '../storage/api.ts'
import { getRunningJob, type RunState } from './state.ts'

export type RunOutcome =
  | Readonly<{
      result: 'created' | 'updated' | 'unchanged' | 'started'
      /** The storage was read and matches the configuration. */
      verified: boolean
      /** The physical bucket; undefined if its name is not known. */
      bucketName: string | undefined
    }>
  /** The physical bucket of a storage that exists, if its name is known. */
  | Readonly<{ result: 'planned'; bucketName?: string | undefined }>
  | Readonly<{ result: 'skipped'; reason: string }>
  | FailedOutcome

export type FailedOutcome = Readonly<{ result: FailureResult; error: ActionError }>

export type RunResult = RunOutcome['result']

/** Every result, the successful ones first. */
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
 * The outcome of a run that threw.
 *
 * @param cause what was thrown
 * @param ref undefined before the inputs were read
 * @param redact removes secrets from a text: a server may repeat what it was sent
 */
export function toFailedOutcome(
  cause: unknown,
  state: RunState,
  ref: StorageRef | undefined,
  redact: (text: string) => string,
): FailedOutcome {
  const known = addRestriction(toActionError(cause, redact), state)
  const { result, error } = classifyError(known, state, ref)
  const { requestId } = error
  const redacted = new ActionError(error.code, redact(error.message), {
    result,
    advice: redact(error.advice),
    requestId: requestId === undefined ? undefined : redact(requestId),
    cause: error.cause,
  })
  return { result, error: redacted }
}

/** The outcome of a run that did not throw, without secrets. */
export function redactOutcome(outcome: RunOutcome, redact: (text: string) => string): RunOutcome {
  if ('bucketName' in outcome && outcome.bucketName !== undefined) {
    return { ...outcome, bucketName: redact(outcome.bucketName) }
  }
  return outcome.result === 'skipped' ? { ...outcome, reason: redact(outcome.reason) } : outcome
}

/** An error of the action as it is; anything else as INTERNAL_ERROR. */
function toActionError(cause: unknown, redact: (text: string) => string): ActionError {
  if (cause instanceof ActionError) return cause
  const message = `An unexpected error occurred: ${errorMessage(cause, redact)}.`
  return new ActionError('INTERNAL_ERROR', message, { cause })
}

/** Where GitHub passes no credentials to the run, this is the cause, and no setting of the job helps. */
function addRestriction(error: ActionError, { credentialsRestriction }: RunState): ActionError {
  return credentialsRestriction !== undefined &&
    ['NO_CREDENTIALS', 'MISSING_ID_TOKEN_PERMISSION'].includes(error.code)
    ? withAdvice(error, credentialsRestriction)
    : error
}

/** The result, and the error that explains it. The result is not always that of the error itself. */
function classifyError(
  error: ActionError,
  state: RunState,
  ref: StorageRef | undefined,
): FailedOutcome {
  const pending = ref === undefined ? undefined : pendingAdvice(state, ref)
  if (error.result === 'cancelled') {
    const advice =
      pending ??
      'Nothing that this run started is still running. It is safe to run the workflow again.'
    return {
      result: 'cancelled',
      error: new ActionError('CANCELLED', error.message, { advice }),
    }
  }
  // Whatever the error is, a change that was sent may still take effect.
  return error.result === 'failed' && pending !== undefined
    ? { result: 'unknown', error: appendAdvice(error, pending) }
    : { result: error.result, error }
}

/** How to check a change that may still take effect; undefined if there is none. */
function pendingAdvice(state: RunState, ref: StorageRef): string | undefined {
  const jobId = getRunningJob(state)
  if (jobId !== undefined) {
    return `Job ${jobId} is still running, and the next run waits for it. To check it: ${jobCommand(ref, jobId)}`
  }
  return state.mutationPending
    ? `A request was sent and its outcome is not known. It is safe to run the workflow again, because the next run reads the storage first. To check the storage: ${storageCommand(ref)}`
    : undefined
}

function appendAdvice(error: ActionError, more: string): ActionError {
  // A command at the end of the advice must stay whole.
  const separator = error.advice.endsWith('.') ? ' ' : '\n'
  return withAdvice(error, `${error.advice}${separator}${more}`)
}

function withAdvice(error: ActionError, advice: string): ActionError {
  const { code, message, requestId } = error
  return new ActionError(code, message, { advice, requestId, cause: error })
}
