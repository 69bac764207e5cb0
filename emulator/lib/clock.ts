/** A running timer that can be called off. */
export type Timer = { cancel(): void }

/** The only source of time: hand in another one to make time pass at another speed. */
export type Clock = {
  /** Milliseconds since the epoch. */
  now(): number
  setTimeout(run: () => void, ms: number): Timer
}

/** The longest delay that Node's timers take; a longer one would fire at once. */
export const maxDelayMs = 2 ** 31 - 1

/** The machine's own time. */
export const realClock: Clock = {
  now: () => Date.now(),
  setTimeout(run, ms) {
    const timer = setTimeout(run, Math.min(ms, maxDelayMs))
    return {
      cancel: () => {
        clearTimeout(timer)
      },
    }
  },
}

/** Timers that can be cleared all at once. */
export type Timers = {
  /** Resolves after so many milliseconds; never, once the timers were cleared. */
  sleep(ms: number): Promise<void>
  clear(): void
}

/** Makes timers on a clock. */
export function createTimers(clock: Clock): Timers {
  const running = new Set<Timer>()
  return {
    sleep: (ms) =>
      new Promise((resolve) => {
        const timer = clock.setTimeout(() => {
          running.delete(timer)
          resolve()
        }, ms)
        running.add(timer)
      }),
    clear: () => {
      for (const timer of running) timer.cancel()
      running.clear()
    },
  }
}
