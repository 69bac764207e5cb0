/**
 * Sends a create or an update once, and finds out what became of it when the answer does not say. The API
 * has no idempotency token, so a call whose outcome is open is never simply made again.
 */
import type { CallTerms, Started } from './amplify.ts'
import { classify, mayHaveBeenExecuted, mayPass } from './classify.ts'
import { duration } from './clock.ts'
import { terms, read, type Engine } from './engine.ts'
import { ActionError } from './errors.ts'
import { explainFailure, storageCommand, withResult } from './explain.ts'
import type { Failure } from './failure.ts'
import { jobStartedBy, pendingJob, type Job } from './job.ts'
import {
  describe,
  mayRenew,
  newAttempts,
  notePressure,
  waitToRetry,
  type Answer,
  type Attempts,
} from './retry.ts'
import type { Storage } from './storage.ts'

/** A call that changes the backend. */
export type Mutation = Readonly<{
  operation: 'CreateBackendStorage' | 'UpdateBackendStorage'
  send(terms: CallTerms): Promise<Answer<Started>>
  /** Whether the storage is there as the call would leave it. */
  isDone(storage: Storage | undefined): boolean
}>

/** What a run remembers of its earlier sends. */
export type SendHistory = {
  /** A send of ours had an open outcome, so what is found may be its work. */
  uncertain: boolean
  /** A send was repeated without being able to look: what is refused now may be our own doing. */
  blind: boolean
  /** The sends that failed one after the other; an accepted one and a busy answer end the series. */
  attempts: Attempts
  /** The last of them. */
  failure: Failure | undefined
  /** The send whose answer was lost, until it is known for good what became of it. */
  lost: Lost | undefined
}

type Lost = {
  readonly failure: Failure
  readonly sentAt: number
  readonly failedAt: number
  /** The storage was seen once; a look that does not see it contradicts that. */
  seen: boolean
}

export function newHistory(): SendHistory {
  return {
    uncertain: false,
    blind: false,
    attempts: newAttempts(),
    failure: undefined,
    lost: undefined,
  }
}

function endSeries(history: SendHistory): void {
  history.attempts = newAttempts()
  history.failure = undefined
}

export type SendOutcome =
  | Readonly<{ kind: 'started'; jobId: string; status: string | undefined }>
  /** The storage turned up although the answer was lost. */
  | Readonly<{ kind: 'appeared' }>
  /** A job of the environment is pending, ours or another. */
  | Readonly<{ kind: 'busy' }>
  | Readonly<{ kind: 'exists'; failure: Failure }>

/** For how long after a lost answer its effect may turn up. */
export const WINDOW_MS = 30_000

/** Nothing that changes the backend is sent with less time than this left of the run. */
export const LEAST_MS = 2_000

/** When to look within the window, from the failure on; the last look decides. */
const LOOKS_MS = [500, 2_000, 5_000, 10_000, 18_000, WINDOW_MS]
/** A pause before looking again where looks have contradicted each other. */
const CONTRADICTION_MS = 2_000

/**
 * Sends the call, again only when the one before certainly did nothing.
 *
 * @throws ActionError when it is refused, when attempts or time are used up, or with the result `unknown`
 *   when its outcome cannot be established; the signal's reason when aborted
 */
export async function sendOnce(
  engine: Engine,
  mutation: Mutation,
  history: SendHistory,
): Promise<SendOutcome> {
  const { patience, place, observer } = engine
  const { clock, deadline, maxAttempts } = patience
  let renewed = false
  for (;;) {
    if (history.lost?.failure.operation === mutation.operation) {
      const outcome = await findLost(engine, mutation, history, history.lost)
      if (outcome !== undefined) return outcome
    }
    const sentAt = clock.now()
    if (history.failure !== undefined && history.attempts.failures >= maxAttempts) {
      throw whileOpen(explainFailure(history.failure, place), history)
    }
    // With no time left for its answer, a call would only be lost.
    if (deadline - sentAt < LEAST_MS) throw whileOpen(tooLate(mutation, engine), history)
    observer.sent('open')
    const answer = await mutation.send(terms(engine, engine.sendSignal))
    if (answer.ok) {
      observer.sent('settled')
      endSeries(history)
      observer.accepted(answer.value)
      observer.job(answer.value.jobId, answer.value.status)
      return { kind: 'started', jobId: answer.value.jobId, status: answer.value.status }
    }
    const { failure } = answer
    const verdict = classify(failure)
    if (!mayHaveBeenExecuted(verdict)) settle(engine, history)
    if (verdict === 'busy' || verdict === 'exists') {
      if (history.blind)
        throw probablyExecuted(describe(failure), failure.requestId, mutation, engine)
      endSeries(history)
      return verdict === 'busy' ? { kind: 'busy' } : { kind: 'exists', failure }
    }
    const { attempts } = history
    attempts.failures += 1
    history.failure = failure
    if (verdict === 'credentials-expired' && mayRenew(patience, attempts, renewed)) {
      renewed = true
      patience.renewCredentials()
      continue
    }
    if (mayHaveBeenExecuted(verdict)) {
      history.uncertain = true
      const then = attempts.failures < maxAttempts ? ' before anything is sent again' : ''
      observer.line(
        `${mutation.operation} failed (attempt ${attempts.failures} of ${maxAttempts}): ${describe(failure)}. It may have taken effect; looking for it during the next ${duration(WINDOW_MS)}${then}.`,
      )
      history.lost = { failure, sentAt, failedAt: clock.now(), seen: false }
      continue
    }
    const next = mayPass(verdict) ? await waitToRetry(patience, failure, attempts) : 'attempts'
    if (next === 'deadline') throw whileOpen(outOfTime(failure, engine), history)
    if (next === 'attempts') throw whileOpen(explainFailure(failure, place), history)
  }
}

/** Nothing of the last send is open; an earlier one that nobody could look for is. */
function settle({ observer }: Engine, { blind }: SendHistory): void {
  observer.sent(blind ? 'open' : 'settled')
}

/**
 * Finds out what became of a send whose answer was lost.
 *
 * @returns undefined when nothing came of it, or when nobody may look: then it may be sent again
 */
async function findLost(
  engine: Engine,
  mutation: Mutation,
  history: SendHistory,
  lost: Lost,
): Promise<SendOutcome | undefined> {
  const { observer, patience } = engine
  const { operation } = mutation
  const isLast = history.attempts.failures >= patience.maxAttempts
  const found = await findOut(engine, mutation, lost)
  switch (found.kind) {
    case 'job': {
      const { jobId, status } = found.job
      history.lost = undefined
      settle(engine, history)
      observer.line(`The lost ${operation} had started job ${jobId}.`)
      observer.job(jobId, status)
      return { kind: 'started', jobId, status }
    }
    case 'appeared':
      lost.seen = true
      settle(engine, history)
      return { kind: 'appeared' }
    case 'pending':
      return { kind: 'busy' }
    case 'open':
      throw openOutcome(lost.failure, found.why, engine)
    case 'blind':
      if (isLast) throw openOutcome(lost.failure, 'the role may not look', engine)
      observer.line(
        `Nothing could be seen, since the role may not look. ${operation} is sent again.`,
      )
      history.lost = undefined
      history.blind = true
      return undefined
    case 'nothing':
      history.lost = undefined
      settle(engine, history)
      if (isLast) {
        observer.line(`It had no effect. ${operation} is not sent again: the attempts are used up.`)
        throw whileOpen(soughtInVain(lost.failure, engine), history)
      }
      observer.line(`It had no effect. ${operation} is sent again.`)
      return undefined
  }
}

/** An error that ends the sending; after a send that nobody could look for, its outcome is open still. */
function whileOpen(error: ActionError, history: SendHistory): ActionError {
  return history.blind
    ? withResult(
        error,
        'unknown',
        `${error.message} An earlier send may have taken effect; the role may not look.`,
      )
    : error
}

type Found =
  | Readonly<{ kind: 'job'; job: Job }>
  | Readonly<{ kind: 'appeared' }>
  | Readonly<{ kind: 'pending' }>
  | Readonly<{ kind: 'nothing' }>
  | Readonly<{ kind: 'blind' }>
  | Readonly<{ kind: 'open'; why: string }>

/** Looks for the effect of a send whose answer was lost, until it shows or the window ends. */
async function findOut(engine: Engine, mutation: Mutation, lost: Lost): Promise<Found> {
  const { clock, deadline, signal } = engine.patience
  const earliest = lost.seen ? clock.now() + CONTRADICTION_MS : -Infinity
  for (const look of LOOKS_MS) {
    const last = look === WINDOW_MS
    const now = clock.now()
    const at = lost.failedAt + look
    const from = Math.max(now, earliest)
    if (at < from && !last) continue
    const wait = Math.max(at, from) - now
    if (now + wait >= deadline) break
    await clock.sleep(wait, signal)
    const found = await lookOnce(engine, mutation, lost.sentAt, last)
    if (last || found.kind === 'job' || found.kind === 'appeared') return found
  }
  return { kind: 'open', why: 'the time is used up' }
}

async function lookOnce(
  engine: Engine,
  mutation: Mutation,
  sentAt: number,
  last: boolean,
): Promise<Found> {
  const { amplify, place, patience } = engine
  // Before the end of the window the next look is the retry; at the end each read is worth several tries.
  const once = async <T>(
    call: (callTerms: CallTerms) => Promise<Answer<T>>,
  ): Promise<Answer<T>> => {
    if (last) return await read(engine, call)
    const answer = await call(terms(engine))
    if (!answer.ok) notePressure(patience, classify(answer.failure))
    return answer
  }
  const listJobs = () => once((callTerms) => amplify.listJobs(callTerms))
  const jobOfOurs = (answer: Answer<readonly Job[]>): Job | undefined => {
    if (!answer.ok || answer.serverTime === undefined) return undefined
    // The server's own clock at its answer, less what has gone by since the send.
    const serverSentAt = answer.serverTime - (patience.clock.now() - sentAt)
    return jobStartedBy(answer.value, mutation.operation, serverSentAt)
  }
  // The jobs first: what a job that has ended by then has left, the storage that is read after it shows.
  // The other way round a job could end in between, and neither read would show it.
  const jobs = await listJobs()
  const job = jobOfOurs(jobs)
  if (job !== undefined) return { kind: 'job', job }
  const storage = await once((callTerms) => amplify.getStorage(place.resourceName, callTerms))
  if (storage.ok && mutation.isDone(storage.value)) {
    // It turned up after the jobs were read, so its job may be known by now.
    const late = jobOfOurs(await listJobs())
    return late === undefined ? { kind: 'appeared' } : { kind: 'job', job: late }
  }
  if (jobs.ok && pendingJob(jobs.value) !== undefined) return { kind: 'pending' }
  const absent = !storage.ok && classify(storage.failure) === 'not-found'
  if (jobs.ok && (storage.ok || absent)) return { kind: 'nothing' }
  if (isDenied(storage) && isDenied(jobs)) return { kind: 'blind' }
  const failed = storage.ok || absent ? jobs : storage
  return { kind: 'open', why: failed.ok ? '' : describe(failed.failure) }
}

function isDenied(answer: Answer<unknown>): boolean {
  return !answer.ok && classify(answer.failure) === 'access-denied'
}

/** The error for a last attempt that has left nothing, as far as can be seen. */
function soughtInVain(failure: Failure, { place }: Engine): ActionError {
  const { code, message, result, requestId } = explainFailure(failure, place)
  return new ActionError(
    code,
    `${message} It was looked for during ${duration(WINDOW_MS)}, and nothing of it is there.`,
    {
      result,
      requestId,
      advice:
        'Run the job again later: it looks first, and should the call take effect after all, it sees that.',
    },
  )
}

function openOutcome(failure: Failure, why: string, engine: Engine): ActionError {
  return new ActionError(
    'UNKNOWN_OUTCOME',
    `${failure.operation} was sent and its answer was lost (${describe(failure)}); whether it took effect could not be established: ${why}.`,
    {
      result: 'unknown',
      requestId: failure.requestId,
      advice: `Look at the storage before anything else. A re-run looks first and is harmless; the role needs amplifybackend:GetBackendStorage and amplifybackend:ListBackendJobs to find out by itself. To look: ${storageCommand(engine.place)}`,
    },
  )
}

/** The error for a second send that is refused because of what the first, unseen, has left. */
export function probablyExecuted(
  refusal: string,
  requestId: string | undefined,
  { operation }: Mutation,
  engine: Engine,
): ActionError {
  return new ActionError(
    'UNKNOWN_OUTCOME',
    `The answer to the first ${operation} was lost, and the second was refused (${refusal}), so the first was probably executed; the role may not look.`,
    {
      result: 'unknown',
      requestId,
      advice: `Allow amplifybackend:GetBackendStorage and amplifybackend:ListBackendJobs for the role, and a re-run will find out by itself. To see whether the storage is there: ${storageCommand(engine.place)}`,
    },
  )
}

function tooLate({ operation }: Mutation, { place }: Engine): ActionError {
  return new ActionError(
    'TIMED_OUT',
    `The time of the run was used up before ${operation} could be sent.`,
    {
      result: 'timed-out',
      advice: `Run again, or raise timeout-in-minutes. To look: ${storageCommand(place)}`,
    },
  )
}

/** The error for a call that could still succeed when the time of the run was used up. */
export function outOfTime(failure: Failure, engine: Engine): ActionError {
  return new ActionError(
    'TIMED_OUT',
    `The time of the run was used up while ${failure.operation} kept failing: ${describe(failure)}.`,
    {
      result: 'timed-out',
      requestId: failure.requestId,
      advice: `Run again, or raise timeout-in-minutes. To look: ${storageCommand(engine.place)}`,
    },
  )
}
