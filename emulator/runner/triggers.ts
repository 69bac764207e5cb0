/** What starts a workflow. Filters for branches, tags and paths are not looked at. */
import { parse } from 'yaml'

import { isObject, type JsonObject } from '../lib/validation.ts'
import { eventsByName, type EventName, type WorkflowEvent } from './events.ts'

/** The events that a workflow names, each with its filters. */
export type Triggers = ReadonlyMap<string, JsonObject>

// Of what is played, the events whose types are not all taken when a workflow names none.
const defaultTypes: Readonly<Record<string, readonly string[]>> = {
  pull_request: ['opened', 'synchronize', 'reopened'],
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value])

/**
 * Reads `on:` of a workflow.
 *
 * @throws Error where the workflow is not YAML
 */
export function parseTriggers(workflow: string): Triggers {
  const document: unknown = parse(workflow)
  const on = isObject(document) ? document['on'] : undefined
  if (isObject(on))
    return new Map(
      Object.entries(on).map(([name, filters]) => [name, isObject(filters) ? filters : {}]),
    )
  return new Map(list(on).map((name) => [String(name), {}]))
}

/** What `on:` would have to name for the event to start the workflow; undefined where it does. */
export function missingTrigger(triggers: Triggers, event: WorkflowEvent): string | undefined {
  const filters = triggers.get(event.name)
  if (filters === undefined) return event.name
  const type = event.payload['action']
  const types = filters['types'] ?? defaultTypes[event.name]
  if (typeof type !== 'string' || types === undefined || list(types).includes(type))
    return undefined
  return `the type ${type} of ${event.name}`
}

/** Applies come before plans. */
const eventsByPreference = [
  'push',
  'merged',
  'dispatch',
  'schedule',
  'pull-request',
  'merge-group',
] as const

/** What starts a workflow when nothing is said. */
export const defaultEvent = (triggers: Triggers): EventName =>
  eventsByPreference.find((name) => missingTrigger(triggers, eventsByName[name]()) === undefined) ??
  'push'
