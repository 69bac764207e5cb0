/** Stages for many scenarios at a time: emulators that are used again and again, and a clock for each. */
import { defaultRules, startEmulator, type Emulator, type Rules } from '../../emulator/emulator.ts'
import type { TestBed } from './run-action.ts'
import { clockEnv, scaledClock } from './scaled-clock.ts'
import { preloadArguments } from './preload.ts'

export type EmulatorPool = Readonly<{
  /** Hands out a fresh world with these rules for as long as the scenario takes. */
  use<T>(rules: Partial<Rules>, scenario: (stage: TestBed) => Promise<T>): Promise<T>
  /** Stops all emulators. */
  stop(): Promise<void>
}>

/** @param scale how much faster than ours the time of emulators and bundles passes */
export function createEmulatorPool(scale: number): EmulatorPool {
  const all: TestBed[] = []
  const free: TestBed[] = []
  return {
    use: async (rules, scenario) => {
      const stage = free.pop() ?? (await startTestBed(scale))
      if (!all.includes(stage)) all.push(stage)
      const { emulator } = stage
      emulator.reset()
      emulator.state.rules = { ...defaultRules(), ...rules }
      try {
        return await scenario(stage)
      } finally {
        free.push(stage)
      }
    },
    stop: async () => {
      await Promise.all(all.map(({ emulator }) => emulator.stop()))
    },
  }
}

/** A stage of its own; whoever opens it stops its emulator. */
export async function startTestBed(scale: number, rules: Partial<Rules> = {}): Promise<TestBed> {
  const origin = Date.now()
  if (scale === 1) return toTestBed(await startEmulator({ rules }))
  const emulator = await startEmulator({ rules, clock: scaledClock(scale, origin) })
  return {
    emulator,
    clock: { nodeArguments: preloadArguments('preload/scaled-clock.ts'), env: clockEnv(scale, origin) },
  }
}

const toTestBed = (emulator: Emulator): TestBed => ({
  emulator,
  clock: { nodeArguments: [], env: {} },
})
