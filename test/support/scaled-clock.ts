import { realClock, type Clock } from '../../emulator/lib/clock.ts'

/**
 * A clock on which time passes `scale` times as fast as outside, from a real moment on. Processes
 * that are given the same scale and origin share one time.
 *
 * @param originMs the real time, in milliseconds since the epoch, at which both times agree
 */
export function scaledClock(scale: number, originMs: number = Date.now()): Clock {
  return {
    now: () => Math.floor(originMs + (Date.now() - originMs) * scale),
    setTimeout: (run, ms) => realClock.setTimeout(run, ms / scale),
  }
}

/**
 * The environment variables that give a child process the same time, when it is started with
 * `--import` of `scaled-clock.ts`.
 */
export function clockEnv(scale: number, originMs: number): Record<string, string> {
  return { CLOCK_SCALE: String(scale), CLOCK_ORIGIN: String(originMs) }
}
