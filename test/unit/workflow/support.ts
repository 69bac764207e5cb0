import { ActionError } from '../../../src/errors/action-error.ts'
import type { AvailableCredentials } from '../../../src/inputs/environment.ts'
import type { TriggerInputs } from '../../../src/inputs/read-inputs.ts'
import type { WorkflowEvent } from '../../../src/workflow/event.ts'

export const AUTO: TriggerInputs = {
  mode: 'auto',
  applyBranches: [],
  hasRole: { apply: false, plan: false },
}
export const TOKEN: AvailableCredentials = { canRequestIdToken: true, hasAmbientCredentials: false }
export const KEYS: AvailableCredentials = { canRequestIdToken: false, hasAmbientCredentials: true }
export const NONE: AvailableCredentials = { canRequestIdToken: false, hasAmbientCredentials: false }
export const REPOSITORY = { id: 1, full_name: 'o/r', default_branch: 'main' }
export const FORK = { head: { repo: { id: 2, full_name: 'x/r', fork: true } } }

type Variables = Partial<WorkflowEvent>

export function event(
  name: string,
  payload: unknown = {},
  variables: Variables = {},
): WorkflowEvent {
  const sha = 'a'.repeat(40)
  return {
    name,
    payload,
    ref: '',
    sha,
    repository: 'o/r',
    baseRef: '',
    actor: 'alice',
    ...variables,
  }
}

export function push(ref: string, payload: object = {}): WorkflowEvent {
  return event('push', { ref, repository: REPOSITORY, ...payload }, { ref })
}

/** An event of a pull request from topic to main, whose properties can be changed. */
export function pull(
  action: unknown,
  changes: object = {},
  variables: Variables = {},
): WorkflowEvent {
  const repo = { id: 1, full_name: 'o/r' }
  const pull_request = {
    number: 7,
    merged: false,
    user: { login: 'alice' },
    base: { ref: 'main', repo },
    head: { ref: 'topic', repo: { ...repo, fork: false } },
    ...changes,
  }
  return event('pull_request', { action, repository: REPOSITORY, pull_request }, variables)
}

export function merged(changes: object = {}, variables: Variables = {}): WorkflowEvent {
  return pull('closed', { merged: true, ...changes }, variables)
}

export function errorOf(run: () => unknown): ActionError {
  try {
    run()
  } catch (error) {
    if (error instanceof ActionError) return error
  }
  throw new Error('no ActionError')
}
