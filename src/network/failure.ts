/** A failed call as plain data, whatever threw it: the SDK, a socket, a parser or a time limit. */
import { ActionError } from '../errors/action-error.ts'
import { getNumber, getProperty, getString } from '../lib/json.ts'
import { sanitizeLine } from '../lib/text.ts'
import { TimeoutError } from '../lib/timeout.ts'
import { isConnectErrorCode, refineTlsCode } from './error-codes.ts'
import type { Route } from './route.ts'

export type ApiFailure = Readonly<{
  /** The API operation, for example `CreateBackendStorage`. */
  operation: string
  /** HTTP status of the response; undefined when there was none. */
  status: number | undefined
  /** The error type from the service or Node.js; `Unknown` when there is none. */
  name: string
  /** The error code of Node.js, for example `ECONNRESET`. */
  code: string | undefined
  /** One sanitized line, without secrets. */
  message: string
  /** False when no connection was established, so that nothing can have been executed. */
  connected: boolean
  /** True when our own time limit ended the call. */
  timedOut: boolean
  requestId: string | undefined
  /** The delay that the server asks for, in milliseconds. */
  retryAfterMs: number | undefined
  /** The request was signed with a wrong time; the SDK signs the next one with the server's time. */
  clockSkewCorrected: boolean
  /** The route of the request; undefined when none was made. */
  route?: Route | undefined
  /** Something between the runner and the service has responded: a page or a plain text. */
  fromMiddlebox?: boolean | undefined
  /** Why no request could be made, as the error to report when no attempt is left. */
  error?: ActionError | undefined
}>

/** The head of a response, known even when its body cannot be read. */
export type ResponseHead = Readonly<{
  status: number
  headers: Readonly<Record<string, string | undefined>>
}>

export type FailureContext = Readonly<{
  operation: string
  /** Undefined if the agent does not record it; then the code of the error decides. */
  connected: boolean | undefined
  head: ResponseHead | undefined
  route?: Route | undefined
  /** The time that the request was signed with, in milliseconds since 1970. */
  signedAt?: number | undefined
  /** Removes secrets from a text, before it is truncated and before anything else looks at it. */
  redact: Redact
}>

export type Redact = (text: string) => string

/** The SDK appends this to every error that it throws while it reads a response. */
const SDK_NOTE =
  'Deserialization error: to see the raw response, inspect the hidden field {error}.$response on this object.'

/** Node.js appends this to errors of certificates; the advice names a variable in its place. */
const NODE_NOTE = '; if the root CA is installed locally, try running Node.js with --use-system-ca'

/** From this difference of the clocks on, the SDK corrects the time of its signatures. */
const CLOCK_SKEW_MS = 240_000

/** Converts a thrown value of any type. Never throws. */
export function toApiFailure(error: unknown, context: FailureContext): ApiFailure {
  const { operation, head, connected, route, redact } = context
  const chain = collectCauses(error)
  const code = getCode(chain, redact)
  const metadata = getProperty(error, '$metadata')
  const name = redact(getErrorName(error))
  const fullMessage = getRedirect(head, redact) ?? redact(getMessage(chain, code))
  const hasNote = fullMessage.endsWith(SDK_NOTE)
  // A parser error of the SDK, with a message that only its own developers understand.
  const isParserError = hasNote && code === undefined && name !== 'SyntaxError'
  const message = hasNote ? fullMessage.slice(0, -SDK_NOTE.length) : fullMessage
  return {
    operation,
    status: head?.status ?? getNumber(metadata, 'httpStatusCode'),
    name: isParserError ? 'Error' : sanitizeLine(name, 80),
    code,
    message: isParserError
      ? 'the response could not be parsed'
      : appendLimitType(sanitizeLine(message, 1000), error, redact),
    connected: head !== undefined || (connected ?? !isConnectErrorCode(code ?? '')),
    timedOut: chain.some((cause) => cause instanceof TimeoutError),
    requestId:
      getRequestId(head, redact) ?? sanitizeRequestId(getString(metadata, 'requestId'), redact),
    retryAfterMs: head === undefined ? undefined : parseRetryAfterMs(head.headers),
    clockSkewCorrected:
      getProperty(metadata, 'clockSkewCorrected') === true && wasSignedWithWrongTime(context),
    route,
    fromMiddlebox: isFromMiddlebox(head) || undefined,
    error: chain.find((cause) => cause instanceof ActionError),
  }
}

/** The services respond with JSON or XML; a redirect, a page or a plain text comes from something in between. */
function isFromMiddlebox(head: ResponseHead | undefined): boolean {
  if (head === undefined) return false
  if (isRedirect(head)) return true
  return (
    head.status >= 400 && /^\s*text\/(?:html|plain)\b/i.test(head.headers['content-type'] ?? '')
  )
}

/**
 * Where a redirect leads to; the host only, because the rest can contain a token. Secrets are removed first,
 * because the URL parser turns a host into lower case.
 */
function getRedirect(head: ResponseHead | undefined, redact: Redact): string | undefined {
  if (head === undefined || !isRedirect(head)) return undefined
  const { location } = head.headers
  const target =
    location === undefined ? '' : ` to ${URL.parse(redact(location))?.host ?? 'another path'}`
  return `the request was redirected${target}; redirects are not followed`
}

/** A code of Node.js. The SDK copies the members of a response to its error, and one may be `code`. */
function getCode(chain: readonly unknown[], redact: Redact): string | undefined {
  const code = chain.map((cause) => getString(cause, 'code')).find((found) => found !== undefined)
  if (code === undefined || !/^[A-Z][A-Z\d_]{1,60}$/.test(redact(code))) return undefined
  return refineTlsCode(code, getString(chain[0], 'message') ?? '')
}

/** Appends which limit was exceeded, which the service names in a member of its own. */
function appendLimitType(message: string, error: unknown, redact: Redact): string {
  const limitType = getString(error, 'LimitType') ?? getString(error, 'limitType') ?? ''
  const text = sanitizeLine(redact(limitType), 80)
  return text === '' ? message : `${message} (limitType: ${text})`
}

/** The SDK marks every error while the clocks differ, also those of requests with a corrected time. */
function wasSignedWithWrongTime({ signedAt, head }: FailureContext): boolean {
  // Without one of the times, the difference is NaN, which no comparison is true for.
  const difference = (getServerTime(head) ?? NaN) - (signedAt ?? NaN)
  return Math.abs(difference) >= CLOCK_SKEW_MS
}

export function isRedirect({ status = 0 }: Readonly<{ status: number | undefined }>): boolean {
  return status >= 300 && status < 400
}

/** A short description of a failure: `429 TooManyRequestsException: Rate exceeded`. */
export function formatFailure(failure: ApiFailure): string {
  const { timedOut, status, code, name, message, retryAfterMs = 0 } = failure
  if (timedOut) return 'no response within the time limit'
  if (failure.fromMiddlebox === true) {
    const redirect = isRedirect(failure) ? `: ${message}` : ''
    return `something between the runner and AWS answered with ${status}${redirect}`
  }
  // The message of the JSON parser about an HTML page does not help anybody.
  if (name === 'SyntaxError' && status !== undefined) return `${status}: the response is not JSON`
  // Names without information; the SDK calls every broken connection a `TimeoutError`.
  const isGeneric =
    name === 'Unknown' || name === 'Error' || (code !== undefined && name === 'TimeoutError')
  const head = [status, code, isGeneric ? undefined : name].filter((part) => part !== undefined)
  // The SDK sets this message when the response has none.
  const detail = /^Unknown(?:Error)?$/.test(message) ? 'no reason given' : message
  const wait = retryAfterMs < 1_000 ? '' : ` (Retry-After: ${Math.ceil(retryAfterMs / 1000)} s)`
  return `${[head.join(' '), detail].filter((part) => part !== '').join(': ')}${wait}`
}

/** The request ID of a response, for AWS Support; undefined when it contains unexpected characters. */
export function getRequestId(head: ResponseHead | undefined, redact: Redact): string | undefined {
  const id = head?.headers['x-amzn-requestid'] ?? head?.headers['x-amz-request-id']
  return sanitizeRequestId(id, redact)
}

/** The server's time from its `Date` header, in milliseconds since 1970. */
export function getServerTime(head: ResponseHead | undefined): number | undefined {
  return parseHttpDate(head?.headers['date'])
}

function parseHttpDate(text: string | undefined): number | undefined {
  const time = text === undefined ? NaN : Date.parse(text)
  return Number.isNaN(time) ? undefined : time
}

/**
 * The delay in `Retry-After`: seconds, or an HTTP date, which is compared with the server's own `Date`
 * (RFC 9110, section 10.2.3). Negative and malformed values count as absent.
 */
export function parseRetryAfterMs(
  headers: Readonly<Record<string, string | undefined>>,
): number | undefined {
  const value = headers['retry-after']?.trim() ?? ''
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  if (!/^[A-Za-z]{3,9},? /.test(value)) return undefined
  const until = parseHttpDate(value)
  return until === undefined
    ? undefined
    : Math.max(0, until - (parseHttpDate(headers['date']) ?? Date.now()))
}

function sanitizeRequestId(id: string | undefined, redact: Redact): string | undefined {
  return id !== undefined && /^[\w.:/=+-]{1,128}$/.test(redact(id)) ? id : undefined
}

/** The thrown value, its causes and the members of aggregate errors, outermost first. */
function collectCauses(error: unknown): readonly unknown[] {
  const found: unknown[] = []
  const visit = (value: unknown): void => {
    if (value === undefined || value === null) return
    // A chain of causes can be circular, and a hostile one very long.
    if (found.length >= 20 || found.includes(value)) return
    found.push(value)
    const members = getProperty(value, 'errors')
    if (Array.isArray(members)) members.forEach(visit)
    visit(getProperty(value, 'cause'))
  }
  visit(error)
  return found
}

/**
 * The first message that is not blank. An aggregate of failed connection attempts often has an empty
 * message and one error for each address (nodejs/node#54359), so its members are listed.
 */
function getMessage(chain: readonly unknown[], code = ''): string {
  if (/^(?:EPROTO$|ERR_SSL_)/.test(code)) return 'the TLS handshake failed'
  const messages = chain
    .map((error) => (typeof error === 'string' ? error : (getString(error, 'message') ?? '')))
    .filter((message) => sanitizeLine(message) !== '')
  const [first, ...rest] = messages
  if (first === undefined) {
    const name = getString(chain[0], 'name') ?? ''
    return name === '' ? 'no message' : name
  }
  const isAggregate = Array.isArray(getProperty(chain[0], 'errors'))
  return (isAggregate ? [first, ...rest].join('; ') : first).replace(NODE_NOTE, '')
}

function getErrorName(error: unknown): string {
  const name = getString(error, 'name')
  return name === undefined || name === '' ? 'Unknown' : name
}
