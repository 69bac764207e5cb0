/** What a virtual Amplify Backend can be asked to do, and what it records. */
import type { ApiFailure } from '../../../src/network/failure.ts'
import type { Amplify } from '../../../src/storage/api.ts'
import type { FailureName } from './api-failures.ts'

export type Operation =
  | 'GetBackendStorage'
  | 'GetBackend'
  | 'CreateBackendStorage'
  | 'UpdateBackendStorage'
  | 'GetBackendJob'
  | 'ListBackendJobs'

export type Fault = Readonly<{
  failure: FailureName
  /** What the call does at the service; `lateMs` is counted from when the client has seen it fail. */
  effect?: 'none' | 'done' | Readonly<{ lateMs: number }>
  retryAfterMs?: number
}>

/** The faults of consecutive calls of an operation, or only their names; `undefined` is a call without one. */
export type Script = readonly (Fault | FailureName | undefined)[]

export const toFault = (fault: Fault | FailureName): Fault =>
  typeof fault === 'string' ? { failure: fault } : fault

/** How one run reaches the service. */
export type ConnectionOptions = Readonly<{
  run?: string
  /** The operations that the role of the run may not call. */
  denied?: readonly Operation[]
  faults?: Partial<Record<Operation, Script>>
  /** The fault of every call after those. */
  always?: Partial<Record<Operation, Fault | FailureName>>
  /** The time of the next request, and then of its response, on the way. */
  latency?: () => number
}>

/** How the service writes the creation time of a job. */
export type TimeStyle = (ms: number) => unknown

export const TIME_STYLES = {
  milliseconds: (ms) => String(ms),
  millisecondsAsNumber: (ms) => ms,
  seconds: (ms) => String(Math.floor(ms / 1000)),
  fractionOfSeconds: (ms) => (ms / 1000).toFixed(3),
  iso: (ms) => new Date(ms).toISOString(),
  date: (ms) => new Date(ms),
  garbage: () => 'a moment ago',
  invalidDate: () => new Date(NaN),
  absent: () => undefined,
} as const satisfies Record<string, TimeStyle>

export type ServiceStorage = {
  resourceName: string
  /** The base name; the suffix of the stack and the environment are appended to it. */
  baseName: string
  authenticated: readonly string[]
  unauthenticated: readonly string[] | undefined
}

export type ServiceJob = {
  readonly jobId: string
  readonly operation: string
  readonly run: string
  readonly createdAt: number
  status: string
  error: string
  /** It blocks other jobs, and its effect is still to come. */
  pending: boolean
}

export type JobResult = Readonly<{ status: string; error?: string }>

export type ServiceOptions = Readonly<{
  /** The rules of the service, which apply unless they are switched off. */
  oneJob?: boolean
  oneStorage?: 'refused' | 'failed-job' | 'off'
  jobMs?: number
  /** The status of a job while it runs. */
  runningStatus?: string
  /** How jobs end, in the order of their starts; COMPLETED after that. */
  jobResults?: readonly JobResult[]
  times?: TimeStyle
  /** Whether lists of jobs are read to their end. */
  isListComplete?: boolean
  /** How long after its start a job can be read and listed. */
  jobLagMs?: number
  /** How long after the end of its job a storage can be read. */
  storageLagMs?: number
  /** The server's time when the clock is at zero. */
  epochMs?: number
  /** Whether responses have a `Date`. */
  dates?: boolean
  /** The name of the bucket that GetBackendStorage returns. */
  bucketAs?: 'base' | 'physical' | 'absent'
  /** Whether GetBackendStorage returns 404 for an absent storage, or a response without one. */
  absentAs?: 'not-found' | 'empty'
  environments?: readonly string[]
  auth?: boolean
  /** Replaces the metadata that the state would give. */
  metadata?: string
  backendError?: string
}>

/** A create or an update as it was sent. */
export type RecordedMutation = {
  readonly run: string
  readonly operation: 'CreateBackendStorage' | 'UpdateBackendStorage'
  readonly at: number
  /** When the client saw it end; undefined while it has not. */
  endedAt: number | undefined
  failure: ApiFailure | undefined
  effect: 'on the way' | 'nothing' | 'rejected' | ServiceJob
  readonly desired: ServiceStorage
}

export type RecordedCall = Readonly<{ run: string; operation: Operation; at: number }>

export type VirtualAmplify = Readonly<{
  connect(options?: ConnectionOptions): Amplify
  calls: readonly RecordedCall[]
  mutations: readonly RecordedMutation[]
  /** Creates that were sent while an earlier create of the same run could still take effect. */
  unsafeCreates: readonly RecordedMutation[]
  jobs: readonly ServiceJob[]
  storages: ReadonlyMap<string, ServiceStorage>
  addStorage(storage: ServiceStorage): void
  removeStorage(resourceName: string): void
  /** Adds a job of somebody else, which runs until it is ended. */
  addJob(operation: string, status: string): ServiceJob
  endJob(job: ServiceJob, result: JobResult): void
  count(operation: Operation): number
  /** The number of creates of a run that became jobs. */
  effects(run?: string): number
}>

export const APP_ID = 'd1a2b3c4d5'
export const ENVIRONMENT = 'prod'
export const SUFFIX = '14a5e'
export const EXISTS_TEXT = 'Amazon S3 storage was already added to your project.'
