/** Which listed jobs a call of this run may have started, when the service did not say so. */
import type { StorageContext } from '../context.ts'
import {
  findPendingJob,
  findStartedJobs,
  type IdentifiedJob,
  type Job,
  type StartedJobs,
} from '../jobs/job.ts'
import type { ListedJobs } from '../jobs/pending-jobs.ts'
import type { LostResponse, MutationOutcome } from './state.ts'

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
