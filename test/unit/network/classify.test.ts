import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import {
  classifyFailure,
  isAlreadyExistsMessage,
  isRetryable,
  mayHaveBeenExecuted,
  type FailureKind,
} from '../../../src/network/classify.ts'
import type { ApiFailure } from '../../../src/network/failure.ts'
import {
  aFailure,
  AMBIGUOUS,
  FAILURES,
  NOT_EXECUTED,
  PERMANENT,
  type FailureName,
} from '../../support/unit/api-failures.ts'

const classify = (members: Partial<ApiFailure>): FailureKind => classifyFailure(aFailure(members))
const classifyResponse = (status: number, name = 'Unknown', message = ''): FailureKind =>
  classify({ status, name, message })

/** The names that decide the kind of a client error, whatever its status. */
const NAMES = {
  throttled: `BandwidthLimitExceeded EC2ThrottledException SlowDown
    PriorRequestNotComplete ProvisionedThroughputExceededException RequestLimitExceeded
    RequestThrottled RequestThrottledException ThrottledException Throttling ThrottlingException
    TooManyRequestsException TransactionInProgressException`,
  'clock-skew': 'RequestExpired RequestInTheFuture RequestTimeTooSkewed',
  'credentials-expired': 'ExpiredToken ExpiredTokenException TokenRefreshRequired',
  'credentials-invalid': `AuthFailure IncompleteSignature IncompleteSignatureException
    InvalidAccessKeyId InvalidClientTokenId InvalidSignatureException MissingAuthenticationToken
    MissingAuthenticationTokenException SignatureDoesNotMatch UnrecognizedClientException`,
  'access-denied': `AccessDenied AccessDeniedException UnauthorizedOperation NotAuthorized
    NotAuthorizedException`,
} as const satisfies Partial<Record<FailureKind, string>>

test.each<[FailureKind, readonly number[], string]>([
  ['gateway-timeout', [504], 'Unknown SyntaxError TooManyRequestsException AccessDeniedException'],
  ['server-error', [500, 502, 503, 505, 599], 'Unknown ThrottlingException ExpiredTokenException'],
  ['malformed-response', [200, 204, 299], 'Unknown SyntaxError'],
  // Neither STS nor Amplify redirects, and the same request gets the same redirect.
  ['intermediary-response', [300, 301, 302, 307, 399], 'Unknown SyntaxError'],
  ['throttled', [429], 'Unknown LimitExceededException SyntaxError AccessDeniedException'],
  ['throttled', [400, 403, 404, 409], NAMES.throttled],
  // A quota.
  ['client-error', [400, 402, 409], 'LimitExceededException'],
  // A proxy can have passed the request on.
  ['no-response', [408], 'Unknown AccessDeniedException'],
  ['clock-skew', [400, 403], NAMES['clock-skew']],
  ['credentials-expired', [400, 401, 403], NAMES['credentials-expired']],
  ['credentials-invalid', [400, 403], NAMES['credentials-invalid']],
  ['access-denied', [400, 403, 404], NAMES['access-denied']],
  ['not-found', [404], 'Unknown NotFoundException'],
  ['proxy-refused', [407], 'Unknown'],
  ['credentials-invalid', [401], 'Unknown'],
  ['client-error', [402, 403, 405, 422, 499], 'Unknown BadRequestException'],
  ['bad-request', [400], 'Unknown BadRequestException ValidationException'],
])('The kind is %s for each status of %j with each name of %s', (kind, statuses, names) => {
  for (const name of names.split(/\s+/)) {
    for (const status of statuses) expect(classifyResponse(status, name), name).toBe(kind)
  }
})

test.each(Object.values(NAMES).join(' ').split(/\s+/))(
  'A name that only contains %s does not decide the kind',
  (name) => {
    expect(classifyResponse(400, `X${name}`)).toBe('bad-request')
    expect(classifyResponse(400, `${name}X`)).toBe('bad-request')
  },
)

test.each<[Partial<ApiFailure>, FailureKind]>([
  [{ status: 200, code: 'ECONNRESET', name: 'TimeoutError' }, 'malformed-response'],
  [{ status: 429, code: 'ECONNRESET' }, 'throttled'],
  [{ status: 502, timedOut: true }, 'server-error'],
  [{ status: 400, connected: false }, 'bad-request'],
  [{ status: 403, name: 'InvalidSignatureException', clockSkewCorrected: true }, 'clock-skew'],
  [{ status: 500, clockSkewCorrected: true }, 'server-error'],
  [{ status: 403, clockSkewCorrected: true }, 'clock-skew'],
  [{ status: 404, clockSkewCorrected: true }, 'not-found'],
  [{ status: 400, clockSkewCorrected: true }, 'bad-request'],
  [{ status: 400, name: 'SignatureDoesNotMatch', clockSkewCorrected: true }, 'clock-skew'],
  [{ timedOut: true, name: 'TimeoutError' }, 'no-response'],
  [{ timedOut: true, connected: false }, 'connection-failed'],
  [{ name: 'SyntaxError' }, 'malformed-response'],
  [{ name: 'SyntaxError', connected: false }, 'connection-failed'],
])('The failure %j is %s', (members, kind) => {
  expect(classify(members)).toBe(kind)
})

test.each<[FailureKind, readonly number[], readonly string[]]>([
  [
    'job-pending',
    [400, 409, 422],
    [
      'There is already a pending job for the requested appId: d1',
      'ValidationException - An error occurred while processing your request. There is a pending job',
      ...[
        'A deployment is in progress.',
        'Another job is running',
        'another backend job is running',
      ],
      'It already exists; a pending job holds it',
    ],
  ],
  [
    'already-exists',
    [400, 422],
    [
      ...['Amazon S3 storage was already added to your project.', 'Storage media already exists'],
      ...['It already exist', 'The bucket has already been created', 'ALREADY EXISTS'],
      'it was already been added',
    ],
  ],
  ['already-exists', [409], ['', 'Conflict']],
  [
    'bad-request',
    [400],
    [
      ...['spending jobs', 'pending jobsite', 'begin progress', 'in progressive', 'another jobs'],
      ...['already existing', 'alreadyexists', 'already gone', 'exists', ''],
      'User: x is not authorized to perform: amplifybackend:GetBackend',
    ],
  ],
  ['access-denied', [403], ['User: x is not authorized to perform: amplifybackend:GetBackend']],
  ['client-error', [403], ['Forbidden', 'this is not authorized to performing']],
  // Here the message does not change the kind.
  ['not-found', [404], ['already exists, a pending job']],
  ['credentials-invalid', [401], ['already exists, a pending job']],
  ['client-error', [403], ['already exists, a pending job']],
])('The kind is %s for each status of %j with each message of %j', (kind, statuses, messages) => {
  for (const message of messages) {
    for (const status of statuses) {
      expect(classifyResponse(status, 'Unknown', message), message).toBe(kind)
    }
    if (statuses[0] === 400 && kind !== 'job-pending') {
      expect(isAlreadyExistsMessage(message)).toBe(kind === 'already-exists')
    }
  }
})

describe('Without a response', () => {
  test.each([
    ...['CERT_HAS_EXPIRED', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ...['SELF_SIGNED_CERT_IN_CHAIN', 'ERR_TLS_CERT_ALTNAME_INVALID', 'HOSTNAME_MISMATCH'],
    ...['INVALID_CA', 'PATH_LENGTH_EXCEEDED', 'INVALID_PURPOSE'],
  ])('%s is a TLS error', (code) => {
    expect(classify({ code })).toBe('no-response')
    expect(classify({ code, connected: false })).toBe('tls-error')
    expect(classify({ code: `X_${code}`, connected: false })).toBe('connection-failed')
  })

  test.each<[string | undefined, FailureKind, FailureKind]>([
    ['ENOTFOUND', 'no-response', 'dns-not-found'],
    ['ECONNREFUSED', 'no-response', 'connection-failed'],
    ['EAI_AGAIN', 'no-response', 'connection-failed'],
    ['EHOSTUNREACH', 'no-response', 'connection-failed'],
    ['ENETUNREACH', 'no-response', 'connection-failed'],
    ['EADDRNOTAVAIL', 'no-response', 'connection-failed'],
    ['ERR_PROXY_TUNNEL', 'no-response', 'connection-failed'],
    ['ECONNRESET', 'no-response', 'connection-failed'],
    ['ETIMEDOUT', 'no-response', 'connection-failed'],
    ['EPIPE', 'no-response', 'connection-failed'],
    ['EPROTO', 'no-response', 'connection-failed'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'no-response', 'no-tls'],
    ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'no-response', 'no-tls'],
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'no-response', 'connection-failed'],
    ['XHPE_', 'no-response', 'connection-failed'],
    ['HPE_INVALID_CONSTANT', 'malformed-response', 'connection-failed'],
    ['HPE_', 'malformed-response', 'connection-failed'],
    [undefined, 'no-response', 'connection-failed'],
  ])('%s is %s with a connection and %s without', (code, connected, unconnected) => {
    expect(classify({ code, connected: true })).toBe(connected)
    expect(classify({ code, connected: false })).toBe(unconnected)
  })
})

describe('mayHaveBeenExecuted and isRetryable', () => {
  const table: Readonly<Record<FailureKind, readonly [executed: boolean, retryable: boolean]>> = {
    throttled: [false, true],
    'connection-failed': [false, true],
    'dns-not-found': [false, true],
    'clock-skew': [false, true],
    'tls-error': [false, false],
    'proxy-refused': [false, false],
    'no-tls': [false, false],
    'gateway-timeout': [true, true],
    'server-error': [true, true],
    'no-response': [true, true],
    'malformed-response': [true, true],
    'job-pending': [false, false],
    'already-exists': [false, false],
    'not-found': [false, false],
    'access-denied': [false, false],
    'credentials-expired': [false, false],
    'credentials-invalid': [false, false],
    'bad-request': [false, false],
    'intermediary-response': [true, false],
    'client-error': [false, false],
  }
  const isKind = (name: string): name is FailureKind => Object.hasOwn(table, name)

  test.each(Object.entries(table))('%s: [may have been executed, is retryable] is %j', (...row) => {
    const [name, expected] = row
    if (!isKind(name)) throw new Error(name)
    expect([mayHaveBeenExecuted(name), isRetryable(name)]).toEqual(expected)
  })

  test.each<[FailureName, boolean, boolean]>([
    ...AMBIGUOUS.map((name): [FailureName, boolean, boolean] => [name, true, true]),
    ...NOT_EXECUTED.map((name): [FailureName, boolean, boolean] => [name, false, true]),
    ...PERMANENT.map((name): [FailureName, boolean, boolean] => [name, false, false]),
  ])('%s of the test kit: may have been executed %s, retryable %s', (name, executed, retryable) => {
    const kind = classify(FAILURES[name])
    expect([mayHaveBeenExecuted(kind), isRetryable(kind)]).toEqual([executed, retryable])
  })

  const arbitraryFailure = fc
    .record({
      status: fc.option(fc.integer({ min: 100, max: 599 }), { nil: undefined }),
      name: fc.oneof(fc.string(), fc.constantFrom('SyntaxError', 'ExpiredToken', 'SlowDown')),
      code: fc.option(fc.oneof(fc.string(), fc.constantFrom('ENOTFOUND', 'ECONNRESET', 'HPE_X')), {
        nil: undefined,
      }),
      message: fc.string(),
      connected: fc.boolean(),
      timedOut: fc.boolean(),
      clockSkewCorrected: fc.boolean(),
    })
    .map(aFailure)

  property.prop([arbitraryFailure])(
    'A client error other than 408 was not executed, and a server error may have been',
    (failure) => {
      const { status = 0 } = failure
      const executed = mayHaveBeenExecuted(classifyFailure(failure))
      if (status >= 500) expect(executed).toBe(true)
      if (status >= 400 && status < 500 && status !== 408) expect(executed).toBe(false)
    },
  )

  property.prop([arbitraryFailure])('Without a connection, nothing was executed', (failure) => {
    const unconnected = { ...failure, status: undefined, connected: false }
    expect(mayHaveBeenExecuted(classifyFailure(unconnected))).toBe(false)
  })

  property.prop([arbitraryFailure])(
    'Whatever may have been executed is retryable, unless something in between has answered',
    (failure) => {
      const kind = classifyFailure(failure)
      const isFinal = kind === 'intermediary-response'
      if (mayHaveBeenExecuted(kind)) expect(isRetryable(kind)).toBe(!isFinal)
    },
  )
})

test.each([
  ['403 Forbidden', 'proxy-refused'],
  ['407 Proxy Authentication Required', 'proxy-refused'],
  ['502 Bad Gateway', 'connection-failed'],
])('A proxy that answers CONNECT with %s is %s', (status, kind) => {
  const message = `Failed to establish tunnel to a:443 via http://p/: HTTP/1.1 ${status}`
  expect(classify({ code: 'ERR_PROXY_TUNNEL', connected: false, message })).toBe(kind)
  expect(classify({ code: 'ECONNRESET', connected: false, message })).toBe('connection-failed')
})

test.each([403, 404, 400, 413, 451])(
  'A page with the status %i that does not come from the service is no answer of the service',
  (status) => {
    expect(classifyFailure(aFailure({ status, fromMiddlebox: true }))).toBe('intermediary-response')
  },
)
