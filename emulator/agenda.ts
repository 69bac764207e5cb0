type Entry = { readonly at: number; readonly run: (now: number) => void }

/**
 * What is to happen later in the emulated world. Nothing ticks: whatever is due is carried out, in
 * order and at its own time, before anybody looks at the world.
 */
export type Agenda = {
  at(time: number, run: (now: number) => void): void
  settle(now: number): void
}

/** Makes an empty agenda. */
export function createAgenda(): Agenda {
  const entries: Entry[] = []
  return {
    at: (time, run) => {
      const later = entries.findIndex((entry) => entry.at > time)
      entries.splice(later === -1 ? entries.length : later, 0, { at: time, run })
    },
    settle: (now) => {
      for (let next = entries[0]; next !== undefined && next.at <= now; next = entries[0]) {
        entries.shift()
        next.run(next.at)
      }
    },
  }
}
