/** Waiting for backend jobs: our own until it ends, somebody else's until the environment is free. */
import { classify, mayPass } from './classify.ts'
import { duration, type Random } from './clock.ts'
import { read, terms, type Engine } from './engine.ts'
import { ActionError } from './errors.ts'
import { explainFailure, jobCommand, storageCommand } from './explain.ts'
import { pendingJob, phaseOf, type Job } from './job.ts'
import { backoffMs, describe } from './retry.ts'
import { quoted } from './text.ts'

/** A job that is not found this long after its start is only late. */
const LATE_MS = 60_000
/** At least this often the log says that the wait goes on. */
const PROGRESS_MS = 60_000
/** Kept free before the deadline for the last look and the report. */
const RESERVE_MS = 3_000

/**
 * How long until the next poll, in milliseconds: a tenth of the time that the job has taken so far, so
 * that the end is noticed late by a small share of it, within bounds, with jitter against a fleet in step.
 */
export function pollDelayMs(elapsedMs: number, random: Random): number {
  const middle = Math.min(30_000, Math.max(4_000, elapsedMs * 0.08))
  return Math.round(middle * (0.85 + 0.3 * random()))
}

/** A pause before a look that hopes for another job's end, where jobs may not be listed. */
export function busyDelayMs(random: Random): number {
  return Math.round(15_000 + 15_000 * random())
}

/**
 * Polls a job until it has ended.
 *
 * @returns the job, completed or failed
 * @throws ActionError when the deadline comes first, or when asking is hopeless; the signal's reason when
 *   aborted
 */
export async function waitForJob(
  engine: Engine,
  jobId: string,
  status: string | undefined,
): Promise<Job> {
  const { patience, amplify, observer } = engine
  const { clock, deadline, random, signal } = patience
  const startedAt = clock.now()
  let lastStatus = status ?? ''
  let saidAt = startedAt
  let failures = 0
  let withoutStatus = 0
  let renewed = false
  let pause = pollDelayMs(0, random)
  observer.line(
    `Waiting for job ${jobId}${lastStatus === '' ? '' : ` (${lastStatus})`}, at most ${duration(deadline - startedAt)}.`,
  )
  for (;;) {
    const left = deadline - clock.now() - RESERVE_MS
    if (left <= 0) throw timedOut(engine, jobId, lastStatus, clock.now() - startedAt)
    await clock.sleep(Math.min(pause, left), signal)
    const answer = await amplify.getJob(jobId, terms(engine))
    const elapsed = clock.now() - startedAt
    pause = pollDelayMs(elapsed, random)
    if (answer.ok) {
      const job = answer.value
      failures = 0
      if (job.status !== '') observer.job(jobId, job.status)
      if (phaseOf(job.status) !== 'running') return job
      withoutStatus = job.status === '' ? withoutStatus + 1 : 0
      if (withoutStatus >= patience.maxAttempts) throw statusless(engine, jobId)
      const news = job.status !== lastStatus
      if (news || clock.now() - saidAt >= PROGRESS_MS) {
        const unknown = news && job.status !== '' && !KNOWN.test(job.status)
        observer.line(
          `Job ${jobId} is ${job.status === '' ? 'without a status' : job.status} after ${duration(elapsed)}; ${duration(deadline - clock.now())} left.${unknown ? ' This status is not known; it counts as running.' : ''}`,
        )
        saidAt = clock.now()
      }
      lastStatus = job.status
      continue
    }
    const { failure } = answer
    const verdict = classify(failure)
    if (verdict === 'credentials-expired' && !renewed) {
      renewed = true
      patience.renewCredentials()
      pause = 0
      continue
    }
    const late = verdict === 'not-found' && elapsed < LATE_MS
    if (!late && !mayPass(verdict)) throw cannotAsk(engine, jobId, lastStatus, answer.failure)
    failures += 1
    pause = Math.max(pause, backoffMs(verdict, failures, random, failure.retryAfterMs))
    if (!late) {
      patience.onRetry(
        `GetBackendJob failed (${describe(failure)}); the job is not affected. Next look in ${duration(pause)}.`,
      )
    }
  }
}

const KNOWN = /^(?:RUNNING|PENDING|QUEUED|CREATED|STARTED|IN[_ -]?PROGRESS)$/i

/**
 * Waits until no job of the environment is pending, as far as that can be seen.
 *
 * @param mayBeLate true when the service has just said that a job is pending, although the list may not
 *   show it
 * @returns whether anything was waited for
 * @throws ActionError when the deadline comes first or the list cannot be read
 */
export async function waitUntilFree(engine: Engine, mayBeLate: boolean): Promise<boolean> {
  const { patience, amplify, observer, place } = engine
  const { clock, deadline, random, signal } = patience
  const startedAt = clock.now()
  let saidAt: number | undefined
  let named: Job | undefined
  for (let looks = 0; ; looks += 1) {
    const answer = await read(engine, (callTerms) => amplify.listJobs(callTerms))
    let pause: number
    if (answer.ok) {
      const job = pendingJob(answer.value)
      if (job === undefined && (looks > 0 || !mayBeLate)) return looks > 0
      named = job ?? named
      const age =
        job?.createdAt === undefined || answer.serverTime === undefined
          ? ''
          : `, ${duration(answer.serverTime - job.createdAt)} old`
      if (saidAt === undefined || clock.now() - saidAt >= PROGRESS_MS) {
        observer.line(
          job === undefined
            ? `The service says that a job of ${quoted(place.backendEnvironmentName)} is pending; waiting for it.`
            : `Waiting for another job of ${quoted(place.backendEnvironmentName)}: ${job.jobId} (${job.operation}, ${job.status}${age}); ${duration(deadline - clock.now())} left.`,
        )
        saidAt = clock.now()
      }
      pause = job === undefined ? busyDelayMs(random) : pollDelayMs(clock.now() - startedAt, random)
    } else {
      if (classify(answer.failure) !== 'access-denied') {
        if (answer.outOfTime === true) throw stillPending(engine, named)
        throw explainFailure(answer.failure, place)
      }
      if (!mayBeLate) {
        observer.warning(
          'Pending jobs not seen',
          'The role may not list jobs (amplifybackend:ListBackendJobs), so a job that is changing the storage right now would go unnoticed.',
        )
        return false
      }
      if (looks > 0) return true
      observer.line(
        'A job is pending, and the role may not list jobs (amplifybackend:ListBackendJobs); asking again every 15 to 30 seconds.',
      )
      pause = busyDelayMs(random)
    }
    const left = deadline - clock.now() - RESERVE_MS
    if (pause >= left) throw stillPending(engine, named)
    await clock.sleep(pause, signal)
  }
}

function timedOut(engine: Engine, jobId: string, status: string, waited: number): ActionError {
  return new ActionError(
    'TIMED_OUT',
    `Job ${jobId} had not ended when the time of the run was used up; its last status was ${status === '' ? 'unknown' : status} after ${duration(waited)} of waiting.`,
    {
      result: 'timed-out',
      advice: `The job goes on remotely. Look at it: ${jobCommand(engine.place, jobId)}. A re-run waits for it; raise timeout-in-minutes if it needs longer.`,
    },
  )
}

function statusless(engine: Engine, jobId: string): ActionError {
  return new ActionError(
    'UNREADABLE_RESPONSE',
    `The service answers for job ${jobId} again and again without a status, so its outcome is not known.`,
    { result: 'unknown', advice: `Look at it: ${jobCommand(engine.place, jobId)}` },
  )
}

function cannotAsk(
  engine: Engine,
  jobId: string,
  status: string,
  failure: Parameters<typeof explainFailure>[0],
): ActionError {
  const { place } = engine
  const verdict = classify(failure)
  if (verdict === 'access-denied') {
    return explainFailure(failure, place, {
      result: 'unknown',
      advice: `Job ${jobId} was started and goes on. Allow amplifybackend:GetBackendJob on arn:aws:amplifybackend:${place.region}:ACCOUNT:/backend/${place.appId}/* for the role, or set wait: false.`,
    })
  }
  if (verdict === 'not-found') {
    return new ActionError(
      'JOB_NOT_FOUND',
      `The service no longer knows job ${jobId}, whose last status was ${status === '' ? 'unknown' : status}: ${describe(failure)}.`,
      {
        result: 'unknown',
        requestId: failure.requestId,
        advice: `Look at the storage: ${storageCommand(place)}. A re-run looks first and is harmless.`,
      },
    )
  }
  return explainFailure(failure, place, {
    result: 'unknown',
    advice: `Job ${jobId} was started and goes on remotely. Look at it: ${jobCommand(place, jobId)}`,
  })
}

function stillPending(engine: Engine, job: Job | undefined): ActionError {
  const { place } = engine
  const which =
    job === undefined ? 'A job' : `Job ${job.jobId} (${job.operation}, last status ${job.status})`
  return new ActionError(
    'PENDING_JOB',
    `${which} of the environment ${quoted(place.backendEnvironmentName)} was still pending when the time of the run was used up.`,
    {
      result: 'timed-out',
      advice: `Use one concurrency group for all runs on this app and environment, without cancel-in-progress.${job === undefined ? '' : ` Look at the job: ${jobCommand(place, job.jobId)}`}`,
    },
  )
}
