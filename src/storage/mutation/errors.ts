/** Errors for creates and updates whose effect is unknown, or that could not be sent. */
import { ActionError, withResult } from '../../errors/action-error.ts'
import { formatDuration } from '../../lib/clock.ts'
import { formatFailure, type ApiFailure } from '../../network/failure.ts'
import type { StorageRef } from '../api.ts'
import { storageCommand } from '../cli-commands.ts'
import { timeoutAdvice, toActionError } from '../errors.ts'
import { EFFECT_WINDOW_MS, type Mutation, type MutationState } from './state.ts'

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

/** The error for a last attempt that had no effect, as far as reads can show. */
export function noEffectFound(failure: ApiFailure, ref: StorageRef): ActionError {
  const { code, message, result, requestId } = toActionError(failure, ref)
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

/** The error for a call whose outcome could not be determined. */
export function unknownOutcome(failure: ApiFailure, reason: string, ref: StorageRef): ActionError {
  return new ActionError(
    'UNKNOWN_OUTCOME',
    `${failure.operation} was sent and its response was lost (${formatFailure(failure)}). Its outcome could not be determined: ${reason}.`,
    {
      result: 'unknown',
      requestId: failure.requestId,
      advice: `Check the storage before you do anything else. It is safe to run the workflow again, because a run reads the storage first. To determine the outcome by itself, a run needs amplifybackend:GetBackendStorage and amplifybackend:ListBackendJobs. To check: ${storageCommand(ref)}`,
    },
  )
}

/** The error for a call that is rejected, probably because the unchecked call before it took effect. */
export function probablyExecuted(
  rejection: string,
  requestId: string | undefined,
  { operation }: Mutation,
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
