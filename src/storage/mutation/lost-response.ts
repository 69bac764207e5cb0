/** Determines the outcome of a create or an update whose response was lost. */
import { formatFailure, type ApiFailure } from '../../network/failure.ts'
import { classifyFailure, isRetryable } from '../../network/classify.ts'
import { recordThrottle, type ApiResult } from '../../network/retry.ts'
import type { CallOptions, JobList, StorageResponse } from '../api.ts'
import { callOptions, readWithRetry, type StorageContext } from '../context.ts'
import { findPendingJob, type IdentifiedJob, type Job } from '../jobs/job.ts'
import type { Storage } from '../model.ts'
import { adoptJob, findOwnJobs } from './candidate.ts'
import {
  asUnknownIfUnchecked,
  describeUnclearJob,
  noEffectFound,
  uncheckedOutcome,
  unknownOutcome,
} from './errors.ts'
import {
  EFFECT_WINDOW_MS,
  settle,
  type LostResponse,
  type MutationOutcome,
  type MutationState,
} from './state.ts'

/** When to check for an effect, in milliseconds after the failure; the last check decides. */
const EFFECT_CHECK_TIMES_MS = [500, 2_000, 5_000, 10_000, 18_000, EFFECT_WINDOW_MS]
/** The delay before a new check after two that contradict each other. */
const CONTRADICTION_DELAY_MS = 2_000

/**
 * Determines the outcome of the call.
 *
 * @returns undefined when the call may be sent again: it had no effect, or the role cannot check
 * @throws ActionError when its outcome cannot be determined, or when it had no effect and all attempts
 *   are used up
 */
export async function resolveLostResponse(
  context: StorageContext,
  state: MutationState,
  lost: LostResponse,
): Promise<MutationOutcome | undefined> {
  const { observer, ref } = context
  const { operation } = lost.mutation
  const effect = await pollForEffect(context, lost)
  switch (effect.kind) {
    case 'job':
      observer.onLog(
        `${operation} probably started job ${effect.job.jobId}, although its response was lost.`,
      )
      return adoptJob(context, effect.job, effect.jobs)
    case 'storage':
      lost.effectFound = true
      observer.onLog(
        'The storage matches the configuration now: the request probably took effect although its response was lost.',
      )
      return { kind: 'read-again' }
    case 'job-pending':
      return { kind: 'job-pending' }
    case 'unknown':
      throw unknownOutcome(lost.failure, effect.reason, ref)
    case 'denied':
      sendAgainUnchecked(context, state, lost)
      return undefined
    case 'none':
      return await sendAgain(context, state, lost, effect.storage)
  }
}

function sendAgainUnchecked(
  context: StorageContext,
  state: MutationState,
  { failure, mutation }: LostResponse,
): void {
  if (isLastAttempt(context, state, failure)) {
    throw uncheckedOutcome(failure, context.ref)
  }
  context.observer.onLog(
    `The role has no permission to check for an effect. Sending ${mutation.operation} again.`,
  )
  state.lostResponse = undefined
  state.resentUnchecked = true
}

/** Lets the call be sent again, unless the storage is not as the call needs it any more. */
async function sendAgain(
  context: StorageContext,
  state: MutationState,
  { failure, mutation }: LostResponse,
  storage: Storage | undefined,
): Promise<MutationOutcome | undefined> {
  const { observer, ref } = context
  const { operation } = mutation
  settle(observer, state)
  if (!mutation.canBeSent(storage)) {
    observer.onLog(`${operation} had no effect, and the storage has changed. Reading it again.`)
    return { kind: 'read-again' }
  }
  if (isLastAttempt(context, state, failure)) {
    observer.onLog(`${operation} had no effect. It is not sent again.`)
    throw asUnknownIfUnchecked(await noEffectFound(failure, ref), state)
  }
  observer.onLog(`${operation} had no effect. Sending it again.`)
  return undefined
}

function isLastAttempt(
  { retryPolicy }: StorageContext,
  { attempts }: MutationState,
  failure: ApiFailure,
): boolean {
  return attempts.failures >= retryPolicy.maxAttempts || !isRetryable(classifyFailure(failure))
}

/** What a check for an effect found. */
type Effect =
  | Readonly<{ kind: 'job'; job: IdentifiedJob; jobs: readonly Job[] }>
  /** The storage is as the call leaves it, and no job shows who changed it. */
  | Readonly<{ kind: 'storage'; canJobsBeListed: boolean }>
  | Readonly<{ kind: 'none'; storage: Storage | undefined }>
  | Readonly<{ kind: 'job-pending' | 'denied' }>
  | Readonly<{ kind: 'unknown'; reason: string }>

/** Checks until an effect is found or the window ends. */
async function pollForEffect(context: StorageContext, lost: LostResponse): Promise<Effect> {
  const { clock, deadline, signal } = context.retryPolicy
  const earliest = lost.effectFound ? clock.now() + CONTRADICTION_DELAY_MS : -Infinity
  let storageEffect: Effect | undefined
  for (const checkMs of EFFECT_CHECK_TIMES_MS) {
    const isLast = checkMs === EFFECT_WINDOW_MS
    const now = clock.now()
    const due = lost.failedAt + checkMs
    const from = Math.max(now, earliest)
    if (due < from && !isLast) continue
    const wait = Math.max(due, from) - now
    if (now + wait >= deadline) break
    await clock.sleep(wait, signal)
    const effect = await checkForEffect(context, lost, isLast)
    if (effect.kind === 'storage') storageEffect = effect
    if (effect.kind === 'unknown' && isLast) return storageEffect ?? effect
    if (isLast || isDecisive(effect)) return effect
  }
  return storageEffect ?? { kind: 'unknown', reason: 'no time is left' }
}

/** Whether later checks cannot find more. The job of a storage that has appeared may be listed later. */
function isDecisive(effect: Effect): boolean {
  return effect.kind === 'job' || (effect.kind === 'storage' && !effect.canJobsBeListed)
}

/** Reads the jobs and the storage. Only the last check retries its reads; for others, the next check does. */
async function checkForEffect(
  context: StorageContext,
  lost: LostResponse,
  isLast: boolean,
): Promise<Effect> {
  const { amplify, ref } = context
  const read = isLast ? readWithRetry : readOnce
  const listJobs = (): Promise<ApiResult<JobList>> =>
    read(context, (options) => amplify.listJobs(options))
  // The jobs first: if a job has ended by then, the storage that is read afterwards shows its effect. In the
  // other order a job could end in between, and neither read would show it.
  const jobs = await listJobs()
  const { found, unclear } = findJob(context, lost, jobs)
  if (found !== undefined) return found
  const storage = await read(context, (options) => amplify.getStorage(ref.resourceName, options))
  if (storage.ok && lost.mutation.hasTakenEffect(getFoundStorage(storage.value))) {
    // The effect came after the jobs were read, so the job may be listed by now.
    const jobsAfter = await listJobs()
    const { found: foundAfter } = findJob(context, lost, jobsAfter)
    return foundAfter ?? { kind: 'storage', canJobsBeListed: !isDenied(jobsAfter) }
  }
  return interpretReads(jobs, unclear, storage)
}

async function readOnce<T>(
  context: StorageContext,
  call: (options: CallOptions) => Promise<ApiResult<T>>,
): Promise<ApiResult<T>> {
  const result = await call(callOptions(context))
  if (!result.ok) recordThrottle(context.retryPolicy, classifyFailure(result.failure))
  return result
}

/** What a list says about the job of the call: the job itself, or one of which that is not known. */
function findJob(
  context: StorageContext,
  lost: LostResponse,
  list: ApiResult<JobList>,
): Readonly<{ found?: Effect; unclear?: Job | undefined }> {
  if (!list.ok) return {}
  const { candidates, unclear } = findOwnJobs(context, lost, list)
  const [job] = candidates
  return job === undefined
    ? { unclear: unclear[0] }
    : { found: { kind: 'job', job, jobs: list.value.jobs } }
}

function getFoundStorage(response: StorageResponse): Storage | undefined {
  return response.kind === 'storage' ? response.storage : undefined
}

/** What the reads say if neither shows the call's own job or its effect. */
function interpretReads(
  jobs: ApiResult<JobList>,
  unclear: Job | undefined,
  storage: ApiResult<StorageResponse>,
): Effect {
  if (jobs.ok) {
    if (findPendingJob(jobs.value.jobs) !== undefined) return { kind: 'job-pending' }
    if (!jobs.value.isComplete) return unknown('the list of jobs could not be read to its end')
    if (unclear !== undefined) return unknown(describeUnclearJob(unclear))
  }
  if (storage.ok && storage.value.kind === 'other') return unknown(storage.value.mismatch)
  if (isDenied(storage) && isDenied(jobs)) return { kind: 'denied' }
  if (!storage.ok && classifyFailure(storage.failure) !== 'not-found') {
    return unknown(formatFailure(storage.failure))
  }
  if (!jobs.ok) return unknown(formatFailure(jobs.failure))
  return { kind: 'none', storage: storage.ok ? getFoundStorage(storage.value) : undefined }
}

function unknown(reason: string): Effect {
  return { kind: 'unknown', reason }
}

function isDenied(result: ApiResult<unknown>): boolean {
  return !result.ok && classifyFailure(result.failure) === 'access-denied'
}

/** Whether a candidate is the job of the lost call. */
export type CandidateCheck =
  /** No other job can be the call's. */
  | Readonly<{ kind: 'confirmed'; job: IdentifiedJob | undefined }>
  | Readonly<{ kind: 'doubtful'; reason: string; lost: LostResponse }>

/**
 * Checks at the end of the window whether the candidate is the only job that the lost call may have started.
 *
 * @throws the signal's reason when aborted
 */
export async function confirmCandidate(
  context: StorageContext,
  lost: LostResponse,
  jobId: string,
): Promise<CandidateCheck> {
  const { clock, deadline, signal } = context.retryPolicy
  const doubtful = (reason: string): CandidateCheck => ({ kind: 'doubtful', reason, lost })
  const windowEndsAt = Math.max(clock.now(), lost.failedAt + EFFECT_WINDOW_MS)
  if (windowEndsAt >= deadline) return doubtful('no time is left to look for another one')
  await clock.sleep(windowEndsAt - clock.now(), signal)
  const jobs = await readWithRetry(context, (options) => context.amplify.listJobs(options))
  await reportStorage(context)
  if (!jobs.ok) {
    return doubtful(`it is not known whether there is another one (${formatFailure(jobs.failure)})`)
  }
  if (!jobs.value.isComplete) return doubtful('the list of jobs could not be read to its end')
  const { candidates, unclear } = findOwnJobs(context, lost, jobs)
  const other = [...candidates, ...unclear].find((job) => job.jobId !== jobId)
  if (other !== undefined)
    return doubtful(`job ${other.jobId ?? 'without an ID'} may be its job, too`)
  return { kind: 'confirmed', job: candidates[0] }
}

/** Reads the storage for the report, which shows its latest state. */
async function reportStorage(context: StorageContext): Promise<void> {
  const { amplify, ref, observer } = context
  const result = await readWithRetry(context, (options) =>
    amplify.getStorage(ref.resourceName, options),
  )
  if (!result.ok || result.value.kind === 'other') return
  observer.onStorage(getFoundStorage(result.value))
}
