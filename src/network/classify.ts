/**
 * What a failed call means: one pure classification for every operation, by HTTP status first, then by
 * the error's name, then by its code. The names on the wire are uncertain: AWS's models and its REST
 * reference name the same statuses differently.
 */
import type { ApiFailure } from './failure.ts'

export type FailureKind =
  /** Too many requests: certainly not executed. */
  | 'throttled'
  /** No connection came about: certainly not executed. */
  | 'not-connected'
  /** The host's name does not exist: certainly not executed, and soon hopeless. */
  | 'unknown-host'
  /** The host's certificate is not trusted: certainly not executed, hopeless. */
  | 'untrusted-host'
  /** The clocks differed; the next request is signed with the right time: not executed. */
  | 'clock-skew'
  /** A time-out at the gateway: executed or not. */
  | 'gateway-timeout'
  /** Another error of the server: executed or not. */
  | 'server-error'
  /** The connection broke or our time limit came: executed or not. */
  | 'no-answer'
  /** An answer that is none: executed or not. */
  | 'unreadable'
  /** Another job of the environment is pending: not executed. */
  | 'busy'
  /** The storage exists already: not executed. */
  | 'exists'
  | 'not-found'
  | 'access-denied'
  | 'credentials-expired'
  | 'credentials-refused'
  | 'bad-request'
  /** Another client error: not executed. */
  | 'refused'

/** Judges a failed call. */
export function classifyFailure(failure: ApiFailure): FailureKind {
  const { status } = failure
  if (status === undefined) return classifyConnectionError(failure)
  if (status === 504) return 'gateway-timeout'
  if (status >= 500) return 'server-error'
  if (status < 400) return 'unreadable'
  return classifyClientError(failure, status)
}

/** Whether the call may have taken effect at the server. */
export function mayHaveBeenExecuted(kind: FailureKind): boolean {
  switch (kind) {
    case 'gateway-timeout':
    case 'server-error':
    case 'no-answer':
    case 'unreadable':
      return true
    case 'throttled':
    case 'not-connected':
    case 'unknown-host':
    case 'untrusted-host':
    case 'clock-skew':
    case 'busy':
    case 'exists':
    case 'not-found':
    case 'access-denied':
    case 'credentials-expired':
    case 'credentials-refused':
    case 'bad-request':
    case 'refused':
      return false
  }
}

/** Whether the same call can succeed if it is made again a little later. */
export function isRetryable(kind: FailureKind): boolean {
  switch (kind) {
    case 'throttled':
    case 'not-connected':
    case 'unknown-host':
    case 'clock-skew':
      return true
    default:
      return mayHaveBeenExecuted(kind)
  }
}

/** Node's codes for a certificate that is not trusted (OpenSSL's names and Node's own). */
const TLS_ERROR =
  /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH_EXCEEDED|INVALID_PURPOSE)/

/** Node's codes of failures that happen before anything of the request can be sent. */
const BEFORE_SENDING = new Set([
  'ECONNREFUSED',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ERR_PROXY_TUNNEL',
])

function classifyConnectionError(failure: ApiFailure): FailureKind {
  const code = failure.code ?? ''
  if (TLS_ERROR.test(code)) return 'untrusted-host'
  if (code === 'ENOTFOUND') return 'unknown-host'
  if (!failure.connected || BEFORE_SENDING.has(code)) return 'not-connected'
  // The SDK's own complaint about a body that is no JSON or XML has no code; llhttp's is HPE_*.
  if (failure.name === 'SyntaxError' || code.startsWith('HPE_')) return 'unreadable'
  return 'no-answer'
}

/** Names that AWS uses for throttling (the SDK's own list, `@smithy/core` 3.41). */
const THROTTLING =
  /^(?:BandwidthLimitExceeded|EC2ThrottledException|LimitExceededException|PriorRequestNotComplete|ProvisionedThroughputExceededException|RequestLimitExceeded|RequestThrottled(?:Exception)?|SlowDown|ThrottledException|Throttling(?:Exception)?|TooManyRequestsException|TransactionInProgressException)$/

const CLOCK_SKEW = /^(?:RequestExpired|RequestInTheFuture|RequestTimeTooSkewed)$/
const EXPIRED = /^(?:ExpiredToken(?:Exception)?|TokenRefreshRequired)$/
const INVALID_CREDENTIALS =
  /^(?:AuthFailure|IncompleteSignature(?:Exception)?|InvalidAccessKeyId|InvalidClientTokenId|InvalidSignatureException|MissingAuthenticationToken(?:Exception)?|SignatureDoesNotMatch|UnrecognizedClientException)$/
const ACCESS_DENIED =
  /^(?:AccessDenied(?:Exception)?|UnauthorizedOperation|NotAuthorized(?:Exception)?)$/
// Answers of a gateway in front of the service carry the same text without a name.
const ACCESS_DENIED_MESSAGE = /\bis not authorized to perform\b/

// "There is already a pending job for the requested appId …", "A deployment is in progress."
const JOB_PENDING_MESSAGE = /\bpending job\b|\bin progress\b|\banother (?:backend )?job\b/i
// "Amazon S3 storage was already added to your project.", "… already exists"
const ALREADY_EXISTS_MESSAGE = /\balready (?:been )?(?:exists?|added|created)\b/i

function classifyClientError(failure: ApiFailure, status: number): FailureKind {
  const { name, message } = failure
  if (status === 429 || THROTTLING.test(name)) return 'throttled'
  // A request that the server gave up waiting for; a proxy says the same of a request it passed on.
  if (status === 408) return 'no-answer'
  if (failure.clockSkewCorrected || CLOCK_SKEW.test(name)) return 'clock-skew'
  if (EXPIRED.test(name)) return 'credentials-expired'
  if (INVALID_CREDENTIALS.test(name)) return 'credentials-refused'
  if (ACCESS_DENIED.test(name) || (status === 403 && ACCESS_DENIED_MESSAGE.test(message)))
    return 'access-denied'
  if (status === 404) return 'not-found'
  if (status === 407) return 'not-connected'
  if (status === 401) return 'credentials-refused'
  if (status === 403) return 'refused'
  if (JOB_PENDING_MESSAGE.test(message)) return 'busy'
  if (status === 409 || ALREADY_EXISTS_MESSAGE.test(message)) return 'exists'
  return status === 400 ? 'bad-request' : 'refused'
}

/** Whether a text of the service (a refusal, a failed job) says that the storage is there already. */
export function isAlreadyExistsMessage(text: string): boolean {
  return ALREADY_EXISTS_MESSAGE.test(text)
}
