/** Errors for jobs that did not end in time, and for a list of jobs that is not complete. */
import { ActionError } from '../../errors/action-error.ts'
import { formatDuration } from '../../lib/clock.ts'
import { quote } from '../../lib/text.ts'
import type { StorageRef } from '../api.ts'
import { jobCommand, storageCommand } from '../cli-commands.ts'
import type { Job } from './job.ts'

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
