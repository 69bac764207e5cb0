/** Backend jobs, the plans for how they run, and counters. */
import { randomUUID } from 'node:crypto'

import { ObjectReader, parseTimes } from '../lib/validation.ts'

export type Job = {
  jobId: string
  operation: string
  status: string
  createTime?: string | undefined
  updateTime?: string | undefined
  error?: string | undefined
  /** Whether it prevents other jobs, whatever its status is. */
  pending: boolean
  /** GetBackendJob does not find the job before this time. */
  readableAt: number
  /** ListBackendJobs does not return the job before this time. */
  listedAt: number
}

/** How the next jobs run; the rules decide what a plan leaves out. */
export type JobPlan = {
  /** How many jobs the plan applies to; 1 by default. */
  times?: number | 'always' | undefined
  /** The duration of the job in milliseconds. */
  ms?: number | 'never' | undefined
  statuses?: string[] | undefined
  /** The last status; by default COMPLETED, or FAILED if there is an error. */
  finalStatus?: string | undefined
  /** Fails the job with this text. */
  error?: string | undefined
  /** Whether a create that fails leaves its bucket behind; true by default. */
  leavesBucket?: boolean | undefined
}

export type OperationCounters = {
  /** Requests that arrived, including those with a fault. */
  received: number
  /** Jobs that started. */
  accepted: number
  /** Jobs that took effect. */
  executed: number
}

export type Counters = {
  create: OperationCounters
  update: OperationCounters
  /** The maximum number of jobs that were pending in one environment at the same time. */
  maxPendingJobs: number
}

/** Counters that start at 0. */
export const createCounters = (): Counters => ({
  create: { received: 0, accepted: 0, executed: 0 },
  update: { received: 0, accepted: 0, executed: 0 },
  maxPendingJobs: 0,
})

const finalStatuses = ['COMPLETED', 'FAILED']

/** Adds a job that no request started and that stays as it is, for instance the job of another client. */
export function addJob(
  environment: { jobs: Job[] },
  seed: {
    operation: string
    status: string
    jobId?: string | undefined
    createTime?: string | undefined
    updateTime?: string | undefined
    error?: string | undefined
    pending?: boolean | undefined
  },
): Job {
  const job = {
    jobId: seed.jobId ?? randomUUID(),
    operation: seed.operation,
    status: seed.status,
    createTime: seed.createTime,
    updateTime: seed.updateTime ?? seed.createTime,
    error: seed.error,
    pending: seed.pending ?? !finalStatuses.includes(seed.status),
    readableAt: 0,
    listedAt: 0,
  }
  environment.jobs.push(job)
  return job
}

/** Ends a job that `addJob` added. */
export function endJob(job: Job, status: string, now: number, error?: string): void {
  job.status = status
  job.pending = false
  job.error = error
  job.updateTime = String(now)
}

/**
 * Parses a job plan from JSON.
 *
 * @throws ValidationError if it is not a valid plan
 */
export function parseJobPlan(value: unknown): JobPlan {
  const reader = new ObjectReader(value, 'job')
  const plan = {
    times: parseTimes(reader),
    ms: reader.raw('ms') === 'never' ? ('never' as const) : reader.optionalInteger('ms'),
    statuses: reader.optionalStrings('statuses'),
    finalStatus: reader.optionalString('finalStatus'),
    error: reader.optionalString('error'),
    leavesBucket: reader.optionalBoolean('leavesBucket'),
  }
  reader.rejectUnknown()
  return plan
}
