/** Ends a run early: on a signal from the runner, or after an unexpected error in the run itself. */
import { ActionError } from '../errors/action-error.ts'

export type Cancellation = Readonly<{
  /** Aborted at once: no new call starts, and calls in flight end. */
  signal: AbortSignal
  /**
   * Aborted `MUTATION_GRACE_MS` later, so that a create or update in flight can still return its response
   * and with it the job ID.
   */
  mutationSignal: AbortSignal
  /** @param source what cancelled the run, for example `SIGINT` */
  cancel(source: string): void
  /** @param reason the error that the run ends with */
  abandon(reason: Error): void
}>

/** How long a create or update in flight may take to return, in milliseconds; the process has a second. */
export const MUTATION_GRACE_MS = 600

export function createCancellation(): Cancellation {
  const controller = new AbortController()
  const mutationController = new AbortController()
  const abort = (reason: Error): void => {
    if (controller.signal.aborted) return
    controller.abort(reason)
    setTimeout(() => {
      mutationController.abort(reason)
    }, MUTATION_GRACE_MS)
  }
  return {
    signal: controller.signal,
    mutationSignal: mutationController.signal,
    cancel: (source) => {
      const message = `The run was cancelled (${source}).`
      abort(new ActionError('CANCELLED', message, { result: 'cancelled' }))
    },
    abandon: abort,
  }
}
