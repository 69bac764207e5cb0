/** The options by which both commands take over a workflow: which one, its event, and its values. */
import { eventsByName, type EventName } from '../runner/events.ts'
import type { GivenValues } from '../runner/step-contexts.ts'
import { parsePairs, unknownName, UsageError } from './options.ts'

export type WorkflowFlags = Readonly<{
  /** The path of the workflow's file. */
  workflow: string | undefined
  job: string | undefined
  event: EventName | undefined
  /** The URL of the GitHub server. */
  server: string
  given: GivenValues
}>

export const workflowOptions = {
  workflow: { type: 'string' },
  job: { type: 'string' },
  event: { type: 'string' },
  server: { type: 'string', default: 'https://github.com' },
  var: { type: 'string', multiple: true },
  secret: { type: 'string', multiple: true },
  input: { type: 'string', multiple: true },
} as const

type Values = Readonly<{
  workflow?: string | undefined
  job?: string | undefined
  event?: string | undefined
  server: string
  var?: string[] | undefined
  secret?: string[] | undefined
  input?: string[] | undefined
}>

const isEventName = (name: string): name is EventName => Object.hasOwn(eventsByName, name)

/**
 * Checks the options.
 *
 * @throws UsageError if one is not valid
 */
export function parseWorkflowFlags(values: Values): WorkflowFlags {
  const { workflow, job, event, server } = values
  if (event !== undefined && !isEventName(event))
    throw unknownName('event', event, Object.keys(eventsByName))
  if (!/^https?:\/\//.test(server) || !URL.canParse(server))
    throw new UsageError(`--server must be a URL, not "${server}"`)
  return {
    workflow,
    job,
    event,
    server,
    given: {
      vars: parsePairs('var', values.var),
      secrets: parsePairs('secret', values.secret),
      inputs: parsePairs('input', values.input),
    },
  }
}
