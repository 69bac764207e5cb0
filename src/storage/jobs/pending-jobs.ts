/** Waits until no other job of the environment is pending. */
import type { ActionError } from '../../errors/action-error.ts'
import { formatDuration } from '../../lib/clock.ts'
import { quote } from '../../lib/text.ts'
import { classifyFailure, isRetryable } from '../../network/classify.ts'
import { formatFailure, type ApiFailure } from '../../network/failure.ts'
import type { ApiResult } from '../../network/retry.ts'
import type { JobList } from '../api.ts'
import { readWithRetry, type StorageContext } from '../context.ts'
import { deadlineExceeded, toActionError } from '../errors.ts'
import { createHeartbeat, type Heartbeat } from './heartbeat.ts'
import { findPendingJob, formatStatus, type IdentifiedJob, type Job } from './job.ts'
import { pollDelayMs, REPORT_RESERVE_MS, unlistedJobDelayMs } from './polling.ts'

type PendingJobsWait = {
  readonly context: StorageContext
  readonly options: PendingJobsOptions
  readonly startedAt: number
  polls: number
  /** The pending job that was listed last. */
  pending: PendingJob | undefined
}

type PendingJobsOptions = Readonly<{
  /** The service has just reported a pending job, which the list may not show. */
  isReported: boolean
  /** Finds a job that this run may have started with a call whose response was lost. */
  findOwnJob?: (list: ListedJobs) => IdentifiedJob | undefined
}>

/** A list of jobs, and the server's time when it was returned. */
export type ListedJobs = Readonly<{ value: JobList; serverTime: number | undefined }>

/** Another run's job, and when it was created on the clock of this run. */
type PendingJob = Readonly<{ job: Job; createdAt: number | undefined }>

export type PendingJobsResult =
  /** No job is pending. `awaited` is the last one that was, `jobs` are all of the environment. */
  | Readonly<{ kind: 'none-pending'; awaited: Job | undefined; jobs: readonly Job[] }>
  /** The role may not list jobs, and none is known to be pending. */
  | Readonly<{ kind: 'denied' }>
  /** The reported job cannot be seen. */
  | Readonly<{ kind: 'not-visible' }>
  | Readonly<{ kind: 'own-job'; job: IdentifiedJob; jobs: readonly Job[] }>

/**
 * Waits until no job of the environment is pending, as far as the role can list jobs.
 *
 * @throws ActionError at the deadline, or when the jobs cannot be listed; the signal's reason when aborted
 */
export async function waitForPendingJobs(
  context: StorageContext,
  options: PendingJobsOptions,
): Promise<PendingJobsResult> {
  const startedAt = context.retryPolicy.clock.now()
  const wait: PendingJobsWait = { context, options, startedAt, polls: 0, pending: undefined }
  const heartbeat = createHeartbeat(context, () => formatProgress(wait))
  for (;;) {
    const result = await pollJobs(wait, heartbeat)
    if (result !== 'poll-again') return result
    wait.polls += 1
  }
}

type PollResult = PendingJobsResult | 'poll-again'

/** Lists the jobs once, and sleeps if another poll is needed. */
async function pollJobs(wait: PendingJobsWait, heartbeat: Heartbeat): Promise<PollResult> {
  const { context, options } = wait
  const result = await readWithRetry(context, (call) => context.amplify.listJobs(call))
  if (!result.ok) return await handleListFailure(wait, heartbeat, result)
  const ownJob = options.findOwnJob?.(result)
  const { jobs, isComplete } = result.value
  if (ownJob !== undefined) return { kind: 'own-job', job: ownJob, jobs }
  const job = findPendingJob(jobs)
  if (job !== undefined) {
    await waitWhilePending(wait, heartbeat, job, result.serverTime)
    return 'poll-again'
  }
  if (options.isReported && wait.polls === 0) {
    // The list lags behind what the service has reported.
    await heartbeat.sleep(await requireDelayMs(wait))
    return 'poll-again'
  }
  if (isComplete) return { kind: 'none-pending', awaited: wait.pending?.job, jobs }
  if (options.isReported) return { kind: 'not-visible' }
  const { incompleteJobList } = await import('./job-errors.ts')
  throw incompleteJobList(context.ref)
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
  if (remainingMs <= 0) throw await stillPending(wait)
  const delayMs = pollDelayMs(clock.now() - wait.startedAt, random, throttleState)
  await heartbeat.sleep(Math.min(remainingMs, delayMs))
}

/** Decides how to continue without a list of jobs. */
async function handleListFailure(
  wait: PendingJobsWait,
  heartbeat: Heartbeat,
  { failure, deadlineExceeded: isTimedOut }: Extract<ApiResult<unknown>, { ok: false }>,
): Promise<PollResult> {
  const { context, pending, polls, options } = wait
  const { observer, ref } = context
  const isWaiting = polls > 0 || options.isReported
  if (isTimedOut === true) {
    throw isWaiting ? await stillPending(wait) : deadlineExceeded(failure, ref)
  }
  const kind = classifyFailure(failure)
  if (kind !== 'access-denied') {
    // Only the deadline limits the polls of a wait.
    if (!isWaiting || !isRetryable(kind)) throw await toActionError(failure, ref)
    await sleepAfterFailedPoll(wait, heartbeat, failure)
    return 'poll-again'
  }
  if (!options.isReported) {
    // The pending job that was listed may still be changing the storage.
    if (pending !== undefined) throw await toActionError(failure, ref)
    observer.onWarning(
      'Pending jobs not checked',
      'The role has no permission to list jobs (amplifybackend:ListBackendJobs), so the run cannot notice a job that is changing the storage right now.',
    )
    return { kind: 'denied' }
  }
  if (polls > 0) return { kind: 'not-visible' }
  const delayMs = await requireDelayMs(wait)
  observer.onLog(
    'A job is pending, and the role has no permission to list jobs (amplifybackend:ListBackendJobs). Trying again every 15 to 30 seconds.',
  )
  await context.retryPolicy.clock.sleep(delayMs, context.retryPolicy.signal)
  return 'poll-again'
}

async function sleepAfterFailedPoll(
  wait: PendingJobsWait,
  heartbeat: Heartbeat,
  failure: ApiFailure,
): Promise<void> {
  const { clock, random, throttleState, onRetry } = wait.context.retryPolicy
  const delayMs = pollDelayMs(clock.now() - wait.startedAt, random, throttleState)
  if (delayMs >= getRemainingMs(wait)) throw await stillPending(wait)
  onRetry(
    `${failure.operation} failed (${formatFailure(failure)}). Next check in ${formatDuration(delayMs)}.`,
  )
  await heartbeat.sleep(delayMs)
}

/**
 * The delay while a pending job cannot be seen.
 *
 * @throws ActionError when it would not end before the deadline
 */
async function requireDelayMs(wait: PendingJobsWait): Promise<number> {
  const delayMs = unlistedJobDelayMs(wait.context.retryPolicy.random)
  if (delayMs < getRemainingMs(wait)) return delayMs
  const { jobStillPending } = await import('./job-errors.ts')
  throw jobStillPending(wait.context.ref, undefined)
}

function getRemainingMs({ context }: PendingJobsWait): number {
  return context.retryPolicy.deadline - context.retryPolicy.clock.now() - REPORT_RESERVE_MS
}

async function stillPending({ context, pending }: PendingJobsWait): Promise<ActionError> {
  const { jobStillPending } = await import('./job-errors.ts')
  const { createdAt } = pending ?? {}
  const ageMs = createdAt === undefined ? undefined : context.retryPolicy.clock.now() - createdAt
  return jobStillPending(context.ref, pending?.job, ageMs)
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
  return `Waiting for another job of ${environment}: ${job.jobId ?? 'no ID'} (${job.operation ?? 'unknown operation'}, ${formatStatus(job.status)}${age}); ${left}.`
}
