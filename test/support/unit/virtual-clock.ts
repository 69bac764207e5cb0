/**
 * Time as a queue of events: it stands still while anything is left to do, and then jumps to whatever
 * comes next. A run of half an hour takes a few milliseconds, and takes the same steps every time.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { abortReason, type Clock } from '../../../src/lib/clock.ts'

export type VirtualClock = Clock &
  Readonly<{
    /** Lets something happen after so many milliseconds; the function given back calls it off. */
    schedule(ms: number, happen: () => void): () => void
    /**
     * Lets time pass until the task has ended.
     *
     * @throws what the task throws; an error when nothing is left to happen and the task still waits
     */
    run<T>(task: Promise<T>): Promise<T>
    /** Lets everything happen that is still to come. */
    drain(): Promise<void>
  }>

type Event = { readonly at: number; readonly run: () => void }

/** Far more events than any run has: a run that gets here would never end. */
const MAX_EVENTS = 100_000

/** Makes a clock that begins at `startMs`. */
export function virtualClock(startMs = 0): VirtualClock {
  let now = startMs
  // In the order of their times; those of the same time in the order in which they were scheduled.
  const events: Event[] = []

  const schedule = (ms: number, happen: () => void): (() => void) => {
    const event = { at: now + Math.max(0, ms), run: happen }
    const later = events.findIndex(({ at }) => at > event.at)
    events.splice(later < 0 ? events.length : later, 0, event)
    return () => {
      const place = events.indexOf(event)
      if (place >= 0) events.splice(place, 1)
    }
  }

  const next = (): boolean => {
    const event = events.shift()
    if (event === undefined) return false
    now = event.at
    event.run()
    return true
  }

  const sleep: Clock['sleep'] = (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(abortReason(signal))
        return
      }
      const abort = (): void => {
        callOff()
        reject(abortReason(signal))
      }
      const callOff = schedule(ms, () => {
        signal.removeEventListener('abort', abort)
        resolve()
      })
      signal.addEventListener('abort', abort, { once: true })
    })

  return {
    now: () => now,
    sleep,
    schedule,
    run: async (task) => {
      const state: { ended: boolean } = { ended: false }
      const end = (): void => {
        state.ended = true
      }
      task.then(end, end)
      for (let passed = 0; passed < MAX_EVENTS; passed += 1) {
        // One turn of the event loop: by then every promise that could go on has done so.
        await turn()
        if (state.ended) return task
        if (!next()) throw new Error('Nothing is left to happen, and the task has not ended.')
      }
      throw new Error('The task goes on for ever.')
    },
    drain: async () => {
      for (let passed = 0; passed < MAX_EVENTS; passed += 1) {
        await turn()
        if (!next()) return
      }
      throw new Error('Something goes on for ever.')
    },
  }
}
