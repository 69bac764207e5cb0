/** Single creates and updates on the virtual service. */
import type { StorageContext } from '../../../src/storage/context.ts'
import type { Permissions } from '../../../src/storage/model.ts'
import { sendMutation } from '../../../src/storage/mutation/mutation.ts'
import {
  newMutationState,
  type Mutation,
  type MutationOutcome,
  type MutationState,
  type StartedJob,
} from '../../../src/storage/mutation/state.ts'
import { DESIRED } from './storage-context.ts'
import { runTask, type Scenario, type ScenarioResult } from './storage-runs.ts'

export type MutationScenario = Scenario &
  Readonly<{ state?: MutationState; operation?: Mutation['operation'] }>

/** `checkedAt`: when the effect of the mutation was checked. */
export type MutationRun = ScenarioResult<MutationOutcome> &
  Readonly<{ state: MutationState; checkedAt: readonly number[] }>

const ONLY_DELETE: Permissions = { authenticated: ['DELETE'], unauthenticated: [] }

/** A create of `DESIRED`, or an update that leaves DELETE as the only permission. */
export const aMutation = (
  { amplify }: StorageContext,
  operation: Mutation['operation'] = 'CreateBackendStorage',
): Mutation =>
  operation === 'CreateBackendStorage'
    ? {
        operation,
        send: (options) => amplify.createStorage(DESIRED, options),
        canBeSent: (storage) => storage === undefined,
        hasTakenEffect: (storage) => storage !== undefined,
      }
    : {
        operation,
        send: (options) => amplify.updateStorage('media', ONLY_DELETE, options),
        canBeSent: (storage) => storage !== undefined,
        hasTakenEffect: (storage) => storage?.permissions.authenticated.join() === 'DELETE',
      }

export async function runMutation(scenario: MutationScenario = {}): Promise<MutationRun> {
  const state = scenario.state ?? newMutationState()
  const run = await runTask(scenario, (context) =>
    sendMutation(context, aMutation(context, scenario.operation), state),
  )
  const checks = run.service.calls.filter(({ operation }) => operation === 'ListBackendJobs')
  return { ...run, state, checkedAt: checks.map(({ at }) => at) }
}

/** The outcome of a mutation whose job is known. */
export const started = (
  jobId = 'job-1',
  status = 'RUNNING',
  doubt?: StartedJob['doubt'],
): Extract<MutationOutcome, { kind: 'started' }> => ({
  kind: 'started',
  jobId,
  status,
  doubt,
  wasOtherPending: false,
})

/** The outcome of a mutation whose response was lost, and whose job was found. */
export const adopted = (jobId?: string, status?: string): ReturnType<typeof started> =>
  started(jobId, status, 'lost-response')
