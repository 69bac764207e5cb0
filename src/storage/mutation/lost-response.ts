/** Determines the outcome of a create or an update whose response was lost. */
import { formatFailure } from '../../network/failure.ts'
import { classifyFailure } from '../../network/classify.ts'
import { recordThrottle, type ApiResult } from '../../network/retry.ts'
import type { CallOptions, JobList, StorageResponse } from '../api.ts'
import { callOptions, readWithRetry, type StorageContext } from '../context.ts'
import { findPendingJob, findStartedJob } from '../jobs/job.ts'
import { asUnknownIfUnchecked, noEffectFound, unknownOutcome } from './errors.ts'
import {
  EFFECT_WINDOW_MS,
  reportSettled,
  type LostResponse,
  type Mutation,
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
  mutation: Mutation,
  state: MutationState,
  lost: LostResponse,
): Promise<MutationOutcome | undefined> {
  const { observer, ref, retryPolicy } = context
  const { operation } = mutation
  const isLastAttempt = state.attempts.failures >= retryPolicy.maxAttempts
  const effect = await pollForEffect(context, mutation, lost)
  switch (effect.kind) {
    case 'job':
      state.lostResponse = undefined
      reportSettled(observer, state)
      observer.onLog(`${operation} started job ${effect.jobId}, although its response was lost.`)
      observer.onJob(effect.jobId, effect.status)
      return { kind: 'started', jobId: effect.jobId, status: effect.status }
    case 'storage':
      lost.effectFound = true
      reportSettled(observer, state)
      return { kind: 'effect-found' }
    case 'job-pending':
      return { kind: 'job-pending' }
    case 'unknown':
      throw unknownOutcome(lost.failure, effect.reason, ref)
    case 'denied':
      if (isLastAttempt) {
        throw unknownOutcome(lost.failure, 'the role has no permission to check', ref)
      }
      observer.onLog(
        `The role has no permission to check for an effect. Sending ${operation} again.`,
      )
      state.lostResponse = undefined
      state.resentUnchecked = true
      return undefined
    case 'none':
      state.lostResponse = undefined
      reportSettled(observer, state)
      if (isLastAttempt) {
        observer.onLog(`${operation} had no effect. It is not sent again: no attempts are left.`)
        throw asUnknownIfUnchecked(noEffectFound(lost.failure, ref), state)
      }
      observer.onLog(`${operation} had no effect. Sending it again.`)
      return undefined
  }
}

/** What a check for an effect found. */
type Effect =
  | Readonly<{ kind: 'job'; jobId: string; status: string | undefined }>
  | Readonly<{ kind: 'storage' | 'job-pending' | 'none' | 'denied' }>
  | Readonly<{ kind: 'unknown'; reason: string }>

/** Checks until an effect is found or the window ends. */
async function pollForEffect(
  context: StorageContext,
  mutation: Mutation,
  lost: LostResponse,
): Promise<Effect> {
  const { clock, deadline, signal } = context.retryPolicy
  const earliest = lost.effectFound ? clock.now() + CONTRADICTION_DELAY_MS : -Infinity
  for (const checkMs of EFFECT_CHECK_TIMES_MS) {
    const isLast = checkMs === EFFECT_WINDOW_MS
    const now = clock.now()
    const due = lost.failedAt + checkMs
    const from = Math.max(now, earliest)
    if (due < from && !isLast) continue
    const wait = Math.max(due, from) - now
    if (now + wait >= deadline) break
    await clock.sleep(wait, signal)
    const effect = await checkForEffect(context, mutation, lost.sentAt, isLast)
    if (isLast || effect.kind === 'job' || effect.kind === 'storage') return effect
  }
  return { kind: 'unknown', reason: 'no time is left' }
}

/** Reads the jobs and the storage. Only the last check retries its reads; for others, the next check does. */
async function checkForEffect(
  context: StorageContext,
  mutation: Mutation,
  sentAt: number,
  isLast: boolean,
): Promise<Effect> {
  const { amplify, ref } = context
  const read = isLast ? readWithRetry : readOnce
  const listJobs = (): Promise<ApiResult<JobList>> =>
    read(context, (options) => amplify.listJobs(options))
  // The jobs first: if a job has ended by then, the storage that is read afterwards shows its effect. In the
  // other order a job could end in between, and neither read would show it.
  const jobs = await listJobs()
  const started = findOwnJob(context, mutation, sentAt, jobs)
  if (started !== undefined) return started
  const storage = await read(context, (options) => amplify.getStorage(ref.resourceName, options))
  const found = storage.ok && storage.value.kind === 'storage' ? storage.value.storage : undefined
  if (storage.ok && mutation.hasTakenEffect(found)) {
    // The effect came after the jobs were read, so the job may be listed by now.
    return findOwnJob(context, mutation, sentAt, await listJobs()) ?? { kind: 'storage' }
  }
  return interpretReads(jobs, storage)
}

async function readOnce<T>(
  context: StorageContext,
  call: (options: CallOptions) => Promise<ApiResult<T>>,
): Promise<ApiResult<T>> {
  const result = await call(callOptions(context))
  if (!result.ok) recordThrottle(context.retryPolicy, classifyFailure(result.failure))
  return result
}

/** The job that the call started, judged by the server's own clock. */
function findOwnJob(
  { retryPolicy }: StorageContext,
  { operation }: Mutation,
  sentAt: number,
  jobs: ApiResult<JobList>,
): Effect | undefined {
  if (!jobs.ok || jobs.serverTime === undefined) return undefined
  const serverSentAt = jobs.serverTime - (retryPolicy.clock.now() - sentAt)
  const job = findStartedJob(jobs.value.jobs, operation, serverSentAt)
  return job === undefined ? undefined : { kind: 'job', jobId: job.jobId, status: job.status }
}

/** What the reads say if neither shows the call's own job or its effect. */
function interpretReads(jobs: ApiResult<JobList>, storage: ApiResult<StorageResponse>): Effect {
  if (jobs.ok && findPendingJob(jobs.value.jobs) !== undefined) return { kind: 'job-pending' }
  if (jobs.ok && !jobs.value.isComplete) {
    return { kind: 'unknown', reason: 'the list of jobs could not be read to its end' }
  }
  if (storage.ok && storage.value.kind === 'other') {
    return { kind: 'unknown', reason: storage.value.mismatch }
  }
  const isStorageRead = storage.ok || classifyFailure(storage.failure) === 'not-found'
  if (jobs.ok && isStorageRead) return { kind: 'none' }
  if (isDenied(storage) && isDenied(jobs)) return { kind: 'denied' }
  const failed = isStorageRead ? jobs : storage
  return { kind: 'unknown', reason: failed.ok ? '' : formatFailure(failed.failure) }
}

function isDenied(result: ApiResult<unknown>): boolean {
  return !result.ok && classifyFailure(result.failure) === 'access-denied'
}
