/**
 * What a failed call means. One classification serves all operations: by HTTP status first, then by the
 * name of the error, then by its code, because the AWS models and the REST reference use different names
 * for the same status.
 */
import { isNoTlsCode, isTlsErrorCode } from './error-codes.ts'
import { isRedirect, type ApiFailure } from './failure.ts'

export type FailureKind =
  /** Too many requests. Not executed. */
  | 'throttled'
  /** No connection was established. Not executed. */
  | 'connection-failed'
  /** The proxy refuses the host, or requires other credentials. Not executed; retries do not help. */
  | 'proxy-refused'
  /** The host name does not exist. Not executed. */
  | 'dns-not-found'
  /** The certificate of the host is not trusted. Not executed; retries do not help. */
  | 'tls-error'
  /** The other end answers without TLS. Not executed; retries do not help. */
  | 'no-tls'
  /** The clocks differ; the SDK signs the next request with the server's time. Not executed. */
  | 'clock-skew'
  /** The gateway timed out. Executed or not. */
  | 'gateway-timeout'
  /** Another server error. Executed or not. */
  | 'server-error'
  /** The connection broke or the call timed out. Executed or not. */
  | 'no-response'
  /** The response could not be understood. Executed or not. */
  | 'malformed-response'
  /** Another job of the environment is pending. Not executed. */
  | 'job-pending'
  /** The storage already exists. Not executed. */
  | 'already-exists'
  | 'not-found'
  | 'access-denied'
  | 'credentials-expired'
  | 'credentials-invalid'
  | 'bad-request'
  /** Something between the runner and the service responded. Executed or not; retries do not help. */
  | 'intermediary-response'
  /** Another client error. Not executed. */
  | 'client-error'

export function classifyFailure(failure: ApiFailure): FailureKind {
  const { status } = failure
  if (status === undefined) return classifyConnectionError(failure)
  if (status === 504) return 'gateway-timeout'
  if (status >= 500) return 'server-error'
  // The same request would get the same redirect again.
  if (isRedirect(failure)) return 'intermediary-response'
  if (status < 400) return 'malformed-response'
  return classifyClientError(failure, status)
}

/** Whether the server may have executed the call. */
export function mayHaveBeenExecuted(kind: FailureKind): boolean {
  switch (kind) {
    case 'gateway-timeout':
    case 'server-error':
    case 'no-response':
    case 'malformed-response':
    case 'intermediary-response':
      return true
    case 'throttled':
    case 'connection-failed':
    case 'dns-not-found':
    case 'proxy-refused':
    case 'tls-error':
    case 'no-tls':
    case 'clock-skew':
    case 'job-pending':
    case 'already-exists':
    case 'not-found':
    case 'access-denied':
    case 'credentials-expired':
    case 'credentials-invalid':
    case 'bad-request':
    case 'client-error':
      return false
  }
}

/** Whether the same call can succeed a little later. */
export function isRetryable(kind: FailureKind): boolean {
  switch (kind) {
    case 'throttled':
    case 'connection-failed':
    case 'dns-not-found':
    case 'clock-skew':
      return true
    case 'intermediary-response':
      return false
    default:
      return mayHaveBeenExecuted(kind)
  }
}

/** The end of Node's message for a proxy whose decision about CONNECT is final. */
const TUNNEL_REFUSED = /: HTTP\/1\.\d 40[37]\b/

/** An established connection can break with any code, after the request was sent. */
function classifyConnectionError({ connected, code = '', name, message }: ApiFailure): FailureKind {
  if (connected) {
    // The SDK's error for a body that is not JSON or XML has no code; the HTTP parser's codes are HPE_*.
    return name === 'SyntaxError' || code.startsWith('HPE_') ? 'malformed-response' : 'no-response'
  }
  if (isTlsErrorCode(code)) return 'tls-error'
  if (isNoTlsCode(code)) return 'no-tls'
  if (code === 'ERR_PROXY_TUNNEL' && TUNNEL_REFUSED.test(message)) return 'proxy-refused'
  return code === 'ENOTFOUND' ? 'dns-not-found' : 'connection-failed'
}

/**
 * The names of throttling errors (from the SDK's own list in `@smithy/core` 3.41). The service uses
 * `LimitExceededException` for a quota, except with the status 429.
 */
const THROTTLING =
  /^(?:BandwidthLimitExceeded|EC2ThrottledException|PriorRequestNotComplete|ProvisionedThroughputExceededException|RequestLimitExceeded|RequestThrottled(?:Exception)?|SlowDown|ThrottledException|Throttling(?:Exception)?|TooManyRequestsException|TransactionInProgressException)$/

const CLOCK_SKEW = /^(?:RequestExpired|RequestInTheFuture|RequestTimeTooSkewed)$/
const EXPIRED = /^(?:ExpiredToken(?:Exception)?|TokenRefreshRequired)$/
const INVALID_CREDENTIALS =
  /^(?:AuthFailure|IncompleteSignature(?:Exception)?|InvalidAccessKeyId|InvalidClientTokenId|InvalidSignatureException|MissingAuthenticationToken(?:Exception)?|SignatureDoesNotMatch|UnrecognizedClientException)$/
const ACCESS_DENIED =
  /^(?:AccessDenied(?:Exception)?|UnauthorizedOperation|NotAuthorized(?:Exception)?)$/
// A gateway in front of the service sends the same message without a name.
const ACCESS_DENIED_MESSAGE = /\bis not authorized to perform\b/

// "There is already a pending job for the requested appId …", "A deployment is in progress."
const JOB_PENDING_MESSAGE = /\bpending job\b|\bin progress\b|\banother (?:backend )?job\b/i
// "Amazon S3 storage was already added to your project.", "… already exists"
const ALREADY_EXISTS_MESSAGE = /\balready (?:been )?(?:exists?|added|created)\b/i

function classifyClientError(failure: ApiFailure, status: number): FailureKind {
  const { name, message, clockSkewCorrected } = failure
  if (status === 429 || THROTTLING.test(name)) return 'throttled'
  // The server stopped waiting for the request; a proxy sends it for a request that it had passed on.
  if (status === 408) return 'no-response'
  if (status === 407) return 'proxy-refused'
  if (failure.fromMiddlebox === true) return 'intermediary-response'
  if (CLOCK_SKEW.test(name)) return 'clock-skew'
  if (clockSkewCorrected && (status === 403 || INVALID_CREDENTIALS.test(name))) return 'clock-skew'
  if (EXPIRED.test(name)) return 'credentials-expired'
  if (INVALID_CREDENTIALS.test(name)) return 'credentials-invalid'
  if (ACCESS_DENIED.test(name) || (status === 403 && ACCESS_DENIED_MESSAGE.test(message))) {
    return 'access-denied'
  }
  if (status === 404) return 'not-found'
  if (status === 401) return 'credentials-invalid'
  // A quota, if the status is not 429.
  if (status === 403 || name === 'LimitExceededException') return 'client-error'
  if (JOB_PENDING_MESSAGE.test(message)) return 'job-pending'
  if (status === 409 || ALREADY_EXISTS_MESSAGE.test(message)) return 'already-exists'
  return status === 400 ? 'bad-request' : 'client-error'
}

/** Whether a message of the service (an error, a failed job) says that the storage already exists. */
export function isAlreadyExistsMessage(message: string): boolean {
  return ALREADY_EXISTS_MESSAGE.test(message)
}
