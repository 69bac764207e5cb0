/** The one kind of error that this action reports. */
import { collapsePeriods } from '../lib/text.ts'
import type { ErrorCode } from './catalog.ts'
import { REMEDIES } from './remedies.ts'

/** The results of a run that fails the step; all other results let it succeed. */
export type FailureResult = 'failed' | 'unknown' | 'timed-out' | 'cancelled'

export type ErrorDetails = Readonly<{
  /** What to do next; by default the remedy of the code. */
  advice?: string | undefined
  /** The result of the run; by default `failed`. */
  result?: FailureResult
  /** The request ID of the failed call, for AWS Support. */
  requestId?: string | undefined
  /** True when the same step can succeed a little later. */
  temporary?: boolean
  cause?: unknown
}>

/** An error for people: a stable code, what happened and why in one sentence, and what to do next. */
export class ActionError extends Error {
  override readonly name = 'ActionError'
  readonly code: ErrorCode
  readonly advice: string
  readonly result: FailureResult
  readonly requestId: string | undefined
  readonly temporary: boolean

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(
      collapsePeriods(message),
      details.cause === undefined ? undefined : { cause: details.cause },
    )
    this.code = code
    this.advice = details.advice ?? REMEDIES[code]
    this.result = details.result ?? 'failed'
    this.requestId = details.requestId
    this.temporary = details.temporary ?? false
  }
}

/** The same error with another result of the run, and optionally another message. */
export function withResult(
  error: ActionError,
  result: FailureResult,
  message = error.message,
): ActionError {
  const { code, advice, requestId, temporary } = error
  return new ActionError(code, message, { result, advice, requestId, temporary, cause: error })
}
