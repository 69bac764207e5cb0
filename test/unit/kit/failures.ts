/** Failures of calls as the SDK's side of the port hands them over, one for each kind of trouble. */
import type { Failure } from '../../../src/failure.ts'

/** A failure of which everything but what is given is unremarkable. */
export function aFailure(members: Partial<Failure> = {}): Failure {
  return {
    operation: 'CreateBackendStorage',
    status: undefined,
    name: 'Unknown',
    code: undefined,
    message: '',
    connected: true,
    timeLimit: false,
    requestId: undefined,
    retryAfterMs: undefined,
    clockSkewCorrected: false,
    ...members,
  }
}

const answered = (status: number, name: string, message: string): Partial<Failure> => ({
  status,
  name,
  message,
  requestId: `request-${status}`,
})

const broken = (code: string, message: string, connected: boolean): Partial<Failure> => ({
  name: 'Error',
  code,
  message,
  connected,
})

/** What the client sees of a call that goes wrong. */
export const TROUBLES = {
  throttled: answered(429, 'TooManyRequestsException', 'Rate exceeded'),
  throttledUntyped: answered(429, 'Unknown', 'Too Many Requests'),
  gatewayTimeout: answered(504, 'GatewayTimeoutException', 'Endpoint request timed out'),
  gatewayTimeoutPage: answered(504, 'SyntaxError', 'Unexpected token <'),
  internalError: answered(500, 'Unknown', 'Internal server error'),
  badGateway: answered(502, 'SyntaxError', 'Unexpected token <'),
  unavailable: answered(503, 'Unknown', 'Service Unavailable'),
  requestTimeout: answered(408, 'Unknown', 'Request Timeout'),
  notFound: answered(404, 'NotFoundException', 'App not found'),
  accessDenied: answered(403, 'AccessDeniedException', 'User is not authorized to perform that'),
  forbidden: answered(403, 'Unknown', 'Forbidden'),
  badRequest: answered(400, 'BadRequestException', 'Invalid request'),
  expired: answered(403, 'ExpiredTokenException', 'The security token is expired'),
  badKeys: answered(403, 'UnrecognizedClientException', 'The security token is invalid'),
  empty: answered(200, 'Error', 'the answer lacks what it must have'),
  page: answered(200, 'SyntaxError', 'Unexpected token <'),
  redirect: answered(307, 'Unknown', 'Temporary Redirect'),
  reset: { ...broken('ECONNRESET', 'socket hang up', true), name: 'TimeoutError' },
  garbage: broken('HPE_INVALID_CONSTANT', 'Parse Error: Expected HTTP/', true),
  connectionRefused: broken('ECONNREFUSED', 'connect ECONNREFUSED', false),
  handshakeReset: broken('ECONNRESET', 'Client network socket disconnected', false),
  nameServerDown: broken('EAI_AGAIN', 'getaddrinfo EAI_AGAIN', false),
  unknownHost: broken('ENOTFOUND', 'getaddrinfo ENOTFOUND', false),
  untrusted: broken('SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in chain', false),
  /** No answer ever; the client's own time limit ends the call. */
  stall: { name: 'TimeLimitError', message: 'no answer in time', timeLimit: true },
} as const satisfies Record<string, Partial<Failure>>

export type Trouble = keyof typeof TROUBLES

/** The failure of an operation in a kind of trouble. */
export function failureOf(
  operation: string,
  trouble: Trouble,
  members: Partial<Failure> = {},
): Failure {
  return aFailure({ operation, ...TROUBLES[trouble], ...members })
}

/** Trouble after which the call may or may not have been carried out. */
export const AMBIGUOUS = [
  'gatewayTimeout',
  'gatewayTimeoutPage',
  'internalError',
  'badGateway',
  'unavailable',
  'requestTimeout',
  'empty',
  'page',
  'redirect',
  'reset',
  'garbage',
  'stall',
] as const satisfies readonly Trouble[]

/** Trouble that passes, and in which nothing was carried out. */
export const HARMLESS = [
  'throttled',
  'throttledUntyped',
  'connectionRefused',
  'handshakeReset',
  'nameServerDown',
  'unknownHost',
] as const satisfies readonly Trouble[]

/** Trouble that does not pass. */
export const HOPELESS = [
  'badRequest',
  'forbidden',
  'badKeys',
  'untrusted',
] as const satisfies readonly Trouble[]
