/** Waits for the job that this run started. */
import { formatDuration } from '../../lib/clock.ts'
import { classifyFailure, isRetryable, type FailureKind } from '../../network/classify.ts'
import { formatFailure, type ApiFailure } from '../../network/failure.ts'
import { backoffMs, recordThrottle } from '../../network/retry.ts'
import { callOptions, type StorageContext } from '../context.ts'
import { createHeartbeat, type Heartbeat } from './heartbeat.ts'
import { formatStatus, isKnownRunningStatus, jobPhase, type Job } from './job.ts'
import { pollDelayMs, REPORT_RESERVE_MS } from './polling.ts'

/** A job that is not found within this time after its start may just not be visible yet. */
const NOT_FOUND_GRACE_MS = 60_000
/** The same for this many first polls, which can come later than that on a throttled account. */
const NOT_FOUND_GRACE_POLLS = 2

/** After this many polls in a row without a status, the outcome of the job is unknown. */
const MAX_POLLS_WITHOUT_STATUS = 8

type JobWait = {
  readonly context: StorageContext
  readonly jobId: string
  readonly startedAt: number
  readonly reportedStatuses: Set<string>
  lastStatus: string | undefined
  polls: number
  /** Consecutive polls that failed. */
  failures: number
  /** Consecutive polls whose response had no status. */
  withoutStatus: number
  /** The credentials were refreshed since the last response. */
  credentialsRefreshed: boolean
  /** The delay before the next poll. */
  delayMs: number
}

/**
 * Polls a job until it has ended.
 *
 * @param status of the response that started the job
 * @returns the job, completed or failed
 * @throws ActionError at the deadline, or when the job cannot be read; the signal's reason when aborted
 */
export async function waitForJob(
  context: StorageContext,
  jobId: string,
  status: string | undefined,
): Promise<Job> {
  const { clock, deadline, random, throttleState } = context.retryPolicy
  const wait: JobWait = {
    context,
    jobId,
    startedAt: clock.now(),
    reportedStatuses: new Set(),
    lastStatus: status,
    polls: 0,
    failures: 0,
    withoutStatus: 0,
    credentialsRefreshed: false,
    delayMs: pollDelayMs(0, random, throttleState),
  }
  const heartbeat = createHeartbeat(context, () => formatProgress(wait))
  heartbeat.log(
    `Waiting for job ${jobId}${status === undefined ? '' : ` (${status})`}, at most ${formatDuration(deadline - wait.startedAt)}.`,
  )
  for (;;) {
    const job = await pollJob(wait, heartbeat)
    if (job !== undefined && jobPhase(job.status) !== 'running') return job
  }
}

/** Waits, then reads the job once; undefined if that fails and may be tried again. */
async function pollJob(wait: JobWait, heartbeat: Heartbeat): Promise<Job | undefined> {
  const { context, jobId } = wait
  const { clock, deadline, random, throttleState } = context.retryPolicy
  const remainingMs = deadline - clock.now() - REPORT_RESERVE_MS
  if (remainingMs <= 0) {
    const { jobTimedOut } = await import('./job-errors.ts')
    throw jobTimedOut(context.ref, jobId, wait.lastStatus, clock.now() - wait.startedAt)
  }
  await heartbeat.sleep(Math.min(wait.delayMs, remainingMs))
  const result = await context.amplify.getJob(jobId, callOptions(context))
  wait.polls += 1
  wait.delayMs = pollDelayMs(clock.now() - wait.startedAt, random, throttleState)
  if (!result.ok) {
    await handleFailedPoll(wait, result.failure)
    return undefined
  }
  await recordJob(wait, result.value, heartbeat)
  return result.value
}

async function recordJob(wait: JobWait, job: Job, heartbeat: Heartbeat): Promise<void> {
  const { context, jobId } = wait
  const { status } = job
  wait.failures = 0
  wait.credentialsRefreshed = false
  if (status !== undefined) context.observer.onJob(jobId, status)
  if (jobPhase(status) !== 'running') return
  wait.withoutStatus = status === undefined ? wait.withoutStatus + 1 : 0
  if (wait.withoutStatus >= MAX_POLLS_WITHOUT_STATUS) {
    const { jobWithoutStatus } = await import('./job-errors.ts')
    throw jobWithoutStatus(context.ref, jobId)
  }
  if (status === wait.lastStatus) return
  wait.lastStatus = status
  heartbeat.log(`${formatProgress(wait)}${recordIfNewUnknown(wait, status) ? UNKNOWN_STATUS : ''}`)
}

const UNKNOWN_STATUS = ' This status is unknown and is treated as running.'

/** Records a status. Returns whether it is an unknown one that the job has not had before. */
function recordIfNewUnknown({ reportedStatuses }: JobWait, status: string | undefined): boolean {
  if (status === undefined || reportedStatuses.has(status)) return false
  reportedStatuses.add(status)
  return !isKnownRunningStatus(status)
}

/** @throws ActionError when polling again cannot help */
async function handleFailedPoll(wait: JobWait, failure: ApiFailure): Promise<void> {
  const { context, jobId, lastStatus } = wait
  const { retryPolicy } = context
  const kind = classifyFailure(failure)
  if (kind === 'credentials-expired' && !wait.credentialsRefreshed) {
    wait.credentialsRefreshed = true
    retryPolicy.invalidateCredentials()
    wait.delayMs = 0
    return
  }
  const isNotVisibleYet = kind === 'not-found' && isWithinGracePeriod(wait)
  if (!isNotVisibleYet && !isRetryable(kind)) {
    const { cannotReadJob } = await import('./job-errors.ts')
    throw await cannotReadJob(context.ref, jobId, lastStatus, failure)
  }
  wait.failures += 1
  recordThrottle(retryPolicy, kind)
  wait.delayMs = delayAfterFailureMs(wait, kind, failure)
  if (isNotVisibleYet) return
  retryPolicy.onRetry(
    `GetBackendJob failed (${formatFailure(failure)}); the job is not affected. Next check in ${formatDuration(wait.delayMs)}.`,
  )
}

function isWithinGracePeriod({ context, startedAt, polls }: JobWait): boolean {
  const elapsedMs = context.retryPolicy.clock.now() - startedAt
  return elapsedMs < NOT_FOUND_GRACE_MS || polls <= NOT_FOUND_GRACE_POLLS
}

function delayAfterFailureMs(wait: JobWait, kind: FailureKind, failure: ApiFailure): number {
  const { clock, random, throttleState } = wait.context.retryPolicy
  const backoff = backoffMs(kind, wait.failures, random, failure.retryAfterMs, throttleState)
  // After a throttled poll, the back-off already includes what the account asks for.
  const pollDelay =
    kind === 'throttled' ? pollDelayMs(clock.now() - wait.startedAt, random) : wait.delayMs
  return Math.max(pollDelay, backoff)
}

function formatProgress({ context, jobId, lastStatus, startedAt }: JobWait): string {
  const { clock, deadline } = context.retryPolicy
  const elapsed = formatDuration(clock.now() - startedAt)
  return `Job ${jobId} is ${formatStatus(lastStatus)} after ${elapsed}; ${formatDuration(deadline - clock.now())} left.`
}
