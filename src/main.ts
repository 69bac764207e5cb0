/**
 * The sequence of a run: decide, read, connect, plan or apply, report. What each step does is in the file
 * that it is imported from.
 */
import { getIdTokenEndpoint, prefetchIdToken, type PrefetchedIdToken } from './aws/id-token.ts'
import { getRole, toDesiredStorage, type Inputs } from './inputs/read-inputs.ts'
import { systemClock } from './lib/clock.ts'
import { errorMessage } from './lib/error-message.ts'
import { isNamedPipe } from './lib/named-pipe.ts'
import { quote } from './lib/text.ts'
import { withAbortGrace } from './lib/timeout.ts'
import { forgetComparison, isBackendMissing } from './run/state.ts'
import { planNotes } from './report/changes.ts'
import { publishReport } from './report/publish.ts'
import { createReporter } from './report/reporter.ts'
import { createCancellation, MUTATION_GRACE_MS } from './run/cancellation.ts'
import {
  createRetryPolicy,
  createRunContext,
  toStorageRef,
  warn,
  type RunContext,
  type Runtime,
} from './run/context.ts'
import { withHardTimeout } from './run/hard-timeout.ts'
import { createObserver } from './run/observer.ts'
import { isFailure, redactOutcome, toFailedOutcome, type RunOutcome } from './run/outcome.ts'
import { decideCommand, loadInputs, logRequestedConfig } from './run/prepare.ts'
import { installProcessGuard } from './run/process-guard.ts'
import { apply } from './storage/apply.ts'
import { plan, type PlanOptions } from './storage/plan.ts'
import { changeLines, withIndentedDetails } from './storage/diff.ts'
import type { StorageContext } from './storage/context.ts'
import { readRunnerFile, runnerToolkit } from './workflow/toolkit.ts'

/** After a cancellation, a run that has not ended within this time is abandoned. */
const RUN_GRACE_MS = MUTATION_GRACE_MS + 50
/** After a cancellation, the report makes no calls; it may take this long to write its files. */
const REPORT_GRACE_MS = 5_000

/** Runs the action in this process, then ends the process with exit code 1 after a failure, otherwise 0. */
export async function start(): Promise<void> {
  const cancellation = createCancellation()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      cancellation.cancel(signal)
    })
  }
  const exit = installProcessGuard(runnerToolkit, cancellation)
  const outcome = await main({
    env: process.env,
    readFile: readRunnerFile,
    isNamedPipe,
    clock: systemClock,
    random: Math.random,
    toolkit: runnerToolkit,
    cancellation,
  })
  exit(isFailure(outcome) ? 1 : 0)
}

/** Runs the action and reports. Never throws: whatever happens becomes exactly one outcome. */
export async function main(runtime: Runtime): Promise<RunOutcome> {
  const context = createRunContext(runtime)
  const { clock, cancellation } = context
  const { signal } = cancellation
  const reporter = createReporter(context)
  const outcome = await withAbortGrace(
    clock,
    signal,
    RUN_GRACE_MS,
    run(context, reporter.setKnownOutputs).then((end) =>
      redactOutcome(end, context.secrets.redact),
    ),
  ).catch((error: unknown) => toOutcome(context, error))
  reporter.finish(outcome)
  await withAbortGrace(
    clock,
    signal,
    REPORT_GRACE_MS,
    publishReport(context, outcome, reporter),
  ).catch((error: unknown) => {
    if (error === signal.reason) return
    warn(
      context,
      'Report incomplete',
      `The report could not be completed: ${errorMessage(error, context.secrets.redact)}`,
    )
  })
  return outcome
}

/** @param onKnownOutputs called whenever more outputs are known */
async function run(context: RunContext, onKnownOutputs: () => void): Promise<RunOutcome> {
  const decision = decideCommand(context)
  if (decision.command === 'skip') return { result: 'skipped', reason: decision.reason }
  const { command } = decision
  const inputs = loadInputs(context)
  onKnownOutputs()
  logRequestedConfig(context, decision, inputs)
  return await withHardTimeout(context.clock, inputs.timeoutMs, async () => {
    const idToken = prefetchToken(context, inputs, command)
    // The SDK loads while the request for the token is on its way.
    await idToken?.sent
    const { connect } = await import('./run/connect.ts')
    const observer = createObserver(context, onKnownOutputs)
    const connection = await connect(context, inputs, command, observer, idToken?.token)
    try {
      return await execute(context, connection.storage, command, inputs)
    } finally {
      connection.close()
    }
  })
}

/** Requests the ID token early; undefined if no role is set, or if the job may not request one. */
function prefetchToken(
  context: RunContext,
  inputs: Inputs,
  command: 'apply' | 'plan',
): PrefetchedIdToken | undefined {
  const { env, agents, secrets } = context
  const endpoint = getIdTokenEndpoint(env)
  if (endpoint === undefined || getRole(inputs, command) === undefined) return undefined
  const { audience } = inputs
  const policy = createRetryPolicy(context, inputs)
  return prefetchIdToken({ endpoint, audience, agents, secrets, policy })
}

async function execute(
  context: RunContext,
  storage: StorageContext,
  command: 'apply' | 'plan',
  inputs: Inputs,
): Promise<RunOutcome> {
  const desired = toDesiredStorage(inputs)
  const options = { desired, ifExists: inputs.ifExists, wait: inputs.wait }
  if (command === 'apply') return await apply(storage, options)
  return await executePlan(context, storage, options, inputs)
}

/** @throws ActionError when an apply would be rejected, or CHANGES_FOUND if `fail-on-changes` asks for it */
async function executePlan(
  context: RunContext,
  storage: StorageContext,
  options: PlanOptions,
  { resourceName, failOnChanges }: Inputs,
): Promise<RunOutcome> {
  const { state, log } = context
  const { changes, failed, bucketName } = await plan(storage, options).catch(
    async (error: unknown) => {
      throw failOnChanges ? (await import('./run/changes-found.ts')).toChangesFound(error) : error
    },
  )
  if (changes.length === 0) {
    log.info('No changes: the storage matches the configuration.')
    return { result: 'planned', bucketName }
  }
  const exists = state.currentStorage?.storage !== undefined
  log.info(
    withIndentedDetails(
      `An apply would ${exists ? 'change' : 'create'} the storage ${quote(resourceName)}`,
      [...changeLines(changes), ...planNotes(options.desired, state)],
    ),
  )
  if (failOnChanges) {
    const { changesFound } = await import('./run/changes-found.ts')
    throw failed[0] ?? changesFound(resourceName, changes, exists)
  }
  return { result: 'planned', bucketName }
}

function toOutcome({ inputs, state, secrets, log }: RunContext, error: unknown): RunOutcome {
  if (error instanceof Error) log.debug(error.stack ?? error.message)
  const ref = inputs && state.command && toStorageRef(inputs, state.command)
  const outcome = toFailedOutcome(error, state, ref, secrets.redact)
  if (isBackendMissing(outcome.error.code, state)) forgetComparison(state)
  return outcome
}
