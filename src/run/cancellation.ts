/** The end of a run before its time: the runner's signals, or something unforeseen in the run itself. */
import { ActionError } from '../errors/action-error.ts'

export type Cancellation = Readonly<{
  /** Aborted at once: no new call, and no call in flight goes on. */
  signal: AbortSignal
  /** Aborted a little later: a create in flight may yet give its answer, and with it the job id. */
  mutationSignal: AbortSignal
  /** @param source what brought it about, for example `SIGINT` */
  cancel(source: string): void
  /** @param reason what has gone wrong; the run ends with it */
  abandon(reason: Error): void
}>

/** What a create in flight gets to answer; the whole process has a second. */
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
      abort(
        new ActionError('CANCELLED', `The run was cancelled (${source}).`, {
          result: 'cancelled',
        }),
      )
    },
    abandon: abort,
  }
}
