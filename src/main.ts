/** The story of one run: decide, read, authenticate, look and act, report. */
import { apply, plan } from './storage/apply.ts'
import { MUTATION_GRACE_MS } from './run/cancellation.ts'
import { formatDuration } from './lib/clock.ts'
import { planNotes } from './report/changes.ts'
import { changeLines, withIndentedDetails } from './storage/change-lines.ts'
import { toFailedOutcome, type RunOutcome } from './run/outcome.ts'
import type { StorageContext } from './storage/context.ts'
import { decide, type Decision } from './workflow/decide.ts'
import { detectCredentials } from './inputs/environment.ts'
import { readEvent } from './workflow/event.ts'
import {
  invalidInputError,
  readInputs,
  getRole,
  toDesiredStorage,
  readTriggerInputs,
  type Inputs,
} from './inputs/read-inputs.ts'
import { publishReport } from './report/publish.ts'
import { getIdTokenEndpoint, prefetchIdToken, type PrefetchedIdToken } from './aws/id-token.ts'
import {
  createRetryPolicy,
  createRunContext,
  toStorageRef,
  warn,
  type RunContext,
  type Runtime,
} from './run/context.ts'
import { formatValue } from './storage/model.ts'
import { quote } from './lib/text.ts'
import { errorMessage } from './lib/error-message.ts'
import { withAbortGrace } from './lib/timeout.ts'
import { withHardTimeout } from './run/hard-timeout.ts'

/** When the run is cancelled, everything in hand ends by itself within this time, or is left behind. */
const RUN_GRACE_MS = MUTATION_GRACE_MS + 50
/** By then nothing of the report is a call any more; this is for a disk that is slow. */
const REPORT_GRACE_MS = 5_000

/** Runs the action and reports. Never throws: whatever happens comes to exactly one ending. */
export async function main(runtime: Runtime): Promise<RunOutcome> {
  const context = createRunContext(runtime)
  const { clock, cancellation, reporter } = context
  const { signal } = cancellation
  const outcome = await withAbortGrace(clock, signal, RUN_GRACE_MS, run(context)).catch(
    (thrown: unknown) => {
      if (thrown instanceof Error) context.log.debug(thrown.stack ?? thrown.message)
      const { inputs, state, secrets } = context
      const ref = inputs && state.command && toStorageRef(inputs, state.command)
      return toFailedOutcome(thrown, state, ref, secrets.redact)
    },
  )
  reporter.finish(outcome)
  await withAbortGrace(clock, signal, REPORT_GRACE_MS, publishReport(context, outcome)).catch(
    (thrown: unknown) => {
      if (thrown === signal.reason) return
      warn(context, 'Report incomplete', `The report broke off: ${errorMessage(thrown)}`)
    },
  )
  return outcome
}

async function run(context: RunContext): Promise<RunOutcome> {
  const decision = decideCommand(context)
  if (decision.command === 'skip') return { result: 'skipped', reason: decision.reason }
  const inputs = loadInputs(context)
  logRequestedConfig(context, decision, inputs)
  return await withHardTimeout(context.clock, inputs.timeoutMs, async () => {
    const early = prefetchToken(context, inputs, decision.command)
    // The SDK is loaded while the token is on its way.
    await early?.sent
    const { connect } = await import('./run/connect.ts')
    const { context: storageContext, close } = await connect(
      context,
      inputs,
      decision.command,
      early?.token,
    )
    try {
      return await execute(context, storageContext, decision.command, inputs)
    } finally {
      close()
    }
  })
}

/** Requests the token for the role; undefined when it is not needed, or not to be had. */
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

/** Decided before the other inputs are judged: a run that skips may have empty secrets. */
function decideCommand(context: RunContext): Decision {
  const { env, readFile, state, log } = context
  const trigger = readTriggerInputs(env)
  if (trigger === undefined) throw invalidInputError(readInputs(env).problems)
  const { event, warning } = readEvent(env, readFile)
  context.event = event
  if (warning !== undefined) warn(context, 'Event not read', warning)
  const decision = decide(event, trigger, detectCredentials(env))
  if (decision.command === 'skip') {
    if (decision.notice) log.annotate('notice', 'Skipped', toSentence(decision.reason))
    else log.info(`Skipped: ${decision.reason}.`)
    return decision
  }
  state.command = decision.command
  state.reason = decision.reason
  state.followUp = decision.followUp ?? ''
  if (decision.warning !== undefined) warn(context, 'Planned only', decision.warning)
  return decision
}

function loadInputs(context: RunContext): Inputs {
  const { env, state, secrets, reporter } = context
  const { inputs, problems, warnings } = readInputs(env)
  for (const warning of warnings) warn(context, 'Check the inputs', warning)
  if (inputs === undefined) throw invalidInputError(problems)
  context.inputs = inputs
  secrets.add(inputs.githubToken)
  state.appId = inputs.appId
  state.backendEnvironmentName = inputs.backendEnvironmentName
  state.resourceName = inputs.resourceName
  reporter.setKnownOutputs()
  return inputs
}

function logRequestedConfig({ log }: RunContext, decision: Decision, inputs: Inputs): void {
  log.info(`${decision.command === 'apply' ? 'Applies' : 'Plans'}: ${decision.reason}.`)
  const { unauthenticatedPermissions: guests } = inputs
  log.group('What is asked', [
    `app ${inputs.appId}, environment ${inputs.backendEnvironmentName}, region ${inputs.region} (from ${inputs.regionSource})`,
    `storage ${inputs.resourceName}, bucket ${inputs.bucketName ?? 'chosen by the service'}`,
    `signed-in users: ${formatValue(inputs.authenticatedPermissions)}; guests: ${guests === undefined ? 'not managed' : formatValue(guests)}`,
    `if it exists: ${inputs.ifExists}; ${inputs.wait ? '' : 'does not wait for the job; '}${formatDuration(inputs.timeoutMs)} at most`,
  ])
}

async function execute(
  { state, log }: RunContext,
  engine: StorageContext,
  command: 'apply' | 'plan',
  inputs: Inputs,
): Promise<RunOutcome> {
  const options = {
    desired: toDesiredStorage(inputs),
    ifExists: inputs.ifExists,
    wait: inputs.wait,
  }
  if (command === 'apply') return await apply(engine, options)
  const changes = await plan(engine, options)
  engine.observer.onChanges(changes)
  if (changes.length === 0) {
    log.info('The storage is as asked: an apply would change nothing.')
  } else {
    const verb = state.currentStorage?.storage === undefined ? 'create' : 'change'
    const notes = planNotes(options.desired, state)
    log.info(
      withIndentedDetails(`An apply would ${verb} the storage ${quote(inputs.resourceName)}`, [
        ...changeLines(changes),
        ...notes,
      ]),
    )
    if (state.followUp !== '') log.info(state.followUp)
  }
  return { result: 'planned' }
}

function toSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
