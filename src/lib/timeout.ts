/** The last line of defence against a run that hangs, whatever its parts do. */
import { abortReason, type Clock } from './clock.ts'
import { ActionError } from '../errors/action-error.ts'

/** Every part keeps the deadline by itself; this much later something must have gone wrong in one. */
const GRACE_MS = 15_000

/**
 * @param timeoutMs the run's time, in milliseconds
 * @throws ActionError TIMED_OUT when the task is far over its time; what the task throws
 */
export async function withHardTimeout<T>(
  clock: Clock,
  timeoutMs: number,
  task: () => Promise<T>,
): Promise<T> {
  const ended = new AbortController()
  const limit = clock.sleep(timeoutMs + GRACE_MS, ended.signal).then(() => {
    throw new ActionError('TIMED_OUT', 'The run did not end when its time was used up.', {
      result: 'timed-out',
    })
  })
  try {
    return await Promise.race([task(), limit])
  } finally {
    limit.catch(() => undefined)
    ended.abort()
  }
}

/**
 * Waits for a task; from when the signal is aborted on, only so much longer, and then leaves it behind.
 *
 * @throws the signal's reason when the task is left behind; what the task throws
 */
export async function withAbortGrace<T>(
  clock: Clock,
  signal: AbortSignal,
  graceMs: number,
  task: Promise<T>,
): Promise<T> {
  const ended = new AbortController()
  const late = whenAborted(AbortSignal.any([signal, ended.signal])).then(async () => {
    await clock.sleep(graceMs, ended.signal)
    throw abortReason(signal)
  })
  try {
    return await Promise.race([task, late])
  } finally {
    late.catch(() => undefined)
    ended.abort()
  }
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else
      signal.addEventListener(
        'abort',
        () => {
          resolve()
        },
        { once: true },
      )
  })
}
