type ScheduledTask = { readonly at: number; readonly run: (now: number) => void }

/**
 * What is to happen later in the emulated world. Nothing ticks: whatever is due is carried out, in
 * order and at its own time, before anybody looks at the world.
 */
export type Scheduler = {
  schedule(time: number, run: (now: number) => void): void
  runUntil(now: number): void
}

/** Makes an empty agenda. */
export function createScheduler(): Scheduler {
  const entries: ScheduledTask[] = []
  return {
    schedule: (time, run) => {
      const later = entries.findIndex((entry) => entry.at > time)
      entries.splice(later === -1 ? entries.length : later, 0, { at: time, run })
    },
    runUntil: (now) => {
      for (let next = entries[0]; next !== undefined && next.at <= now; next = entries[0]) {
        entries.shift()
        next.run(next.at)
      }
    },
  }
}
