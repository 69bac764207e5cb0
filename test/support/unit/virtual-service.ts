/** The state and the rules of a virtual Amplify Backend. */
import type { ApiFailure } from '../../../src/network/failure.ts'
import type { ApiResult } from '../../../src/network/retry.ts'
import { parseBackend, type Backend } from '../../../src/storage/backend/amplify-meta.ts'
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
  type InTurn,
  type JobResult,
  type Operation,
  type OtherAction,
  type RecordedCall,
  type RecordedMutation,
  type RecordedResponse,
  type ServiceJob,
  type ServiceOptions,
  type ServiceStorage,
  type Shown,
  type StorageEdit,
  type ShownJob,
} from './virtual-amplify-types.ts'
import type { VirtualClock } from './virtual-clock.ts'

export type ServiceState = Readonly<{
  clock: VirtualClock
  options: ServiceOptions
  calls: RecordedCall[]
  mutations: RecordedMutation[]
  responses: RecordedResponse[]
  unsafeMutations: RecordedMutation[]
  /** The newest first. */
  jobs: ServiceJob[]
  jobResults: JobResult[]
  storages: Map<string, ServiceStorage>
  /** The storages since a time, the newest last. */
  history: { readonly at: number; readonly storages: ReadonlyMap<string, ServiceStorage> }[]
  jobLagMs: () => number
  storageLagMs: () => number
  lastIds: Map<string, number>
}>

/** The answer of a call, and what it says. */
export type Served<T> = Readonly<{ result: ApiResult<T>; shown: Shown }>

export function createServiceState(clock: VirtualClock, options: ServiceOptions): ServiceState {
  return {
    clock,
    options,
    calls: [],
    mutations: [],
    responses: [],
    unsafeMutations: [],
    jobs: [],
    jobResults: [...(options.jobResults ?? [])],
    storages: new Map(),
    history: [],
    jobLagMs: inTurn(options.jobLagMs ?? 0),
    storageLagMs: inTurn(options.storageLagMs ?? 0),
    lastIds: new Map(),
  }
}

/** A function that returns the values one after the other, and then from the start again. */
export function inTurn(values: InTurn): () => number {
  if (typeof values === 'number') return () => values
  let next = -1
  return () => {
    next += 1
    return values[next % values.length] ?? 0
  }
}

const PENDING_TEXT = `There is already a pending job for the requested appId: ${APP_ID} and backendEnvironmentName: ${ENVIRONMENT}, wait for it to complete before creating a new job`

function newId({ lastIds }: ServiceState, kind: string): string {
  const id = (lastIds.get(kind) ?? 0) + 1
  lastIds.set(kind, id)
  return `${kind}-${id}`
}

/** The time on the server's own clock. */
const serverTime = ({ options }: ServiceState, clockMs: number): number =>
  (options.epochMs ?? Date.UTC(2026, 0, 15, 12)) + clockMs

function ok<T>(state: ServiceState, value: T, shown: Shown): Served<T> {
  const now = serverTime(state, state.clock.now())
  const result = {
    ok: true,
    value,
    requestId: newId(state, 'request'),
    serverTime: state.options.dates === false ? undefined : Math.floor(now / 1000) * 1000,
  } as const
  return { result, shown }
}

export function failed(failure: ApiFailure): Served<never> {
  return { result: { ok: false, failure }, shown: { kind: 'nothing', failure } }
}

/**
 * Changes the storages.
 *
 * @param at since when reads show it, apart from their lag
 */
function change(
  state: ServiceState,
  at: number,
  edit: (storages: typeof state.storages) => void,
): void {
  edit(state.storages)
  state.history.push({ at, storages: new Map(state.storages) })
}

/** Adds or replaces a storage that every read shows at once. */
export function addStorage(state: ServiceState, storage: ServiceStorage): void {
  change(state, -Infinity, (storages) => storages.set(storage.resourceName, storage))
}

export function removeStorage(state: ServiceState, resourceName: string): void {
  change(state, -Infinity, (storages) => storages.delete(resourceName))
}

/** Changes the storage that runs are about, or adds or removes it. */
export function editStorage(state: ServiceState, edit: StorageEdit): void {
  const edited = edit(state.storages.get('media'))
  change(state, state.clock.now(), (storages) => {
    if (edited === undefined) storages.delete('media')
    else storages.set(edited.resourceName, edited)
  })
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

/** The jobs as a replica knows them. */
function readJobs(state: ServiceState): readonly (readonly [Job, ShownJob])[] {
  const { clock, options, jobs } = state
  const { times = TIME_STYLES.milliseconds } = options
  const until = clock.now() - state.jobLagMs()
  return jobs
    .filter(({ createdAt }) => createdAt <= until)
    .map((job) => {
      const isEnding = job.endedAt !== undefined && job.endedAt > until
      const status = isEnding ? job.runningStatus : job.status
      const parsed = parseJob({
        JobId: job.jobId,
        Operation: job.operation,
        Status: status,
        CreateTime: times(serverTime(state, job.createdAt)),
        Error: isEnding ? '' : job.error,
      })
      return [parsed, { job, status, createdAt: parsed.createdAt }]
    })
}

export function listJobs(state: ServiceState): Served<JobList> {
  const { listLimit = Infinity, isListComplete = true, oldestFirst = false } = state.options
  const all = readJobs(state)
  const read = (oldestFirst ? all.toReversed() : all).slice(0, listLimit)
  const isComplete = isListComplete && read.length === all.length
  return ok(
    state,
    { jobs: read.map(([job]) => job), isComplete },
    { kind: 'jobs', jobs: read.map(([, shown]) => shown), isComplete },
  )
}

export function getJob(state: ServiceState, jobId: string): Served<Job> {
  const found = readJobs(state).find(([, { job }]) => job.jobId === jobId)
  if (found === undefined) return notFound('GetBackendJob')
  const [job, shown] = found
  return ok(state, job, { kind: 'job', shown })
}

export function getBackend(state: ServiceState, scope: 'environment' | 'app'): Served<Backend> {
  const { environments = [ENVIRONMENT, 'dev'], backendError, metadata } = state.options
  if (scope === 'environment' && !environments.includes(ENVIRONMENT)) return notFound('GetBackend')
  return ok(
    state,
    parseBackend({
      BackendEnvironmentList: environments,
      AmplifyMetaConfig: scope === 'app' ? undefined : (metadata ?? createMetadata(state)),
      Error: backendError,
    }),
    { kind: 'backend', bucketName: scope === 'app' ? undefined : getBucket(state) },
  )
}

/** The physical bucket of the storage. */
function getBucket({ storages, options }: ServiceState): string | undefined {
  const storage = storages.get('media')
  return storage === undefined || options.metadata !== undefined
    ? undefined
    : toPhysicalBucket(storage.baseName)
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

export function getStorage(state: ServiceState, resourceName: string): Served<StorageResponse> {
  const { clock, options, history } = state
  const until = clock.now() - state.storageLagMs()
  const storage = history.findLast(({ at }) => at <= until)?.storages.get(resourceName)
  if (storage === undefined) {
    const shown = { kind: 'storage', storage } as const
    if (options.absentAs === 'empty') return ok(state, { kind: 'none' }, shown)
    return { ...notFound('GetBackendStorage'), shown }
  }
  const { baseName, authenticated, unauthenticated, imported = false } = storage
  const names = { base: baseName, physical: toPhysicalBucket(baseName), absent: undefined }
  const bucketName = imported ? baseName : names[options.bucketAs ?? 'physical']
  const parsed = parseStorage({
    Imported: imported,
    BucketName: bucketName,
    Permissions: { Authenticated: authenticated, UnAuthenticated: unauthenticated },
  })
  return ok(state, parsed === undefined ? { kind: 'none' } : { kind: 'storage', storage: parsed }, {
    kind: 'storage',
    storage,
    ...(bucketName === undefined ? {} : { bucketName }),
  })
}

export function getOtherStorage(state: ServiceState): Served<StorageResponse> {
  const mismatch = 'the response is about the storage files'
  return ok(state, { kind: 'other', mismatch }, { kind: 'other storage' })
}

function notFound(operation: Operation): Served<never> {
  return failed(createFailure(operation, 'notFound'))
}
