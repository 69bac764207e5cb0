/** The Amplify Backend API as the core uses it; `src/aws/amplify/amplify-backend.ts` implements it. */
import type { ApiResult } from '../network/retry.ts'
import type { Backend } from './backend/amplify-meta.ts'
import type { Job } from './jobs/job.ts'
import type { DesiredStorage, Permissions, Storage } from './model.ts'

/** The backend environment that the calls are about. */
export type BackendRef = Readonly<{ appId: string; backendEnvironmentName: string }>

/** The storage that a run is about, and where it is. */
export type StorageRef = BackendRef &
  Readonly<{
    resourceName: string
    region: string
    /** The account of the role; undefined if it is not known. */
    accountId: string | undefined
  }>

export type CallOptions = Readonly<{
  signal: AbortSignal
  /** Milliseconds that are left of the whole run. */
  remainingMs: number
}>

/** The response to a create or an update that was accepted. */
export type AcceptedJob = Readonly<{
  jobId: string
  status: string | undefined
  appId: string | undefined
  backendEnvironmentName: string | undefined
  /** How the response differs from the request, which makes it ambiguous; undefined if it does not. */
  mismatch: string | undefined
}>

/** What GetBackendStorage returned. */
export type StorageResponse =
  | Readonly<{ kind: 'storage'; storage: Storage }>
  /** The response is about the requested storage and has no configuration. */
  | Readonly<{ kind: 'none' }>
  /** The response is about another app, environment, resource or service than the request. */
  | Readonly<{ kind: 'other'; mismatch: string }>

export type JobList = Readonly<{
  /** In the order of the service. */
  jobs: readonly Job[]
  /** Whether the list was read to its end. An incomplete list does not prove that a job is absent. */
  isComplete: boolean
}>

/** One function for each operation. Each call ends by its own timeout, or earlier by its options. */
export type Amplify = Readonly<{
  /** The storage of the given name (404 is a failure). */
  getStorage(resourceName: string, options: CallOptions): Promise<ApiResult<StorageResponse>>
  /** The backend of the environment, or of the app alone, which lists its environments. */
  getBackend(scope: 'environment' | 'app', options: CallOptions): Promise<ApiResult<Backend>>
  createStorage(desired: DesiredStorage, options: CallOptions): Promise<ApiResult<AcceptedJob>>
  updateStorage(
    resourceName: string,
    permissions: Permissions,
    options: CallOptions,
  ): Promise<ApiResult<AcceptedJob>>
  getJob(jobId: string, options: CallOptions): Promise<ApiResult<Job>>
  /** The jobs of the environment. */
  listJobs(options: CallOptions): Promise<ApiResult<JobList>>
}>
