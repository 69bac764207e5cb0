/** Time limits. Callers convert the `TimeoutError` to an error of their own. */
import { abortReason, systemClock, type Clock } from './clock.ts'

/** The task did not finish within its time limit. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError'

  constructor(timeoutMs: number) {
    super(`timed out after ${Math.round(timeoutMs / 1000)} s`)
  }
}

export type TimeoutOptions = Readonly<{
  timeoutMs: number
  /** Cancels the task from outside. */
  signal?: AbortSignal
  clock?: Clock
}>

/**
 * Runs a task with a time limit. Its signal is aborted on timeout and on cancellation; a task that ignores
 * the signal is abandoned, so that this function always returns in time.
 *
 * @throws TimeoutError on timeout; the reason of `signal` on cancellation; otherwise what the task throws
 */
export async function withTimeout<T>(
  { timeoutMs, signal, clock = systemClock }: TimeoutOptions,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const finished = new AbortController()
  const timeout = new AbortController()
  const combined = signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal])
  clock.sleep(timeoutMs, finished.signal).then(
    () => {
      timeout.abort(new TimeoutError(timeoutMs))
    },
    () => undefined,
  )
  try {
    return await Promise.race([task(combined), rejectOnAbort(combined)])
  } catch (error) {
    throw combined.aborted ? abortReason(combined) : error
  } finally {
    finished.abort()
  }
}

/**
 * Waits for a task. Once the signal is aborted, the task gets `graceMs` more milliseconds and is then
 * abandoned.
 *
 * @throws the reason of the signal when the task is abandoned; otherwise what the task throws
 */
export async function withAbortGrace<T>(
  clock: Clock,
  signal: AbortSignal,
  graceMs: number,
  task: Promise<T>,
): Promise<T> {
  const finished = new AbortController()
  const expired = rejectOnAbort(AbortSignal.any([signal, finished.signal])).catch(
    async (reason: unknown): Promise<never> => {
      await clock.sleep(graceMs, finished.signal)
      throw reason
    },
  )
  try {
    return await Promise.race([task, expired])
  } finally {
    finished.abort()
  }
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => {
      reject(abortReason(signal))
    }
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
}
