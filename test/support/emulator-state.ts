/** What a backend contains before a run, and while it goes on. */
import {
  addJob,
  addRole,
  addStorage,
  allowPolicy,
  defaults,
  endJob,
  githubTrustPolicy,
  readActions,
  writeActions,
  type Emulator,
  type Job,
} from '../../emulator/emulator.ts'
import type { WorkflowEvent } from '../../emulator/runner/events.ts'
import { tokenClaims } from '../../emulator/runner/github-context.ts'

export const READ = ['READ'] as const
/** The permissions that `defaultInputs` asks for. */
export const ALL = ['READ', 'CREATE_AND_UPDATE', 'DELETE'] as const

/** Adds the storage `media`; signed-in users may only read unless the options say otherwise. */
export const addMedia = (
  emulator: Emulator,
  options: Omit<Parameters<typeof addStorage>[1], 'resourceName'> = {},
): ReturnType<typeof addStorage> =>
  addStorage(emulator.environment(), {
    resourceName: 'media',
    permissions: { authenticated: [...READ] },
    ...options,
  })

/**
 * Adds a job of somebody else that has been running for a quarter of an hour.
 *
 * @param endsAfterMs when it completes; never when left out
 */
export function addOtherJob(emulator: Emulator, endsAfterMs?: number): Job {
  const job = addJob(emulator.environment(), {
    operation: 'UpdateBackendAuth',
    status: 'RUNNING',
    createTime: String(emulator.clock.now() - 900_000),
  })
  if (endsAfterMs !== undefined) {
    emulator.clock.setTimeout(() => {
      endJob(job, 'COMPLETED', emulator.clock.now())
    }, endsAfterMs)
  }
  return job
}

type Pull = Emulator['state']['github']['pulls'][number]

/** Adds a pull request, merged unless the options say otherwise, that contains the commit of the event. */
export function addMergedPull(
  { state }: Emulator,
  event: WorkflowEvent,
  options: Partial<Pull> = {},
): void {
  state.github.pulls.push({
    number: 7,
    repository: defaults.repository,
    state: 'closed',
    merged: true,
    base: 'main',
    head: 'storage',
    commits: [event.sha],
    ...options,
  })
}

/** The id of the first job of the environment. */
export const getJobId = (emulator: Emulator): string | undefined =>
  emulator.environment().jobs[0]?.jobId

/** How many calls that change the backend arrived. */
export function countMutations({ state }: Emulator): number {
  const { create, update } = state.counters
  return create.received + update.received
}

/** Denies operations of Amplify Backend to the role that applies. */
export function denyOperations({ state }: Emulator, ...operations: readonly string[]): void {
  const role = state.roles.get(defaults.applyRole)
  if (role === undefined) throw new Error('There is no such role')
  const denied = operations.map((operation) => `amplifybackend:${operation}`)
  role.policies = [
    allowPolicy([...readActions, ...writeActions].filter((action) => !denied.includes(action))),
  ]
}

/** Makes both roles trust the tokens of these events, and no others. */
export function trustEvents({ state }: Emulator, ...events: readonly WorkflowEvent[]): void {
  const subjects = events.map(
    (event) => tokenClaims(event, { file: 'storage.yml', workflow: 'Storage' })['sub'] ?? '',
  )
  const trust = githubTrustPolicy(subjects)
  addRole(state, { arn: defaults.applyRole, trust })
  addRole(state, { arn: defaults.planRole, trust, policies: [allowPolicy(readActions)] })
}
