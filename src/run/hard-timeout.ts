import { ActionError } from '../errors/action-error.ts'
import type { Clock } from '../lib/clock.ts'
import { TimeoutError, withTimeout } from '../lib/timeout.ts'

/** Every step of a run respects the deadline itself; a run that takes this much longer is stuck. */
const GRACE_MS = 15_000

/**
 * The last safeguard against a run that never ends.
 *
 * @param timeoutMs the time limit of the run
 * @throws ActionError TIMED_OUT when the task far exceeds the limit; otherwise what the task throws
 */
export async function withHardTimeout<T>(
  clock: Clock,
  timeoutMs: number,
  task: () => Promise<T>,
): Promise<T> {
  try {
    return await withTimeout({ clock, timeoutMs: timeoutMs + GRACE_MS }, task)
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error
    throw new ActionError('TIMED_OUT', 'The run did not end within its time limit.', {
      result: 'timed-out',
    })
  }
}
