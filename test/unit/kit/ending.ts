/** How a task ended, as a value. */
import { ActionError, type ErrorCode, type RedResult } from '../../../src/errors.ts'

export type Ending<T> =
  | Readonly<{ ok: true; value: T }>
  | Readonly<{
      ok: false
      error: ActionError
      code: ErrorCode
      result: RedResult
      message: string
      advice: string
      requestId: string | undefined
    }>

/** Waits for the end; anything thrown but an ActionError is thrown on. */
export async function endingOf<T>(task: Promise<T>): Promise<Ending<T>> {
  try {
    return { ok: true, value: await task }
  } catch (error) {
    if (!(error instanceof ActionError)) throw error
    const { code, result, message, advice, requestId } = error
    return { ok: false, error, code, result, message, advice, requestId }
  }
}

/** The error of a task that must not succeed. */
export async function errorOf(task: Promise<unknown>): Promise<ActionError> {
  const ending = await endingOf(task)
  if (ending.ok) throw new Error('The task succeeded.')
  return ending.error
}

/** The error that a function throws. */
export function thrownBy(task: () => unknown): ActionError {
  try {
    task()
  } catch (error) {
    if (error instanceof ActionError) return error
    throw error
  }
  throw new Error('Nothing was thrown.')
}
