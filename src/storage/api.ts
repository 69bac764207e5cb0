/** The Amplify Backend API as the core uses it; `src/aws/amplify-backend.ts` implements it. */
import type { ApiResult } from '../network/retry.ts'
import type { Backend } from './amplify-meta.ts'
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
}>

/** One function for each operation. Each call ends by its own timeout, or earlier by its options. */
export type Amplify = Readonly<{
  /** The storage of the given name, `undefined` if the response has none (404 is a failure). */
  getStorage(resourceName: string, options: CallOptions): Promise<ApiResult<Storage | undefined>>
  /** The backend of the environment, or of the app alone, which lists its environments. */
  getBackend(scope: 'environment' | 'app', options: CallOptions): Promise<ApiResult<Backend>>
  createStorage(desired: DesiredStorage, options: CallOptions): Promise<ApiResult<AcceptedJob>>
  updateStorage(
    resourceName: string,
    permissions: Permissions,
    options: CallOptions,
  ): Promise<ApiResult<AcceptedJob>>
  getJob(jobId: string, options: CallOptions): Promise<ApiResult<Job>>
  /** All jobs of the environment, in the order of the service. */
  listJobs(options: CallOptions): Promise<ApiResult<readonly Job[]>>
}>
