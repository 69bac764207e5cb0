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

describe('The status comes first', () => {
  test.each([
    'GatewayTimeoutException',
    'InternalServiceException',
    'Unknown',
    'SyntaxError',
    'TooManyRequestsException',
    'AccessDeniedException',
  ])('504 %s is a gateway timeout', (name) => {
    expect(classifyResponse(504, name)).toBe('gateway-timeout')
  })

  test.each([500, 501, 502, 503, 505, 599])('%i is a server error under any name', (status) => {
    for (const name of ['Unknown', 'ThrottlingException', 'ExpiredTokenException']) {
      expect(classifyResponse(status, name)).toBe('server-error')
    }
  })

  test.each([200, 204, 301, 302, 307, 399])('%i is a malformed response', (status) => {
    expect(classifyResponse(status)).toBe('malformed-response')
    expect(classifyResponse(status, 'SyntaxError')).toBe('malformed-response')
    expect(classify({ status, code: 'ECONNRESET', name: 'TimeoutError' })).toBe(
      'malformed-response',
    )
  })

  test('A connection that breaks after the status does not change the kind', () => {
    expect(classify({ status: 429, code: 'ECONNRESET' })).toBe('throttled')
    expect(classify({ status: 502, timedOut: true })).toBe('server-error')
    expect(classify({ status: 400, connected: false })).toBe('bad-request')
  })
})

describe('Client errors', () => {
  test.each([
    'Unknown',
    'TooManyRequestsException',
    'LimitExceededException',
    'SyntaxError',
    'AccessDeniedException',
  ])('429 %s is throttling', (name) => {
    expect(classifyResponse(429, name)).toBe('throttled')
  })

  test.each([
    'BandwidthLimitExceeded',
    'EC2ThrottledException',
    'LimitExceededException',
    'PriorRequestNotComplete',
    'ProvisionedThroughputExceededException',
    'RequestLimitExceeded',
    'RequestThrottled',
    'RequestThrottledException',
    'SlowDown',
    'ThrottledException',
    'Throttling',
    'ThrottlingException',
    'TooManyRequestsException',
    'TransactionInProgressException',
  ])('400 and 403 with the name %s are throttling', (name) => {
    expect(classifyResponse(400, name)).toBe('throttled')
    expect(classifyResponse(403, name)).toBe('throttled')
    expect(classifyResponse(400, `${name}More`)).toBe('bad-request')
    expect(classifyResponse(400, `No${name}`)).toBe('bad-request')
  })

  test('408 may have been executed, because a proxy can have passed the request on', () => {
    expect(classifyResponse(408)).toBe('no-response')
    expect(classifyResponse(408, 'AccessDeniedException')).toBe('no-response')
  })

  test.each(['RequestExpired', 'RequestInTheFuture', 'RequestTimeTooSkewed'])(
    '%s is clock skew',
    (name) => {
      expect(classifyResponse(403, name)).toBe('clock-skew')
      expect(classifyResponse(400, `${name}X`)).toBe('bad-request')
      expect(classifyResponse(400, `X${name}`)).toBe('bad-request')
    },
  )

  test('A client error after which the SDK corrects its clock is clock skew', () => {
    const name = 'InvalidSignatureException'
    expect(classify({ status: 403, name, clockSkewCorrected: true })).toBe('clock-skew')
    expect(classify({ status: 403, name, clockSkewCorrected: false })).toBe('credentials-invalid')
    expect(classify({ status: 500, clockSkewCorrected: true })).toBe('server-error')
  })

  test.each<[FailureKind, readonly number[], string]>([
    ...['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired'].map(
      (name): [FailureKind, number[], string] => ['credentials-expired', [400, 401, 403], name],
    ),
    ...[
      'AuthFailure',
      'IncompleteSignature',
      'IncompleteSignatureException',
      'InvalidAccessKeyId',
      'InvalidClientTokenId',
      'InvalidSignatureException',
      'MissingAuthenticationToken',
      'MissingAuthenticationTokenException',
      'SignatureDoesNotMatch',
      'UnrecognizedClientException',
    ].map((name): [FailureKind, number[], string] => ['credentials-invalid', [400, 403], name]),
    ...[
      'AccessDenied',
      'AccessDeniedException',
      'UnauthorizedOperation',
      'NotAuthorized',
      'NotAuthorizedException',
    ].map((name): [FailureKind, number[], string] => ['access-denied', [400, 403, 404], name]),
  ])('The kind is %s for each of %j with the name %s', (kind, statuses, name) => {
    for (const status of statuses) expect(classifyResponse(status, name)).toBe(kind)
    expect(classifyResponse(403, `X${name}`)).toBe('client-error')
    expect(classifyResponse(403, `${name}X`)).toBe('client-error')
  })

  test.each([
    [403, 'User: x is not authorized to perform: amplifybackend:GetBackend', 'access-denied'],
    [400, 'User: x is not authorized to perform: amplifybackend:GetBackend', 'bad-request'],
    [403, 'Forbidden', 'client-error'],
    [403, 'this is not authorized to performing', 'client-error'],
  ] as const)('%i without a name and with the message "%s" is %s', (status, message, kind) => {
    expect(classifyResponse(status, 'Unknown', message)).toBe(kind)
  })

  test.each([
    [404, 'Unknown', 'not-found'],
    [404, 'NotFoundException', 'not-found'],
    [407, 'Unknown', 'connection-failed'],
    [401, 'Unknown', 'credentials-invalid'],
    [403, 'Unknown', 'client-error'],
    [403, 'BadRequestException', 'client-error'],
    [400, 'Unknown', 'bad-request'],
    [400, 'BadRequestException', 'bad-request'],
    [400, 'ValidationException', 'bad-request'],
    [402, 'Unknown', 'client-error'],
    [405, 'Unknown', 'client-error'],
    [422, 'BadRequestException', 'client-error'],
    [499, 'Unknown', 'client-error'],
  ] as const)('%i %s is %s', (status, name, kind) => {
    expect(classifyResponse(status, name)).toBe(kind)
  })

  test('The message does not change the kind of 404, 401 and 403', () => {
    const message = 'already exists, a pending job'
    expect(classifyResponse(404, 'Unknown', message)).toBe('not-found')
    expect(classifyResponse(401, 'Unknown', message)).toBe('credentials-invalid')
    expect(classifyResponse(403, 'Unknown', message)).toBe('client-error')
  })
})

describe('A pending job', () => {
  test.each([
    'There is already a pending job for the requested appId: d1 and backendEnvironmentName: prod',
    'ValidationException - An error occurred while processing your request. There is a pending job',
    'A deployment is in progress.',
    'Another job is running',
    'another backend job is running',
    'It already exists; a pending job holds it',
  ])('The message "%s" reports a pending job', (message) => {
    expect(classifyResponse(400, 'BadRequestException', message)).toBe('job-pending')
    expect(classifyResponse(409, 'Unknown', message)).toBe('job-pending')
    expect(classifyResponse(422, 'Unknown', message)).toBe('job-pending')
  })

  test.each([
    'spending jobs',
    'pending jobsite',
    'begin progress',
    'in progressive',
    'another jobs',
  ])('The message "%s" reports no pending job', (message) => {
    expect(classifyResponse(400, 'BadRequestException', message)).toBe('bad-request')
  })
})

describe('An existing storage', () => {
  test.each([
    'Amazon S3 storage was already added to your project.',
    'Storage media already exists',
    'It already exist',
    'The bucket has already been created',
    'ALREADY EXISTS',
    'it was already been added',
  ])('The message "%s" reports an existing storage', (message) => {
    expect(classifyResponse(400, 'BadRequestException', message)).toBe('already-exists')
    expect(classifyResponse(422, 'Unknown', message)).toBe('already-exists')
    expect(isAlreadyExistsMessage(message)).toBe(true)
  })

  test('409 reports an existing storage with any message', () => {
    expect(classifyResponse(409)).toBe('already-exists')
    expect(classifyResponse(409, 'ConflictException', 'Conflict')).toBe('already-exists')
  })

  test.each(['already existing', 'alreadyexists', 'already gone', 'exists', ''])(
    'The message "%s" reports no existing storage',
    (message) => {
      expect(classifyResponse(400, 'BadRequestException', message)).toBe('bad-request')
      expect(isAlreadyExistsMessage(message)).toBe(false)
    },
  )
})

describe('Without a response', () => {
  test.each([
    'CERT_HAS_EXPIRED',
    'CERT_NOT_YET_VALID',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'HOSTNAME_MISMATCH',
    'INVALID_CA',
    'PATH_LENGTH_EXCEEDED',
    'INVALID_PURPOSE',
  ])('%s is a TLS error', (code) => {
    expect(classify({ code })).toBe('tls-error')
    expect(classify({ code, connected: false })).toBe('tls-error')
    expect(classify({ code: `X_${code}` })).toBe('no-response')
  })

  test.each<[string | undefined, FailureKind, FailureKind]>([
    ['ENOTFOUND', 'dns-not-found', 'dns-not-found'],
    ['ECONNREFUSED', 'connection-failed', 'connection-failed'],
    ['EAI_AGAIN', 'connection-failed', 'connection-failed'],
    ['EHOSTUNREACH', 'connection-failed', 'connection-failed'],
    ['ENETUNREACH', 'connection-failed', 'connection-failed'],
    ['EADDRNOTAVAIL', 'connection-failed', 'connection-failed'],
    ['ERR_PROXY_TUNNEL', 'connection-failed', 'connection-failed'],
    ['ECONNRESET', 'no-response', 'connection-failed'],
    ['ETIMEDOUT', 'no-response', 'connection-failed'],
    ['EPIPE', 'no-response', 'connection-failed'],
    ['EPROTO', 'no-response', 'connection-failed'],
    ['XHPE_', 'no-response', 'connection-failed'],
    ['HPE_INVALID_CONSTANT', 'malformed-response', 'connection-failed'],
    ['HPE_', 'malformed-response', 'connection-failed'],
    [undefined, 'no-response', 'connection-failed'],
  ])('%s is %s with a connection and %s without', (code, connected, unconnected) => {
    expect(classify({ code, connected: true })).toBe(connected)
    expect(classify({ code, connected: false })).toBe(unconnected)
  })

  test('A time limit is no-response with a connection and connection-failed without', () => {
    expect(classify({ timedOut: true, name: 'TimeoutError' })).toBe('no-response')
    expect(classify({ timedOut: true, connected: false })).toBe('connection-failed')
  })

  test('A body that is not JSON is malformed-response with a connection only', () => {
    expect(classify({ name: 'SyntaxError' })).toBe('malformed-response')
    expect(classify({ name: 'SyntaxError', connected: false })).toBe('connection-failed')
  })
})

describe('mayHaveBeenExecuted and isRetryable', () => {
  const table: Readonly<Record<FailureKind, readonly [executed: boolean, retryable: boolean]>> = {
    throttled: [false, true],
    'connection-failed': [false, true],
    'dns-not-found': [false, true],
    'clock-skew': [false, true],
    'tls-error': [false, false],
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

  property.prop([arbitraryFailure])('Whatever may have been executed is retryable', (failure) => {
    const kind = classifyFailure(failure)
    if (mayHaveBeenExecuted(kind)) expect(isRetryable(kind)).toBe(true)
  })
})
