/**
 * `npm run try`: runs the step of an example on an emulator, and shows what people see on GitHub: the log,
 * then the outputs, then the summary.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { defaults, startEmulator, type Emulator } from '../emulator.ts'
import { mergedApplyRoleTrust } from '../iam/trust.ts'
import { eventsByName, type EventName, type WorkflowEvent } from '../runner/events.ts'
import { githubContext, tokenClaims } from '../runner/github-context.ts'
import { stepInputs } from '../runner/step-inputs.ts'
import { runActionStep, type StepOptions } from '../runner/step.ts'
import { defaultEvent, missingTrigger, parseTriggers } from '../runner/triggers.ts'
import { UsageError } from './options.ts'
import { injectNamedFault } from './try-faults.ts'
import { parseTryFlags, tryUsage, type TryFlags } from './try-flags.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const examples = readdirSync(join(root, 'examples'))
  .filter((name) => name.endsWith('.yml'))
  .map((name) => name.slice(0, -'.yml'.length))
  .sort()

const workflowName = 'Storage'

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

/** The user may have written the workflow, so an error in it is reported as a usage error. */
function withUsageError<T>(file: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`Cannot try examples/${file}: ${reason}`)
  }
}

/** Replaces the trust policy of the role that applies by the one for merged pull requests. */
function trustMergedPullRequests({ state }: Emulator): void {
  const role = state.roles.get(defaults.applyRole)
  if (role !== undefined) role.trust = mergedApplyRoleTrust(state.issuer)
}

type TriedWorkflow = Readonly<{
  file: string
  text: string
  eventName: EventName
  event: WorkflowEvent
  /** What `on:` lacks for the event to trigger the workflow. */
  missing: string | undefined
}>

function readWorkflow(flags: TryFlags): TriedWorkflow {
  const file = `${flags.example}.yml`
  const text = readFileSync(join(root, 'examples', file), 'utf8')
  const triggers = withUsageError(file, () => parseTriggers(text))
  const eventName = flags.event ?? defaultEvent(triggers)
  const event = eventsByName[eventName]()
  return { file, text, eventName, event, missing: missingTrigger(triggers, event) }
}

/** The variables of the step; its job gets an OIDC token only if GitHub gives it one. */
function stepEnvironment(
  { file, text, event }: TriedWorkflow,
  emulator: Emulator,
): StepOptions['env'] {
  const github = githubContext(
    event,
    {
      serverUrl: 'https://github.com',
      apiUrl: emulator.env['GITHUB_API_URL'] ?? '',
      graphqlUrl: emulator.env['GITHUB_GRAPHQL_URL'] ?? '',
      file,
      workflow: workflowName,
      job: 'storage',
    },
    emulator.githubToken,
  )
  const action = readFileSync(join(root, 'action.yml'), 'utf8')
  const step = withUsageError(file, () =>
    stepInputs({ workflow: text, action, contexts: { github } }),
  )
  const tokenEndpoint =
    step.canRequestIdToken && event.trusted
      ? {}
      : { ACTIONS_ID_TOKEN_REQUEST_URL: undefined, ACTIONS_ID_TOKEN_REQUEST_TOKEN: undefined }
  return { ...emulator.env, ...tokenEndpoint, ...step.env }
}

function printHeading({ file, eventName, missing }: TriedWorkflow, flags: TryFlags): void {
  const { fault } = flags
  print(`--- examples/${file} on ${eventName}${fault === undefined ? '' : `, with ${fault}`}`)
  if (missing !== undefined)
    print(`--- On GitHub, this event does not trigger the workflow: \`on:\` lacks ${missing}`)
  if (eventName === 'merged')
    print(
      '--- amplify-storage-apply has the trust policy of docs/setup.md for merged pull requests',
    )
}

/** Runs the step and prints what it reports; returns its exit code. */
async function runStep(event: WorkflowEvent, env: StepOptions['env']): Promise<number> {
  const result = await runActionStep({ event, env, onLine: print, timeoutMs: 300_000 })
  print(`--- exit code ${result.exitCode}; outputs:`)
  for (const [name, value] of Object.entries(result.outputs)) print(`${name}=${value}`)
  print('--- step summary, in Markdown and HTML, which GitHub shows on the page of the run:')
  print(result.summary)
  return result.exitCode
}

async function runTry(flags: TryFlags): Promise<number> {
  const workflow = readWorkflow(flags)
  const { file, event, eventName } = workflow
  const emulator = await startEmulator({
    rules: { jobMs: flags.jobMs },
    claims: tokenClaims(event, { file, workflow: workflowName }),
  })
  try {
    const env = stepEnvironment(workflow, emulator)
    if (eventName === 'merged') trustMergedPullRequests(emulator)
    if (flags.fault !== undefined) injectNamedFault(emulator, flags.fault)
    printHeading(workflow, flags)
    const exitCode = await runStep(event, env)
    if (!flags.twice) return exitCode
    print('--- run again')
    return await runStep(event, env)
  } finally {
    await emulator.stop()
  }
}

try {
  const flags = parseTryFlags(process.argv.slice(2), examples)
  if (flags === undefined) process.stdout.write(tryUsage(examples))
  else process.exitCode = await runTry(flags)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`${error.message}\n\n${tryUsage(examples)}`)
  process.exitCode = 2
}
