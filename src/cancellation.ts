/** The end of a run from outside: the runner sends SIGINT, then SIGTERM, then kills. */
import { ActionError } from './errors.ts'

export type Cancellation = Readonly<{
  /** Aborted at once: no new call, and no call in flight goes on. */
  signal: AbortSignal
  /** Aborted a little later: a create in flight may yet give its answer, and with it the job id. */
  sendSignal: AbortSignal
  /** @param by what brought it about, for example `SIGINT` */
  cancel(by: string): void
}>

/** What a create in flight gets to answer; the whole process has a second. */
const GRACE_MS = 600

export function createCancellation(): Cancellation {
  const all = new AbortController()
  const sends = new AbortController()
  return {
    signal: all.signal,
    sendSignal: sends.signal,
    cancel: (by) => {
      if (all.signal.aborted) return
      const reason = new ActionError('CANCELLED', `The run was cancelled (${by}).`, {
        result: 'cancelled',
      })
      all.abort(reason)
      setTimeout(() => {
        sends.abort(reason)
      }, GRACE_MS).unref()
    },
  }
}
