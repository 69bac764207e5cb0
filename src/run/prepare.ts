/** The first steps of a run, before any call: decide what to do, read the inputs, log the configuration. */
import { detectCredentials, sharedFileProblems } from '../inputs/environment.ts'
import {
  invalidInputError,
  readInputs,
  readTriggerInputs,
  type Inputs,
} from '../inputs/read-inputs.ts'
import { formatDuration } from '../lib/clock.ts'
import { readVariable } from '../lib/env.ts'
import { quote } from '../lib/text.ts'
import { formatValue } from '../storage/diff.ts'
import { decide, type Decision } from '../workflow/decide.ts'
import { readEvent } from '../workflow/event.ts'
import { warn, type RunContext } from './context.ts'

/**
 * Decides from the event what the run does. The other inputs are read later: a run that is skipped may
 * have empty secrets.
 *
 * @throws ActionError INVALID_INPUT for all inputs when one that decides is invalid; what `decide` throws
 */
export function decideCommand(context: RunContext): Decision {
  const { env, readFile, state, log } = context
  const trigger = readTriggerInputs(env)
  if (trigger === undefined) throw invalidInputError(readInputs(env).problems)
  const { event, warning } = readEvent(env, readFile)
  context.event = event
  if (warning !== undefined) warn(context, 'Event not read', warning)
  const decision = decide(event, trigger, detectCredentials(env))
  if (decision.command === 'skip') {
    log.annotate('notice', 'Skipped', toSentence(decision.reason))
    return decision
  }
  state.command = decision.command
  state.reason = decision.reason
  state.followUp = decision.followUp
  state.credentialsRestriction = decision.credentialsRestriction
  if (decision.warning !== undefined) {
    warn(context, 'Planned only', decision.warning, { kind: 'planned-only' })
  }
  return decision
}

/** @throws ActionError INVALID_INPUT that lists every problem of every input */
export function loadInputs(context: RunContext): Inputs {
  const { env, state, secrets } = context
  const { inputs, warnings, ...found } = readInputs(env)
  const problems = [...found.problems, ...sharedFileProblems(env, context.isNamedPipe)]
  for (const warning of warnings) warn(context, 'Check the inputs', warning)
  warnAboutCertificates(context)
  if (inputs === undefined || problems.length > 0) throw invalidInputError(problems)
  context.inputs = inputs
  if (inputs.failOnChanges && state.command === 'apply') {
    warn(
      context,
      'fail-on-changes ignored',
      '`fail-on-changes` has no effect on a run that applies. To check for differences without applying, set `mode: plan`.',
    )
  }
  secrets.add(inputs.githubToken)
  const { appId, backendEnvironmentName, resourceName, bucketName = '' } = inputs
  for (const name of [appId, backendEnvironmentName, resourceName, bucketName]) secrets.exempt(name)
  state.appId = inputs.appId
  state.backendEnvironmentName = inputs.backendEnvironmentName
  state.resourceName = inputs.resourceName
  return inputs
}

/** Node.js ignores a file of certificates that it cannot read, and prints only a line on stderr. */
function warnAboutCertificates(context: RunContext): void {
  const path = readVariable(context.env, 'NODE_EXTRA_CA_CERTS')
  if (path === '') return
  let problem = 'cannot be read'
  try {
    if (context.readFile(path).includes('-----BEGIN ')) return
    problem = 'contains no certificate in PEM format'
  } catch {
    // The file cannot be read.
  }
  warn(
    context,
    'Certificates not read',
    `NODE_EXTRA_CA_CERTS names ${quote(path)}, which ${problem}, so it is ignored.`,
  )
}

export function logRequestedConfig({ log }: RunContext, decision: Decision, inputs: Inputs): void {
  const verb = decision.command === 'apply' ? 'Applying' : 'Planning'
  const { unauthenticatedPermissions: guests } = inputs
  log.info(`${verb}: ${decision.reason}.`)
  log.group('Requested configuration', [
    `app ${inputs.appId}, environment ${inputs.backendEnvironmentName}, region ${inputs.region} (from ${inputs.regionSource})`,
    `storage ${inputs.resourceName}, bucket ${inputs.bucketName ?? 'chosen by the service'}`,
    `signed-in users: ${formatValue(inputs.authenticatedPermissions)}; guests: ${guests === undefined ? 'not managed' : formatValue(guests)}`,
    `if-exists: ${inputs.ifExists}; ${inputs.wait ? '' : 'wait: false; '}timeout: ${formatDuration(inputs.timeoutMs)}`,
  ])
}

function toSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
