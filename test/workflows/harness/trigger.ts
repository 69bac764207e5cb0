/** Whether an event starts a workflow: `on:` with its branches and types. */
import { isObject, type JsonObject } from '../../../emulator/lib/validation.ts'
import type { WorkflowEvent } from '../../../emulator/runner/events.ts'
import { WorkflowError, type Workflow } from './parse.ts'

// The types that start a workflow which names none.
const defaultTypes: Readonly<Record<string, readonly string[]>> = {
  pull_request: ['opened', 'synchronize', 'reopened'],
  merge_group: ['checks_requested'],
}

/** Whether the event starts the workflow. */
export function isStartedBy(workflow: Workflow, event: WorkflowEvent): boolean {
  const filter: unknown = workflow.template.events[event.name]
  if (!isObject(filter)) return false
  for (const name of ['paths', 'paths-ignore'])
    if (filter[name] !== undefined) throw new WorkflowError(`The harness does not play ${name}`)
  return hasType(filter, event) && hasBranch(filter, event)
}

function hasType(filter: JsonObject, event: WorkflowEvent): boolean {
  const types = textsIn(filter, 'types') ?? defaultTypes[event.name]
  const action = event.payload['action']
  return types === undefined || (typeof action === 'string' && types.includes(action))
}

function hasBranch(filter: JsonObject, event: WorkflowEvent): boolean {
  const kind = event.ref.startsWith('refs/tags/') ? 'tags' : 'branches'
  const name =
    event.baseRef === '' ? event.ref.replace(/^refs\/(?:heads|tags)\//, '') : event.baseRef
  const wanted = textsIn(filter, kind)
  const ignored = textsIn(filter, `${kind}-ignore`)
  if (wanted !== undefined) return matches(wanted, name)
  if (ignored !== undefined) return !matches(ignored, name)
  // A push of the other kind does not start a workflow that filters one kind only.
  const other = kind === 'tags' ? 'branches' : 'tags'
  return filter[other] === undefined && filter[`${other}-ignore`] === undefined
}

function textsIn(filter: JsonObject, name: string): readonly string[] | undefined {
  const list = filter[name]
  return Array.isArray(list) ? list.map(String) : undefined
}

/** The last pattern that fits decides; a leading `!` takes away. */
function matches(patterns: readonly string[], name: string): boolean {
  return patterns.reduce((so, pattern) => {
    const excludes = pattern.startsWith('!')
    return expressionOf(excludes ? pattern.slice(1) : pattern).test(name) ? !excludes : so
  }, false)
}

function expressionOf(pattern: string): RegExp {
  const source = pattern.replace(/\*\*|[*.^$|(){}\\]/g, (part) =>
    part === '**' ? '.*' : part === '*' ? '[^/]*' : `\\${part}`,
  )
  return new RegExp(`^${source}$`)
}
