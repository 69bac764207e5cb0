/** Whole runs of the core, plan and apply, on the virtual service, described by scenarios. */
import { expect, test } from 'vitest'
import { apply, type ApplyOptions } from '../../../src/storage/apply.ts'
import type { StorageContext } from '../../../src/storage/context.ts'
import type { Change } from '../../../src/storage/diff.ts'
import type { DesiredStorage } from '../../../src/storage/model.ts'
import { plan, type PlanResult } from '../../../src/storage/plan.ts'
import type { ApplyResult } from '../../../src/storage/verify.ts'
import { aStorageContext, DESIRED, type ContextOptions, type Recorded } from './storage-context.ts'
import { resultOf, type TaskResult } from './task-result.ts'
import {
  TIME_STYLES,
  type ConnectionOptions,
  type Fault,
  type JobResult,
  type Operation,
  type Script,
  type ServiceOptions,
  type ServiceStorage,
  type VirtualAmplify,
} from './virtual/virtual-amplify-types.ts'
import { virtualAmplify } from './virtual/virtual-amplify.ts'
import { virtualClock, type VirtualClock } from './virtual/virtual-clock.ts'

/** Something that happens at the service, before or during the run. */
export type ScenarioEvent = (service: VirtualAmplify, clock: VirtualClock) => void

/** The service, the connection and the limits of a run, and what happens meanwhile. */
export type Scenario = ServiceOptions &
  Omit<ConnectionOptions, 'run'> &
  ContextOptions &
  Readonly<{ events?: readonly ScenarioEvent[] }>

type RunOptions = Partial<Omit<ApplyOptions, 'desired'>> &
  Readonly<{ desired?: Partial<DesiredStorage> }>

export type RunScenario = Scenario & RunOptions

/** How a task ended, and what it did and reported. */
export type ScenarioResult<T> = Recorded &
  Readonly<{
    result: TaskResult<T>
    /** The value of a task that succeeds, or the members of its error. */
    end: unknown
    service: VirtualAmplify
    clock: VirtualClock
    /** From the start of the run, in milliseconds. */
    durationMs: number
    calls: readonly Operation[]
    /** The operations that were sent and change something, and when. */
    sent: readonly string[]
    sentAt: readonly number[]
  }>

/** The storage that `DESIRED` describes. */
export const MEDIA: ServiceStorage = {
  resourceName: 'media',
  baseName: 'photos',
  authenticated: ['READ', 'CREATE_AND_UPDATE'],
  unauthenticated: undefined,
}

/** A failure after which nobody knows whether the call took effect: it did not. */
export const LOST: Fault = { failure: 'gatewayTimeout', effect: 'none' }
/** The same failure, and the call took effect. */
export const LOST_AFTER_EFFECT: Fault = { failure: 'gatewayTimeout', effect: 'done' }

/** The operations by which the effect of a lost call can be found. */
export const READS: readonly Operation[] = ['GetBackendStorage', 'ListBackendJobs']

export const failing = (
  operation: Operation,
  ...faults: Script
): Readonly<{ faults: Partial<Record<Operation, Script>> }> => ({ faults: { [operation]: faults } })

export const creates = (...faults: Script): ReturnType<typeof failing> =>
  failing('CreateBackendStorage', ...faults)

/** Jobs whose creation time cannot be parsed, so that a run cannot know its own. */
export const unidentifiable = (jobMs: number): ServiceOptions => ({
  times: TIME_STYLES.garbage,
  jobMs,
})

/** The latency of a message's trips to the service and back, by their number from 1 on. */
export const trips = (latencyMs: (trip: number) => number): (() => number) => {
  let count = 0
  return () => {
    count += 1
    return latencyMs(count)
  }
}

/** A storage exists, at once or from a time on. */
export const storageExists =
  (members: Partial<ServiceStorage> = {}, atMs = 0): ScenarioEvent =>
  (service, clock) => {
    at(clock, atMs, () => {
      service.addStorage({ ...MEDIA, ...members })
    })
  }

function at(clock: VirtualClock, ms: number, event: () => void): void {
  if (ms === 0) event()
  else clock.schedule(ms, event)
}

type OtherJob = Readonly<{
  operation?: string
  status?: string
  fromMs?: number
  toMs?: number
  result?: JobResult
  leaves?: Partial<ServiceStorage>
}>

/** A job of somebody else, which begins at once unless it says otherwise. */
export const otherJob =
  ({ operation, status, fromMs = 0, toMs, result, leaves }: OtherJob): ScenarioEvent =>
  (service, clock) => {
    at(clock, fromMs, () => {
      const job = service.addJob(operation ?? 'UpdateBackendAPI', status ?? 'RUNNING')
      if (toMs === undefined) return
      clock.schedule(toMs - fromMs, () => {
        service.endJob(job, result ?? { status: 'COMPLETED' })
        if (leaves !== undefined) service.addStorage({ ...MEDIA, ...leaves })
      })
    })
  }

export const abortAt =
  (ms: number, controller: AbortController, reason = 'SIGINT'): ScenarioEvent =>
  (_service, clock) => {
    clock.schedule(ms, () => {
      controller.abort(new Error(reason))
    })
  }

export const applyOptions = ({
  desired,
  ifExists = 'match',
  wait = true,
}: RunOptions = {}): ApplyOptions => ({ desired: { ...DESIRED, ...desired }, ifExists, wait })

/** Runs a task of the core in a scenario; without latency unless the scenario has one. */
export async function runTask<T>(
  scenario: Scenario,
  task: (context: StorageContext) => Promise<T>,
  startMs = 0,
): Promise<ScenarioResult<T>> {
  const clock = virtualClock(startMs)
  const service = virtualAmplify(clock, scenario)
  for (const event of scenario.events ?? []) event(service, clock)
  const amplify = service.connect({ latency: () => 0, ...scenario })
  const { context, recorded } = aStorageContext(clock, amplify, scenario)
  const result = await clock.run(resultOf(task(context)))
  return {
    ...recorded,
    result,
    end: result.ok ? result.value : result,
    service,
    clock,
    durationMs: clock.now() - startMs,
    calls: service.calls.map(({ operation }) => operation),
    sent: service.mutations.map(({ operation }) => operation),
    sentAt: service.mutations.map((mutation) => mutation.at),
  }
}

export const runApply = (scenario: RunScenario = {}): Promise<ScenarioResult<ApplyResult>> =>
  runTask(scenario, (context) => apply(context, applyOptions(scenario)))

export const runPlan = (scenario: RunScenario = {}): Promise<ScenarioResult<PlanResult>> =>
  runTask(scenario, (context) => plan(context, applyOptions(scenario)))

/** One test a row: its title, a scenario, and what its run comes to. */
export function testRuns<S>(
  run: (scenario: S) => Promise<object>,
  rows: Readonly<Record<string, readonly [scenario: NoInfer<S>, expected: object]>>,
): void {
  test.each(Object.entries(rows))('%s', async (_title, [scenario, expected]) => {
    expect(await run(scenario)).toMatchObject(expected)
  })
}

/** The physical bucket of `MEDIA`. */
export const BUCKET = 'photos14a5e-prod'
export const CREATED = { result: 'created', verified: true, bucketName: BUCKET } as const
export const UPDATED = { result: 'updated', verified: true, bucketName: BUCKET } as const
export const UNCHANGED = { result: 'unchanged', verified: true, bucketName: BUCKET } as const

/** The changes of a create of `DESIRED`. */
export const CREATE_CHANGES: readonly Change[] = [
  { field: 'resource-name', from: null, to: 'media' },
  { field: 'bucket-name', from: null, to: 'photos' },
  { field: 'authenticated-permissions', from: null, to: ['READ', 'CREATE_AND_UPDATE'] },
]

/** The change of the signed-in users' permissions to those of `DESIRED`. */
export const userChange = (from: readonly string[]): readonly Change[] => [
  { field: 'authenticated-permissions', from, to: ['READ', 'CREATE_AND_UPDATE'] },
]
