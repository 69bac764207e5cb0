/** Whole runs of the core, plan and apply, on the virtual service, described by scenarios. */
import { apply, type ApplyOptions } from '../../../src/storage/apply.ts'
import type { Change } from '../../../src/storage/diff.ts'
import { plan } from '../../../src/storage/plan.ts'
import type { ApplyResult } from '../../../src/storage/verify.ts'
import { aStorageContext, DESIRED, type ContextOptions, type Recorded } from './storage-context.ts'
import { resultOf, type TaskResult } from './task-result.ts'
import type {
  ConnectionOptions,
  Fault,
  JobResult,
  Operation,
  ServiceOptions,
  ServiceStorage,
  VirtualAmplify,
} from './virtual-amplify-types.ts'
import { virtualAmplify } from './virtual-amplify.ts'
import { virtualClock, type VirtualClock } from './virtual-clock.ts'

/** Something that happens at the service, before or during the run. */
export type ScenarioEvent = (service: VirtualAmplify, clock: VirtualClock) => void

export type Scenario = Readonly<{
  service?: ServiceOptions
  connection?: ConnectionOptions
  context?: ContextOptions
  events?: readonly ScenarioEvent[]
}>

/** A scenario of a whole run. */
export type RunScenario = Scenario & Readonly<{ options?: Partial<ApplyOptions> }>

export type ScenarioResult<T> = Readonly<{
  result: TaskResult<T>
  recorded: Recorded
  service: VirtualAmplify
  clock: VirtualClock
  /** From the start of the run, in milliseconds. */
  durationMs: number
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

/** A connection on which the first creates fail. */
export const creates = (
  ...faults: (Fault | undefined)[]
): Readonly<{ faults: Partial<Record<Operation, readonly (Fault | undefined)[]>> }> => ({
  faults: { CreateBackendStorage: faults },
})

/** A storage exists, at once or from a time on. */
export const storageExists =
  (members: Partial<ServiceStorage> = {}, atMs?: number): ScenarioEvent =>
  (service, clock) => {
    const add = (): void => {
      service.addStorage({ ...MEDIA, ...members })
    }
    if (atMs === undefined) add()
    else clock.schedule(atMs, add)
  }

type OtherJob = Readonly<{
  operation?: string
  status?: string
  fromMs?: number
  toMs?: number
  result?: JobResult
  /** The storage that the job leaves. */
  leaves?: Partial<ServiceStorage>
}>

/** A job of somebody else, which begins at once unless it says otherwise. */
export const otherJob =
  ({ operation, status, fromMs, toMs, result, leaves }: OtherJob): ScenarioEvent =>
  (service, clock) => {
    const start = (): void => {
      const job = service.addJob(operation ?? 'UpdateBackendAPI', status ?? 'RUNNING')
      if (toMs === undefined) return
      clock.schedule(toMs - (fromMs ?? 0), () => {
        service.endJob(job, result ?? { status: 'COMPLETED' })
        if (leaves !== undefined) service.addStorage({ ...MEDIA, ...leaves })
      })
    }
    if (fromMs === undefined) start()
    else clock.schedule(fromMs, start)
  }

/** The signal is aborted after a time. */
export const abortAt =
  (ms: number, controller: AbortController, reason = 'SIGINT'): ScenarioEvent =>
  (_service, clock) => {
    clock.schedule(ms, () => {
      controller.abort(new Error(reason))
    })
  }

export const applyOptions = (options: Partial<ApplyOptions> = {}): ApplyOptions => ({
  desired: DESIRED,
  ifExists: 'match',
  wait: true,
  ...options,
})

/** Runs a task of the core in a scenario; without latency unless the scenario has one. */
export async function runTask<T>(
  scenario: Scenario,
  task: (context: Parameters<typeof apply>[0], service: VirtualAmplify) => Promise<T>,
  startMs = 0,
): Promise<ScenarioResult<T>> {
  const clock = virtualClock(startMs)
  const service = virtualAmplify(clock, scenario.service)
  for (const event of scenario.events ?? []) event(service, clock)
  const amplify = service.connect({ latency: () => 0, ...scenario.connection })
  const { context, recorded } = aStorageContext(clock, amplify, scenario.context)
  const result = await clock.run(resultOf(task(context, service)))
  return { result, recorded, service, clock, durationMs: clock.now() - startMs }
}

export const runApply = (scenario: RunScenario = {}): Promise<ScenarioResult<ApplyResult>> =>
  runTask(scenario, (context) => apply(context, applyOptions(scenario.options)))

export const runPlan = (scenario: RunScenario = {}): Promise<ScenarioResult<readonly Change[]>> =>
  runTask(scenario, (context) => plan(context, applyOptions(scenario.options)))

/** What tests compare of a run, in one plain object. */
export type RunSummary = Readonly<{
  /** The value of a run that succeeds, or the members of its error. */
  end: unknown
  durationMs: number
  calls: readonly Operation[]
  /** The operations that were sent and change something, and when. */
  sent: readonly string[]
  sentAt: readonly number[]
  warnings: readonly string[]
  warningTexts: readonly string[]
  recorded: Recorded
}>

function summarize<T>(run: ScenarioResult<T>): RunSummary {
  const { result, recorded, service, durationMs } = run
  return {
    end: result.ok ? result.value : result,
    durationMs,
    calls: service.calls.map(({ operation }) => operation),
    sent: service.mutations.map(({ operation }) => operation),
    sentAt: service.mutations.map(({ at }) => at),
    warnings: recorded.warnings.map(({ title }) => title),
    warningTexts: recorded.warnings.map(({ text }) => text),
    recorded,
  }
}

export const summarizeApply = async (scenario: RunScenario = {}): Promise<RunSummary> =>
  summarize(await runApply(scenario))

export const summarizePlan = async (scenario: RunScenario = {}): Promise<RunSummary> =>
  summarize(await runPlan(scenario))

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
