/** `npm run emulator`: starts an emulator and prints how to use it. */
import { writeFileSync } from 'node:fs'

import { defaults, startEmulator, type Emulator } from '../emulator.ts'
import { serverIssuer } from '../iam/issuers.ts'
import { eventsByName, getsIdToken, type WorkflowEvent } from '../runner/events.ts'
import { tokenClaims } from '../runner/github-context.ts'
import type { StepInputs } from '../runner/step-inputs.ts'
import { banner } from './banner.ts'
import { UsageError, usageErrorText } from './options.ts'
import { parseStartFlags, startUsage, type StartFlags } from './start-flags.ts'
import { endWithReader } from './terminal.ts'
import {
  claimsOf,
  dispatchInputs,
  evaluateSteps,
  getsToken,
  readWorkflow,
  type WorkflowRun,
} from './workflow-run.ts'
import { addWorkflowState } from './workflow-state.ts'

type TakenWorkflow = Readonly<{ run: WorkflowRun; steps: readonly StepInputs[] }>

function takeWorkflow({ workflow: flags }: StartFlags): TakenWorkflow | undefined {
  if (flags.workflow === undefined) return undefined
  const run = readWorkflow(flags.workflow, flags)
  return { run, steps: evaluateSteps(run, 'all', flags) }
}

/** A step with the default roles, for options without a workflow. */
const defaultStep: StepInputs = {
  job: 'storage',
  step: '',
  canRequestIdToken: true,
  emulatorInputs: undefined,
  runs: () => true,
  environment: undefined,
  matrix: {},
  env: {
    'INPUT_ROLE-TO-ASSUME': defaults.applyRole,
    'INPUT_PLAN-ROLE-TO-ASSUME': defaults.planRole,
  },
}

/** Sets the claims of the tokens, and adds what the workflow names. */
function prepare(
  emulator: Emulator,
  taken: TakenWorkflow | undefined,
  event: WorkflowEvent,
  flags: StartFlags,
): void {
  const { environment, repository, workflow } = flags
  const isDefault = [workflow.event, workflow.branch, environment, repository].every(
    (each) => each === undefined,
  )
  if (taken === undefined && isDefault) return
  const steps = taken?.steps ?? [defaultStep]
  const name = environment ?? steps[0]?.environment
  const job = { file: 'storage.yml', workflow: 'Storage', environment: name }
  Object.assign(
    emulator.state.claims,
    taken === undefined ? tokenClaims(event, job) : claimsOf(taken.run, name),
  )
  addWorkflowState(
    emulator,
    environment === undefined ? steps : steps.map((step) => ({ ...step, environment })),
    { event, ...(repository === undefined ? {} : { repository }) },
  )
}

function startProblem(error: unknown, port: number): string {
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
    return `Port ${port} is in use. Choose another one, or leave out --port for any free port.`
  return `The emulator could not start: ${error instanceof Error ? error.message : String(error)}`
}

function write(option: string, path: string | undefined, content: string): void {
  if (path === undefined) return
  try {
    writeFileSync(path, content)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    throw new UsageError(`Cannot write ${path}: ${code}`, `Choose another file for --${option}.`)
  }
}

/** The variables of the jobs, as lines of a file. */
const variableLines = ({ env }: Emulator, hasToken: boolean): string =>
  Object.entries(env)
    .filter(([name]) => hasToken || !name.startsWith('ACTIONS_ID_TOKEN_'))
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')

/** Writes the files that the options name; the one with the variables last, which shows that all is ready. */
function writeFiles(
  flags: StartFlags,
  emulator: Emulator,
  event: WorkflowEvent,
  taken: TakenWorkflow | undefined,
): void {
  const { payload } = event
  const { workflow } = flags
  const inputs = taken === undefined ? workflow.given.inputs : dispatchInputs(taken.run, workflow)
  const isDispatch = event.name === 'workflow_dispatch'
  write(
    'event-file',
    flags.eventFile,
    JSON.stringify(isDispatch ? { ...payload, inputs: inputs ?? {} } : payload),
  )
  const hasToken = taken === undefined ? getsIdToken(event, true) : getsToken(taken.run)
  write('variables', flags.variablesFile, variableLines(emulator, hasToken))
}

async function main(): Promise<void> {
  const flags = parseStartFlags(process.argv.slice(2))
  if (flags.help) {
    process.stdout.write(startUsage)
    return
  }
  const taken = takeWorkflow(flags)
  let emulator: Emulator
  try {
    emulator = await startEmulator({
      port: flags.port,
      ipv6: flags.ipv6,
      rules: { jobMs: flags.jobMs },
      issuer: serverIssuer(flags.workflow.server),
    })
  } catch (error) {
    process.stderr.write(`${startProblem(error, flags.port)}\n`)
    process.exitCode = 1
    return
  }
  try {
    const event =
      taken?.run.event ?? eventsByName[flags.workflow.event ?? 'push'](flags.workflow.branch)
    prepare(emulator, taken, event, flags)
    writeFiles(flags, emulator, event, taken)
  } catch (error) {
    await emulator.stop()
    throw error
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void emulator.stop())
  process.stdout.write(banner(emulator))
}

endWithReader()
try {
  await main()
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(usageErrorText(error, 'emulator'))
  process.exitCode = 2
}
