/** A running timer. */
type Timer = { cancel(): void }

/** The emulator's only source of time; tests pass their own. */
export type Clock = {
  /** Milliseconds since the epoch. */
  now(): number
  setTimeout(run: () => void, ms: number): Timer
}

/** The longest delay that Node's timers accept; they fire at once for a longer one. */
const maxDelayMs = 2 ** 31 - 1

/** The clock of this machine. */
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

/** Timers that can be cancelled together. */
export type Timers = {
  /** Resolves after this many milliseconds, or never if the timers are cleared first. */
  sleep(ms: number): Promise<void>
  clear(): void
}

/** Creates timers that run on a clock. */
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
