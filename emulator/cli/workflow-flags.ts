/** The options by which both commands take over a workflow: which one, its event, and its values. */
import {
  eventAliases,
  eventsByName,
  eventsWithoutBranch,
  type EventName,
} from '../runner/events.ts'
import type { GivenValues } from '../runner/step-contexts.ts'
import { parsePairs, unknownName, UsageError } from './options.ts'

export type WorkflowFlags = Readonly<{
  /** The path of the workflow's file. */
  workflow: string | undefined
  job: string | undefined
  event: EventName | undefined
  /** The branch of the event; the base branch of a pull request. */
  branch: string | undefined
  /** Values of the combinations of a matrix to choose. */
  matrix: Readonly<Record<string, string>>
  /** The URL of the GitHub server. */
  server: string
  given: GivenValues
}>

export const workflowOptions = {
  workflow: { type: 'string' },
  job: { type: 'string' },
  event: { type: 'string' },
  branch: { type: 'string' },
  matrix: { type: 'string', multiple: true },
  server: { type: 'string', default: 'https://github.com' },
  var: { type: 'string', multiple: true },
  secret: { type: 'string', multiple: true },
  input: { type: 'string', multiple: true },
} as const

type Values = Readonly<{
  workflow?: string | undefined
  job?: string | undefined
  event?: string | undefined
  branch?: string | undefined
  matrix?: string[] | undefined
  server: string
  var?: string[] | undefined
  secret?: string[] | undefined
  input?: string[] | undefined
}>

const isEventName = (name: string): name is EventName => Object.hasOwn(eventsByName, name)

function parseEvent(name: string | undefined): EventName | undefined {
  if (name === undefined || isEventName(name)) return name
  const known = Object.hasOwn(eventAliases, name) ? eventAliases[name] : undefined
  if (known !== undefined) return known
  if (name === 'workflow_call')
    throw new UsageError(
      'A called workflow runs on the event of its caller.',
      'Name that event, or leave --event out.',
    )
  throw unknownName('event', name, [...Object.keys(eventsByName), ...Object.keys(eventAliases)])
}

function checkBranch(branch: string | undefined, event: EventName | undefined): void {
  if (branch === undefined) return
  if (branch === '' || branch.startsWith('refs/'))
    throw new UsageError(`--branch must be the name of a branch, not "${branch}"`)
  const reason = event && eventsWithoutBranch[event]
  if (event !== undefined && reason !== undefined)
    throw new UsageError(
      `--branch and --event ${event} cannot go together: ${reason}.`,
      'Leave --branch out.',
    )
}

/**
 * Checks the options.
 *
 * @throws UsageError if one is not valid
 */
export function parseWorkflowFlags(values: Values): WorkflowFlags {
  const { workflow, job, branch, server } = values
  const event = parseEvent(values.event)
  checkBranch(branch, event)
  if (!/^https?:\/\//.test(server) || !URL.canParse(server))
    throw new UsageError(`--server must be a URL, not "${server}"`)
  return {
    workflow,
    job,
    event,
    branch,
    matrix: parsePairs('matrix', values.matrix),
    server,
    given: {
      vars: parsePairs('var', values.var),
      secrets: parsePairs('secret', values.secret),
      inputs: parsePairs('input', values.input),
    },
  }
}
