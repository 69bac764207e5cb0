/**
 * Errors for jobs that failed, did not end in time, cannot be read or had no effect. They are loaded only when
 * that has happened.
 */
import { ActionError } from '../../errors/action-error.ts'
import { formatDuration } from '../../lib/clock.ts'
import { quote, sanitizeLine, truncate } from '../../lib/text.ts'
import { classifyFailure } from '../../network/classify.ts'
import { formatFailure, type ApiFailure } from '../../network/failure.ts'
import type { StorageRef } from '../api.ts'
import { backendArn, jobCommand, storageCommand } from '../cli-commands.ts'
import { toActionError } from '../errors.ts'
import { explainJobError } from './explain-job-error.ts'
import { formatStatus, type Job } from './job.ts'
import { deploymentStateCommand } from './stack-commands.ts'

/** The maximum length of a job's own error text in a message: the runner cuts annotations at 4,096 characters. */
const MAX_JOB_ERROR_LENGTH = 2_400
/** The maximum length of the text that is looked at; `parseJob` keeps no more. */
const MAX_JOB_TEXT_LENGTH = 20_000

/** The error for a job that the service reports as failed. */
export function toJobError(job: Job, jobId: string, ref: StorageRef): ActionError {
  // The Amplify CLI wraps its tables, so a sentence can go on in the next line.
  const text = sanitizeLine(job.error ?? '', MAX_JOB_TEXT_LENGTH)
  const { code, cause, advice, position } = explainJobError(text, jobId, ref)
  const failed = `The backend job ${jobId} failed`
  if (text === '') return new ActionError(code, `${failed} without an error text`, { advice })
  const reason = cause === undefined ? ': ' : ` because ${cause}. The job reports: `
  return new ActionError(code, `${failed}${reason}"${shorten(text, position)}"`, { advice })
}

/** Of a long text, the start, what is at the position, and the end, where the error usually is. */
function shorten(text: string, position = 0): string {
  const quarter = MAX_JOB_ERROR_LENGTH / 4
  if (text.length <= 4 * quarter) return text
  const isShown = position < quarter || position > text.length - 2 * quarter
  const start = truncate(text, isShown ? 2 * quarter : quarter)
  const middle = isShown ? [] : [truncate(text.slice(position - quarter / 2), quarter)]
  const end = sanitizeLine(text.slice(isShown ? -2 * quarter : -quarter), 2 * quarter)
  return [start, ...middle, end].join(' ')
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
        advice: `Job ${jobId} was started and continues in AWS. Allow amplifybackend:GetBackendJob on ${backendArn(ref)} for the role, then run the workflow again, or set wait: false if nothing has to wait for the job. To check the job with other credentials: ${jobCommand(ref, jobId)}`,
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

/** The error for a job that was reported as complete, and did not create the storage. */
export function storageNotSeen(ref: StorageRef): ActionError {
  return new ActionError(
    'STORAGE_NOT_SEEN',
    `The job completed, but the storage ${quote(ref.resourceName)} does not exist.`,
    {
      result: 'unknown',
      advice: `Check the storage before you run the workflow again: ${storageCommand(ref)}\nLikely causes: another deployment of the environment ran at the same time (amplify push, a Hosting build), or the lock of an interrupted one is still there. The Amplify CLI then ends without an error. If there is a lock and no deployment is running, delete deployment-state.json and run the workflow again. To look for the lock: ${deploymentStateCommand(ref)}`,
    },
  )
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
  const name =
    job?.jobId === undefined
      ? 'A job'
      : `Job ${job.jobId} (${job.operation ?? 'unknown operation'}, last status ${formatStatus(job.status)})`
  const command = job?.jobId === undefined ? '' : `To check the job: ${jobCommand(ref, job.jobId)}`
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
  const operation = job?.operation
  if (operation === undefined || operation.endsWith('Storage') || !/^\w{1,60}$/.test(operation)) {
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
