import { realClock, type Clock } from '../../emulator/lib/clock.ts'

/**
 * A clock on which time passes `scale` times faster than real time. Processes with the same scale and origin
 * share one time.
 *
 * @param originMs the real time at which both clocks agree, in milliseconds since the epoch
 */
export function scaledClock(scale: number, originMs: number = Date.now()): Clock {
  return {
    now: () => Math.floor(originMs + (Date.now() - originMs) * scale),
    setTimeout: (run, ms) => realClock.setTimeout(run, ms / scale),
  }
}

/** The variables of a process that preloads `preload/scaled-clock.ts`. */
export function clockEnv(scale: number, originMs: number): Record<string, string> {
  return { CLOCK_SCALE: String(scale), CLOCK_ORIGIN: String(originMs) }
}
