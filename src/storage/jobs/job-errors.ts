/** Errors for jobs that failed, that did not end in time, or that cannot be read. */
import { ActionError } from '../../errors/action-error.ts'
import { ERROR_CATALOG, type ErrorCode } from '../../errors/catalog.ts'
import { formatDuration } from '../../lib/clock.ts'
import { quote, sanitizeLine } from '../../lib/text.ts'
import { classifyFailure } from '../../network/classify.ts'
import { formatFailure, type ApiFailure } from '../../network/failure.ts'
import type { StorageRef } from '../api.ts'
import { backendArn, jobCommand, storageCommand } from '../cli-commands.ts'
import { toActionError } from '../errors.ts'
import type { Job } from './job.ts'

/** The maximum length of a job's own error text in a message; the rest is tables of the Amplify CLI. */
const MAX_JOB_ERROR_LENGTH = 1_200

/** Known texts of failed jobs, which are output of the Amplify CLI and CloudFormation. */
const KNOWN_JOB_ERRORS: readonly Readonly<{ text: RegExp; code: ErrorCode; advice: string }>[] = [
  {
    text: /existing auth resource|without an existing auth|requires? (?:an )?auth\b/i,
    code: 'AUTH_MISSING',
    advice: ERROR_CATALOG.AUTH_MISSING.remedy,
  },
  {
    text: /auth config is not compatible/i,
    code: 'JOB_FAILED',
    advice:
      'The imported auth resource does not allow guests. Leave unauthenticated-permissions empty, or import an identity pool that allows them.',
  },
  {
    text: /storage was already added|Add Storage Failed/i,
    code: 'OTHER_STORAGE',
    advice:
      'An environment can have only one S3 storage. Set resource-name to the existing one, or remove it first.',
  },
  {
    text: /bucket[^]*already exists|already exists[^]*bucket/i,
    code: 'JOB_FAILED',
    advice:
      'An earlier storage left a bucket of that name, because buckets are retained. Choose another bucket-name, or delete the bucket if it is empty and no longer needed.',
  },
  {
    text: /deployment is in progress/i,
    code: 'JOB_FAILED',
    advice:
      'Wait until the other deployment of this environment has ended, then run the workflow again.',
  },
]

/** The error for a job that the service reports as failed. */
export function toJobError(job: Job, jobId: string, ref: StorageRef): ActionError {
  const text = job.error ?? ''
  const detail = sanitizeLine(text, MAX_JOB_ERROR_LENGTH)
  const message = `The backend job ${jobId} failed${detail === '' ? ' without an error text' : `: ${detail}`}`
  const denied = findDeniedAction(text)
  if (denied !== undefined) {
    return new ActionError('JOB_LACKS_PERMISSION', message, { advice: permissionAdvice(denied) })
  }
  if (detail === '') {
    return new ActionError('JOB_FAILED', message, {
      advice: `Look for the reason in the Amplify console, under the backend environment ${quote(ref.backendEnvironmentName)}, or in the events of its CloudFormation stack. Then run the workflow again.`,
    })
  }
  const known = KNOWN_JOB_ERRORS.find(({ text: pattern }) => pattern.test(text))
  return known === undefined
    ? new ActionError('JOB_FAILED', message, {
        advice: `Fix the cause that the job reports, then run the workflow again. To read the whole text: ${jobCommand(ref, jobId)}`,
      })
    : new ActionError(known.code, message, { advice: known.advice })
}

type DeniedAction = Readonly<{ action: string; resource: string | undefined }>

function permissionAdvice({ action, resource }: DeniedAction): string {
  const statement = JSON.stringify({ Effect: 'Allow', Action: action, Resource: resource ?? '*' })
  const restriction = resource === undefined ? ', and restrict its resource' : ''
  return `The service deploys with the permissions of the role. Add this statement to the role${restriction}: ${statement}`
}

/** "… is not authorized to perform: s3:CreateBucket on resource: arn:… because …" */
const DENIED_ACTION =
  /not authorized to perform:? ([a-z0-9-]+:[A-Za-z0-9*]+)(?: on resource:? "?(arn:[^\s"]+))?/
/** "The user does not have permissions to call lambda createFunction." */
const DENIED_CALL = /does not have permissions? to call ([a-z0-9-]+)[ .:]([A-Za-z]\w*)/

function findDeniedAction(text: string): DeniedAction | undefined {
  const [, action, resource] = DENIED_ACTION.exec(text) ?? []
  if (action !== undefined) {
    // The sentence may end right after the ARN.
    const arn = resource?.replace(/[.,;:)]+$/, '')
    return { action, resource: arn === undefined ? undefined : sanitizeLine(arn, 300) }
  }
  const [, service, call] = DENIED_CALL.exec(text) ?? []
  if (service === undefined || call === undefined) return undefined
  return {
    action: `${service}:${call.charAt(0).toUpperCase()}${call.slice(1)}`,
    resource: undefined,
  }
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
export function cannotReadJob(
  ref: StorageRef,
  jobId: string,
  status: string | undefined,
  failure: ApiFailure,
): ActionError {
  switch (classifyFailure(failure)) {
    case 'access-denied':
      return toActionError(failure, ref, {
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
      return toActionError(failure, ref, {
        result: 'unknown',
        advice: `Job ${jobId} was started and continues in AWS. To check the job: ${jobCommand(ref, jobId)}`,
      })
  }
}

/** The error for another job that is still pending when the run times out. */
export function jobStillPending(ref: StorageRef, job: Job | undefined): ActionError {
  const { jobId } = job ?? {}
  const name =
    job === undefined || jobId === undefined
      ? 'A job'
      : `Job ${jobId} (${job.operation ?? 'unknown operation'}, last status ${formatStatus(job.status)})`
  const command = jobId === undefined ? '' : ` To check the job: ${jobCommand(ref, jobId)}`
  return new ActionError(
    'PENDING_JOB',
    `${name} of the environment ${quote(ref.backendEnvironmentName)} was still pending when the run timed out.`,
    {
      result: 'timed-out',
      advice: `Use one concurrency group for all runs for this app and environment, without cancel-in-progress.${command}`,
    },
  )
}

/** The error for a list of jobs that ends before its last page: a job that is pending may be missing. */
export function incompleteJobList(ref: StorageRef): ActionError {
  return new ActionError(
    'UNREADABLE_RESPONSE',
    `The list of jobs of the environment ${quote(ref.backendEnvironmentName)} could not be read to its end, so a pending job may be missing.`,
    { advice: `To check the storage: ${storageCommand(ref)}` },
  )
}
