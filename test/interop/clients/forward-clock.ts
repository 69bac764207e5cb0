import { realClock, type Clock } from '../../../emulator/emulator.ts'

/** The real time, and what was put on top of it: a job is over without anybody having waited. */
export type ForwardClock = Clock & { pass(ms: number): void }

/**
 * Makes a clock that can be put forward. Clients sign by the real time, of which a service takes no
 * more than five minutes' difference.
 */
export function forwardClock(): ForwardClock {
  let passed = 0
  return {
    now: () => realClock.now() + passed,
    setTimeout: (run, ms) => realClock.setTimeout(run, ms),
    pass: (ms) => {
      passed += ms
    },
  }
}
