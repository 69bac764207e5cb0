/** What reads of a virtual Amplify Backend return. */
import { parseBackend, type Backend } from '../../../../src/storage/backend/amplify-meta.ts'
import type { JobList, StorageResponse } from '../../../../src/storage/api.ts'
import { parseJob, type Job } from '../../../../src/storage/jobs/job.ts'
import { parseStorage } from '../../../../src/storage/model.ts'
import { createFailure } from '../api-failures.ts'
import {
  ENVIRONMENT,
  SUFFIX,
  TIME_STYLES,
  type Operation,
  type ShownJob,
} from './virtual-amplify-types.ts'
import { failed, ok, type Served, serverTime, type ServiceState } from './virtual-service.ts'

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
  if (scope !== 'app' && !environments.includes(ENVIRONMENT)) return notFound('GetBackend')
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
  const { bucketAs = 'physical' } = options
  const bucketName = imported && bucketAs !== 'absent' ? baseName : names[bucketAs]
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
