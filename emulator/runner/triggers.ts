/** The events that trigger a workflow, with their filters; those for paths need the files of a commit. */
import { parse } from 'yaml'

import { isObject, type JsonObject } from '../lib/validation.ts'
import { failedFilter } from './filters.ts'
import { eventsByName, eventsWithoutBranch, type EventName, type WorkflowEvent } from './events.ts'

/** The events in `on:`, each with its filters. */
export type Triggers = ReadonlyMap<string, JsonObject>

// The types of events for which `on:` without `types:` does not mean all types.
const defaultTypes: Readonly<Record<string, readonly string[]>> = {
  pull_request: ['opened', 'synchronize', 'reopened'],
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value])

/**
 * Parses `on:` of a workflow.
 *
 * @throws Error if the workflow is not valid YAML
 */
export function parseTriggers(workflow: string): Triggers {
  const document: unknown = parse(workflow)
  return toTriggers(isObject(document) ? document['on'] : undefined)
}

/** @param on what `on:` of a workflow contains: an event, a list of events, or events with their filters */
export function toTriggers(on: unknown): Triggers {
  if (isObject(on))
    return new Map(
      Object.entries(on).map(([name, filters]) => [name, isObject(filters) ? filters : {}]),
    )
  return new Map(list(on).map((name) => [String(name), {}]))
}

/** Whether another workflow calls the workflow: on this event, it does not start on its own. */
export const isCalled = (triggers: Triggers, event: string): boolean =>
  triggers.has('workflow_call') && !triggers.has(event)

/** What `on:` lacks for the event to trigger the workflow; undefined if the event triggers it. */
export function missingTrigger(triggers: Triggers, event: WorkflowEvent): string | undefined {
  const filters = triggers.get(event.name)
  if (filters === undefined) return event.name
  const type = event.payload['action']
  const types = filters['types'] ?? defaultTypes[event.name]
  if (typeof type === 'string' && types !== undefined && !list(types).includes(type))
    return `the type ${type} of ${event.name}`
  return missingRef(filters, event)
}

/** The branch or tag that the filters of the event exclude. */
function missingRef(filters: JsonObject, event: WorkflowEvent): string | undefined {
  const [, kind = '', ref = ''] = /^refs\/(heads|tags)\/(.*)$/s.exec(event.ref) ?? []
  if (event.name === 'push') {
    const filter = failedFilter(filters, kind === 'tags' ? 'tags' : 'branches', ref)
    return filter && `${kind === 'tags' ? 'the tag' : 'the branch'} ${ref} in ${filter} of push`
  }
  const group = event.payload['merge_group']
  const queue = isObject(group) ? String(group['base_ref']).replace('refs/heads/', '') : ''
  const base = event.baseRef || queue
  if (base === '') return undefined
  const filter = failedFilter(filters, 'branches', base)
  return filter && `the branch ${base} in ${filter} of ${event.name}`
}

/** Whether GitHub starts the workflow only for certain files, which an event here does not have. */
export const hasPathFilter = (triggers: Triggers, event: WorkflowEvent): boolean =>
  Object.keys(triggers.get(event.name) ?? {}).some((name) => name.startsWith('paths'))

// Events that apply come before those that plan.
const eventsByPreference = [
  'push',
  'merged',
  'dispatch',
  'schedule',
  'pull-request',
  'merge-group',
] as const

/** The event that triggers the workflow if none is chosen, on a branch if one is chosen. */
export const defaultEvent = (triggers: Triggers, branch?: string): EventName =>
  eventsByPreference
    .filter((name) => branch === undefined || eventsWithoutBranch[name] === undefined)
    .find((name) => missingTrigger(triggers, eventsByName[name](branch)) === undefined) ?? 'push'
