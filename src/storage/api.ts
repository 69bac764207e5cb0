/** The Amplify Backend API as the core sees it: one function for each operation, plain data in and out. */
import type { ApiResult } from '../network/retry.ts'
import type { Job } from './jobs/job.ts'
import type { DesiredStorage, Permissions, Storage } from './model.ts'
import type { Backend } from './preconditions.ts'

export type Amplify = Readonly<{
  /** The storage with this name; `undefined` when the service responds without one (a 404 is a failure). */
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

/** The response to an accepted create or update. */
export type AcceptedJob = Readonly<{
  jobId: string
  status: string | undefined
  appId: string | undefined
  backendEnvironmentName: string | undefined
}>

export type CallOptions = Readonly<{
  signal: AbortSignal
  /** Milliseconds until the deadline of the run. */
  remainingMs: number
}>
