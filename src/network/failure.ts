/**
 * What went wrong with one call, as plain data, whatever threw it: the SDK, a socket, a parser or a
 * time limit.
 */
import type { Route } from './route.ts'
import { sanitizeLine } from '../lib/text.ts'

export type ApiFailure = Readonly<{
  /** The API operation, for example `CreateBackendStorage`. */
  operation: string
  /** HTTP status of the answer; undefined where none came. */
  status: number | undefined
  /** The error type as the service or Node names it, `Unknown` where nobody does. */
  name: string
  /** Node's error code, for example `ECONNRESET`. */
  code: string | undefined
  /** One line for people, hostile text already made harmless. */
  message: string
  /** False only when the connection never came about, so that nothing can have been executed. */
  connected: boolean
  /** True when our own time limit ended the call. */
  timedOut: boolean
  requestId: string | undefined
  /** What the server asks to wait, in milliseconds. */
  retryAfterMs: number | undefined
  /** The SDK has just learnt that the clocks differ and signs the next request accordingly. */
  clockSkewCorrected: boolean
  /** Which way the request was to take; undefined where it was never made. */
  route?: Route | undefined
}>

/** What is known of the answer from its head, however its body fared. */
export type ResponseHead = Readonly<{
  status: number
  headers: Readonly<Record<string, string | undefined>>
}>

/** The end of a call by our own time limit. */
export class TimeoutError extends Error {
  override readonly name = 'TimeLimitError'
}

export type FailureContext = Readonly<{
  operation: string
  connected: boolean
  head: ResponseHead | undefined
  route?: Route | undefined
}>

/** What the SDK appends to every error that is thrown while it reads an answer. */
const SDK_NOTE =
  /\s*Deserialization error: to see the raw response, [^\n]*\$response on this object\.$/

/** Reads a thrown value; never throws itself. */
export function toApiFailure(thrown: unknown, circumstances: FailureContext): ApiFailure {
  const { operation, head, connected, route } = circumstances
  const chain = collectCauses(thrown)
  const codes = chain.map((error) => textOf(error, 'code')).filter((code) => code !== undefined)
  const metadata = property(thrown, '$metadata')
  const name = errorName(thrown)
  const said = getMessage(chain)
  const message = said.replace(SDK_NOTE, '')
  // What the SDK stumbled over while it read the body, in words for its own programmers.
  const stumbled = message !== said && codes.length === 0 && name !== 'SyntaxError'
  return {
    operation,
    status: head?.status ?? numberOf(metadata, 'httpStatusCode'),
    name: stumbled ? 'Error' : sanitizeLine(name, 80),
    code: codes[0],
    message: stumbled ? 'the answer could not be read' : sanitizeLine(message, 1000),
    connected,
    timedOut: chain.some((error) => error instanceof TimeoutError),
    requestId: getRequestId(head) ?? sanitizeRequestId(textOf(metadata, 'requestId')),
    retryAfterMs: head === undefined ? undefined : parseRetryAfterMs(head.headers),
    clockSkewCorrected: property(metadata, 'clockSkewCorrected') === true,
    route,
  }
}

/** The request id of an answer, for AWS support; only characters that an id has. */
export function getRequestId(head: ResponseHead | undefined): string | undefined {
  return sanitizeRequestId(head?.headers['x-amzn-requestid'] ?? head?.headers['x-amz-request-id'])
}

/** The server's own time from its `Date` header, in milliseconds since 1970. */
export function getServerTime(head: ResponseHead | undefined): number | undefined {
  return parseHttpDate(head?.headers['date'])
}

function parseHttpDate(text: string | undefined): number | undefined {
  const time = text === undefined ? NaN : Date.parse(text)
  return Number.isNaN(time) ? undefined : time
}

/**
 * The wait that `Retry-After` asks for: seconds, or an HTTP date, which is compared with the server's own
 * `Date` (RFC 9110, section 10.2.3). Negative and unreadable values count as absent.
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

/** The thrown value, its causes, and the parts of aggregated errors, outermost first. */
function collectCauses(thrown: unknown): readonly unknown[] {
  const found: unknown[] = []
  const visit = (value: unknown): void => {
    if (value === undefined || value === null) return
    // A chain can be a circle, and a hostile one long.
    if (found.length >= 20 || found.includes(value)) return
    found.push(value)
    const parts = property(value, 'errors')
    if (Array.isArray(parts)) parts.forEach(visit)
    visit(property(value, 'cause'))
  }
  visit(thrown)
  return found
}

/**
 * A message that is never blank: an aggregate of connection failures has an empty message of its own and
 * one for each address (nodejs/node#54359).
 */
function getMessage(chain: readonly unknown[]): string {
  const messages = chain
    .map((error) => (typeof error === 'string' ? error : (textOf(error, 'message') ?? '')))
    .filter((message) => sanitizeLine(message) !== '')
  const [first, ...rest] = messages
  if (first === undefined) {
    const name = textOf(chain[0], 'name') ?? ''
    return name === '' ? 'no message' : name
  }
  const isAggregate = Array.isArray(property(chain[0], 'errors'))
  return isAggregate ? [first, ...rest].join('; ') : first
}

function errorName(thrown: unknown): string {
  const name = textOf(thrown, 'name')
  return name === undefined || name === '' ? 'Unknown' : name
}

function property(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  try {
    return Reflect.get(value, key)
  } catch {
    // A property that cannot be read says nothing.
    return undefined
  }
}

function textOf(value: unknown, key: string): string | undefined {
  const found = property(value, key)
  return typeof found === 'string' ? found : undefined
}

function numberOf(value: unknown, key: string): number | undefined {
  const found = property(value, key)
  return typeof found === 'number' ? found : undefined
}
