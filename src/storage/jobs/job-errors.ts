/** Errors for jobs that failed, that did not end in time, or that cannot be read. */
import { ActionError } from '../../errors/action-error.ts'
import { formatDuration } from '../../lib/clock.ts'
import { quote, sanitizeLine, truncate } from '../../lib/text.ts'
import { classifyFailure } from '../../network/classify.ts'
import { formatFailure, type ApiFailure } from '../../network/failure.ts'
import type { StorageRef } from '../api.ts'
import { backendArn, jobCommand, storageCommand } from '../cli-commands.ts'
import { toActionError } from '../errors.ts'
import type { Job } from './job.ts'

/** The maximum length of a job's own error text in a message: the runner cuts annotations at 4,096 characters. */
const MAX_JOB_ERROR_LENGTH = 2_400
/** The maximum length of the text that is looked at; `parseJob` keeps no more. */
const MAX_JOB_TEXT_LENGTH = 20_000

/** The error for a job that the service reports as failed. */
export async function toJobError(job: Job, jobId: string, ref: StorageRef): Promise<ActionError> {
  // The Amplify CLI wraps its tables, so a sentence can go on in the next line.
  const text = sanitizeLine(job.error ?? '', MAX_JOB_TEXT_LENGTH)
  const { explainJobError } = await import('./explain-job-error.ts')
  const { code, cause, advice } = explainJobError(text, jobId, ref)
  const failed = `The backend job ${jobId} failed`
  if (text === '') return new ActionError(code, `${failed} without an error text`, { advice })
  const reason = cause === undefined ? ': ' : ` because ${cause}. The job reports: `
  return new ActionError(code, `${failed}${reason}${shorten(text)}`, { advice })
}

/** Of a long text, the start and the end, where the error usually is. */
function shorten(text: string): string {
  if (text.length <= MAX_JOB_ERROR_LENGTH) return text
  const half = MAX_JOB_ERROR_LENGTH / 2
  return `${truncate(text, half)} ${sanitizeLine(text.slice(-half), half)}`
}

/** A status for the middle of a sentence. */
export function formatStatus(status: string | undefined): string {
  return status ?? 'without a status'
}

/** The error for a job that has not ended when the run times out. */
export function jobTimedOut(
  ref: StorageRef,
  jobId: string,
  status: string | undefined,
  waitedMs: number,
): ActionError {
  return new ActionError(
    'TIMED_OUT',
    `Job ${jobId} had not ended when the run timed out. Its last status was ${status ?? 'unknown'} after ${formatDuration(waitedMs)} of waiting.`,
    {
      result: 'timed-out',
      advice: `The job continues in AWS, and the next run waits for it. If it needs longer, raise timeout-in-minutes. To check the job: ${jobCommand(ref, jobId)}`,
    },
  )
}

/** The error for a job that the service repeatedly returns without a status. */
export function jobWithoutStatus(ref: StorageRef, jobId: string): ActionError {
  return new ActionError(
    'UNREADABLE_RESPONSE',
    `The service repeatedly returned job ${jobId} without a status, so its outcome is unknown.`,
    { result: 'unknown', advice: `To check the job: ${jobCommand(ref, jobId)}` },
  )
}

/** The error for a job that was started and cannot be read. */
export async function cannotReadJob(
  ref: StorageRef,
  jobId: string,
  status: string | undefined,
  failure: ApiFailure,
): Promise<ActionError> {
  switch (classifyFailure(failure)) {
    case 'access-denied':
      return await toActionError(failure, ref, {
        result: 'unknown',
        advice: `Job ${jobId} was started and continues in AWS. Allow amplifybackend:GetBackendJob on ${backendArn(ref)} for the role, or set wait: false.`,
      })
    case 'not-found':
      return new ActionError(
        'JOB_NOT_FOUND',
        `The service no longer finds job ${jobId}, whose last status was ${status ?? 'unknown'}: ${formatFailure(failure)}.`,
        {
          result: 'unknown',
          requestId: failure.requestId,
          advice: `Check the storage. It is safe to run the workflow again, because a run reads the storage first. To check: ${storageCommand(ref)}`,
        },
      )
    default:
      return await toActionError(failure, ref, {
        result: 'unknown',
        advice: `Job ${jobId} was started and continues in AWS. To check the job: ${jobCommand(ref, jobId)}`,
      })
  }
}

/**
 * The error for another job that is still pending when the run times out.
 *
 * @param ageMs how long ago the job was created, if that is known
 */
export function jobStillPending(
  ref: StorageRef,
  job: Job | undefined,
  ageMs?: number,
): ActionError {
  const { jobId } = job ?? {}
  const name =
    job === undefined || jobId === undefined
      ? 'A job'
      : `Job ${jobId} (${job.operation ?? 'unknown operation'}, last status ${formatStatus(job.status)})`
  const command = jobId === undefined ? '' : `To check the job: ${jobCommand(ref, jobId)}`
  const age = ageMs === undefined ? '' : ` It was created ${formatDuration(ageMs)} ago.`
  return new ActionError(
    'PENDING_JOB',
    `${name} of the environment ${quote(ref.backendEnvironmentName)} was still pending when the run timed out.${age}`,
    {
      result: 'timed-out',
      advice: `${pendingJobAdvice(ref, job)}${command}`.trim(),
    },
  )
}

/** Only jobs of storage operations can be those of other runs. */
function pendingJobAdvice({ region }: StorageRef, job: Job | undefined): string {
  const { operation = '' } = job ?? {}
  if (operation.endsWith('Storage') || !/^\w{1,60}$/.test(operation)) {
    return 'Use one concurrency group for all runs for this app and environment, without cancel-in-progress. '
  }
  return `Somebody else started this job (${operation}) with the Amplify console, the Amplify CLI or another tool. Wait until it has ended, then run the workflow again. If it does not end, ask whoever started it, or AWS Support. To see who started it: aws cloudtrail lookup-events --region ${region} --lookup-attributes AttributeKey=EventName,AttributeValue=${operation} --query "Events[].[EventTime, Username]" --output text\n`
}

/** The error for a list of jobs that ends before its last page: a job that is pending may be missing. */
export function incompleteJobList(ref: StorageRef): ActionError {
  return new ActionError(
    'UNREADABLE_RESPONSE',
    `The list of jobs of the environment ${quote(ref.backendEnvironmentName)} could not be read to its end, so a pending job may be missing.`,
    { advice: `To check the storage: ${storageCommand(ref)}` },
  )
}
