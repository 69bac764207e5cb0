import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Emulator, EmulatorOptions } from '../../emulator/emulator.ts'
import type { WorkflowEvent } from '../../emulator/runner/events.ts'
import { start } from '../support/emulator-requests.ts'
import { FAST_SCALE } from '../support/run-action.ts'
import { scaledClock } from '../support/scaled-clock.ts'
import { root } from './harness/actions.ts'
import type { JobResult } from './harness/job.ts'
import { createMachine, type MachineOptions } from './harness/machine.ts'
import { runWorkflow, type RunResult } from './harness/run.ts'
import type { StepResult } from './harness/step.ts'

/** The action of the harness's own tests. */
export const sampleActions: ReadonlyMap<string, string> = new Map([
  ['octo-org/sample', join(root, 'test', 'workflows', 'actions', 'sample')],
])

const examplesFolder = join(root, 'examples')

/** The names of all examples. */
export const exampleNames: readonly string[] = readdirSync(examplesFolder)
  .filter((name) => /\.ya?ml$/.test(name))
  .sort()

/** The text of an example. */
export const example = (name: string): string => readFileSync(join(examplesFolder, name), 'utf8')

/** The central workflow that others call. */
export const called = {
  'YOUR-ORG/workflows/.github/workflows/reusable.yml@main': example('reusable.yml'),
} as const

/** What people replace in an example: every place where a text stands, which must be there. */
export function replaced(text: string, ...pairs: readonly (readonly [string, string])[]): string {
  return pairs.reduce((so, [from, to]) => {
    if (!so.includes(from)) throw new Error(`The workflow does not say ${from}`)
    return so.replaceAll(from, () => to)
  }, text)
}

/** The app's own deploy script, as a repository has it; it says what it was told. */
const deployScript = `#!/bin/sh
echo "Deployed $APP_ID $ENVIRONMENT with bucket $BUCKET_NAME"
`

export type World = Readonly<{
  emulator: Emulator
  /** Runs a workflow on this bundle against the emulator. */
  run(name: string, text: string, event: WorkflowEvent): Promise<RunResult>
}>

/** An emulator, on which time passes fast, and a runner with this action's bundle. */
export async function world(
  machine: MachineOptions = {},
  options: EmulatorOptions = {},
): Promise<World> {
  const clock = { scale: FAST_SCALE, originMs: Date.now() }
  const emulator = await start({
    clock: scaledClock(clock.scale, clock.originMs),
    rules: { jobMs: 1000 },
    ...options,
  })
  const repository = { 'deploy.sh': deployScript }
  return {
    emulator,
    run: (name, text, event) =>
      runWorkflow(name, text, event, createMachine(emulator, { repository, clock, ...machine })),
  }
}

/** The step of the action in a job. */
export function storageStep(job: JobResult | undefined): StepResult {
  const step = job?.steps.find(({ id }) => id === 'storage')
  if (step === undefined) throw new Error('The job has no step storage')
  return step
}

/** The job of an id. */
export const jobIn = (ran: RunResult, id: string): JobResult | undefined =>
  ran.jobs.find((job) => job.id === id)

/** What the deploy script said, for every time that it was run. */
export const deploys = ({ jobs }: RunResult): readonly string[] =>
  jobs.flatMap(({ steps }) =>
    steps.flatMap(({ log }) => log.filter((line) => line.startsWith('Deployed '))),
  )

/** Everything that was logged, to be shown where a run did not end as it should. */
export const logOf = ({ jobs }: RunResult): string =>
  jobs
    .flatMap(({ name, steps }) =>
      steps.map(({ id, log }) => [`${name}, ${id}:`, ...log].join('\n')),
    )
    .join('\n')
