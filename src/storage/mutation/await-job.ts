/** Waits for the job of a create or an update, and decides what its end means. */
import { withResult } from '../../errors/action-error.ts'
import { isAlreadyExistsMessage } from '../../network/classify.ts'
import type { ApiResult } from '../../network/retry.ts'
import { readWithRetry, type StorageContext } from '../context.ts'
import { jobPhase, type Job } from '../jobs/job.ts'
import { waitForJob } from '../jobs/wait-for-job.ts'
import { asUnknownIfUnchecked, candidateNotConfirmed, type Rejection } from './errors.ts'
import type { CandidateCheck } from './lost-response.ts'
import { settle, type Mutation, type MutationState, type StartedJob } from './state.ts'

/** How a job ended. */
export type JobEnd =
  | Readonly<{ kind: 'not-awaited' | 'completed' }>
  /** It failed because the environment already has a storage. */
  | Readonly<{ kind: 'exists'; rejection: Rejection }>

type AwaitedJob = Readonly<{
  context: StorageContext
  state: MutationState
  operation: Mutation['operation']
  started: StartedJob
}>

/**
 * Waits until the job has ended, or, without waiting, makes sure that it was started.
 *
 * @throws ActionError when the job failed for another reason than an existing storage, or when its outcome
 *   is not known; the signal's reason when aborted
 */
export async function awaitJob(awaited: AwaitedJob, wait: boolean): Promise<JobEnd> {
  const { context, started } = awaited
  const { jobId, status } = started
  const hasFailed = jobPhase(status) === 'failed'
  if (!wait && !hasFailed) return await endWithoutWaiting(awaited)
  const job = hasFailed
    ? await readFailedJob(context, started)
    : await waitForJob(context, jobId, status)
  return jobPhase(job.status) === 'completed'
    ? { kind: 'completed' }
    : await endFailedJob(awaited, job, await checkCandidate(awaited))
}

async function endWithoutWaiting(awaited: AwaitedJob): Promise<JobEnd> {
  const { context, state, started } = awaited
  const { jobId, status, doubt } = started
  const check = await checkCandidate(awaited)
  if (check?.kind === 'doubtful') {
    throw candidateNotConfirmed(check.lost, jobId, check.reason, context.ref)
  }
  const job = doubt === 'mismatch' ? await readJob(context, started) : check?.job
  if (job !== undefined && jobPhase(job.status) === 'failed') {
    context.observer.onJob(jobId, job.status)
    return await endFailedJob(awaited, job, check)
  }
  settle(context.observer, state)
  context.observer.onLog(`Job ${jobId} was started (${job?.status ?? status ?? 'no status'}).`)
  return { kind: 'not-awaited' }
}

function requestJob(context: StorageContext, jobId: string): Promise<ApiResult<Job>> {
  return readWithRetry(context, (options) => context.amplify.getJob(jobId, options))
}

/** @throws ActionError when the service cannot show the job */
async function readJob(context: StorageContext, { jobId, status }: StartedJob): Promise<Job> {
  const result = await requestJob(context, jobId)
  if (!result.ok) {
    const { cannotReadJob } = await import('../jobs/job-errors.ts')
    throw await cannotReadJob(context.ref, jobId, status, result.failure)
  }
  return result.value
}

/** A job that the service has reported as failed, with its error text if that can be read. */
async function readFailedJob(context: StorageContext, { jobId, status }: StartedJob): Promise<Job> {
  const result = await requestJob(context, jobId)
  const error = result.ok ? result.value.error : undefined
  return { jobId, status, operation: undefined, createdAt: undefined, error }
}

async function endFailedJob(
  { context, state, operation, started }: AwaitedJob,
  job: Job,
  check: CandidateCheck | undefined,
): Promise<JobEnd> {
  const { jobId, doubt } = started
  const { ref, observer } = context
  if (check?.kind === 'confirmed') settle(observer, state)
  if (operation === 'CreateBackendStorage' && isStorageExistsError(job)) {
    const text = `job ${jobId} failed: ${job.error}`
    return { kind: 'exists', rejection: { text, requestId: undefined } }
  }
  const { toJobError } = await import('../jobs/job-errors.ts')
  const error = toJobError(job, jobId, ref)
  if (check?.kind === 'doubtful') {
    throw candidateNotConfirmed(check.lost, jobId, `${check.reason}. ${error.message}`, ref)
  }
  if (doubt === 'mismatch') {
    throw withResult(error, 'unknown', `${error.message} The job may be another run's.`)
  }
  throw asUnknownIfUnchecked(error, state)
}

/**
 * Checks at the end of the window whether the job is the one of a call whose response was lost; undefined if
 * there is no such call. Nothing else is sent before the outcome of that call is known, so the job can only
 * be a candidate for it.
 */
async function checkCandidate({
  context,
  state,
  started,
}: AwaitedJob): Promise<CandidateCheck | undefined> {
  const { lostResponse } = state
  if (lostResponse === undefined) return undefined
  const { confirmCandidate } = await import('./lost-response.ts')
  return await confirmCandidate(context, lostResponse, started.jobId)
}

/** Whether a job failed because a storage existed, and not because of a retained bucket. */
function isStorageExistsError({ error = '' }: Job): boolean {
  return (
    isAlreadyExistsMessage(error) &&
    /\bstorage\b/i.test(error) &&
    !/bucket|service: s3/i.test(error)
  )
}
