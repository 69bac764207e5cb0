/** What a run has learned so far. Outputs, summary and comment are made from it. */
import type { ErrorCode } from '../errors/catalog.ts'
import { jobPhase } from '../storage/jobs/job.ts'
import type { Change } from '../storage/diff.ts'
import type { Storage } from '../storage/model.ts'

export type Warning = Readonly<{
  title: string
  text: string
  /** Set for warnings of which the comment shows more or less than the title. */
  kind?: 'guest-access' | 'planned-only' | undefined
  /** The code of the error that an apply would end with as things are now. */
  code?: ErrorCode | undefined
}>

export type RunState = {
  /** Undefined before the event is read, and in a run that is skipped. */
  command: 'apply' | 'plan' | undefined
  /** Why the run applies or plans; continues "Applying: " or "Planning: ". */
  reason: string | undefined
  /** What happens after a plan, in whole sentences; undefined if that is not known. */
  followUp: string | undefined
  /** Why GitHub passes no credentials to the run, although its mode is forced. */
  credentialsRestriction: string | undefined
  appId: string | undefined
  backendEnvironmentName: string | undefined
  resourceName: string | undefined
  jobId: string | undefined
  /** The latest status of the job. */
  status: string | undefined
  /** The first comparison with the storage that found a difference. */
  changes: readonly Change[]
  /** What all comparisons with the storage together have found; undefined before the first one. */
  comparison: 'different' | 'equal' | 'incomplete' | undefined
  /** The S3 storage that the environment has in place of the requested one. */
  otherStorage: string | undefined
  /** The physical bucket of the storage; undefined while it is not known. */
  bucketName: string | undefined
  /** The result of the latest read; undefined before the first one. */
  currentStorage: Readonly<{ storage: Storage | undefined }> | undefined
  /** The part of a bucket's name that the backend adds; undefined if its metadata was not read. */
  bucketSuffix: string | undefined
  /** A create or update was sent, with whatever result. */
  mutationSent: boolean
  /** A create or update was sent and its result is not known. */
  mutationPending: boolean
  warnings: Warning[]
  retries: string[]
  /** Hosts that requests went to in place of AWS's default ones. */
  customHosts: Set<string>
}

export function createRunState(): RunState {
  return {
    command: undefined,
    reason: undefined,
    followUp: undefined,
    credentialsRestriction: undefined,
    appId: undefined,
    backendEnvironmentName: undefined,
    resourceName: undefined,
    jobId: undefined,
    status: undefined,
    changes: [],
    comparison: undefined,
    otherStorage: undefined,
    bucketName: undefined,
    currentStorage: undefined,
    bucketSuffix: undefined,
    mutationSent: false,
    mutationPending: false,
    warnings: [],
    retries: [],
    customHosts: new Set(),
  }
}

/** The ID of this run's job, unless the run knows that the job has ended. */
export function getRunningJob({ jobId, status }: RunState): string | undefined {
  return jobId !== undefined && jobPhase(status ?? '') === 'running' ? jobId : undefined
}

/** Whether the backend of a storage that was not found is missing itself, so that nothing was compared. */
export function isBackendMissing(code: ErrorCode, state: RunState): boolean {
  const { command, currentStorage, mutationSent } = state
  if (mutationSent || currentStorage?.storage !== undefined) return false
  // A plan without the environment is a plan for an environment that the merge creates.
  return code === 'NOT_FOUND' || (code === 'ENVIRONMENT_NOT_FOUND' && command === 'apply')
}

export function forgetComparison(state: RunState): void {
  state.comparison = undefined
  state.changes = []
  state.currentStorage = undefined
}
