/** A workflow that a command takes over: its event, its steps that use the action, and their values. */
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { parse } from 'yaml'

import { isObject } from '../lib/validation.ts'
import { eventsByName, getsIdToken, type EventName, type WorkflowEvent } from '../runner/events.ts'
import { UnknownValueError } from '../runner/expressions.ts'
import { githubContext, tokenClaims, type RunInfo } from '../runner/github-context.ts'
import { baseContexts } from '../runner/step-contexts.ts'
import {
  allStepInputs,
  anyJobCanRequestIdToken,
  type StepInputs,
  type StepSource,
} from '../runner/step-inputs.ts'
import {
  defaultEvent,
  hasPathFilter,
  isCalled,
  missingTrigger,
  parseTriggers,
  type Triggers,
} from '../runner/triggers.ts'
import { UsageError } from './options.ts'
import type { WorkflowFlags } from './workflow-flags.ts'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export type WorkflowRun = Readonly<{
  /** The path as messages name it. */
  path: string
  text: string
  triggers: Triggers
  eventName: EventName
  event: WorkflowEvent
  info: RunInfo
}>

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    throw new UsageError(`Cannot read the workflow ${path}: ${code}`, 'Check the path.')
  }
}

/** The user may have written the workflow, so an error in it is reported as a usage error. */
function withUsageError<T>(path: string, action: string, run: () => T, advice = ''): T {
  try {
    return run()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(
      `Cannot ${action} ${path}: ${reason}`,
      error instanceof UnknownValueError ? advice : '',
    )
  }
}

function workflowName(text: string, path: string): string {
  const document: unknown = parse(text)
  const name = isObject(document) ? document['name'] : undefined
  return typeof name === 'string' ? name : path
}

/**
 * Reads a workflow.
 *
 * @throws UsageError if it cannot be read
 */
export function readWorkflow(path: string, flags: WorkflowFlags): WorkflowRun {
  const text = readText(path)
  return withUsageError(path, 'read', () => {
    const triggers = parseTriggers(text)
    const eventName = flags.event ?? defaultEvent(triggers, flags.branch)
    const file = basename(path)
    return {
      path,
      text,
      triggers,
      eventName,
      event: eventsByName[eventName](flags.branch),
      info: {
        serverUrl: flags.server,
        apiUrl: '',
        graphqlUrl: '',
        file,
        workflow: workflowName(text, `.github/workflows/${file}`),
        job: flags.job ?? '',
      },
    }
  })
}

const actCommand = ({ path, event, text }: WorkflowRun): string => {
  const uses = /uses: (\S+\/amplify-create-backend-storage@\S+)/.exec(text)?.[1]
  const local = uses === undefined ? '' : ` --local-repository "${uses}=$PWD"`
  // act runs in the folder of the app's repository.
  const [, folder, file = path] = /^(.+?)\/(\.github\/workflows\/[^/]+)$/.exec(path) ?? []
  const directory = folder === undefined ? '' : ` --directory ${folder}`
  return `act ${event.name}${directory} --workflows ${file} --eventpath "$PWD/event.json" --env-file "$PWD/emulator.env" --platform ubuntu-latest=-self-hosted${local}`
}

const emulatorCommand = (...options: readonly string[]): string =>
  `npm run emulator -- ${options.join(' ')} --event-file event.json --variables emulator.env`

const actSection = 'docs/emulator.md#run-a-whole-workflow-in-act'

/** The commands that run the whole workflow on the state that its steps name. */
const wholeWorkflowAdvice = (run: WorkflowRun): string =>
  `Run the whole workflow in act, with the emulator in a terminal of its own (${actSection}):
  ${emulatorCommand(`--workflow ${run.path}`, `--event ${run.eventName}`)}
  ${actCommand(run)}`

/** The commands for a workflow whose steps name what only its run knows, so that `--workflow` rejects it, too. */
const unknownStateAdvice = (run: WorkflowRun): string =>
  `Run the whole workflow in act. Start the emulator without --workflow in a terminal of its own, and add the app and the roles (${actSection}):
  ${emulatorCommand(`--event ${run.eventName}`)}
  . ./emulator.env && curl -X PUT "$AWS_ENDPOINT_URL/_emulator/state" --data '{"apps":{"APP_ID":{"environments":{"ENVIRONMENT":{}}}},"roles":[{"arn":"ROLE_ARN"}]}'
  ${actCommand(run)}`

type Urls = Readonly<{ token: string; apiUrl: string; graphqlUrl: string }>

/**
 * Evaluates the steps that use the action, for every combination of a matrix.
 *
 * @param jobs `first` for the first job that has such a step
 * @throws UsageError if one needs a value that only a run of the whole workflow has
 */
export function evaluateSteps(
  run: WorkflowRun,
  jobs: 'first' | 'all',
  { job, given, matrix }: WorkflowFlags,
  { token, ...urls }: Urls = { token: '', apiUrl: '', graphqlUrl: '' },
): readonly StepInputs[] {
  const source: StepSource = {
    workflow: run.text,
    action: readFileSync(join(root, 'action.yml'), 'utf8'),
    contexts: { github: githubContext(run.event, { ...run.info, ...urls }, token) },
    job,
    given,
    matrix,
  }
  return withUsageError(run.path, 'try', () => allStepInputs(source, jobs), unknownStateAdvice(run))
}

/** Whether a job of the run gets an OIDC token. */
export const getsToken = ({ text, event, info }: WorkflowRun): boolean =>
  getsIdToken(event, anyJobCanRequestIdToken(text, { github: githubContext(event, info, '') }))

/** The inputs of the run, as the payload of a dispatch has them: text, with the defaults. */
export function dispatchInputs(
  { text, event, info }: WorkflowRun,
  { given }: WorkflowFlags,
): Readonly<Record<string, string>> {
  const document: unknown = parse(text)
  const github = githubContext(event, info, '')
  const { inputs } = baseContexts(isObject(document) ? document : {}, { github }, given)
  return Object.fromEntries(
    Object.entries(isObject(inputs) ? inputs : {}).map(([name, value]) => [name, String(value)]),
  )
}

/**
 * Whether GitHub runs a step.
 *
 * @throws UsageError if that depends on other jobs or steps
 */
export const stepRuns = (run: WorkflowRun, step: StepInputs): boolean =>
  withUsageError(run.path, 'try', step.runs, wholeWorkflowAdvice(run))

/** The claims of the tokens of a job. */
export const claimsOf = (
  { event, info }: WorkflowRun,
  environment: string | undefined,
): Record<string, string | undefined> =>
  tokenClaims(event, { file: info.file, workflow: info.workflow, environment })

/** What a user should know about how the run differs from one on GitHub. */
export function runNotes(run: WorkflowRun): readonly string[] {
  const { triggers, event } = run
  const missing = missingTrigger(triggers, event)
  return [
    ...(isCalled(triggers, event.name)
      ? [
          `As another workflow calls it, on ${event.name}`,
          ...(getsToken(run) ? ['On GitHub, the calling job needs `id-token: write`, too'] : []),
        ]
      : missing === undefined
        ? []
        : [`On GitHub, this event does not trigger the workflow: \`on:\` lacks ${missing}`]),
    ...(hasPathFilter(triggers, event)
      ? ['On GitHub, only some files trigger the workflow: `on:` has a filter for paths']
      : []),
  ]
}
