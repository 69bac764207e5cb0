import { ActionError, type FailureResult } from './action-error.ts'

/** The same error with another result of the run, and optionally another message. */
export function withResult(
  error: ActionError,
  result: FailureResult,
  message = error.message,
): ActionError {
  const { code, advice, requestId } = error
  return new ActionError(code, message, { result, advice, requestId, cause: error })
}
