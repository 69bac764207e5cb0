/** How a task ended, as a value. */
import { ActionError, type FailureResult } from '../../../src/errors/action-error.ts'
import type { ErrorCode } from '../../../src/errors/catalog.ts'

export type TaskResult<T> =
  | Readonly<{ ok: true; value: T }>
  | Readonly<{
      ok: false
      error: ActionError
      code: ErrorCode
      result: FailureResult
      message: string
      advice: string
      requestId: string | undefined
    }>

/** Waits for the end; anything thrown but an ActionError is thrown on. */
export async function resultOf<T>(task: Promise<T>): Promise<TaskResult<T>> {
  try {
    return { ok: true, value: await task }
  } catch (error) {
    if (!(error instanceof ActionError)) throw error
    const { code, result, message, advice, requestId } = error
    return { ok: false, error, code, result, message, advice, requestId }
  }
}

/** The error of a task that must not succeed. */
export async function rejectionOf(task: Promise<unknown>): Promise<ActionError> {
  const result = await resultOf(task)
  if (result.ok) throw new Error('The task succeeded.')
  return result.error
}
