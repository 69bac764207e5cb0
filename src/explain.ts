/** Failures of the Amplify Backend as errors for people: what happened, why, what to do next. */
import { classify } from './classify.ts'
import { ActionError, type ErrorCode, type ErrorDetails, type RedResult } from './errors.ts'
import type { Failure } from './failure.ts'
import { partitionOf } from './inputs/regions.ts'
import type { Job } from './job.ts'
import { describe } from './retry.ts'
import { oneLine, quoted } from './text.ts'

/** Where the calls go, for messages and for the commands that they suggest. */
export type Place = Readonly<{
  appId: string
  backendEnvironmentName: string
  resourceName: string
  region: string
  /** Of the role; undefined where it is not known. */
  accountId: string | undefined
}>

/** The error for a call that failed for good. */
export function explainFailure(
  failure: Failure,
  place: Place,
  details: ErrorDetails = {},
): ActionError {
  const { operation, requestId } = failure
  const said = describe(failure)
  const error = (code: ErrorCode, message: string, advice?: string): ActionError =>
    new ActionError(code, message, { requestId, advice, ...details })
  const verdict = classify(failure)
  switch (verdict) {
    case 'throttled':
      return error('THROTTLED', `${operation} was throttled in every attempt: ${said}.`)
    case 'not-connected':
    case 'unknown-host': {
      const onTheWay = routeAdvice(failure)
      return verdict === 'not-connected' || onTheWay !== undefined
        ? error('HOST_UNREACHABLE', `${operation} could not reach the service: ${said}.`, onTheWay)
        : error(
            'HOST_UNREACHABLE',
            `${operation} found no host for the region ${quoted(place.region)}: ${said}.`,
            `Check the spelling of aws-region (${quoted(place.region)}), and that Amplify Backend exists there.`,
          )
    }
    case 'untrusted-host':
      return error('TLS_FAILED', `${operation} does not trust the host's certificate: ${said}.`)
    case 'gateway-timeout':
      return error('GATEWAY_TIMEOUT', `${operation} ended in a gateway time-out: ${said}.`)
    case 'server-error':
      return error('SERVICE_ERROR', `${operation} met an error inside the service: ${said}.`)
    case 'no-answer':
      return error('NO_ANSWER', `${operation} got no answer: ${said}.`)
    case 'unreadable':
      return error('UNREADABLE_RESPONSE', `${operation} got an answer that is none: ${said}.`)
    case 'busy':
      return error('PENDING_JOB', `${operation} was refused because a job is pending: ${said}.`)
    case 'exists':
      return error('STORAGE_EXISTS', `${operation} was refused: ${said}.`)
    case 'not-found':
      return error(
        'NOT_FOUND',
        `${operation} did not find app ${quoted(place.appId)} with environment ${quoted(place.backendEnvironmentName)} in ${place.region}: ${said}.`,
        'Check app-id, backend-environment-name, aws-region and the account of the role; the app must be an Amplify Gen 1 app.',
      )
    case 'access-denied':
      return error(
        'ACCESS_DENIED',
        `The credentials may not call ${operation}: ${said}.`,
        `Allow amplifybackend:${operation} on ${backendArn(place)} for the role.`,
      )
    case 'credentials-expired':
      return error(
        'CREDENTIALS_EXPIRED',
        `${operation} was refused: ${said}.`,
        // The account is known where a role was taken.
        place.accountId === undefined
          ? undefined
          : 'The session of the role was made by this run, and the service calls it expired all the same. On a self-hosted runner check the clock; then run the job again.',
      )
    case 'credentials-refused':
    case 'clock-skew':
      return error('CREDENTIALS_REFUSED', `${operation} was refused: ${said}.`)
    case 'bad-request':
      return error('BAD_REQUEST', `${operation} was refused as invalid: ${said}.`)
    case 'refused':
      return error('REQUEST_REFUSED', `${operation} was refused: ${said}.`)
  }
}

/**
 * What to check where no connection came about and the host that failed is a proxy's, or one that the user
 * has named; undefined where it is the region's own.
 */
export function routeAdvice(failure: Failure): string | undefined {
  const verdict = classify(failure)
  if (verdict !== 'unknown-host' && verdict !== 'not-connected') return undefined
  const { route, status, code, message } = failure
  if (route === undefined) return undefined
  const { host, proxy, endpoint } = route
  if (proxy === undefined) {
    return endpoint === undefined
      ? undefined
      : `Check ${endpoint}: requests go to ${host} because of it.`
  }
  const tunnel = code === 'ERR_PROXY_TUNNEL'
  // Node gives the proxy's answer to a CONNECT at the end of its own message.
  if (status === 407 || (tunnel && /: HTTP\/1\.\d 407\b/.test(message))) {
    return `Check the user and the password in ${proxy.variable}: the proxy ${proxy.host} asks for them, or does not accept them. Percent-encode special characters in them.`
  }
  if (tunnel) {
    const whose = endpoint === undefined ? '' : ` (named by ${endpoint})`
    return `The proxy ${proxy.host} of ${proxy.variable} answers and does not connect to ${host}${whose}. Let it, or add the host to NO_PROXY if the runner needs no proxy for it.`
  }
  return `Check ${proxy.variable}: requests go through the proxy ${proxy.host} because of it, and the runner does not get through.`
}

/** The same error where the run ends in another way than the error by itself says. */
export function withResult(
  error: ActionError,
  result: RedResult,
  message = error.message,
): ActionError {
  const { code, advice, requestId } = error
  return new ActionError(code, message, { result, advice, requestId, cause: error })
}

/** What permissions are needed on, as in a policy. */
export function backendArn({ region, appId, accountId }: Place): string {
  const partition = partitionOf(region).id
  const account = accountId ?? 'YOUR-ACCOUNT-ID'
  return `arn:${partition}:amplifybackend:${region}:${account}:/backend/${appId}/*`
}

/** A shell command that shows a job, for a person to copy. */
export function jobCommand(place: Place, jobId: string): string {
  return `aws amplifybackend get-backend-job ${environmentOptions(place)} --job-id ${shellWord(jobId)}`
}

/** A shell command that shows the storage, for a person to copy. */
export function storageCommand(place: Place): string {
  return `aws amplifybackend get-backend-storage ${environmentOptions(place)} --resource-name ${shellWord(place.resourceName)}`
}

function environmentOptions({ region, appId, backendEnvironmentName }: Place): string {
  return `--region ${region} --app-id ${shellWord(appId)} --backend-environment-name ${shellWord(backendEnvironmentName)}`
}

/** A name may come out of an expression, and be made so that whoever copies the command runs another. */
function shellWord(text: string): string {
  return /^[\w.:-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/** The most of a job's own error text that is shown; the rest is the CLI's tables. */
const JOB_ERROR_LIMIT = 1_200

/** What is known of the texts of failed jobs, which are output of the Amplify CLI and CloudFormation. */
const JOB_ADVICE: readonly Readonly<{ text: RegExp; code: ErrorCode; advice: string }>[] = [
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
const MISSING_ACTION =
  /not authorized to perform:? ([a-z0-9-]+:[A-Za-z0-9*]+)(?: on resource:? "?(arn:[^\s"]+))?/
/** "The user does not have permissions to call lambda createFunction." */
const MISSING_CALL = /does not have permissions? to call ([a-z0-9-]+)[ .:]([A-Za-z]\w*)/

/** The error for a job that the service reports as failed. */
export function explainFailedJob(job: Job, jobId: string, place: Place): ActionError {
  const said = oneLine(job.error, JOB_ERROR_LIMIT)
  const message = `The backend job ${jobId} failed${said === '' ? ' and gives no reason' : `: ${said}`}`
  const missing = missingAction(job.error)
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
  if (said === '') {
    return new ActionError('JOB_FAILED', message, {
      advice: `Look for the reason in the Amplify console, at the backend environment ${quoted(place.backendEnvironmentName)}, or at the events of its stack in CloudFormation; then run again.`,
    })
  }
  const known = JOB_ADVICE.find(({ text }) => text.test(job.error))
  return known === undefined
    ? new ActionError('JOB_FAILED', message, {
        advice: `Mend what the text names and run again. The whole text: ${jobCommand(place, jobId)}`,
      })
    : new ActionError(known.code, message, { advice: known.advice })
}

function missingAction(
  text: string,
): Readonly<{ action: string; resource: string | undefined }> | undefined {
  const direct = MISSING_ACTION.exec(text)
  if (direct?.[1] !== undefined) {
    return {
      action: direct[1],
      // The sentence may end right after it.
      resource:
        direct[2] === undefined ? undefined : oneLine(direct[2].replace(/[.,;:)]+$/, ''), 300),
    }
  }
  const call = MISSING_CALL.exec(text)
  if (call?.[1] === undefined || call[2] === undefined) return undefined
  const name = call[2]
  return {
    action: `${call[1]}:${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    resource: undefined,
  }
}
