import { randomUUID } from 'node:crypto'

import type { Environment, Job, JobPlan, OperationCounters, State } from '../../state/state.ts'

/** What a job does. */
export type JobWork = {
  readonly operation: string
  readonly counters: OperationCounters
  /** Does it; gives back the error that fails the job instead. */
  perform(now: number): string | undefined
  /** What is left behind where the job fails half way. */
  leavePartialEffect(): void
}

function takeJobPlan(world: State): JobPlan {
  const plan = world.jobPlans[0]
  if (plan === undefined) return {}
  if (plan.times !== 'always') {
    plan.times = (plan.times ?? 1) - 1
    if (plan.times <= 0) world.jobPlans.shift()
  }
  return plan
}

const pendingJobs = (environment: Environment): number =>
  environment.jobs.filter((job) => job.pending).length

/** A failed job's text, as the Amplify CLI that ran it leaves it. */
export const failedCommandError = (text: string): string =>
  `Command failed with exit code 1 (EPERM): amplify push --yes\n${text}`

function update(job: Job, status: string, now: number): void {
  job.status = status
  job.updateTime = String(now)
}

function finish(job: Job, plan: JobPlan, error: string | undefined, now: number): void {
  job.pending = false
  job.error = error
  update(job, plan.finalStatus ?? (error === undefined ? 'COMPLETED' : 'FAILED'), now)
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

/** Starts a job, which does its work at its end. */
export function startJob(world: State, environment: Environment, work: JobWork, now: number): Job {
  const plan = takeJobPlan(world)
  const { rules, agenda } = world
  const statuses = plan.statuses ?? rules.jobStatuses
  const job: Job = {
    jobId: randomUUID(),
    operation: work.operation,
    status: statuses[0] ?? 'RUNNING',
    createTime: String(now),
    updateTime: String(now),
    pending: true,
    readableAt: now + rules.jobReadableAfterMs,
    listedAt: now + rules.jobListedAfterMs,
  }
  environment.jobs.push(job)
  work.counters.accepted += 1
  world.counters.maxPendingJobs = Math.max(world.counters.maxPendingJobs, pendingJobs(environment))
  const immediateResult =
    rules.storageVisible === 'at-once' ? { error: runWork(work, plan, now) } : undefined
  const ms = plan.ms ?? rules.jobMs
  if (ms === 'never') return job
  statuses.slice(1).forEach((status, index) => {
    agenda.schedule(now + Math.round((ms * (index + 1)) / statuses.length), (at) => {
      update(job, status, at)
    })
  })
  agenda.schedule(now + ms, (at) => {
    finish(
      job,
      plan,
      immediateResult === undefined ? runWork(work, plan, at) : immediateResult.error,
      at,
    )
  })
  return job
}
