import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import {
  classifyFailure,
  mayHaveBeenExecuted,
  isRetryable,
  isAlreadyExistsMessage,
  type FailureKind,
} from '../../src/network/classify.ts'
import type { ApiFailure } from '../../src/network/failure.ts'
import {
  aFailure,
  AMBIGUOUS,
  NOT_EXECUTED,
  PERMANENT,
  FAILURES,
  type FailureName,
} from '../support/unit/api-failures.ts'

const judged = (members: Partial<ApiFailure>): FailureKind => classifyFailure(aFailure(members))
const answered = (status: number, name = 'Unknown', message = ''): FailureKind =>
  judged({ status, name, message })

describe('the status decides first', () => {
  test.each([
    [504, 'GatewayTimeoutException'],
    [504, 'InternalServiceException'],
    [504, 'Unknown'],
    [504, 'SyntaxError'],
    [504, 'TooManyRequestsException'],
    [504, 'AccessDeniedException'],
  ])('%i %s is a time-out at the gateway', (status, name) => {
    expect(answered(status, name)).toBe('gateway-timeout')
  })

  test.each([500, 501, 502, 503, 505, 599])(
    'any other 5xx, here %i, is an error of the server, whatever its name',
    (status) => {
      expect(answered(status)).toBe('server-error')
      expect(answered(status, 'ThrottlingException')).toBe('server-error')
      expect(answered(status, 'ExpiredTokenException')).toBe('server-error')
    },
  )

  test.each([200, 204, 301, 302, 307, 399])(
    'a failure with status %i is an answer that is none',
    (status) => {
      expect(answered(status)).toBe('unreadable')
      expect(answered(status, 'SyntaxError')).toBe('unreadable')
      expect(judged({ status, code: 'ECONNRESET', name: 'TimeoutError' })).toBe('unreadable')
    },
  )

  test('400 is the first status that is a refusal', () => {
    expect(answered(399)).toBe('unreadable')
    expect(answered(400)).toBe('bad-request')
  })

  test('a broken connection does not outweigh the status that came before it', () => {
    expect(judged({ status: 429, code: 'ECONNRESET' })).toBe('throttled')
    expect(judged({ status: 502, timedOut: true })).toBe('server-error')
    expect(judged({ status: 400, connected: false })).toBe('bad-request')
  })
})

describe('throttling', () => {
  test.each([
    'Unknown',
    'TooManyRequestsException',
    'LimitExceededException',
    'SyntaxError',
    'AccessDeniedException',
  ])('429 is throttled under the name %s', (name) => {
    expect(answered(429, name)).toBe('throttled')
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
  ])('a client error named %s is throttled too', (name) => {
    expect(answered(400, name)).toBe('throttled')
    expect(answered(403, name)).toBe('throttled')
    expect(answered(400, `${name}More`)).toBe('bad-request')
    expect(answered(400, `No${name}`)).toBe('bad-request')
  })
})

describe('other refusals', () => {
  test('408 says that a request was given up: it may have been passed on', () => {
    expect(answered(408)).toBe('no-answer')
    expect(answered(408, 'AccessDeniedException')).toBe('no-answer')
  })

  test.each(['RequestExpired', 'RequestInTheFuture', 'RequestTimeTooSkewed'])(
    '%s is about the clock',
    (name) => {
      expect(answered(403, name)).toBe('clock-skew')
      expect(answered(400, `${name}X`)).toBe('bad-request')
      expect(answered(400, `X${name}`)).toBe('bad-request')
    },
  )

  test('a refusal after which the SDK corrected its clock is about the clock', () => {
    const name = 'InvalidSignatureException'
    expect(judged({ status: 403, name, clockSkewCorrected: true })).toBe('clock-skew')
    expect(judged({ status: 403, name, clockSkewCorrected: false })).toBe('credentials-refused')
    expect(judged({ status: 500, clockSkewCorrected: true })).toBe('server-error')
  })

  test.each(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired'])(
    '%s means that the credentials have expired',
    (name) => {
      expect(answered(403, name)).toBe('credentials-expired')
      expect(answered(400, name)).toBe('credentials-expired')
      expect(answered(401, name)).toBe('credentials-expired')
      expect(answered(403, `Not${name}`)).toBe('refused')
      expect(answered(403, `${name}Not`)).toBe('refused')
    },
  )

  test.each([
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
  ])('%s means that the credentials are refused', (name) => {
    expect(answered(403, name)).toBe('credentials-refused')
    expect(answered(400, name)).toBe('credentials-refused')
    expect(answered(403, `X${name}`)).toBe('refused')
    expect(answered(403, `${name}X`)).toBe('refused')
  })

  test.each([
    'AccessDenied',
    'AccessDeniedException',
    'UnauthorizedOperation',
    'NotAuthorized',
    'NotAuthorizedException',
  ])('%s means that a permission is missing, also with another status', (name) => {
    expect(answered(403, name)).toBe('access-denied')
    expect(answered(400, name)).toBe('access-denied')
    expect(answered(404, name)).toBe('access-denied')
    expect(answered(403, `X${name}`)).toBe('refused')
    expect(answered(403, `${name}X`)).toBe('refused')
  })

  test('an unnamed 403 is a missing permission only where its text says so', () => {
    const text = 'User: arn:aws:sts::1:x is not authorized to perform: amplifybackend:GetBackend'
    expect(answered(403, 'Unknown', text)).toBe('access-denied')
    expect(answered(400, 'Unknown', text)).toBe('bad-request')
    expect(answered(403, 'Unknown', 'Forbidden')).toBe('refused')
    expect(answered(403, 'Unknown', 'this is not authorized to performing')).toBe('refused')
  })

  test.each([
    [404, 'Unknown', 'not-found'],
    [404, 'NotFoundException', 'not-found'],
    [407, 'Unknown', 'not-connected'],
    [401, 'Unknown', 'credentials-refused'],
    [403, 'Unknown', 'refused'],
    [403, 'BadRequestException', 'refused'],
    [400, 'BadRequestException', 'bad-request'],
    [400, 'ValidationException', 'bad-request'],
    [402, 'Unknown', 'refused'],
    [405, 'Unknown', 'refused'],
    [422, 'BadRequestException', 'refused'],
    [499, 'Unknown', 'refused'],
  ] as const)('%i %s is %s', (status, name, verdict) => {
    expect(answered(status, name)).toBe(verdict)
  })

  test('404, 401 and 403 stay what they are, whatever their text says', () => {
    const text = 'already exists, a pending job'
    expect(answered(404, 'Unknown', text)).toBe('not-found')
    expect(answered(401, 'Unknown', text)).toBe('credentials-refused')
    expect(answered(403, 'Unknown', text)).toBe('refused')
  })
})

describe('a pending job', () => {
  test.each([
    'There is already a pending job for the requested appId: d1 and backendEnvironmentName: prod',
    'ValidationException - An error occurred while processing your request. There is a pending job',
    'A deployment is in progress.',
    'Another job is running',
    'another backend job is running',
  ])('is known by the text "%s"', (message) => {
    expect(answered(400, 'BadRequestException', message)).toBe('busy')
    expect(answered(409, 'Unknown', message)).toBe('busy')
    expect(answered(422, 'Unknown', message)).toBe('busy')
  })

  test.each([
    'spending jobs',
    'pending jobsite',
    'begin progress',
    'in progressive',
    'another jobs',
  ])('is not seen in "%s"', (message) => {
    expect(answered(400, 'BadRequestException', message)).toBe('bad-request')
  })
})

describe('a storage that exists', () => {
  const texts = [
    'Amazon S3 storage was already added to your project.',
    'Storage media already exists',
    'It already exist',
    'The bucket has already been created',
    'ALREADY EXISTS',
    'it was already been added',
  ]
  test.each(texts)('is known by the text "%s"', (message) => {
    expect(answered(400, 'BadRequestException', message)).toBe('exists')
    expect(answered(422, 'Unknown', message)).toBe('exists')
    expect(isAlreadyExistsMessage(message)).toBe(true)
  })

  test('is known by 409, whatever the text', () => {
    expect(answered(409)).toBe('exists')
    expect(answered(409, 'ConflictException', 'Conflict')).toBe('exists')
  })

  test.each(['already existing', 'alreadyexists', 'already gone', 'exists', ''])(
    'is not seen in "%s"',
    (message) => {
      expect(answered(400, 'BadRequestException', message)).toBe('bad-request')
      expect(isAlreadyExistsMessage(message)).toBe(false)
    },
  )

  test('counts less than a pending job in the same text', () => {
    expect(answered(400, 'Unknown', 'It already exists; a pending job holds it')).toBe('busy')
  })
})

describe('no answer at all', () => {
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
  ])('%s is a certificate that is not trusted', (code) => {
    expect(judged({ code })).toBe('untrusted-host')
    expect(judged({ code, connected: false })).toBe('untrusted-host')
    expect(judged({ code: `X_${code}` })).toBe('no-answer')
  })

  test('ENOTFOUND is a host that does not exist', () => {
    expect(judged({ code: 'ENOTFOUND' })).toBe('unknown-host')
    expect(judged({ code: 'ENOTFOUND', connected: false })).toBe('unknown-host')
  })

  test.each([
    'ECONNREFUSED',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'EADDRNOTAVAIL',
    'ERR_PROXY_TUNNEL',
  ])('%s comes before anything can be sent', (code) => {
    expect(judged({ code, connected: true })).toBe('not-connected')
    expect(judged({ code, connected: false })).toBe('not-connected')
  })

  test.each(['ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'EPROTO', undefined])(
    '%s is open when there was a connection, and harmless when there was none',
    (code) => {
      expect(judged({ code, connected: true })).toBe('no-answer')
      expect(judged({ code, connected: false })).toBe('not-connected')
    },
  )

  test('our own time limit is open when there was a connection, and harmless when there was none', () => {
    expect(judged({ timedOut: true, name: 'TimeLimitError' })).toBe('no-answer')
    expect(judged({ timedOut: true, connected: false })).toBe('not-connected')
  })

  test('bytes that are no HTTP, and a body that is no JSON, are answers that are none', () => {
    expect(judged({ code: 'HPE_INVALID_CONSTANT' })).toBe('unreadable')
    expect(judged({ code: 'HPE_' })).toBe('unreadable')
    expect(judged({ name: 'SyntaxError' })).toBe('unreadable')
    expect(judged({ code: 'XHPE_' })).toBe('no-answer')
    expect(judged({ name: 'SyntaxError', connected: false })).toBe('not-connected')
  })
})

describe('what a verdict allows', () => {
  const table: Readonly<Record<FailureKind, readonly [executed: boolean, passes: boolean]>> = {
    throttled: [false, true],
    'not-connected': [false, true],
    'unknown-host': [false, true],
    'clock-skew': [false, true],
    'untrusted-host': [false, false],
    'gateway-timeout': [true, true],
    'server-error': [true, true],
    'no-answer': [true, true],
    unreadable: [true, true],
    busy: [false, false],
    exists: [false, false],
    'not-found': [false, false],
    'access-denied': [false, false],
    'credentials-expired': [false, false],
    'credentials-refused': [false, false],
    'bad-request': [false, false],
    refused: [false, false],
  }
  const rows = Object.entries(table).map(([name, [executed, passes]]) => ({
    name,
    executed,
    passes,
  }))
  const isVerdict = (name: string): name is FailureKind => Object.hasOwn(table, name)

  test.each(rows)(
    'after $name: executed perhaps $executed, again $passes',
    ({ name, executed, passes }) => {
      if (!isVerdict(name)) throw new Error(name)
      expect(mayHaveBeenExecuted(name)).toBe(executed)
      expect(isRetryable(name)).toBe(passes)
    },
  )

  test.each(AMBIGUOUS)('%s leaves open whether the call was carried out', (trouble) => {
    expect(mayHaveBeenExecuted(judged(FAILURES[trouble]))).toBe(true)
  })

  test.each(NOT_EXECUTED)('%s is tried again, and nothing was carried out', (trouble) => {
    const verdict = judged(FAILURES[trouble])
    expect([isRetryable(verdict), mayHaveBeenExecuted(verdict)]).toEqual([true, false])
  })

  test.each(PERMANENT)('%s is final, and nothing was carried out', (trouble) => {
    const verdict = judged(FAILURES[trouble])
    expect([isRetryable(verdict), mayHaveBeenExecuted(verdict)]).toEqual([false, false])
  })
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
    timeLimit: fc.boolean(),
    clockSkewCorrected: fc.boolean(),
  })
  .map(aFailure)

describe('for any failure', () => {
  property.prop([arbitraryFailure])('the verdict depends on nothing but the failure', (failure) => {
    expect(classifyFailure(failure)).toBe(classifyFailure({ ...failure }))
  })

  property.prop([arbitraryFailure])(
    'a client error other than 408 was not carried out, and a server error may have been',
    (failure) => {
      const { status = 0 } = failure
      const executed = mayHaveBeenExecuted(classifyFailure(failure))
      if (status >= 500) expect(executed).toBe(true)
      if (status >= 400 && status < 500 && status !== 408) expect(executed).toBe(false)
    },
  )

  property.prop([arbitraryFailure])('without a connection nothing was carried out', (failure) => {
    const lost = { ...failure, status: undefined, connected: false }
    expect(mayHaveBeenExecuted(classifyFailure(lost))).toBe(false)
  })

  property.prop([arbitraryFailure])('what may have been carried out may pass', (failure) => {
    const verdict = classifyFailure(failure)
    if (mayHaveBeenExecuted(verdict)) expect(isRetryable(verdict)).toBe(true)
  })
})

describe('the kinds of trouble that other tests use', () => {
  const known: readonly FailureName[] = [...AMBIGUOUS, ...NOT_EXECUTED, ...PERMANENT]
  test('belong to one kind each', () => {
    expect(new Set(known).size).toBe(known.length)
  })
})
