/** Errors for creates and updates whose effect is unknown, or that could not be sent. */
import { ActionError, withResult } from '../../errors/action-error.ts'
import { formatDuration } from '../../lib/clock.ts'
import { quote, sanitizeLine } from '../../lib/text.ts'
import { formatFailure, type ApiFailure } from '../../network/failure.ts'
import type { StorageRef } from '../api.ts'
import { backendArn, storageCommand } from '../cli-commands.ts'
import { timeoutAdvice, toActionError } from '../errors.ts'
import type { Job } from '../jobs/job.ts'
import {
  EFFECT_WINDOW_MS,
  isUnresolved,
  type LostResponse,
  type Mutation,
  type MutationState,
} from './state.ts'

/** How the service said that a storage exists. */
export type Rejection = Readonly<{ text: string; requestId: string | undefined }>

/** The error as it is, or with the result `unknown` after a call whose effect could not be checked. */
export function asUnknownIfUnchecked(error: ActionError, state: MutationState): ActionError {
  return state.resentUnchecked
    ? withResult(
        error,
        'unknown',
        `${error.message} An earlier attempt may have taken effect; the role has no permission to check.`,
      )
    : error
}

/** After a lost response, a read that fails leaves the outcome of the run unknown. */
export async function asUnknownIfUnresolved<T>(state: MutationState, task: Promise<T>): Promise<T> {
  try {
    return await task
  } catch (error) {
    if (!isUnresolved(state) || !(error instanceof ActionError) || error.result !== 'failed')
      throw error
    throw withResult(
      error,
      'unknown',
      `The response to a request that changes the storage was lost, and its outcome could not be determined: ${error.message}`,
    )
  }
}

/** The error for a last attempt that had no effect, as far as reads can show. */
export async function noEffectFound(failure: ApiFailure, ref: StorageRef): Promise<ActionError> {
  const { code, message, result, requestId } = await toActionError(failure, ref)
  return new ActionError(
    code,
    `${message} No effect was found within ${formatDuration(EFFECT_WINDOW_MS)}.`,
    {
      result,
      requestId,
      advice:
        'Run the workflow again later. It reads the storage first, so it notices if the call takes effect after all.',
    },
  )
}

/** The error for a call whose outcome the role has no permission to check. */
export function uncheckedOutcome(failure: ApiFailure, ref: StorageRef): ActionError {
  return unknownOutcome(failure, 'the role has no permission to check', ref, [
    `Allow amplifybackend:GetBackendStorage and amplifybackend:ListBackendJobs on ${backendArn(ref)} for the role, then run the workflow again. To check the storage with other credentials:`,
    `    ${storageCommand(ref)}`,
  ])
}

/** The error for a call whose outcome could not be determined. */
export function unknownOutcome(
  failure: ApiFailure,
  reason: string,
  ref: StorageRef,
  advice: readonly string[] = [
    'Check the storage with the command below, or run the workflow again: it reads the storage first.',
    `    ${storageCommand(ref)}`,
  ],
): ActionError {
  return new ActionError(
    'UNKNOWN_OUTCOME',
    `${failure.operation} was sent and its response was lost (${formatFailure(failure)}). Its outcome could not be determined: ${reason}.`,
    {
      result: 'unknown',
      requestId: failure.requestId,
      advice: advice.join('\n'),
    },
  )
}

/** Why a job of the same operation may or may not be the job of a call whose response was lost. */
export function describeUnclearJob({ jobId, status, error }: Job): string {
  const detail = error === undefined ? '' : `: ${sanitizeLine(error, 300)}`
  return `job ${jobId ?? 'without an ID'} (${status ?? 'no status'}${detail}) may be its job, because the service does not say when it was created`
}

/** The error for a job that may have been started by a call whose response was lost, or by another run. */
export function candidateNotConfirmed(
  { failure }: LostResponse,
  jobId: string,
  detail: string,
  ref: StorageRef,
): ActionError {
  return unknownOutcome(failure, `job ${jobId} may be its job, but ${detail}`, ref)
}

/** The error for a call that is rejected, probably because the unchecked call before it took effect. */
export function probablyExecuted(
  rejection: string,
  requestId: string | undefined,
  operation: Mutation['operation'],
  ref: StorageRef,
): ActionError {
  return new ActionError(
    'UNKNOWN_OUTCOME',
    `The response to the first ${operation} was lost, and the second was rejected (${rejection}), so the first was probably executed. The role has no permission to check.`,
    {
      result: 'unknown',
      requestId,
      advice: `Allow amplifybackend:GetBackendStorage and amplifybackend:ListBackendJobs for the role; the next run then determines the outcome by itself. To check whether the storage exists: ${storageCommand(ref)}`,
    },
  )
}

/** The error for a call that cannot be sent because too little time is left. */
export function noTimeToSend({ operation }: Mutation, ref: StorageRef): ActionError {
  return new ActionError('TIMED_OUT', `Timed out before ${operation} could be sent.`, {
    result: 'timed-out',
    advice: timeoutAdvice(ref),
  })
}

/** The error for a create that is rejected because of a storage, where none of the name exists. */
export function existsButNotFound(
  rejection: Rejection,
  { hadLostResponse }: MutationState,
  { resourceName }: StorageRef,
): ActionError {
  return new ActionError(
    'STORAGE_EXISTS',
    `The service reports that the environment already has a storage, but none named ${quote(resourceName)} exists: ${quote(rejection.text)}.`,
    {
      // The storage may result from the request whose response was lost.
      result: hadLostResponse ? 'unknown' : 'failed',
      requestId: rejection.requestId,
      advice:
        'An environment can have only one S3 storage. Find the one with another name in the Amplify console, and set resource-name to it or remove it.',
    },
  )
}

/** The error for a create that is rejected because of a storage that the role may not read. */
export function existsButUnreadable(rejection: Rejection, ref: StorageRef): ActionError {
  return new ActionError(
    'STORAGE_EXISTS',
    `The service reports that the environment already has a storage, and the role has no permission to read it: ${quote(rejection.text)}.`,
    {
      requestId: rejection.requestId,
      advice: `Allow amplifybackend:GetBackendStorage for the role, so that a run can compare the storage with the configuration. To check it: ${storageCommand(ref)}`,
    },
  )
}

/** The error for an update that is rejected because of what exists. */
export function updateRejected({ text, requestId }: Rejection): ActionError {
  return new ActionError('REQUEST_REFUSED', `UpdateBackendStorage was rejected: ${text}.`, {
    requestId,
  })
}
