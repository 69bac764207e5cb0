/** Whole runs of the decision core, plan and apply, on the virtual service. */
import { apply, plan, type ApplyResult, type ApplyOptions } from '../../../src/storage/apply.ts'
import type { Change } from '../../../src/storage/model.ts'
import { resultOf, type TaskResult } from './task-result.ts'
import { aStorageContext, DESIRED, type ContextOptions, type Recorded } from './storage-context.ts'
import {
  virtualAmplify,
  type ConnectionOptions,
  type VirtualAmplify,
  type ServiceOptions,
  type ServiceStorage,
} from './virtual-amplify.ts'
import { virtualClock, type VirtualClock } from './virtual-clock.ts'

export type Scenario = Readonly<{
  world?: ServiceOptions
  port?: ConnectionOptions
  engine?: ContextOptions
  order?: Partial<ApplyOptions>
  /** What there is before, and what happens meanwhile. */
  play?: (world: VirtualAmplify, clock: VirtualClock) => void
}>

export type ScenarioResult<T> = Readonly<{
  result: TaskResult<T>
  told: Recorded
  world: VirtualAmplify
  clock: VirtualClock
  /** When the run ended. */
  durationMs: number
}>

/** The storage that `REQUEST` asks for. */
export const MEDIA: ServiceStorage = {
  resourceName: 'media',
  baseName: 'photos',
  authenticated: ['READ', 'CREATE_AND_UPDATE'],
  unauthenticated: undefined,
}

export const applyOptions = (order: Partial<ApplyOptions> = {}): ApplyOptions => ({
  desired: DESIRED,
  ifExists: 'match',
  wait: true,
  ...order,
})

async function run<T>(
  scenario: Scenario,
  task: (engine: Parameters<typeof apply>[0], order: ApplyOptions) => Promise<T>,
): Promise<ScenarioResult<T>> {
  const clock = virtualClock()
  const world = virtualAmplify(clock, scenario.world)
  scenario.play?.(world, clock)
  const port = world.connect({ latency: () => 0, ...scenario.port })
  const { context, recorded } = aStorageContext(clock, port, scenario.engine)
  const result = await clock.run(resultOf(task(context, applyOptions(scenario.order))))
  return { result, told: recorded, world, clock, durationMs: clock.now() }
}

/** Applies an order in a setting; without latency unless the setting has one. */
export const runApply = (setting: Scenario = {}): Promise<ScenarioResult<ApplyResult>> =>
  run(setting, apply)

/** Plans an order in a setting. */
export const runPlan = (setting: Scenario = {}): Promise<ScenarioResult<readonly Change[]>> =>
  run(setting, plan)
