type ScheduledTask = { readonly time: number; readonly run: (now: number) => void }

/**
 * Tasks that are due later. No timer runs them: before anything reads or changes the state, the tasks that
 * are due run in order, each with its own time as `now`.
 */
export type Scheduler = {
  schedule(time: number, run: (now: number) => void): void
  runUntil(now: number): void
}

/** Creates a scheduler without tasks. */
export function createScheduler(): Scheduler {
  const tasks: ScheduledTask[] = []
  return {
    schedule: (time, run) => {
      const later = tasks.findIndex((task) => task.time > time)
      tasks.splice(later === -1 ? tasks.length : later, 0, { time, run })
    },
    runUntil: (now) => {
      for (let next = tasks[0]; next !== undefined && next.time <= now; next = tasks[0]) {
        tasks.shift()
        next.run(next.time)
      }
    },
  }
}
