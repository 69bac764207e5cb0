/** Failures of the Amplify Backend as errors for people: what happened, why, what to do next. */
import { classifyFailure } from '../network/classify.ts'
import { ActionError, type ErrorDetails } from '../errors/action-error.ts'
import type { ErrorCode } from '../errors/catalog.ts'
import { formatFailure, type ApiFailure } from '../network/failure.ts'
import { networkAdvice } from '../network/advice.ts'
import { getPartition } from '../lib/aws-partitions.ts'
import type { Job } from './jobs/job.ts'
import { sanitizeLine, quote } from '../lib/text.ts'

/** Where the calls go, for messages and for the commands that they suggest. */
export type StorageRef = Readonly<{
  appId: string
  backendEnvironmentName: string
  resourceName: string
  region: string
  /** Of the role; undefined where it is not known. */
  accountId: string | undefined
}>

/** The error for a call that failed for good. */
export function toActionError(
  failure: ApiFailure,
  place: StorageRef,
  details: ErrorDetails = {},
): ActionError {
  const { operation, requestId } = failure
  const detail = formatFailure(failure)
  const error = (code: ErrorCode, message: string, advice?: string): ActionError =>
    new ActionError(code, message, { requestId, advice, ...details })
  const kind = classifyFailure(failure)
  switch (kind) {
    case 'throttled':
      return error('THROTTLED', `${operation} was throttled in every attempt: ${detail}.`)
    case 'connection-failed':
    case 'dns-not-found': {
      const onTheWay = networkAdvice(failure)
      return kind === 'connection-failed' || onTheWay !== undefined
        ? error(
            'HOST_UNREACHABLE',
            `${operation} could not reach the service: ${detail}.`,
            onTheWay,
          )
        : error(
            'HOST_UNREACHABLE',
            `${operation} found no host for the region ${quote(place.region)}: ${detail}.`,
            `Check the spelling of aws-region (${quote(place.region)}), and that Amplify Backend exists there.`,
          )
    }
    case 'tls-error':
      return error('TLS_FAILED', `${operation} does not trust the host's certificate: ${detail}.`)
    case 'gateway-timeout':
      return error('GATEWAY_TIMEOUT', `${operation} ended in a gateway time-out: ${detail}.`)
    case 'server-error':
      return error('SERVICE_ERROR', `${operation} met an error inside the service: ${detail}.`)
    case 'no-response':
      return error('NO_ANSWER', `${operation} got no answer: ${detail}.`)
    case 'malformed-response':
      return error('UNREADABLE_RESPONSE', `${operation} got an answer that is none: ${detail}.`)
    case 'job-pending':
      return error('PENDING_JOB', `${operation} was refused because a job is pending: ${detail}.`)
    case 'already-exists':
      return error('STORAGE_EXISTS', `${operation} was refused: ${detail}.`)
    case 'not-found':
      return error(
        'NOT_FOUND',
        `${operation} did not find app ${quote(place.appId)} with environment ${quote(place.backendEnvironmentName)} in ${place.region}: ${detail}.`,
        'Check app-id, backend-environment-name, aws-region and the account of the role; the app must be an Amplify Gen 1 app.',
      )
    case 'access-denied':
      return error(
        'ACCESS_DENIED',
        `The credentials may not call ${operation}: ${detail}.`,
        `Allow amplifybackend:${operation} on ${backendArn(place)} for the role.`,
      )
    case 'credentials-expired':
      return error(
        'CREDENTIALS_EXPIRED',
        `${operation} was refused: ${detail}.`,
        // The account is known where a role was taken.
        place.accountId === undefined
          ? undefined
          : 'The session of the role was made by this run, and the service calls it expired all the same. On a self-hosted runner check the clock; then run the job again.',
      )
    case 'credentials-invalid':
    case 'clock-skew':
      return error('CREDENTIALS_REFUSED', `${operation} was refused: ${detail}.`)
    case 'bad-request':
      return error('BAD_REQUEST', `${operation} was refused as invalid: ${detail}.`)
    case 'client-error':
      return error('REQUEST_REFUSED', `${operation} was refused: ${detail}.`)
  }
}

/** What permissions are needed on, as in a policy. */
export function backendArn({ region, appId, accountId }: StorageRef): string {
  const partition = getPartition(region).id
  const account = accountId ?? 'YOUR-ACCOUNT-ID'
  return `arn:${partition}:amplifybackend:${region}:${account}:/backend/${appId}/*`
}

/** A shell command that shows a job, for a person to copy. */
export function jobCommand(place: StorageRef, jobId: string): string {
  return `aws amplifybackend get-backend-job ${environmentOptions(place)} --job-id ${quoteForShell(jobId)}`
}

/** A shell command that shows the storage, for a person to copy. */
export function storageCommand(place: StorageRef): string {
  return `aws amplifybackend get-backend-storage ${environmentOptions(place)} --resource-name ${quoteForShell(place.resourceName)}`
}

function environmentOptions({ region, appId, backendEnvironmentName }: StorageRef): string {
  return `--region ${region} --app-id ${quoteForShell(appId)} --backend-environment-name ${quoteForShell(backendEnvironmentName)}`
}

/** A name may come out of an expression, and be made so that whoever copies the command runs another. */
function quoteForShell(text: string): string {
  return /^[\w.:-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/** The most of a job's own error text that is shown; the rest is the CLI's tables. */
const MAX_JOB_ERROR_LENGTH = 1_200

/** What is known of the texts of failed jobs, which are output of the Amplify CLI and CloudFormation. */
const KNOWN_JOB_ERRORS: readonly Readonly<{ text: RegExp; code: ErrorCode; advice: string }>[] = [
  {
    text: /existing auth resource|without an existing auth|requires? (?:an )?auth\b/i,
    code: 'AUTH_MISSING',
    advice: 'Add auth (Cognito) to the backend environment, then run again.',
  },
  {
    text: /auth config is not compatible/i,
    code: 'JOB_FAILED',
    advice:
      'The imported auth resource does not allow guests: leave unauthenticated-permissions empty, or import a pool that allows them.',
  },
  {
    text: /storage was already added|Add Storage Failed/i,
    code: 'OTHER_STORAGE',
    advice:
      'An environment has one S3 storage at most: set resource-name to the existing one, or remove that first.',
  },
  {
    text: /bucket[^]*already exists|already exists[^]*bucket/i,
    code: 'JOB_FAILED',
    advice:
      'A bucket of that name was left behind by an earlier storage (buckets are retained). Choose another bucket-name, or delete the bucket if it is empty and no longer needed.',
  },
  {
    text: /deployment is in progress/i,
    code: 'JOB_FAILED',
    advice: 'Wait until the other deployment of this environment has ended, then run again.',
  },
]

/** "… is not authorized to perform: s3:CreateBucket on resource: arn:… because …" */
const DENIED_ACTION =
  /not authorized to perform:? ([a-z0-9-]+:[A-Za-z0-9*]+)(?: on resource:? "?(arn:[^\s"]+))?/
/** "The user does not have permissions to call lambda createFunction." */
const DENIED_CALL = /does not have permissions? to call ([a-z0-9-]+)[ .:]([A-Za-z]\w*)/

/** The error for a job that the service reports as failed. */
export function toJobError(job: Job, jobId: string, place: StorageRef): ActionError {
  const detail = sanitizeLine(job.error, MAX_JOB_ERROR_LENGTH)
  const message = `The backend job ${jobId} failed${detail === '' ? ' and gives no reason' : `: ${detail}`}`
  const missing = findDeniedAction(job.error)
  if (missing !== undefined) {
    const statement = JSON.stringify({
      Effect: 'Allow',
      Action: missing.action,
      Resource: missing.resource ?? '*',
    })
    return new ActionError('JOB_LACKS_PERMISSION', message, {
      advice: `The service deploys with the rights of the role. Add this statement to it${missing.resource === undefined ? ', with the resource narrowed down' : ''}: ${statement}`,
    })
  }
  if (detail === '') {
    return new ActionError('JOB_FAILED', message, {
      advice: `Look for the reason in the Amplify console, at the backend environment ${quote(place.backendEnvironmentName)}, or at the events of its stack in CloudFormation; then run again.`,
    })
  }
  const known = KNOWN_JOB_ERRORS.find(({ text }) => text.test(job.error))
  return known === undefined
    ? new ActionError('JOB_FAILED', message, {
        advice: `Mend what the text names and run again. The whole text: ${jobCommand(place, jobId)}`,
      })
    : new ActionError(known.code, message, { advice: known.advice })
}

function findDeniedAction(
  text: string,
): Readonly<{ action: string; resource: string | undefined }> | undefined {
  const direct = DENIED_ACTION.exec(text)
  if (direct?.[1] !== undefined) {
    return {
      action: direct[1],
      // The sentence may end right after it.
      resource:
        direct[2] === undefined ? undefined : sanitizeLine(direct[2].replace(/[.,;:)]+$/, ''), 300),
    }
  }
  const call = DENIED_CALL.exec(text)
  if (call?.[1] === undefined || call[2] === undefined) return undefined
  const name = call[2]
  return {
    action: `${call[1]}:${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    resource: undefined,
  }
}
