/** The state and the rules of a virtual Amplify Backend. */
import type { ApiResult } from '../../../src/network/retry.ts'
import { parseBackend, type Backend } from '../../../src/storage/amplify-meta.ts'
import type { AcceptedJob, JobList, StorageResponse } from '../../../src/storage/api.ts'
import { parseJob, type Job } from '../../../src/storage/jobs/job.ts'
import { parseStorage } from '../../../src/storage/model.ts'
import { createFailure } from './api-failures.ts'
import {
  APP_ID,
  ENVIRONMENT,
  EXISTS_TEXT,
  SUFFIX,
  TIME_STYLES,
  type JobResult,
  type Operation,
  type RecordedCall,
  type RecordedMutation,
  type ServiceJob,
  type ServiceOptions,
  type ServiceStorage,
} from './virtual-amplify-types.ts'
import type { VirtualClock } from './virtual-clock.ts'

export type ServiceState = Readonly<{
  clock: VirtualClock
  options: ServiceOptions
  calls: RecordedCall[]
  mutations: RecordedMutation[]
  unsafeCreates: RecordedMutation[]
  /** The newest first. */
  jobs: ServiceJob[]
  jobResults: JobResult[]
  storages: Map<string, ServiceStorage>
  visibleAt: Map<string, number>
  lastIds: Map<string, number>
}>

const PENDING_TEXT = `There is already a pending job for the requested appId: ${APP_ID} and backendEnvironmentName: ${ENVIRONMENT}, wait for it to complete before creating a new job`

function newId({ lastIds }: ServiceState, kind: string): string {
  const id = (lastIds.get(kind) ?? 0) + 1
  lastIds.set(kind, id)
  return `${kind}-${id}`
}

/** The time on the server's own clock. */
const serverTime = ({ options }: ServiceState, clockMs: number): number =>
  (options.epochMs ?? Date.UTC(2026, 0, 15, 12)) + clockMs

function ok<T>(state: ServiceState, value: T): ApiResult<T> {
  const now = serverTime(state, state.clock.now())
  return {
    ok: true,
    value,
    requestId: newId(state, 'request'),
    serverTime: state.options.dates === false ? undefined : Math.floor(now / 1000) * 1000,
  }
}

export function addStorage(state: ServiceState, storage: ServiceStorage, lagMs = 0): void {
  // A storage that can be read already stays visible when it changes.
  if (!state.storages.has(storage.resourceName)) {
    state.visibleAt.set(storage.resourceName, state.clock.now() + lagMs)
  }
  state.storages.set(storage.resourceName, storage)
}

export function addOtherJob(state: ServiceState, operation: string, status: string): ServiceJob {
  const pending = !/^(?:completed|failed)$/i.test(status)
  return addJob(state, 'other', { operation, run: 'somebody else', status, pending })
}

function addJob(
  state: ServiceState,
  kind: string,
  members: Pick<ServiceJob, 'operation' | 'run' | 'status' | 'pending'>,
): ServiceJob {
  const job = { jobId: newId(state, kind), createdAt: state.clock.now(), error: '', ...members }
  state.jobs.unshift(job)
  return job
}

export function endJob(job: ServiceJob, { status, error = '' }: JobResult): void {
  job.status = status
  job.error = error
  job.pending = false
}

/** Starts the job of a create or an update, unless a rule of the service rejects it. */
export function startJob(
  state: ServiceState,
  mutation: RecordedMutation,
  execute: () => void,
): ApiResult<AcceptedJob> {
  const { options, clock } = state
  const { operation, run } = mutation
  const { oneJob = true, oneStorage = 'refused' } = options
  const isSecondStorage = (): boolean =>
    operation === 'CreateBackendStorage' && oneStorage !== 'off' && state.storages.size > 0
  const isBlocked = oneJob && state.jobs.some(({ pending }) => pending)
  if (isBlocked || (oneStorage === 'refused' && isSecondStorage())) {
    const message = isBlocked ? PENDING_TEXT : EXISTS_TEXT
    mutation.effect = 'rejected'
    return { ok: false, failure: createFailure(operation, 'badRequest', { message }) }
  }
  const status = options.runningStatus ?? 'RUNNING'
  const job = addJob(state, 'job', { operation, run, status, pending: true })
  mutation.effect = job
  const result = state.jobResults.shift() ?? { status: 'COMPLETED' }
  clock.schedule(options.jobMs ?? 20_000, () => {
    if (isSecondStorage()) endJob(job, { status: 'FAILED', error: EXISTS_TEXT })
    else {
      if (result.status.toUpperCase() === 'COMPLETED') execute()
      endJob(job, result)
    }
  })
  return ok(state, {
    jobId: job.jobId,
    status: status === '' ? undefined : status,
    appId: APP_ID,
    backendEnvironmentName: ENVIRONMENT,
    mismatch: undefined,
  })
}

function getVisibleJobs(state: ServiceState): readonly Job[] {
  const { clock, options, jobs } = state
  const { times = TIME_STYLES.milliseconds, jobLagMs = 0 } = options
  return jobs
    .filter(({ createdAt }) => clock.now() >= createdAt + jobLagMs)
    .map((job) =>
      parseJob({
        JobId: job.jobId,
        Operation: job.operation,
        Status: job.status,
        CreateTime: times(serverTime(state, job.createdAt)),
        Error: job.error,
      }),
    )
}

export const listJobs = (state: ServiceState): ApiResult<JobList> =>
  ok(state, { jobs: getVisibleJobs(state), isComplete: state.options.isListComplete ?? true })

export function getJob(state: ServiceState, jobId: string): ApiResult<Job> {
  const job = getVisibleJobs(state).find((visible) => visible.jobId === jobId)
  return job === undefined ? notFound('GetBackendJob') : ok(state, job)
}

export function getBackend(state: ServiceState, scope: 'environment' | 'app'): ApiResult<Backend> {
  const { environments = [ENVIRONMENT, 'dev'], backendError, metadata } = state.options
  if (scope === 'environment' && !environments.includes(ENVIRONMENT)) return notFound('GetBackend')
  return ok(
    state,
    parseBackend({
      BackendEnvironmentList: environments,
      AmplifyMetaConfig: scope === 'app' ? undefined : (metadata ?? createMetadata(state)),
      Error: backendError,
    }),
  )
}

function createMetadata({ options, storages }: ServiceState): string {
  return JSON.stringify({
    providers: { awscloudformation: { StackName: `amplify-octoapp-${ENVIRONMENT}-${SUFFIX}` } },
    auth: options.auth === false ? {} : { cognito: { service: 'Cognito' } },
    storage: Object.fromEntries(
      [...storages.values()].map(({ resourceName, baseName }) => [
        resourceName,
        { service: 'S3', output: { BucketName: toPhysicalBucket(baseName) } },
      ]),
    ),
  })
}

const toPhysicalBucket = (baseName: string): string => `${baseName}${SUFFIX}-${ENVIRONMENT}`

export function getStorage(state: ServiceState, resourceName: string): ApiResult<StorageResponse> {
  const { clock, options, storages, visibleAt } = state
  const storage = storages.get(resourceName)
  if (storage === undefined || clock.now() < (visibleAt.get(resourceName) ?? 0)) {
    return options.absentAs === 'empty'
      ? ok(state, { kind: 'none' })
      : notFound('GetBackendStorage')
  }
  const { baseName, authenticated, unauthenticated } = storage
  const names = { base: baseName, physical: toPhysicalBucket(baseName), absent: undefined }
  const parsed = parseStorage({
    BucketName: names[options.bucketAs ?? 'physical'],
    Permissions: { Authenticated: authenticated, UnAuthenticated: unauthenticated },
  })
  return ok(state, parsed === undefined ? { kind: 'none' } : { kind: 'storage', storage: parsed })
}

function notFound(operation: Operation): ApiResult<never> {
  return { ok: false, failure: createFailure(operation, 'notFound') }
}
