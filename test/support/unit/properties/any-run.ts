/** One apply in a random scenario, with the real state, observer and outcome of a run. */
import { ActionError } from '../../../../src/errors/action-error.ts'
import { withAbortGrace } from '../../../../src/lib/timeout.ts'
import { toOutputs, type Outputs } from '../../../../src/report/outputs.ts'
import { createRunContext, type RunContext } from '../../../../src/run/context.ts'
import { createObserver } from '../../../../src/run/observer.ts'
import { toFailedOutcome, type RunOutcome } from '../../../../src/run/outcome.ts'
import { apply } from '../../../../src/storage/apply.ts'
import type { Toolkit } from '../../../../src/workflow/toolkit.ts'
import { toRunScenario, type AnyScenario } from './any-scenario.ts'
import { aStorageContext, STORAGE_REF } from '../storage-context.ts'
import { applyOptions } from '../storage-runs.ts'
import type { RecordedMutation, VirtualAmplify } from '../virtual/virtual-amplify-types.ts'
import { virtualAmplify } from '../virtual/virtual-amplify.ts'
import { virtualClock, type VirtualClock } from '../virtual/virtual-clock.ts'

/** The numbers of the design: after a cancellation, what a create in flight and then the run may take. */
const MUTATION_GRACE_MS = 600
export const RUN_GRACE_MS = 650

/** What a run came to, what it reported, and what was true at the service when it ended. */
export type AnyRun = Readonly<{
  scenario: AnyScenario
  service: VirtualAmplify
  outcome: RunOutcome
  outputs: Outputs
  /** The ids of the jobs that the run has called its own, in the order in which it did. */
  ownJobIds: readonly string[]
  durationMs: number
  /** Its creates and updates that could still take effect at its end, or whose jobs were running. */
  openAtEnd: readonly RecordedMutation[]
}>

const ignore = (): void => undefined

const silentToolkit: Toolkit = {
  info: ignore,
  debug: ignore,
  startGroup: ignore,
  endGroup: ignore,
  annotate: ignore,
  setSecret: ignore,
  setOutput: ignore,
  writeSummary: () => Promise.resolve(),
}

export async function runAny(scenario: AnyScenario): Promise<AnyRun> {
  const runScenario = toRunScenario(scenario)
  const clock = virtualClock()
  const service = virtualAmplify(clock, runScenario)
  for (const event of runScenario.events ?? []) event(service, clock)
  const { run, ownJobIds, cancelAt } = createRun(clock)
  if (scenario.cancelAtMs !== undefined) cancelAt(scenario.cancelAtMs)
  const amplify = service.connect(runScenario)
  const { signal, mutationSignal } = run.cancellation
  const { context } = aStorageContext(clock, amplify, { ...runScenario, signal, mutationSignal })
  const retryPolicy = { ...context.retryPolicy, invalidateCredentials: amplify.renewSession }
  const observer = createObserver(run, ignore)
  const task = apply(
    {
      ...context,
      retryPolicy,
      observer: {
        ...observer,
        onJob: (jobId, status) => {
          ownJobIds.push(jobId)
          observer.onJob(jobId, status)
        },
      },
    },
    applyOptions(runScenario),
  )
  const ended = scenario.cancelAtMs === undefined ? task : graced(clock, signal, task)
  const outcome = await clock.run(ended.catch((error: unknown) => toOutcome(run, error)))
  return {
    scenario,
    service,
    outcome,
    outputs: toOutputs(run.state, outcome),
    ownJobIds,
    durationMs: clock.now(),
    openAtEnd: service.mutations.filter(isOpen),
  }
}

const graced = <T>(clock: VirtualClock, signal: AbortSignal, task: Promise<T>): Promise<T> =>
  withAbortGrace(clock, signal, RUN_GRACE_MS, task)

function createRun(clock: VirtualClock): {
  run: RunContext
  ownJobIds: string[]
  cancelAt: (ms: number) => void
} {
  const controller = new AbortController()
  const mutationController = new AbortController()
  const reason = new ActionError('CANCELLED', 'The run was cancelled (SIGINT).', {
    result: 'cancelled',
  })
  const run = createRunContext({
    env: {},
    readFile: () => '',
    isNamedPipe: () => false,
    clock,
    random: () => 0.5,
    toolkit: silentToolkit,
    cancellation: {
      signal: controller.signal,
      mutationSignal: mutationController.signal,
      cancel: ignore,
      abandon: ignore,
    },
  })
  const cancelAt = (ms: number): void => {
    clock.schedule(ms, () => {
      controller.abort(reason)
      clock.schedule(MUTATION_GRACE_MS, () => {
        mutationController.abort(reason)
      })
    })
  }
  return { run, ownJobIds: [], cancelAt }
}

function toOutcome({ state, secrets }: RunContext, error: unknown): RunOutcome {
  return toFailedOutcome(error, state, STORAGE_REF, secrets.redact)
}

const isOpen = ({ effect }: RecordedMutation): boolean =>
  effect === 'on the way' || (typeof effect === 'object' && effect.pending)
