/** Stages for many scenarios at a time: emulators that are used again and again, and a clock for each. */
import { defaultRules, startEmulator, type Emulator, type Rules } from '../../emulator/emulator.ts'
import type { Stage } from './action.ts'
import { clockEnv, scaledClock } from './clock.ts'
import { preload } from './preload.ts'

export type Stages = Readonly<{
  /** Hands out a fresh world with these rules for as long as the scenario takes. */
  use<T>(rules: Partial<Rules>, scenario: (stage: Stage) => Promise<T>): Promise<T>
  /** Stops all emulators. */
  stop(): Promise<void>
}>

/** @param scale how much faster than ours the time of emulators and bundles passes */
export function createStages(scale: number): Stages {
  const all: Stage[] = []
  const free: Stage[] = []
  return {
    use: async (rules, scenario) => {
      const stage = free.pop() ?? (await open(scale))
      if (!all.includes(stage)) all.push(stage)
      const { emulator } = stage
      emulator.reset()
      emulator.world.rules = { ...defaultRules(), ...rules }
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
export async function open(scale: number, rules: Partial<Rules> = {}): Promise<Stage> {
  const origin = Date.now()
  if (scale === 1) return stageWith(await startEmulator({ rules }))
  const emulator = await startEmulator({ rules, clock: scaledClock(scale, origin) })
  return {
    emulator,
    clock: { nodeArguments: preload('scaled-clock.ts'), env: clockEnv(scale, origin) },
  }
}

const stageWith = (emulator: Emulator): Stage => ({
  emulator,
  clock: { nodeArguments: [], env: {} },
})
