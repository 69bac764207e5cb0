/** What a run has learnt so far: the memory from which outputs, summary and comment are made. */
import type { ErrorCode } from './errors.ts'
import { phaseOf } from './job.ts'
import type { Change, Storage } from './storage.ts'

export type Warning = Readonly<{
  title: string
  text: string
  /** Of the error that it foretells. */
  code?: ErrorCode | undefined
}>

export type Findings = {
  does: 'apply' | 'plan' | undefined
  /** Why the run does what it does; continues "Applies: " or "Plans: ". */
  why: string
  /** What happens to a plan afterwards, in whole sentences; empty where that is not known. */
  next: string
  appId: string
  backendEnvironmentName: string
  resourceName: string
  jobId: string
  /** The last status of the job that was seen. */
  status: string
  changes: readonly Change[]
  /** What the latest look found; undefined when no look has ended yet. */
  seen: Readonly<{ storage: Storage | undefined }> | undefined
  /** The part of a bucket's name that the backend adds, where its metadata was read. */
  suffix: string | undefined
  /** A create or update was sent, whatever came of it. */
  sent: boolean
  /** A create or update was sent whose outcome is not known. */
  openSend: boolean
  warnings: Warning[]
  retries: string[]
  /** Hosts other than AWS's own that requests went to. */
  customHosts: Set<string>
}

export function createFindings(): Findings {
  return {
    does: undefined,
    why: '',
    next: '',
    appId: '',
    backendEnvironmentName: '',
    resourceName: '',
    jobId: '',
    status: '',
    changes: [],
    seen: undefined,
    suffix: undefined,
    sent: false,
    openSend: false,
    warnings: [],
    retries: [],
    customHosts: new Set(),
  }
}

/** Whether a job of this run was, as far as is known, not over when it was last seen. */
export function jobGoesOn(findings: Findings): boolean {
  return findings.jobId !== '' && phaseOf(findings.status) === 'running'
}
