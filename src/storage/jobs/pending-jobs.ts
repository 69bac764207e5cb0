/** Waits until no other job of the environment is pending. */
import { formatDuration } from '../../lib/clock.ts'
import { quote } from '../../lib/text.ts'
import { classifyFailure } from '../../network/classify.ts'
import type { ApiResult } from '../../network/retry.ts'
import { readWithRetry, type StorageContext } from '../context.ts'
import { toActionError } from '../errors.ts'
import { createHeartbeat, type Heartbeat } from './heartbeat.ts'
import { findPendingJob, type Job } from './job.ts'
import { formatStatus, jobStillPending } from './job-errors.ts'
import { pollDelayMs, REPORT_RESERVE_MS, unlistedJobDelayMs } from './polling.ts'

type PendingJobsWait = {
  readonly context: StorageContext
  readonly startedAt: number
  /** The service has just reported a pending job, which the list may not show. */
  readonly isReported: boolean
  polls: number
  /** The pending job that was listed last. */
  pending: PendingJob | undefined
}

/** Another run's job, and when it was created on the clock of this run. */
type PendingJob = Readonly<{ job: Job; createdAt: number | undefined }>

/**
 * Waits until no job of the environment is pending, as far as the role can list jobs.
 *
 * @param isReported whether the service has just reported a pending job
 * @returns whether the run waited
 * @throws ActionError at the deadline, or when the jobs cannot be listed; the signal's reason when aborted
 */
export async function waitForPendingJobs(
  context: StorageContext,
  isReported: boolean,
): Promise<boolean> {
  const startedAt = context.retryPolicy.clock.now()
  const wait: PendingJobsWait = { context, startedAt, isReported, polls: 0, pending: undefined }
  const heartbeat = createHeartbeat(context, () => formatProgress(wait))
  for (;;) {
    const result = await pollJobs(wait, heartbeat)
    if (result === 'unchecked') return false
    if (result === 'none-pending') return wait.polls > 0
    wait.polls += 1
  }
}

/** `unchecked` if the jobs cannot be listed and none is known to be pending. */
type PollResult = 'none-pending' | 'unchecked' | 'poll-again'

/** Lists the jobs once, and sleeps if another poll is needed. */
async function pollJobs(wait: PendingJobsWait, heartbeat: Heartbeat): Promise<PollResult> {
  const { context } = wait
  const result = await readWithRetry(context, (options) => context.amplify.listJobs(options))
  if (!result.ok) return await handleListFailure(wait, result)
  const job = findPendingJob(result.value.jobs)
  if (job !== undefined) {
    await waitWhilePending(wait, heartbeat, job, result.serverTime)
    return 'poll-again'
  }
  if (wait.polls > 0 || !wait.isReported) return 'none-pending'
  // The list lags behind what the service has reported.
  await heartbeat.sleep(requireDelayMs(wait))
  return 'poll-again'
}

async function waitWhilePending(
  wait: PendingJobsWait,
  heartbeat: Heartbeat,
  job: Job,
  serverTime: number | undefined,
): Promise<void> {
  const { clock, random, throttleState } = wait.context.retryPolicy
  const isNew = wait.pending === undefined || job.jobId !== wait.pending.job.jobId
  wait.pending = { job, createdAt: toLocalTime(job.createdAt, serverTime, clock.now()) }
  if (isNew) heartbeat.log()
  const remainingMs = getRemainingMs(wait)
  if (remainingMs <= 0) throw jobStillPending(wait.context.ref, job)
  const delayMs = pollDelayMs(clock.now() - wait.startedAt, random, throttleState)
  await heartbeat.sleep(Math.min(remainingMs, delayMs))
}

/** Decides how to continue without a list of jobs. */
async function handleListFailure(
  wait: PendingJobsWait,
  { failure, deadlineExceeded }: Extract<ApiResult<unknown>, { ok: false }>,
): Promise<PollResult> {
  const { observer, ref, retryPolicy } = wait.context
  if (classifyFailure(failure) !== 'access-denied') {
    throw deadlineExceeded === true
      ? jobStillPending(ref, wait.pending?.job)
      : toActionError(failure, ref)
  }
  if (!wait.isReported) {
    observer.onWarning(
      'Pending jobs not checked',
      'The role has no permission to list jobs (amplifybackend:ListBackendJobs), so the run cannot notice a job that is changing the storage right now.',
    )
    return 'unchecked'
  }
  if (wait.polls > 0) return 'none-pending'
  const delayMs = requireDelayMs(wait)
  observer.onLog(
    'A job is pending, and the role has no permission to list jobs (amplifybackend:ListBackendJobs). Trying again every 15 to 30 seconds.',
  )
  await retryPolicy.clock.sleep(delayMs, retryPolicy.signal)
  return 'poll-again'
}

/**
 * The delay while a pending job cannot be seen.
 *
 * @throws ActionError when it would not end before the deadline
 */
function requireDelayMs(wait: PendingJobsWait): number {
  const delayMs = unlistedJobDelayMs(wait.context.retryPolicy.random)
  if (delayMs >= getRemainingMs(wait)) throw jobStillPending(wait.context.ref, undefined)
  return delayMs
}

function getRemainingMs({ context }: PendingJobsWait): number {
  return context.retryPolicy.deadline - context.retryPolicy.clock.now() - REPORT_RESERVE_MS
}

function toLocalTime(
  createdAt: number | undefined,
  serverTime: number | undefined,
  now: number,
): number | undefined {
  if (createdAt === undefined || serverTime === undefined) return undefined
  return now - (serverTime - createdAt)
}

function formatProgress({ context, pending }: PendingJobsWait): string {
  const { clock, deadline } = context.retryPolicy
  const environment = quote(context.ref.backendEnvironmentName)
  const left = `${formatDuration(deadline - clock.now())} left`
  if (pending === undefined) {
    return `The service reports a pending job of ${environment}. Waiting for it; ${left}.`
  }
  const { job, createdAt } = pending
  const age = createdAt === undefined ? '' : `, ${formatDuration(clock.now() - createdAt)} old`
  return `Waiting for another job of ${environment}: ${job.jobId ?? 'no id'} (${job.operation ?? 'unknown operation'}, ${formatStatus(job.status)}${age}); ${left}.`
}
