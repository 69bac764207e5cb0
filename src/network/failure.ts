/** A failed call as plain data, whatever threw it: the SDK, a socket, a parser or a time limit. */
import { getNumber, getProperty, getString } from '../lib/json.ts'
import { sanitizeLine } from '../lib/text.ts'
import { TimeoutError } from '../lib/timeout.ts'
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
  /** One sanitized line. */
  message: string
  /** False when no connection was established, so that nothing can have been executed. */
  connected: boolean
  /** True when our own time limit ended the call. */
  timedOut: boolean
  requestId: string | undefined
  /** The delay that the server asks for, in milliseconds. */
  retryAfterMs: number | undefined
  /** The SDK noticed that the clocks differ, and will sign the next request with the server's time. */
  clockSkewCorrected: boolean
  /** The route of the request; undefined when none was made. */
  route?: Route | undefined
}>

/** The head of a response, known even when its body cannot be read. */
export type ResponseHead = Readonly<{
  status: number
  headers: Readonly<Record<string, string | undefined>>
}>

export type FailureContext = Readonly<{
  operation: string
  connected: boolean
  head: ResponseHead | undefined
  route?: Route | undefined
}>

/** The SDK appends this to every error that it throws while it reads a response. */
const SDK_NOTE =
  /\s*Deserialization error: to see the raw response, [^\n]*\$response on this object\.$/

/** Converts a thrown value of any type. Never throws. */
export function toApiFailure(error: unknown, context: FailureContext): ApiFailure {
  const { operation, head, connected, route } = context
  const chain = collectCauses(error)
  const code = chain.map((cause) => getString(cause, 'code')).find((found) => found !== undefined)
  const metadata = getProperty(error, '$metadata')
  const name = getErrorName(error)
  const fullMessage = getMessage(chain)
  const message = fullMessage.replace(SDK_NOTE, '')
  // A parser error of the SDK, with a message that only its own developers understand.
  const isParserError = message !== fullMessage && code === undefined && name !== 'SyntaxError'
  return {
    operation,
    status: head?.status ?? getNumber(metadata, 'httpStatusCode'),
    name: isParserError ? 'Error' : sanitizeLine(name, 80),
    code,
    message: isParserError ? 'the response could not be parsed' : sanitizeLine(message, 1000),
    connected,
    timedOut: chain.some((cause) => cause instanceof TimeoutError),
    requestId: getRequestId(head) ?? sanitizeRequestId(getString(metadata, 'requestId')),
    retryAfterMs: head === undefined ? undefined : parseRetryAfterMs(head.headers),
    clockSkewCorrected: getProperty(metadata, 'clockSkewCorrected') === true,
    route,
  }
}

/** A short description of a failure: `429 TooManyRequestsException: Rate exceeded`. */
export function formatFailure({ timedOut, status, code, name, message }: ApiFailure): string {
  if (timedOut) return 'no response within the time limit'
  // The message of the JSON parser about an HTML page does not help anybody.
  if (name === 'SyntaxError' && status !== undefined) return `${status}: the response is not JSON`
  // Names without information; the SDK calls every broken connection a `TimeoutError`.
  const isGeneric =
    name === 'Unknown' || name === 'Error' || (code !== undefined && name === 'TimeoutError')
  const head = [status, code, isGeneric ? undefined : name].filter((part) => part !== undefined)
  // The SDK sets this message when the response has none.
  const detail = /^Unknown(?:Error)?$/.test(message) ? 'no reason given' : message
  return [head.join(' '), detail].filter((part) => part !== '').join(': ')
}

/** The request ID of a response, for AWS Support; undefined when it contains unexpected characters. */
export function getRequestId(head: ResponseHead | undefined): string | undefined {
  return sanitizeRequestId(head?.headers['x-amzn-requestid'] ?? head?.headers['x-amz-request-id'])
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

function sanitizeRequestId(id: string | undefined): string | undefined {
  return id !== undefined && /^[\w.:/=+-]{1,128}$/.test(id) ? id : undefined
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
function getMessage(chain: readonly unknown[]): string {
  const messages = chain
    .map((error) => (typeof error === 'string' ? error : (getString(error, 'message') ?? '')))
    .filter((message) => sanitizeLine(message) !== '')
  const [first, ...rest] = messages
  if (first === undefined) {
    const name = getString(chain[0], 'name') ?? ''
    return name === '' ? 'no message' : name
  }
  const isAggregate = Array.isArray(getProperty(chain[0], 'errors'))
  return isAggregate ? [first, ...rest].join('; ') : first
}

function getErrorName(error: unknown): string {
  const name = getString(error, 'name')
  return name === undefined || name === '' ? 'Unknown' : name
}
