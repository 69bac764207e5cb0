import { randomUUID } from 'node:crypto'

import type { Environment } from '../../state/backends.ts'
import type { Job, JobPlan, OperationCounters } from '../../state/jobs.ts'
import type { State } from '../../state/state.ts'

/** What a job does when it takes effect. */
export type JobWork = {
  readonly operation: string
  readonly counters: OperationCounters
  /** Does the work; returns the error if it fails. */
  perform(now: number): string | undefined
  /** Leaves what a job that fails halfway leaves behind. */
  leavePartialEffect(): void
}

/** The plan for the next job; empty if there is none. */
function takeJobPlan(state: State): JobPlan {
  const plan = state.jobPlans[0]
  if (plan === undefined) return {}
  if (plan.times !== 'always') {
    plan.times = (plan.times ?? 1) - 1
    if (plan.times <= 0) state.jobPlans.shift()
  }
  return plan
}

/** The error of a failed job, as the Amplify CLI that runs it leaves it. */
const failedCommandError = (text: string): string =>
  `Command failed with exit code 1 (EPERM): amplify push --yes\n${text}`

function setStatus(job: Job, status: string, now: number): void {
  job.status = status
  job.updateTime = String(now)
}

function finish(job: Job, plan: JobPlan, error: string | undefined, now: number): void {
  job.pending = false
  job.error = error
  setStatus(job, plan.finalStatus ?? (error === undefined ? 'COMPLETED' : 'FAILED'), now)
}

function runWork(work: JobWork, plan: JobPlan, now: number): string | undefined {
  if (plan.error !== undefined) {
    if (plan.leavesBucket ?? true) work.leavePartialEffect()
    return plan.error
  }
  const error = work.perform(now)
  if (error === undefined) {
    work.counters.executed += 1
    return undefined
  }
  return failedCommandError(error)
}

function addStartedJob(
  { rules, counters }: State,
  environment: Environment,
  { operation, status, now }: { operation: string; status: string; now: number },
): Job {
  const job: Job = {
    jobId: randomUUID(),
    operation,
    status,
    createTime: String(now),
    updateTime: String(now),
    pending: true,
    readableAt: now + rules.jobReadableAfterMs,
    listedAt: now + rules.jobListedAfterMs,
  }
  environment.jobs.push(job)
  const pending = environment.jobs.filter((candidate) => candidate.pending).length
  counters.maxPendingJobs = Math.max(counters.maxPendingJobs, pending)
  return job
}

/** How long a job stays PENDING at most, in milliseconds; a recorded one was RUNNING after eight seconds. */
const maxPendingMs = 5000

/** When a job of this duration leaves each of its statuses, in milliseconds after its start. */
function statusEnds(statuses: readonly string[], ms: number | 'never'): readonly number[] {
  const part = ms === 'never' ? maxPendingMs : ms / statuses.length
  const first = statuses[0] === 'PENDING' ? Math.min(part, maxPendingMs) : part
  const next = ms === 'never' ? part : (ms - first) / Math.max(statuses.length - 1, 1)
  return statuses.map((_, index) => Math.round(first + index * next))
}

/** Starts a job as the next plan and the rules say; by default it takes effect at its end. */
export function startJob(state: State, environment: Environment, work: JobWork, now: number): Job {
  const plan = takeJobPlan(state)
  const { rules, scheduler } = state
  const statuses = plan.statuses ?? rules.jobStatuses
  const [status = 'RUNNING', ...nextStatuses] = statuses
  const job = addStartedJob(state, environment, { operation: work.operation, status, now })
  work.counters.accepted += 1
  const earlyResult =
    rules.storageVisible === 'at-once' ? { error: runWork(work, plan, now) } : undefined
  const ms = plan.ms ?? rules.jobMs
  const ends = statusEnds(statuses, ms)
  nextStatuses.forEach((next, index) => {
    scheduler.schedule(now + (ends[index] ?? 0), (at) => {
      setStatus(job, next, at)
    })
  })
  if (ms === 'never') return job
  scheduler.schedule(now + ms, (at) => {
    finish(job, plan, earlyResult === undefined ? runWork(work, plan, at) : earlyResult.error, at)
  })
  return job
}
