/** Waiting for backend jobs: our own until it ends, somebody else's until the environment is free. */
import { classifyFailure, isRetryable } from '../../network/classify.ts'
import { formatDuration, type Random } from '../../lib/clock.ts'
import { readWithRetry, callOptions, type StorageContext } from '../context.ts'
import { ActionError } from '../../errors/action-error.ts'
import { backendArn, toActionError, jobCommand, storageCommand } from '../errors.ts'
import { findPendingJob, jobPhase, isKnownRunningStatus, type Job } from './job.ts'
import {
  backoffMs,
  recordThrottle,
  throttleDelayMs,
  type ThrottleState,
} from '../../network/retry.ts'
import { formatFailure } from '../../network/failure.ts'
import { quote } from '../../lib/text.ts'

/** A job that is not found this long after its start is only late. */
const NOT_FOUND_GRACE_MS = 60_000
/** On a throttled account the first look comes later than that. */
const NOT_FOUND_GRACE_POLLS = 2
/** No minute passes without a line in the log; a call of its own may take 20 seconds of it. */
const HEARTBEAT_MS = 40_000
/** Kept free before the deadline for the last look and the report. */
const REPORT_RESERVE_MS = 3_000

/**
 * How long until the next poll, in milliseconds: a twelfth of the time that the job has taken so far, so
 * that the end is noticed late by a small share of it, within bounds, with jitter against a fleet in step.
 * On a throttled account it is no shorter than what that asks for. Chosen by bench/polling.ts and
 * bench/throttled-fleet.ts.
 */
export function pollDelayMs(elapsedMs: number, random: Random, pressure?: ThrottleState): number {
  const share = Math.min(30_000, Math.max(5_500, elapsedMs / 12))
  const middle = pressure === undefined ? share : Math.max(share, 1.2 * throttleDelayMs(pressure))
  return Math.round(middle * (0.85 + 0.3 * random()))
}

/** A pause before a look that hopes for another job's end, where jobs may not be listed. */
export function unlistedJobDelayMs(random: Random): number {
  return Math.round(15_000 + 15_000 * random())
}

type Progress = Readonly<{
  say(text?: string): void
  /** Sleeps; when nothing was said for long, says again how things stand. */
  sleep(ms: number): Promise<void>
}>

/** @param line how things stand, in one line */
function createProgress({ retryPolicy, observer }: StorageContext, line: () => string): Progress {
  const { clock, signal } = retryPolicy
  let saidAt = -Infinity
  const say = (text = line()): void => {
    observer.onLog(text)
    saidAt = clock.now()
  }
  return {
    say,
    sleep: async (ms) => {
      const until = clock.now() + ms
      for (;;) {
        const now = clock.now()
        if (now >= saidAt + HEARTBEAT_MS) say()
        const next = Math.min(until, saidAt + HEARTBEAT_MS)
        // Whole milliseconds: a rest too small for the clock to show would be slept for again and again.
        await clock.sleep(Math.max(0, Math.ceil(next - now)), signal)
        if (next >= until) return
      }
    },
  }
}

/**
 * Polls a job until it has ended.
 *
 * @returns the job, completed or failed
 * @throws ActionError when the deadline comes first, or when asking is hopeless; the signal's reason when
 *   aborted
 */
export async function waitForJob(
  engine: StorageContext,
  jobId: string,
  status: string | undefined,
): Promise<Job> {
  const { retryPolicy, amplify, observer } = engine
  const { clock, deadline, random, maxAttempts, throttleState } = retryPolicy
  const startedAt = clock.now()
  let lastStatus = status ?? ''
  const told = new Set<string>()
  let looks = 0
  let failures = 0
  let withoutStatus = 0
  let renewed = false
  let pause = pollDelayMs(0, random, throttleState)
  const line = (): string =>
    `Job ${jobId} is ${formatStatus(lastStatus)} after ${formatDuration(clock.now() - startedAt)}; ${formatDuration(deadline - clock.now())} left.`
  const progress = createProgress(engine, line)
  progress.say(
    `Waiting for job ${jobId}${lastStatus === '' ? '' : ` (${lastStatus})`}, at most ${formatDuration(deadline - startedAt)}.`,
  )
  for (;;) {
    const left = deadline - clock.now() - REPORT_RESERVE_MS
    if (left <= 0) throw jobTimedOut(engine, jobId, lastStatus, clock.now() - startedAt)
    await progress.sleep(Math.min(pause, left))
    const answer = await amplify.getJob(jobId, callOptions(engine))
    looks += 1
    const elapsed = clock.now() - startedAt
    pause = pollDelayMs(elapsed, random, throttleState)
    if (answer.ok) {
      const job = answer.value
      failures = 0
      renewed = false
      if (job.status !== '') observer.onJob(jobId, job.status)
      if (jobPhase(job.status) !== 'running') return job
      withoutStatus = job.status === '' ? withoutStatus + 1 : 0
      if (withoutStatus >= maxAttempts) throw jobWithoutStatus(engine, jobId)
      if (job.status === lastStatus) continue
      lastStatus = job.status
      const strange =
        lastStatus !== '' && !isKnownRunningStatus(lastStatus) && !told.has(lastStatus)
      told.add(lastStatus)
      progress.say(strange ? `${line()} This status is not known; it counts as running.` : line())
      continue
    }
    const { failure } = answer
    const verdict = classifyFailure(failure)
    if (verdict === 'credentials-expired' && !renewed) {
      renewed = true
      retryPolicy.refreshCredentials()
      pause = 0
      continue
    }
    const late =
      verdict === 'not-found' && (elapsed < NOT_FOUND_GRACE_MS || looks <= NOT_FOUND_GRACE_POLLS)
    if (!late && !isRetryable(verdict)) throw cannotReadJob(engine, jobId, lastStatus, failure)
    failures += 1
    recordThrottle(retryPolicy, verdict)
    const backoff = backoffMs(verdict, failures, random, failure.retryAfterMs, throttleState)
    // After a throttled look, the back-off alone is what the account asks for.
    pause = Math.max(verdict === 'throttled' ? pollDelayMs(elapsed, random) : pause, backoff)
    if (!late) {
      retryPolicy.onRetry(
        `GetBackendJob failed (${formatFailure(failure)}); the job is not affected. Next look in ${formatDuration(pause)}.`,
      )
    }
  }
}

function formatStatus(status: string): string {
  return status === '' ? 'without a status' : status
}

/**
 * Waits until no job of the environment is pending, as far as that can be seen.
 *
 * @param reportedPending true when the service has just said that a job is pending, although the list may not
 *   show it
 * @returns whether anything was waited for
 * @throws ActionError when the deadline comes first or the list cannot be read
 */
export async function waitForPendingJobs(
  engine: StorageContext,
  reportedPending: boolean,
): Promise<boolean> {
  const { retryPolicy, amplify, observer, ref } = engine
  const { clock, deadline, random, throttleState } = retryPolicy
  const environment = quote(ref.backendEnvironmentName)
  const startedAt = clock.now()
  let pending: Pending | undefined
  const progress = createProgress(engine, () => {
    const left = `${formatDuration(deadline - clock.now())} left`
    if (pending === undefined) {
      return `The service says that a job of ${environment} is pending; waiting for it, ${left}.`
    }
    const { job, bornAt } = pending
    const age = bornAt === undefined ? '' : `, ${formatDuration(clock.now() - bornAt)} old`
    return `Waiting for another job of ${environment}: ${job.jobId} (${job.operation}, ${formatStatus(job.status)}${age}); ${left}.`
  })
  for (let looks = 0; ; looks += 1) {
    const answer = await readWithRetry(engine, (callTerms) => amplify.listJobs(callTerms))
    const left = deadline - clock.now() - REPORT_RESERVE_MS
    if (answer.ok) {
      const job = findPendingJob(answer.value)
      if (job === undefined && (looks > 0 || !reportedPending)) return looks > 0
      if (job === undefined) {
        // The list lags behind: a pause as where jobs may not be listed.
        const pause = unlistedJobDelayMs(random)
        if (pause >= left) throw jobStillPending(engine, undefined)
        await progress.sleep(pause)
        continue
      }
      const isNews = job.jobId !== pending?.job.jobId
      pending = { job, bornAt: bornAt(job, answer.serverTime, clock.now()) }
      if (isNews) progress.say()
      if (left <= 0) throw jobStillPending(engine, job)
      await progress.sleep(
        Math.min(left, pollDelayMs(clock.now() - startedAt, random, throttleState)),
      )
      continue
    }
    if (classifyFailure(answer.failure) !== 'access-denied') {
      if (answer.deadlineExceeded === true) throw jobStillPending(engine, pending?.job)
      throw toActionError(answer.failure, ref)
    }
    if (!reportedPending) {
      observer.onWarning(
        'Pending jobs not seen',
        'The role may not list jobs (amplifybackend:ListBackendJobs), so a job that is changing the storage right now would go unnoticed.',
      )
      return false
    }
    if (looks > 0) return true
    const pause = unlistedJobDelayMs(random)
    if (pause >= left) throw jobStillPending(engine, undefined)
    observer.onLog(
      'A job is pending, and the role may not list jobs (amplifybackend:ListBackendJobs); asking again every 15 to 30 seconds.',
    )
    await clock.sleep(pause, retryPolicy.signal)
  }
}

/** Somebody else's job, and when it was created on our own clock. */
type Pending = Readonly<{ job: Job; bornAt: number | undefined }>

function bornAt(job: Job, serverTime: number | undefined, now: number): number | undefined {
  if (job.createdAt === undefined || serverTime === undefined) return undefined
  return now - (serverTime - job.createdAt)
}

function jobTimedOut(
  engine: StorageContext,
  jobId: string,
  status: string,
  waited: number,
): ActionError {
  return new ActionError(
    'TIMED_OUT',
    `Job ${jobId} had not ended when the time of the run was used up; its last status was ${status === '' ? 'unknown' : status} after ${formatDuration(waited)} of waiting.`,
    {
      result: 'timed-out',
      advice: `The job goes on remotely, and a re-run waits for it; raise timeout-in-minutes if it needs longer. To look at it: ${jobCommand(engine.ref, jobId)}`,
    },
  )
}

function jobWithoutStatus(engine: StorageContext, jobId: string): ActionError {
  return new ActionError(
    'UNREADABLE_RESPONSE',
    `The service answers for job ${jobId} again and again without a status, so its outcome is not known.`,
    { result: 'unknown', advice: `Look at it: ${jobCommand(engine.ref, jobId)}` },
  )
}

function cannotReadJob(
  engine: StorageContext,
  jobId: string,
  status: string,
  failure: Parameters<typeof toActionError>[0],
): ActionError {
  const { ref } = engine
  const verdict = classifyFailure(failure)
  if (verdict === 'access-denied') {
    return toActionError(failure, ref, {
      result: 'unknown',
      advice: `Job ${jobId} was started and goes on. Allow amplifybackend:GetBackendJob on ${backendArn(ref)} for the role, or set wait: false.`,
    })
  }
  if (verdict === 'not-found') {
    return new ActionError(
      'JOB_NOT_FOUND',
      `The service no longer knows job ${jobId}, whose last status was ${status === '' ? 'unknown' : status}: ${formatFailure(failure)}.`,
      {
        result: 'unknown',
        requestId: failure.requestId,
        advice: `Look at the storage; a re-run looks first too, and is harmless. To look: ${storageCommand(ref)}`,
      },
    )
  }
  return toActionError(failure, ref, {
    result: 'unknown',
    advice: `Job ${jobId} was started and goes on remotely. Look at it: ${jobCommand(ref, jobId)}`,
  })
}

function jobStillPending(engine: StorageContext, job: Job | undefined): ActionError {
  const { ref } = engine
  const hasId = job !== undefined && job.jobId !== ''
  const which = hasId
    ? `Job ${job.jobId} (${job.operation}, last status ${formatStatus(job.status)})`
    : 'A job'
  return new ActionError(
    'PENDING_JOB',
    `${which} of the environment ${quote(ref.backendEnvironmentName)} was still pending when the time of the run was used up.`,
    {
      result: 'timed-out',
      advice: `Use one concurrency group for all runs on this app and environment, without cancel-in-progress.${hasId ? ` Look at the job: ${jobCommand(ref, job.jobId)}` : ''}`,
    },
  )
}
