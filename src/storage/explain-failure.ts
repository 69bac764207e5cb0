/** Failed calls to the Amplify Backend API as errors for people, which only a run that fails loads. */
import { ActionError, type ErrorDetails } from '../errors/action-error.ts'
import type { ErrorCode } from '../errors/catalog.ts'
import { quote } from '../lib/text.ts'
import { networkAdvice } from '../network/advice.ts'
import { classifyFailure, type FailureKind } from '../network/classify.ts'
import { formatFailure, type ApiFailure } from '../network/failure.ts'
import type { StorageRef } from './api.ts'
import { backendArn } from './cli-commands.ts'
import { findDenyingPolicy } from './permissions/denying-policy.ts'

/** A failed call, and what its error message needs. */
type FailedCall = Readonly<{
  failure: ApiFailure
  operation: string
  /** The failure in a few words. */
  detail: string
  ref: StorageRef
}>

type Explanation = Readonly<{
  code: ErrorCode
  message: string
  /** The remedy of the catalog by default. */
  advice?: string | undefined
}>

/** The error for a call that has finally failed. */
export function explainFailure(
  failure: ApiFailure,
  ref: StorageRef,
  details: ErrorDetails = {},
): ActionError {
  const { operation, requestId } = failure
  const call = { failure, operation, detail: formatFailure(failure), ref }
  const { code, message, advice } = failure.error ?? EXPLANATIONS[classifyFailure(failure)](call)
  return new ActionError(code, message, {
    // The ID comes from something other than AWS, so AWS Support does not know it.
    requestId: failure.fromMiddlebox === true ? undefined : requestId,
    advice: advice ?? networkAdvice(failure),
    ...details,
  })
}

const EXPLANATIONS: Readonly<Record<FailureKind, (call: FailedCall) => Explanation>> = {
  throttled: ({ operation, detail }) => ({
    code: 'THROTTLED',
    message: `${operation} was throttled in every attempt: ${detail}.`,
  }),
  'connection-failed': unreachable,
  'proxy-refused': unreachable,
  'no-tls': unreachable,
  'dns-not-found': (call) =>
    networkAdvice(call.failure) === undefined ? unknownRegion(call) : unreachable(call),
  'tls-error': ({ operation, detail }) => ({
    code: 'TLS_FAILED',
    message: `${operation} failed because the certificate of the host is not trusted: ${detail}.`,
  }),
  'gateway-timeout': ({ operation, detail }) => ({
    code: 'GATEWAY_TIMEOUT',
    message: `${operation} failed with a gateway timeout: ${detail}.`,
  }),
  'server-error': ({ operation, detail }) => ({
    code: 'SERVICE_ERROR',
    message: `${operation} failed with an internal service error: ${detail}.`,
  }),
  'no-response': ({ operation, detail }) => ({
    code: 'NO_ANSWER',
    message: `${operation} received no response: ${detail}.`,
  }),
  'malformed-response': ({ operation, detail }) => ({
    code: 'UNREADABLE_RESPONSE',
    message: `${operation} returned a malformed response: ${detail}.`,
  }),
  'job-pending': ({ operation, detail }) => ({
    code: 'PENDING_JOB',
    message: `${operation} was rejected because another job is pending: ${detail}.`,
  }),
  'already-exists': rejected('STORAGE_EXISTS'),
  'not-found': ({ operation, detail, failure, ref }) => ({
    code: 'NOT_FOUND',
    message: `${describeMissing(failure, ref)}: ${operation} returned ${detail}.`,
    advice:
      'Check app-id and aws-region first, then the account. The service does not find apps of Amplify Gen 2, which this action does not support.',
  }),
  'access-denied': ({ operation, detail, failure, ref }) => ({
    code: 'ACCESS_DENIED',
    message: `The credentials have no permission to call ${operation}: ${detail}.`,
    advice:
      findDenyingPolicy(failure.message)?.advice ??
      `${roleCheck(operation, ref)}llow amplifybackend:${operation} on ${backendArn(ref)} for the ${isUser(detail) ? 'user' : 'role'}.`,
  }),
  'credentials-expired': (call) => ({
    ...rejected('CREDENTIALS_EXPIRED')(call),
    // The account is known only if the run assumed a role.
    advice:
      call.ref.accountId === undefined
        ? undefined
        : 'This run has only just assumed the role, and the service already reports the session as expired. On a self-hosted runner, check the clock. Then run the workflow again.',
  }),
  'credentials-invalid': rejected('CREDENTIALS_REFUSED'),
  'clock-skew': rejected('CREDENTIALS_REFUSED'),
  'bad-request': ({ operation, detail }) => ({
    code: 'BAD_REQUEST',
    message: `${operation} was rejected as invalid: ${detail}.`,
  }),
  'intermediary-response': rejected('REQUEST_REFUSED'),
  'client-error': rejected('REQUEST_REFUSED'),
}

/** What the service did not find, with the account if the run has assumed a role. */
function describeMissing({ message }: ApiFailure, ref: StorageRef): string {
  const account = ref.accountId === undefined ? '' : ` (account ${ref.accountId})`
  const app = `There is no app ${quote(ref.appId)} in ${ref.region}${account}`
  return /\bapp\b/i.test(message)
    ? app
    : `${app}, or it has no environment ${quote(ref.backendEnvironmentName)}`
}

/** A role that only plans lacks the permission to write on purpose. */
function roleCheck(operation: string, { accountId }: StorageRef): string {
  // The account is known only if the run assumed a role.
  return accountId !== undefined && /^(?:Create|Update)/.test(operation)
    ? 'If role-to-assume is the role that only plans, correct it. Otherwise, a'
    : 'A'
}

/** Whether a denial by IAM names a user, whose keys a run without a role can have. */
function isUser(message: string): boolean {
  return /\barn:aws[\w-]*:iam::\d{12}:user\//.test(message)
}

function unreachable({ operation, detail }: FailedCall): Explanation {
  return {
    code: 'HOST_UNREACHABLE',
    message: `${operation} could not reach the service: ${detail}.`,
  }
}

function unknownRegion({ operation, detail, ref }: FailedCall): Explanation {
  return {
    code: 'HOST_UNREACHABLE',
    message: `${operation} found no host for the region ${quote(ref.region)}: ${detail}.`,
    advice: `Check the spelling of aws-region (${quote(ref.region)}) and that Amplify Backend is available there.`,
  }
}

function rejected(code: ErrorCode): (call: FailedCall) => Explanation {
  return ({ operation, detail, failure }) => ({
    code,
    message: `${operation} ${failure.fromMiddlebox === true ? 'did not reach AWS' : 'was rejected'}: ${detail}.`,
  })
}
