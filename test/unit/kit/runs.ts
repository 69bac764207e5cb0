/** Whole runs of the decision core, plan and apply, on the virtual service. */
import { apply, plan, type Done, type Order } from '../../../src/apply.ts'
import type { Change } from '../../../src/storage.ts'
import { endingOf, type Ending } from './ending.ts'
import { anEngine, REQUEST, type EngineOptions, type Told } from './engine.ts'
import {
  virtualAmplify,
  type PortOptions,
  type VirtualAmplify,
  type WorldOptions,
  type WorldStorage,
} from './virtual-amplify.ts'
import { virtualClock, type VirtualClock } from './virtual-clock.ts'

export type Setting = Readonly<{
  world?: WorldOptions
  port?: PortOptions
  engine?: EngineOptions
  order?: Partial<Order>
  /** What there is before, and what happens meanwhile. */
  play?: (world: VirtualAmplify, clock: VirtualClock) => void
}>

export type Scene<T> = Readonly<{
  ending: Ending<T>
  told: Told
  world: VirtualAmplify
  clock: VirtualClock
  /** When the run ended. */
  took: number
}>

/** The storage that `REQUEST` asks for. */
export const MEDIA: WorldStorage = {
  resourceName: 'media',
  baseName: 'photos',
  authenticated: ['READ', 'CREATE_AND_UPDATE'],
  unauthenticated: undefined,
}

export const orderOf = (order: Partial<Order> = {}): Order => ({
  request: REQUEST,
  ifExists: 'match',
  wait: true,
  ...order,
})

async function run<T>(
  setting: Setting,
  task: (engine: Parameters<typeof apply>[0], order: Order) => Promise<T>,
): Promise<Scene<T>> {
  const clock = virtualClock()
  const world = virtualAmplify(clock, setting.world)
  setting.play?.(world, clock)
  const port = world.port({ latency: () => 0, ...setting.port })
  const { engine, told } = anEngine(clock, port, setting.engine)
  const ending = await clock.run(endingOf(task(engine, orderOf(setting.order))))
  return { ending, told, world, clock, took: clock.now() }
}

/** Applies an order in a setting; without latency unless the setting has one. */
export const applying = (setting: Setting = {}): Promise<Scene<Done>> => run(setting, apply)

/** Plans an order in a setting. */
export const planning = (setting: Setting = {}): Promise<Scene<readonly Change[]>> =>
  run(setting, plan)
