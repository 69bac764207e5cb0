/** The end of a run before its time: the runner's signals, or something unforeseen in the run itself. */
import { ActionError } from './errors.ts'

export type Cancellation = Readonly<{
  /** Aborted at once: no new call, and no call in flight goes on. */
  signal: AbortSignal
  /** Aborted a little later: a create in flight may yet give its answer, and with it the job id. */
  sendSignal: AbortSignal
  /** @param by what brought it about, for example `SIGINT` */
  cancel(by: string): void
  /** @param reason what has gone wrong; the run ends with it */
  abandon(reason: Error): void
}>

/** What a create in flight gets to answer; the whole process has a second. */
export const SEND_GRACE_MS = 600

export function createCancellation(): Cancellation {
  const all = new AbortController()
  const sends = new AbortController()
  const end = (reason: Error): void => {
    if (all.signal.aborted) return
    all.abort(reason)
    setTimeout(() => {
      sends.abort(reason)
    }, SEND_GRACE_MS)
  }
  return {
    signal: all.signal,
    sendSignal: sends.signal,
    cancel: (by) => {
      end(
        new ActionError('CANCELLED', `The run was cancelled (${by}).`, {
          result: 'cancelled',
        }),
      )
    },
    abandon: end,
  }
}
