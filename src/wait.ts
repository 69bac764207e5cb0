/** Waiting for backend jobs: our own until it ends, somebody else's until the environment is free. */
import { classify, mayPass } from './classify.ts'
import { duration, type Random } from './clock.ts'
import { read, terms, type Engine } from './engine.ts'
import { ActionError } from './errors.ts'
import { backendArn, explainFailure, jobCommand, storageCommand } from './explain.ts'
import { pendingJob, phaseOf, saysUnderWay, type Job } from './job.ts'
import { backoffMs, describe, notePressure, pressureMs, type Pressure } from './retry.ts'
import { quoted } from './text.ts'

/** A job that is not found this long after its start is only late. */
const LATE_MS = 60_000
/** On a throttled account the first look comes later than that. */
const LATE_LOOKS = 2
/** No minute passes without a line in the log; a call of its own may take 20 seconds of it. */
const QUIET_MS = 40_000
/** Kept free before the deadline for the last look and the report. */
const RESERVE_MS = 3_000

/**
 * How long until the next poll, in milliseconds: a twelfth of the time that the job has taken so far, so
 * that the end is noticed late by a small share of it, within bounds, with jitter against a fleet in step.
 * On a throttled account it is no shorter than what that asks for. Chosen by bench/polling.ts and
 * bench/fleet.ts.
 */
export function pollDelayMs(elapsedMs: number, random: Random, pressure?: Pressure): number {
  const share = Math.min(30_000, Math.max(5_500, elapsedMs / 12))
  const middle = pressure === undefined ? share : Math.max(share, 1.2 * pressureMs(pressure))
  return Math.round(middle * (0.85 + 0.3 * random()))
}

/** A pause before a look that hopes for another job's end, where jobs may not be listed. */
export function busyDelayMs(random: Random): number {
  return Math.round(15_000 + 15_000 * random())
}

type Progress = Readonly<{
  say(text?: string): void
  /** Sleeps; when nothing was said for long, says again how things stand. */
  sleep(ms: number): Promise<void>
}>

/** @param line how things stand, in one line */
function createProgress({ patience, observer }: Engine, line: () => string): Progress {
  const { clock, signal } = patience
  let saidAt = -Infinity
  const say = (text = line()): void => {
    observer.line(text)
    saidAt = clock.now()
  }
  return {
    say,
    sleep: async (ms) => {
      const until = clock.now() + ms
      for (;;) {
        const now = clock.now()
        if (now >= saidAt + QUIET_MS) say()
        const next = Math.min(until, saidAt + QUIET_MS)
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
  engine: Engine,
  jobId: string,
  status: string | undefined,
): Promise<Job> {
  const { patience, amplify, observer } = engine
  const { clock, deadline, random, maxAttempts, pressure } = patience
  const startedAt = clock.now()
  let lastStatus = status ?? ''
  const told = new Set<string>()
  let looks = 0
  let failures = 0
  let withoutStatus = 0
  let renewed = false
  let pause = pollDelayMs(0, random, pressure)
  const line = (): string =>
    `Job ${jobId} is ${named(lastStatus)} after ${duration(clock.now() - startedAt)}; ${duration(deadline - clock.now())} left.`
  const progress = createProgress(engine, line)
  progress.say(
    `Waiting for job ${jobId}${lastStatus === '' ? '' : ` (${lastStatus})`}, at most ${duration(deadline - startedAt)}.`,
  )
  for (;;) {
    const left = deadline - clock.now() - RESERVE_MS
    if (left <= 0) throw timedOut(engine, jobId, lastStatus, clock.now() - startedAt)
    await progress.sleep(Math.min(pause, left))
    const answer = await amplify.getJob(jobId, terms(engine))
    looks += 1
    const elapsed = clock.now() - startedAt
    pause = pollDelayMs(elapsed, random, pressure)
    if (answer.ok) {
      const job = answer.value
      failures = 0
      renewed = false
      if (job.status !== '') observer.job(jobId, job.status)
      if (phaseOf(job.status) !== 'running') return job
      withoutStatus = job.status === '' ? withoutStatus + 1 : 0
      if (withoutStatus >= maxAttempts) throw statusless(engine, jobId)
      if (job.status === lastStatus) continue
      lastStatus = job.status
      const strange = lastStatus !== '' && !saysUnderWay(lastStatus) && !told.has(lastStatus)
      told.add(lastStatus)
      progress.say(strange ? `${line()} This status is not known; it counts as running.` : line())
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
    const late = verdict === 'not-found' && (elapsed < LATE_MS || looks <= LATE_LOOKS)
    if (!late && !mayPass(verdict)) throw cannotAsk(engine, jobId, lastStatus, failure)
    failures += 1
    notePressure(patience, verdict)
    const backoff = backoffMs(verdict, failures, random, failure.retryAfterMs, pressure)
    // After a throttled look, the back-off alone is what the account asks for.
    pause = Math.max(verdict === 'throttled' ? pollDelayMs(elapsed, random) : pause, backoff)
    if (!late) {
      patience.onRetry(
        `GetBackendJob failed (${describe(failure)}); the job is not affected. Next look in ${duration(pause)}.`,
      )
    }
  }
}

function named(status: string): string {
  return status === '' ? 'without a status' : status
}

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
  const { clock, deadline, random, pressure } = patience
  const environment = quoted(place.backendEnvironmentName)
  const startedAt = clock.now()
  let pending: Pending | undefined
  const progress = createProgress(engine, () => {
    const left = `${duration(deadline - clock.now())} left`
    if (pending === undefined) {
      return `The service says that a job of ${environment} is pending; waiting for it, ${left}.`
    }
    const { job, bornAt } = pending
    const age = bornAt === undefined ? '' : `, ${duration(clock.now() - bornAt)} old`
    return `Waiting for another job of ${environment}: ${job.jobId} (${job.operation}, ${named(job.status)}${age}); ${left}.`
  })
  for (let looks = 0; ; looks += 1) {
    const answer = await read(engine, (callTerms) => amplify.listJobs(callTerms))
    const left = deadline - clock.now() - RESERVE_MS
    if (answer.ok) {
      const job = pendingJob(answer.value)
      if (job === undefined && (looks > 0 || !mayBeLate)) return looks > 0
      if (job === undefined) {
        // The list lags behind: a pause as where jobs may not be listed.
        const pause = busyDelayMs(random)
        if (pause >= left) throw stillPending(engine, undefined)
        await progress.sleep(pause)
        continue
      }
      const isNews = job.jobId !== pending?.job.jobId
      pending = { job, bornAt: bornAt(job, answer.serverTime, clock.now()) }
      if (isNews) progress.say()
      if (left <= 0) throw stillPending(engine, job)
      await progress.sleep(Math.min(left, pollDelayMs(clock.now() - startedAt, random, pressure)))
      continue
    }
    if (classify(answer.failure) !== 'access-denied') {
      if (answer.outOfTime === true) throw stillPending(engine, pending?.job)
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
    const pause = busyDelayMs(random)
    if (pause >= left) throw stillPending(engine, undefined)
    observer.line(
      'A job is pending, and the role may not list jobs (amplifybackend:ListBackendJobs); asking again every 15 to 30 seconds.',
    )
    await clock.sleep(pause, patience.signal)
  }
}

/** Somebody else's job, and when it was created on our own clock. */
type Pending = Readonly<{ job: Job; bornAt: number | undefined }>

function bornAt(job: Job, serverTime: number | undefined, now: number): number | undefined {
  if (job.createdAt === undefined || serverTime === undefined) return undefined
  return now - (serverTime - job.createdAt)
}

function timedOut(engine: Engine, jobId: string, status: string, waited: number): ActionError {
  return new ActionError(
    'TIMED_OUT',
    `Job ${jobId} had not ended when the time of the run was used up; its last status was ${status === '' ? 'unknown' : status} after ${duration(waited)} of waiting.`,
    {
      result: 'timed-out',
      advice: `The job goes on remotely, and a re-run waits for it; raise timeout-in-minutes if it needs longer. To look at it: ${jobCommand(engine.place, jobId)}`,
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
      advice: `Job ${jobId} was started and goes on. Allow amplifybackend:GetBackendJob on ${backendArn(place)} for the role, or set wait: false.`,
    })
  }
  if (verdict === 'not-found') {
    return new ActionError(
      'JOB_NOT_FOUND',
      `The service no longer knows job ${jobId}, whose last status was ${status === '' ? 'unknown' : status}: ${describe(failure)}.`,
      {
        result: 'unknown',
        requestId: failure.requestId,
        advice: `Look at the storage; a re-run looks first too, and is harmless. To look: ${storageCommand(place)}`,
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
  const hasId = job !== undefined && job.jobId !== ''
  const which = hasId
    ? `Job ${job.jobId} (${job.operation}, last status ${named(job.status)})`
    : 'A job'
  return new ActionError(
    'PENDING_JOB',
    `${which} of the environment ${quoted(place.backendEnvironmentName)} was still pending when the time of the run was used up.`,
    {
      result: 'timed-out',
      advice: `Use one concurrency group for all runs on this app and environment, without cancel-in-progress.${hasId ? ` Look at the job: ${jobCommand(place, job.jobId)}` : ''}`,
    },
  )
}
