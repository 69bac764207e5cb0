/** What a virtual Amplify Backend can be asked to do, and what it records. */
import type { ApiFailure } from '../../../../src/network/failure.ts'
import type { Amplify } from '../../../../src/storage/api.ts'
import type { FailureName } from '../api-failures.ts'

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
  /** Whether consecutive answers are about another storage or environment. */
  mismatches?: Partial<Record<MismatchedOperation, readonly boolean[]>>
  /** Times in which every call of some operations fails. */
  outages?: readonly Outage[]
  /** When the credentials of the run expire, until it asks for new ones. */
  session?: Session
  /** The time of the next request, and then of its response, on the way. */
  latency?: () => number
}>

type MismatchedOperation = 'GetBackendStorage' | 'CreateBackendStorage' | 'UpdateBackendStorage'

export type Outage = Readonly<{
  fromMs: number
  toMs: number
  operations: readonly Operation[]
  failure: FailureName
}>

export type Session = Readonly<{ expiresAtMs: number; stsBackAtMs: number }>

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
  /** Its base name is then the name of the bucket. */
  imported?: boolean
}

export type ServiceJob = {
  readonly jobId: string
  readonly operation: string
  readonly run: string
  readonly createdAt: number
  status: string
  /** The status before the last one, which replicas still show for some time after the end. */
  runningStatus: string
  endedAt: number | undefined
  error: string
  /** It blocks other jobs, and its effect is still to come. */
  pending: boolean
}

export type JobResult = Readonly<{
  status: string
  error?: string
  /** The job has ended before its creation is answered. */
  atOnce?: boolean
}>

/** A value, or the values of consecutive reads, in turn. */
export type InTurn = number | readonly number[]

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
  /** How long reads and lists of jobs lag behind. */
  jobLagMs?: InTurn
  /** How long reads of the storage lag behind the jobs. */
  storageLagMs?: InTurn
  /** Whether lists of jobs are read to their end. */
  isListComplete?: boolean
  /** The number of jobs after which a list ends before its end. */
  listLimit?: number
  oldestFirst?: boolean
  /** How long before the end of its job a storage is there. */
  storageLeadMs?: number
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

/** A job as a response showed it. */
export type ShownJob = Readonly<{ job: ServiceJob; status: string; createdAt: number | undefined }>

/** What a response said, judged by the service itself; a call that failed shows nothing. */
export type Shown =
  | Readonly<{ kind: 'nothing'; failure: ApiFailure }>
  | Readonly<{ kind: 'storage'; storage: ServiceStorage | undefined; bucketName?: string }>
  | Readonly<{ kind: 'other storage' }>
  | Readonly<{ kind: 'jobs'; jobs: readonly ShownJob[]; isComplete: boolean }>
  | Readonly<{ kind: 'job'; shown: ShownJob }>
  | Readonly<{ kind: 'backend'; bucketName: string | undefined }>
  | Readonly<{ kind: 'accepted'; job: ServiceJob; status: string }>

/** A response that a run has received. */
export type RecordedResponse = Readonly<{
  run: string
  operation: Operation
  sentAt: number
  receivedAt: number
  shown: Shown
}>

/** What somebody else does, by the rules of the service. */
export type OtherAction = Readonly<{
  operation: string
  ms: number
  result: JobResult
  /** What becomes of the storage; without it, the job changes none. */
  edit?: StorageEdit
}>

/** The storage after a change; undefined removes it. */
export type StorageEdit = (storage: ServiceStorage | undefined) => ServiceStorage | undefined

/** The calls of one run, and what tells the service that the run asks for new credentials. */
export type VirtualConnection = Amplify & Readonly<{ renewSession(): void }>

export type VirtualAmplify = Readonly<{
  connect(options?: ConnectionOptions): VirtualConnection
  calls: readonly RecordedCall[]
  mutations: readonly RecordedMutation[]
  /** Every response that a run has received, in the order of their arrival. */
  responses: readonly RecordedResponse[]
  /** Creates and updates that were sent while an earlier one of the same run could still take effect. */
  unsafeMutations: readonly RecordedMutation[]
  jobs: readonly ServiceJob[]
  storages: ReadonlyMap<string, ServiceStorage>
  addStorage(storage: ServiceStorage): void
  removeStorage(resourceName: string): void
  /** Starts the job of somebody else, unless a rule of the service rejects it. */
  act(action: OtherAction): void
  /** Changes the storage without a job, as the console or the Amplify CLI does. */
  edit(edit: StorageEdit): void
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
