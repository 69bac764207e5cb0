/**
 * A clock as a queue of events: time stands still while code runs, and then jumps to the next event. A run
 * of half an hour takes a few milliseconds, and takes the same steps every time.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { abortReason, type Clock } from '../../../../src/lib/clock.ts'

export type VirtualClock = Clock &
  Readonly<{
    /** Schedules an event after so many milliseconds; the returned function cancels it. */
    schedule(ms: number, event: () => void): () => void
    /**
     * Lets time pass until the task has ended.
     *
     * @throws what the task throws, and an error when no events are left while the task still waits
     */
    run<T>(task: Promise<T>): Promise<T>
    drain(): Promise<void>
  }>

type Event = { readonly at: number; readonly run: () => void }

/** Far more events than any run has: a run with more would never end. */
const MAX_EVENTS = 100_000
/** An `import()` of a module that is loaded already takes a few turns of the event loop. */
const MAX_IMPORT_TURNS = 10

type Schedule = VirtualClock['schedule']

function createSleep(schedule: Schedule): Clock['sleep'] {
  return (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(abortReason(signal))
        return
      }
      const abort = (): void => {
        cancel()
        reject(abortReason(signal))
      }
      const cancel = schedule(ms, () => {
        signal.removeEventListener('abort', abort)
        resolve()
      })
      signal.addEventListener('abort', abort, { once: true })
    })
}

export function virtualClock(startMs = 0): VirtualClock {
  let now = startMs
  // Ordered by time, and events of the same time by when they were scheduled.
  const events: Event[] = []

  const schedule: Schedule = (ms, run) => {
    const event = { at: now + Math.max(0, ms), run }
    const later = events.findIndex(({ at }) => at > event.at)
    events.splice(later < 0 ? events.length : later, 0, event)
    return () => {
      const index = events.indexOf(event)
      if (index >= 0) events.splice(index, 1)
    }
  }

  const advance = async (isOver: () => boolean): Promise<void> => {
    for (let count = 0; count < MAX_EVENTS; count += 1) {
      // After one turn of the event loop, every promise that can continue has done so.
      await turn()
      const event = isOver() ? undefined : events.shift()
      if (event === undefined) return
      now = event.at
      event.run()
    }
    throw new Error('The events never end.')
  }

  return {
    now: () => now,
    sleep: createSleep(schedule),
    schedule,
    run: async (task) => {
      const state: { ended: boolean } = { ended: false }
      const end = (): void => {
        state.ended = true
      }
      task.then(end, end)
      await advance(() => state.ended)
      for (let turns = 0; turns < MAX_IMPORT_TURNS && !state.ended; turns += 1) await turn()
      if (!state.ended) throw new Error('No events are left, and the task has not ended.')
      return task
    },
    drain: () => advance(() => false),
  }
}
