/** Log lines that show during a long wait that the run continues. */
import type { StorageContext } from '../context.ts'

/** The longest silence, so that no minute passes without a line; a call in between may take 20 seconds. */
const HEARTBEAT_MS = 40_000

export type Heartbeat = Readonly<{
  /** Logs a line, by default the current status. */
  log(text?: string): void
  /** Sleeps, and logs the current status whenever nothing has been logged for long. */
  sleep(ms: number): Promise<void>
}>

/** @param formatStatus the current status in one line */
export function createHeartbeat(
  { retryPolicy, observer }: StorageContext,
  formatStatus: () => string,
): Heartbeat {
  const { clock, signal } = retryPolicy
  let loggedAt = -Infinity
  const log = (text = formatStatus()): void => {
    observer.onLog(text)
    loggedAt = clock.now()
  }
  return {
    log,
    sleep: async (ms) => {
      const until = clock.now() + ms
      for (;;) {
        const now = clock.now()
        if (now >= loggedAt + HEARTBEAT_MS) log()
        const next = Math.min(until, loggedAt + HEARTBEAT_MS)
        // Whole milliseconds, because a remainder below the clock's resolution would repeat this loop.
        await clock.sleep(Math.max(0, Math.ceil(next - now)), signal)
        if (next >= until) return
      }
    },
  }
}
