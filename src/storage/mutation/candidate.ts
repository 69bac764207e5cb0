/** Which listed jobs a call of this run may have started, when the service did not say so. */
import { formatFailure } from '../../network/failure.ts'
import { readWithRetry, type StorageContext } from '../context.ts'
import {
  findPendingJob,
  findStartedJobs,
  type IdentifiedJob,
  type Job,
  type StartedJobs,
} from '../jobs/job.ts'
import type { ListedJobs } from '../jobs/pending-jobs.ts'
import { EFFECT_WINDOW_MS, type LostResponse, type MutationOutcome } from './state.ts'

/** The jobs that the lost call may have started, judged by the server's own clock. */
export function findOwnJobs(
  { retryPolicy }: StorageContext,
  { mutation, sentAt }: LostResponse,
  { value, serverTime }: ListedJobs,
): StartedJobs {
  const elapsedMs = retryPolicy.clock.now() - sentAt
  const serverSentAt = serverTime === undefined ? undefined : serverTime - elapsedMs
  return findStartedJobs(value.jobs, mutation.operation, serverSentAt)
}

/**
 * Follows a job that a lost call may have started.
 *
 * @param jobs the list that shows the job
 */
export function adoptJob(
  { observer }: StorageContext,
  job: IdentifiedJob,
  jobs: readonly Job[],
): MutationOutcome {
  const { jobId, status } = job
  observer.onJob(jobId, status)
  const others = jobs.filter((other) => other.jobId !== jobId)
  const wasOtherPending = findPendingJob(others) !== undefined
  return { kind: 'started', jobId, status, doubt: 'lost-response', wasOtherPending }
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
    return doubtful(`whether there is another one is not known (${formatFailure(jobs.failure)})`)
  }
  if (!jobs.value.isComplete) return doubtful('the list of jobs could not be read to its end')
  const { candidates, unclear } = findOwnJobs(context, lost, jobs)
  const other = [...candidates, ...unclear].find((job) => job.jobId !== jobId)
  if (other !== undefined) return doubtful(`job ${other.jobId ?? 'without an id'} may be it, too`)
  return { kind: 'confirmed', job: candidates[0] }
}

/** Reads the storage for the report, which shows its latest state. */
async function reportStorage(context: StorageContext): Promise<void> {
  const { amplify, ref, observer } = context
  const result = await readWithRetry(context, (options) =>
    amplify.getStorage(ref.resourceName, options),
  )
  if (!result.ok || result.value.kind === 'other') return
  observer.onStorage(result.value.kind === 'storage' ? result.value.storage : undefined)
}
