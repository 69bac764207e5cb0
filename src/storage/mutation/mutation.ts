/**
 * Sends a create or an update once, and finds out what became of it when the answer does not say. The API
 * has no idempotency token, so a call whose outcome is open is never simply made again.
 */
import type { CallOptions, AcceptedJob } from '../api.ts'
import { classifyFailure, mayHaveBeenExecuted, isRetryable } from '../../network/classify.ts'
import { formatDuration } from '../../lib/clock.ts'
import { callOptions, readWithRetry, type StorageContext } from '../context.ts'
import { ActionError } from '../../errors/action-error.ts'
import { toActionError, storageCommand } from '../errors.ts'
import { withResult } from '../../errors/with-result.ts'
import { formatFailure, type ApiFailure } from '../../network/failure.ts'
import { findStartedJob, findPendingJob, type Job } from '../jobs/job.ts'
import {
  canRefresh,
  newAttempts,
  recordThrottle,
  waitBeforeRetry,
  type ApiResult,
  type Attempts,
} from '../../network/retry.ts'
import type { Storage } from '../model.ts'

/** A call that changes the backend. */
export type Mutation = Readonly<{
  operation: 'CreateBackendStorage' | 'UpdateBackendStorage'
  send(terms: CallOptions): Promise<ApiResult<AcceptedJob>>
  /** Whether the storage is there as the call would leave it. */
  isDone(storage: Storage | undefined): boolean
}>

/** What a run remembers of its earlier sends. */
export type MutationState = {
  /** A send of ours had an open outcome, so what is found may be its work. */
  hadLostResponse: boolean
  /** A send was repeated without being able to look: what is refused now may be our own doing. */
  resentUnchecked: boolean
  /** The sends that failed one after the other; an accepted one and a busy answer end the series. */
  attempts: Attempts
  /** The last of them. */
  lastFailure: ApiFailure | undefined
  /** The send whose answer was lost, until it is known for good what became of it. */
  lostResponse: LostResponse | undefined
}

type LostResponse = {
  readonly failure: ApiFailure
  readonly sentAt: number
  readonly failedAt: number
  /** The storage was seen once; a look that does not see it contradicts that. */
  seen: boolean
}

export function newMutationState(): MutationState {
  return {
    hadLostResponse: false,
    resentUnchecked: false,
    attempts: newAttempts(),
    lastFailure: undefined,
    lostResponse: undefined,
  }
}

function resetAttempts(history: MutationState): void {
  history.attempts = newAttempts()
  history.lastFailure = undefined
}

export type MutationOutcome =
  | Readonly<{ kind: 'started'; jobId: string; status: string | undefined }>
  /** The storage turned up although the answer was lost. */
  | Readonly<{ kind: 'appeared' }>
  /** A job of the environment is pending, ours or another. */
  | Readonly<{ kind: 'busy' }>
  | Readonly<{ kind: 'exists'; failure: ApiFailure }>

/** For how long after a lost answer its effect may turn up. */
export const EFFECT_WINDOW_MS = 30_000

/** Nothing that changes the backend is sent with less time than this left of the run. */
export const MIN_TIME_TO_SEND_MS = 2_000

/** When to look within the window, from the failure on; the last look decides. */
const EFFECT_CHECK_TIMES_MS = [500, 2_000, 5_000, 10_000, 18_000, EFFECT_WINDOW_MS]
/** A pause before looking again where looks have contradicted each other. */
const CONTRADICTION_DELAY_MS = 2_000

/**
 * Sends the call, again only when the one before certainly did nothing.
 *
 * @throws ActionError when it is refused, when attempts or time are used up, or with the result `unknown`
 *   when its outcome cannot be established; the signal's reason when aborted
 */
export async function sendMutation(
  engine: StorageContext,
  mutation: Mutation,
  history: MutationState,
): Promise<MutationOutcome> {
  const { retryPolicy, ref, observer } = engine
  const { clock, deadline, maxAttempts } = retryPolicy
  let renewed = false
  for (;;) {
    if (history.lostResponse?.failure.operation === mutation.operation) {
      const outcome = await resolveLostResponse(engine, mutation, history, history.lostResponse)
      if (outcome !== undefined) return outcome
    }
    const sentAt = clock.now()
    if (history.lastFailure !== undefined && history.attempts.failures >= maxAttempts) {
      throw asUnknownIfUnchecked(toActionError(history.lastFailure, ref), history)
    }
    // With no time left for its answer, a call would only be lost.
    if (deadline - sentAt < MIN_TIME_TO_SEND_MS) throw asUnknownIfUnchecked(noTimeToSend(mutation, engine), history)
    observer.onMutation('open')
    const answer = await mutation.send(callOptions(engine, engine.mutationSignal))
    if (answer.ok) {
      observer.onMutation('settled')
      resetAttempts(history)
      observer.onAccepted(answer.value)
      observer.onJob(answer.value.jobId, answer.value.status)
      return { kind: 'started', jobId: answer.value.jobId, status: answer.value.status }
    }
    const { failure } = answer
    const verdict = classifyFailure(failure)
    if (!mayHaveBeenExecuted(verdict)) reportSettled(engine, history)
    if (verdict === 'job-pending' || verdict === 'already-exists') {
      if (history.resentUnchecked)
        throw probablyExecuted(formatFailure(failure), failure.requestId, mutation, engine)
      resetAttempts(history)
      return verdict === 'job-pending' ? { kind: 'busy' } : { kind: 'exists', failure }
    }
    const { attempts } = history
    attempts.failures += 1
    history.lastFailure = failure
    if (verdict === 'credentials-expired' && canRefresh(retryPolicy, attempts, renewed)) {
      renewed = true
      retryPolicy.refreshCredentials()
      continue
    }
    if (mayHaveBeenExecuted(verdict)) {
      history.hadLostResponse = true
      const then = attempts.failures < maxAttempts ? ' before anything is sent again' : ''
      observer.onLog(
        `${mutation.operation} failed (attempt ${attempts.failures} of ${maxAttempts}): ${formatFailure(failure)}. It may have taken effect; looking for it during the next ${formatDuration(EFFECT_WINDOW_MS)}${then}.`,
      )
      history.lostResponse = { failure, sentAt, failedAt: clock.now(), seen: false }
      continue
    }
    const next = isRetryable(verdict) ? await waitBeforeRetry(retryPolicy, failure, attempts) : 'exhausted'
    if (next === 'deadline') throw asUnknownIfUnchecked(deadlineExceeded(failure, engine), history)
    if (next === 'exhausted') throw asUnknownIfUnchecked(toActionError(failure, ref), history)
  }
}

/** Nothing of the last send is open; an earlier one that nobody could look for is. */
function reportSettled({ observer }: StorageContext, { resentUnchecked }: MutationState): void {
  observer.onMutation(resentUnchecked ? 'open' : 'settled')
}

/**
 * Finds out what became of a send whose answer was lost.
 *
 * @returns undefined when nothing came of it, or when nobody may look: then it may be sent again
 */
async function resolveLostResponse(
  engine: StorageContext,
  mutation: Mutation,
  history: MutationState,
  lost: LostResponse,
): Promise<MutationOutcome | undefined> {
  const { observer, retryPolicy } = engine
  const { operation } = mutation
  const isLast = history.attempts.failures >= retryPolicy.maxAttempts
  const found = await pollForEffect(engine, mutation, lost)
  switch (found.kind) {
    case 'job': {
      const { jobId, status } = found.job
      history.lostResponse = undefined
      reportSettled(engine, history)
      observer.onLog(`The lost ${operation} had started job ${jobId}.`)
      observer.onJob(jobId, status)
      return { kind: 'started', jobId, status }
    }
    case 'appeared':
      lost.seen = true
      reportSettled(engine, history)
      return { kind: 'appeared' }
    case 'pending':
      return { kind: 'busy' }
    case 'open':
      throw unknownOutcome(lost.failure, found.why, engine)
    case 'blind':
      if (isLast) throw unknownOutcome(lost.failure, 'the role may not look', engine)
      observer.onLog(
        `Nothing could be seen, since the role may not look. ${operation} is sent again.`,
      )
      history.lostResponse = undefined
      history.resentUnchecked = true
      return undefined
    case 'nothing':
      history.lostResponse = undefined
      reportSettled(engine, history)
      if (isLast) {
        observer.onLog(`It had no effect. ${operation} is not sent again: the attempts are used up.`)
        throw asUnknownIfUnchecked(noEffectFound(lost.failure, engine), history)
      }
      observer.onLog(`It had no effect. ${operation} is sent again.`)
      return undefined
  }
}

/** An error that ends the sending; after a send that nobody could look for, its outcome is open still. */
function asUnknownIfUnchecked(error: ActionError, history: MutationState): ActionError {
  return history.resentUnchecked
    ? withResult(
        error,
        'unknown',
        `${error.message} An earlier send may have taken effect; the role may not look.`,
      )
    : error
}

type EffectCheck =
  | Readonly<{ kind: 'job'; job: Job }>
  | Readonly<{ kind: 'appeared' }>
  | Readonly<{ kind: 'pending' }>
  | Readonly<{ kind: 'nothing' }>
  | Readonly<{ kind: 'blind' }>
  | Readonly<{ kind: 'open'; why: string }>

/** Looks for the effect of a send whose answer was lost, until it shows or the window ends. */
async function pollForEffect(engine: StorageContext, mutation: Mutation, lost: LostResponse): Promise<EffectCheck> {
  const { clock, deadline, signal } = engine.retryPolicy
  const earliest = lost.seen ? clock.now() + CONTRADICTION_DELAY_MS : -Infinity
  for (const look of EFFECT_CHECK_TIMES_MS) {
    const last = look === EFFECT_WINDOW_MS
    const now = clock.now()
    const at = lost.failedAt + look
    const from = Math.max(now, earliest)
    if (at < from && !last) continue
    const wait = Math.max(at, from) - now
    if (now + wait >= deadline) break
    await clock.sleep(wait, signal)
    const found = await checkForEffect(engine, mutation, lost.sentAt, last)
    if (last || found.kind === 'job' || found.kind === 'appeared') return found
  }
  return { kind: 'open', why: 'the time is used up' }
}

async function checkForEffect(
  engine: StorageContext,
  mutation: Mutation,
  sentAt: number,
  last: boolean,
): Promise<EffectCheck> {
  const { amplify, ref, retryPolicy } = engine
  // Before the end of the window the next look is the retry; at the end each read is worth several tries.
  const once = async <T>(
    call: (callTerms: CallOptions) => Promise<ApiResult<T>>,
  ): Promise<ApiResult<T>> => {
    if (last) return await readWithRetry(engine, call)
    const answer = await call(callOptions(engine))
    if (!answer.ok) recordThrottle(retryPolicy, classifyFailure(answer.failure))
    return answer
  }
  const listJobs = () => once((callTerms) => amplify.listJobs(callTerms))
  const jobOfOurs = (answer: ApiResult<readonly Job[]>): Job | undefined => {
    if (!answer.ok || answer.serverTime === undefined) return undefined
    // The server's own clock at its answer, less what has gone by since the send.
    const serverSentAt = answer.serverTime - (retryPolicy.clock.now() - sentAt)
    return findStartedJob(answer.value, mutation.operation, serverSentAt)
  }
  // The jobs first: what a job that has ended by then has left, the storage that is read after it shows.
  // The other way round a job could end in between, and neither read would show it.
  const jobs = await listJobs()
  const job = jobOfOurs(jobs)
  if (job !== undefined) return { kind: 'job', job }
  const storage = await once((callTerms) => amplify.getStorage(ref.resourceName, callTerms))
  if (storage.ok && mutation.isDone(storage.value)) {
    // It turned up after the jobs were read, so its job may be known by now.
    const late = jobOfOurs(await listJobs())
    return late === undefined ? { kind: 'appeared' } : { kind: 'job', job: late }
  }
  if (jobs.ok && findPendingJob(jobs.value) !== undefined) return { kind: 'pending' }
  const absent = !storage.ok && classifyFailure(storage.failure) === 'not-found'
  if (jobs.ok && (storage.ok || absent)) return { kind: 'nothing' }
  if (isDenied(storage) && isDenied(jobs)) return { kind: 'blind' }
  const failed = storage.ok || absent ? jobs : storage
  return { kind: 'open', why: failed.ok ? '' : formatFailure(failed.failure) }
}

function isDenied(answer: ApiResult<unknown>): boolean {
  return !answer.ok && classifyFailure(answer.failure) === 'access-denied'
}

/** The error for a last attempt that has left nothing, as far as can be seen. */
function noEffectFound(failure: ApiFailure, { ref }: StorageContext): ActionError {
  const { code, message, result, requestId } = toActionError(failure, ref)
  return new ActionError(
    code,
    `${message} It was looked for during ${formatDuration(EFFECT_WINDOW_MS)}, and nothing of it is there.`,
    {
      result,
      requestId,
      advice:
        'Run the job again later: it looks first, and should the call take effect after all, it sees that.',
    },
  )
}

function unknownOutcome(failure: ApiFailure, why: string, engine: StorageContext): ActionError {
  return new ActionError(
    'UNKNOWN_OUTCOME',
    `${failure.operation} was sent and its answer was lost (${formatFailure(failure)}); whether it took effect could not be established: ${why}.`,
    {
      result: 'unknown',
      requestId: failure.requestId,
      advice: `Look at the storage before anything else. A re-run looks first and is harmless; the role needs amplifybackend:GetBackendStorage and amplifybackend:ListBackendJobs to find out by itself. To look: ${storageCommand(engine.ref)}`,
    },
  )
}

/** The error for a second send that is refused because of what the first, unseen, has left. */
export function probablyExecuted(
  refusal: string,
  requestId: string | undefined,
  { operation }: Mutation,
  engine: StorageContext,
): ActionError {
  return new ActionError(
    'UNKNOWN_OUTCOME',
    `The answer to the first ${operation} was lost, and the second was refused (${refusal}), so the first was probably executed; the role may not look.`,
    {
      result: 'unknown',
      requestId,
      advice: `Allow amplifybackend:GetBackendStorage and amplifybackend:ListBackendJobs for the role, and a re-run will find out by itself. To see whether the storage is there: ${storageCommand(engine.ref)}`,
    },
  )
}

function noTimeToSend({ operation }: Mutation, { ref }: StorageContext): ActionError {
  return new ActionError(
    'TIMED_OUT',
    `The time of the run was used up before ${operation} could be sent.`,
    {
      result: 'timed-out',
      advice: `Run again, or raise timeout-in-minutes. To look: ${storageCommand(ref)}`,
    },
  )
}

/** The error for a call that could still succeed when the time of the run was used up. */
export function deadlineExceeded(failure: ApiFailure, engine: StorageContext): ActionError {
  return new ActionError(
    'TIMED_OUT',
    `The time of the run was used up while ${failure.operation} kept failing: ${formatFailure(failure)}.`,
    {
      result: 'timed-out',
      requestId: failure.requestId,
      advice: `Run again, or raise timeout-in-minutes. To look: ${storageCommand(engine.ref)}`,
    },
  )
}
