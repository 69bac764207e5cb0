/** What a run has learnt so far: the memory from which outputs, summary and comment are made. */
import type { ErrorCode } from '../errors/catalog.ts'
import { jobPhase } from '../storage/jobs/job.ts'
import type { Change, Storage } from '../storage/model.ts'

export type Warning = Readonly<{
  title: string
  text: string
  /** Of the error that it foretells. */
  code?: ErrorCode | undefined
}>

export type RunState = {
  command: 'apply' | 'plan' | undefined
  /** Why the run does what it does; continues "Applies: " or "Plans: ". */
  reason: string
  /** What happens to a plan afterwards, in whole sentences; empty where that is not known. */
  followUp: string
  appId: string
  backendEnvironmentName: string
  resourceName: string
  jobId: string
  /** The last status of the job that was seen. */
  status: string
  changes: readonly Change[]
  /** What the latest look found; undefined when no look has ended yet. */
  currentStorage: Readonly<{ storage: Storage | undefined }> | undefined
  /** The part of a bucket's name that the backend adds, where its metadata was read. */
  bucketSuffix: string | undefined
  /** A create or update was sent, whatever came of it. */
  mutationSent: boolean
  /** A create or update was sent whose outcome is not known. */
  mutationPending: boolean
  warnings: Warning[]
  retries: string[]
  /** Hosts other than AWS's own that requests went to. */
  customHosts: Set<string>
}

export function createRunState(): RunState {
  return {
    command: undefined,
    reason: '',
    followUp: '',
    appId: '',
    backendEnvironmentName: '',
    resourceName: '',
    jobId: '',
    status: '',
    changes: [],
    currentStorage: undefined,
    bucketSuffix: undefined,
    mutationSent: false,
    mutationPending: false,
    warnings: [],
    retries: [],
    customHosts: new Set(),
  }
}

/** Whether a job of this run was, as far as is known, not over when it was last seen. */
export function hasRunningJob(state: RunState): boolean {
  return state.jobId !== '' && jobPhase(state.status) === 'running'
}
