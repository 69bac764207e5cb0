/** The jobs of a virtual Amplify Backend, and the rules that reject them. */
import type { AcceptedJob } from '../../../../src/storage/api.ts'
import { createFailure } from '../api-failures.ts'
import {
  APP_ID,
  ENVIRONMENT,
  EXISTS_TEXT,
  type JobResult,
  type OtherAction,
  type RecordedMutation,
  type ServiceJob,
} from './virtual-amplify-types.ts'
import {
  change,
  editStorage,
  failed,
  newId,
  ok,
  type Served,
  type ServiceState,
} from './virtual-service.ts'

const PENDING_TEXT = `There is already a pending job for the requested appId: ${APP_ID} and backendEnvironmentName: ${ENVIRONMENT}, wait for it to complete before creating a new job`

export function addOtherJob(state: ServiceState, operation: string, status: string): ServiceJob {
  const pending = !/^(?:completed|failed)$/i.test(status)
  return addJob(state, 'other', { operation, run: 'somebody else', status, pending })
}

function addJob(
  state: ServiceState,
  kind: string,
  members: Pick<ServiceJob, 'operation' | 'run' | 'status' | 'pending'>,
): ServiceJob {
  const job = {
    jobId: newId(state, kind),
    createdAt: state.clock.now(),
    runningStatus: members.status,
    endedAt: undefined,
    error: '',
    ...members,
  }
  state.jobs.unshift(job)
  return job
}

export function endJob({ clock }: ServiceState, job: ServiceJob, result: JobResult): void {
  job.runningStatus = job.status
  job.endedAt = clock.now()
  job.status = result.status
  job.error = result.error ?? ''
  job.pending = false
}

/** Why a rule of the service rejects a job of this operation now; undefined if none does. */
function findRejection(state: ServiceState, operation: string): string | undefined {
  const { oneJob = true, oneStorage = 'refused' } = state.options
  if (oneJob && state.jobs.some(({ pending }) => pending)) return PENDING_TEXT
  return oneStorage === 'refused' && isSecondStorage(state, operation) ? EXISTS_TEXT : undefined
}

const isSecondStorage = ({ options, storages }: ServiceState, operation: string): boolean =>
  operation === 'CreateBackendStorage' && options.oneStorage !== 'off' && storages.size > 0

/** Runs a job to its end. */
function runJob(
  state: ServiceState,
  job: ServiceJob,
  ms: number,
  result: JobResult,
  execute: () => void,
): void {
  const { clock, options } = state
  const completes = result.status.toUpperCase() === 'COMPLETED'
  if (result.atOnce === true && !completes) {
    endJob(state, job, result)
    return
  }
  const leadMs = Math.min(options.storageLeadMs ?? 0, ms)
  clock.schedule(ms - leadMs, () => {
    const isRejected = isSecondStorage(state, job.operation)
    if (completes && !isRejected) execute()
    const end = (): void => {
      endJob(state, job, isRejected ? { status: 'FAILED', error: EXISTS_TEXT } : result)
    }
    if (leadMs === 0 || isRejected) end()
    else clock.schedule(leadMs, end)
  })
}

/** Starts the job of somebody else, unless a rule of the service rejects it. */
export function act(state: ServiceState, { operation, ms, result, edit }: OtherAction): void {
  if (findRejection(state, operation) !== undefined) return
  const run = 'somebody else'
  const job = addJob(state, 'other', { operation, run, status: 'RUNNING', pending: true })
  runJob(state, job, ms, result, () => {
    if (edit !== undefined) editStorage(state, edit)
  })
}

/** Starts the job of a create or an update, unless a rule of the service rejects it. */
export function startJob(
  state: ServiceState,
  mutation: RecordedMutation,
  mismatch: string | undefined,
): Served<AcceptedJob> {
  const { options, storages } = state
  const { operation, run, desired } = mutation
  const message = findRejection(state, operation)
  if (message !== undefined) {
    mutation.effect = 'rejected'
    return failed(createFailure(operation, 'badRequest', { message }))
  }
  const runningStatus = options.runningStatus ?? 'RUNNING'
  const job = addJob(state, 'job', { operation, run, status: runningStatus, pending: true })
  mutation.effect = job
  const result = state.jobResults.shift() ?? { status: 'COMPLETED' }
  runJob(state, job, options.jobMs ?? 20_000, result, () => {
    if (operation === 'CreateBackendStorage' || storages.has(desired.resourceName)) {
      change(state, state.clock.now(), () => storages.set(desired.resourceName, { ...desired }))
    }
  })
  const { jobId, status } = job
  const accepted = {
    jobId,
    status: status === '' ? undefined : status,
    appId: APP_ID,
    backendEnvironmentName: ENVIRONMENT,
    mismatch,
  }
  return ok(state, accepted, { kind: 'accepted', job, status })
}
