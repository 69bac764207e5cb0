/** Failures of calls as `src/aws` reports them to the core, one for each way to fail. */
import type { ApiFailure } from '../../../src/network/failure.ts'

/** A failure with the given members; the others have no meaning. */
export function aFailure(members: Partial<ApiFailure> = {}): ApiFailure {
  return {
    operation: 'CreateBackendStorage',
    status: undefined,
    name: 'Unknown',
    code: undefined,
    message: '',
    connected: true,
    timedOut: false,
    requestId: undefined,
    retryAfterMs: undefined,
    clockSkewCorrected: false,
    ...members,
  }
}

const withResponse = (status: number, name: string, message: string): Partial<ApiFailure> => ({
  status,
  name,
  message,
  requestId: `request-${status}`,
})

const withoutResponse = (
  code: string,
  message: string,
  connected: boolean,
): Partial<ApiFailure> => ({
  name: 'Error',
  code,
  message,
  connected,
})

/** What the client sees of a call that fails. */
export const FAILURES = {
  throttled: withResponse(429, 'TooManyRequestsException', 'Rate exceeded'),
  throttledUntyped: withResponse(429, 'Unknown', 'Too Many Requests'),
  gatewayTimeout: withResponse(504, 'GatewayTimeoutException', 'Endpoint request timed out'),
  gatewayTimeoutPage: withResponse(504, 'SyntaxError', 'Unexpected token <'),
  internalError: withResponse(500, 'Unknown', 'Internal server error'),
  badGateway: withResponse(502, 'SyntaxError', 'Unexpected token <'),
  unavailable: withResponse(503, 'Unknown', 'Service Unavailable'),
  requestTimeout: withResponse(408, 'Unknown', 'Request Timeout'),
  notFound: withResponse(404, 'NotFoundException', 'App not found'),
  accessDenied: withResponse(
    403,
    'AccessDeniedException',
    'User is not authorized to perform that',
  ),
  forbidden: withResponse(403, 'Unknown', 'Forbidden'),
  badRequest: withResponse(400, 'BadRequestException', 'Invalid request'),
  conflict: withResponse(409, 'ConflictException', 'The backend is being updated'),
  expired: withResponse(403, 'ExpiredTokenException', 'The security token is expired'),
  badKeys: withResponse(403, 'UnrecognizedClientException', 'The security token is invalid'),
  empty: withResponse(200, 'Error', 'the response lacks required fields'),
  page: withResponse(200, 'SyntaxError', 'Unexpected token <'),
  /** A proxy or a firewall has responded, perhaps after it passed the request on. */
  blockedPage: { ...withResponse(403, 'Unknown', 'Blocked'), fromMiddlebox: true },
  redirect: { ...withResponse(307, 'Unknown', 'Temporary Redirect'), fromMiddlebox: true },
  reset: { ...withoutResponse('ECONNRESET', 'socket hang up', true), name: 'TimeoutError' },
  garbage: withoutResponse('HPE_INVALID_CONSTANT', 'Parse Error: Expected HTTP/', true),
  hostUnreachable: withoutResponse('EHOSTUNREACH', 'read EHOSTUNREACH', true),
  connectionRefused: withoutResponse('ECONNREFUSED', 'connect ECONNREFUSED', false),
  handshakeReset: withoutResponse('ECONNRESET', 'Client network socket disconnected', false),
  nameServerDown: withoutResponse('EAI_AGAIN', 'getaddrinfo EAI_AGAIN', false),
  unknownHost: withoutResponse('ENOTFOUND', 'getaddrinfo ENOTFOUND', false),
  untrusted: withoutResponse(
    'SELF_SIGNED_CERT_IN_CHAIN',
    'self-signed certificate in chain',
    false,
  ),
  /** No response ever comes; the client's own timeout ends the call. */
  stall: { name: 'TimeoutError', message: 'timed out after 20 s', timedOut: true },
} as const satisfies Record<string, Partial<ApiFailure>>

export type FailureName = keyof typeof FAILURES

export function createFailure(
  operation: string,
  name: FailureName,
  members: Partial<ApiFailure> = {},
): ApiFailure {
  return aFailure({ operation, ...FAILURES[name], ...members })
}

/** Failures of calls that may or may not have been executed. */
export const AMBIGUOUS = [
  'gatewayTimeout',
  'gatewayTimeoutPage',
  'internalError',
  'badGateway',
  'unavailable',
  'requestTimeout',
  'empty',
  'page',
  'reset',
  'garbage',
  'hostUnreachable',
  'stall',
] as const satisfies readonly FailureName[]

/** Temporary failures of calls that were certainly not executed. */
export const NOT_EXECUTED = [
  'throttled',
  'throttledUntyped',
  'connectionRefused',
  'handshakeReset',
  'nameServerDown',
  'unknownHost',
] as const satisfies readonly FailureName[]

/** Failures that a retry cannot fix. */
export const PERMANENT = [
  'badRequest',
  'forbidden',
  'badKeys',
  'untrusted',
] as const satisfies readonly FailureName[]

/** Whether the client cannot know if the call was executed; judged by other means than in the code. */
export const isAmbiguous = ({ status, connected, timedOut, code }: ApiFailure): boolean =>
  status === undefined
    ? timedOut || (connected && code !== undefined)
    : status >= 500 || status < 300 || status === 408
