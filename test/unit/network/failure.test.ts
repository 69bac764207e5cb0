import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { TimeoutError } from '../../../src/lib/timeout.ts'
import {
  formatFailure,
  getRequestId,
  getServerTime,
  parseRetryAfterMs,
  toApiFailure,
  type ApiFailure,
  type FailureContext,
  type ResponseHead,
} from '../../../src/network/failure.ts'
import { aFailure } from '../../support/unit/api-failures.ts'
import { unredacted } from '../../support/unit/storage-context.ts'

const convert = (error: unknown, members: Partial<FailureContext> = {}): ApiFailure =>
  toApiFailure(error, {
    operation: 'CreateBackendStorage',
    connected: true,
    head: undefined,
    redact: unredacted,
    ...members,
  })

const NOON = Date.UTC(2026, 0, 15, 12)

const headOf = (status: number, headers: ResponseHead['headers'] = {}): ResponseHead => ({
  status,
  headers,
})

/** An error as the SDK throws it. */
const sdkError = (name: string, message: string, metadata: object = {}): Error =>
  Object.assign(new Error(message), { name, $metadata: metadata })

describe('toApiFailure', () => {
  test('An SDK error is converted with its name, message, status and request ID', () => {
    const error = sdkError('BadRequestException', 'Invalid bucket', {
      httpStatusCode: 400,
      requestId: 'a1-b2',
    })
    expect(convert(error)).toEqual({
      operation: 'CreateBackendStorage',
      status: 400,
      name: 'BadRequestException',
      code: undefined,
      message: 'Invalid bucket',
      connected: true,
      timedOut: false,
      requestId: 'a1-b2',
      retryAfterMs: undefined,
      clockSkewCorrected: false,
    })
  })

  test.each<[string, object, Partial<FailureContext>, Partial<ApiFailure>]>([
    [
      'the head before the metadata of the SDK',
      { httpStatusCode: 200, requestId: 'of-the-sdk' },
      { head: headOf(504, { 'x-amzn-requestid': 'of-the-head', 'retry-after': '7' }) },
      { status: 504, requestId: 'of-the-head', retryAfterMs: 7_000 },
    ],
    [
      'no metadata of the wrong type',
      { httpStatusCode: '400', requestId: 7, clockSkewCorrected: 'true' },
      { connected: false },
      { status: undefined, requestId: undefined, connected: false, clockSkewCorrected: false },
    ],
    [
      'a corrected clock',
      { clockSkewCorrected: true },
      { signedAt: NOON - 240_000, head: headOf(403, { date: new Date(NOON).toUTCString() }) },
      { clockSkewCorrected: true },
    ],
    [
      'a clock that was right in this request',
      { clockSkewCorrected: true },
      { signedAt: NOON - 239_000, head: headOf(403, { date: new Date(NOON).toUTCString() }) },
      { clockSkewCorrected: false },
    ],
    [
      'a clock that the SDK does not correct',
      { clockSkewCorrected: false },
      { signedAt: NOON - 600_000, head: headOf(403, { date: new Date(NOON).toUTCString() }) },
      { clockSkewCorrected: false },
    ],
    [
      'the connection from the agent, whatever the code',
      { code: 'EHOSTUNREACH' },
      { connected: true },
      { connected: true },
    ],
  ])('A failure takes %s', (_, metadata, context, expected) => {
    expect(convert(sdkError('X', 'x', metadata), context)).toMatchObject(expected)
  })

  test('A time limit is recognized at any depth', () => {
    const timeout = new TimeoutError(20_000)
    expect(convert(timeout)).toMatchObject({
      timedOut: true,
      name: 'TimeoutError',
      message: 'timed out after 20 s',
    })
    expect(convert(new Error('aborted', { cause: timeout })).timedOut).toBe(true)
    expect(convert(new AggregateError([new Error('a'), timeout])).timedOut).toBe(true)
    expect(convert(sdkError('TimeoutError', 'TimeoutError')).timedOut).toBe(false)
  })

  test('The code is that of the outermost error with a code', () => {
    const inner = Object.assign(new Error('inner'), { code: 'ECONNRESET' })
    expect(convert(new Error('outer', { cause: inner })).code).toBe('ECONNRESET')
    const outer = Object.assign(new Error('outer', { cause: inner }), { code: 'EPIPE' })
    expect(convert(outer).code).toBe('EPIPE')
    expect(convert(Object.assign(new Error('x'), { code: 7 })).code).toBeUndefined()
  })
})

test.each([
  ['ECONNREFUSED', false],
  ['EHOSTUNREACH', false],
  ['CERT_HAS_EXPIRED', false],
  ['ERR_PROXY_TUNNEL', false],
  ['ECONNRESET', true],
])('Where the agent records no connection, %s means that connected is %s', (code, connected) => {
  const error = Object.assign(new Error('x'), { code })
  expect(convert(error, { connected: undefined }).connected).toBe(connected)
  expect(convert(error, { connected: undefined, head: headOf(500) }).connected).toBe(true)
})

describe('A secret that the service repeats', () => {
  const SECRET = 'FwoGZXIvYXdzEXAMPLETOKEN=='
  const redact = (text: string): string => text.replaceAll(SECRET, '***')

  test('It is taken out of the name, the message, the limit, the code and the request ID', () => {
    const error = Object.assign(sdkError(`X${SECRET}`, `m ${SECRET}`), {
      code: 'AKIAEXAMPLE',
      limitType: SECRET,
    })
    const failure = convert(error, {
      redact: (text) => redact(text).replaceAll('AKIAEXAMPLE', '***'),
      head: headOf(400, { 'x-amzn-requestid': SECRET }),
    })
    expect(failure).toMatchObject({
      ...{ name: 'X***', message: 'm *** (limitType: ***)' },
      ...{ code: undefined, requestId: undefined },
    })
  })

  test.each([990, 1_000, 3_980, 3_990, 4_000])(
    'No part of it is left when it begins at character %i of a long text',
    (start) => {
      const text = `${'x'.repeat(start)}${SECRET}${'y'.repeat(5_000)}`
      expect(convert(sdkError('X', text), { redact }).message).not.toContain('Fwo')
    },
  )
})

describe('The message of a failure', () => {
  const coded = (message: string, code: string): Error =>
    Object.assign(new Error(message), { code })
  const part = new Error('part', { cause: coded('inner', 'EAI_AGAIN') })
  const refused = ['connect ECONNREFUSED ::1:443', 'connect ECONNREFUSED 127.0.0.1:443']

  test.each<[AggregateError, Partial<ApiFailure>]>([
    [
      new AggregateError(refused.map((message) => coded(message, 'ECONNREFUSED'))),
      { name: 'AggregateError', code: 'ECONNREFUSED', message: refused.join('; ') },
    ],
    [
      new AggregateError([new Error('one'), new Error(' '), new Error('two')], 'all'),
      { message: 'all; one; two' },
    ],
    [new AggregateError([part]), { code: 'EAI_AGAIN', message: 'part; inner' }],
  ])('An aggregate lists its message, those of its members and their causes: %s', (...row) => {
    const [error, expected] = row
    expect(convert(error)).toMatchObject(expected)
  })

  test.each([
    [new Error('outer', { cause: new Error('inner') }), 'outer', 'Error'],
    [new Error(' ', { cause: new Error('inner') }), 'inner', 'Error'],
    [new Error('', { cause: 'because' }), 'because', 'Error'],
    [new RangeError(''), 'RangeError', 'RangeError'],
    ['a text', 'a text', 'Unknown'],
    ['', 'no message', 'Unknown'],
    [undefined, 'no message', 'Unknown'],
    [null, 'no message', 'Unknown'],
    [42, 'no message', 'Unknown'],
    [{}, 'no message', 'Unknown'],
    [{ name: '' }, 'no message', 'Unknown'],
    [new RangeError('\u200b\n'), 'RangeError', 'RangeError'],
    [{ message: 42 }, 'no message', 'Unknown'],
    [{ message: 'm', name: 7 }, 'm', 'Unknown'],
    [Object.assign(Object.create(null), { message: 'bare' }), 'bare', 'Unknown'],
  ] as const)('%j has the message "%s" and the name "%s"', (error, message, name) => {
    expect(convert(error)).toMatchObject({ message, name })
  })

  const NOTE =
    'Deserialization error: to see the raw response, inspect the hidden field {error}.$response on this object.'

  test.each([
    [
      new TypeError(`Cannot read properties of null\n  ${NOTE}`),
      'the response could not be parsed',
      'Error',
    ],
    [new SyntaxError(`Unexpected token '<'\n  ${NOTE}`), "Unexpected token '<'", 'SyntaxError'],
    [Object.assign(new Error(`aborted\n  ${NOTE}`), { code: 'ECONNRESET' }), 'aborted', 'Error'],
    [new TypeError(`without a space${NOTE}`), 'the response could not be parsed', 'Error'],
    [Object.assign(new Error(`it  ended\n\t ${NOTE}`), { code: 'EPIPE' }), 'it ended', 'Error'],
  ])("The SDK's note is removed from %s", (error, message, name) => {
    expect(convert(error)).toMatchObject({ message, name })
  })

  test.each([`${NOTE} Or so it says`, NOTE.replace('{error}', '\n'), 'Deserialization error'])(
    'Text that only resembles the note stays: %j',
    (message) => {
      expect(convert(new TypeError(message))).toMatchObject({
        message: message.replace('\n', ' ').replace('  ', ' '),
        name: 'TypeError',
      })
    },
  )

  test('Name and message are one sanitized line of limited length each', () => {
    const failure = convert(
      sdkError('::error::x\ny', `::error::forged\n##[error]z ${'x'.repeat(2_000)}`),
    )
    expect(failure.name).toBe(': :error::x y')
    expect(failure.message).toMatch(/^: :error::forged ## \[error\]z x+…$/)
    expect(failure.message).toHaveLength(1_000)
    expect(convert(sdkError('n'.repeat(100), 'm')).name).toHaveLength(80)
  })
})

describe('Any thrown value', () => {
  property.prop([fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true })])(
    'The conversion never throws',
    (thrown) => {
      const failure = convert(thrown)
      expect(failure.name).not.toBe('')
      expect(failure.name).not.toMatch(/\n/)
      expect(failure.message).not.toMatch(/\n/)
    },
  )

  test('A getter that throws counts as an absent property', () => {
    const hostile = {
      get message(): string {
        throw new Error('no')
      },
      get name(): string {
        throw new Error('no')
      },
    }
    expect(convert(hostile)).toMatchObject({ name: 'Unknown', message: 'no message' })
  })

  test('Circular and very long chains of causes are cut off', () => {
    const one = new Error('one')
    one.cause = new Error('two', { cause: one })
    expect(convert(one).message).toBe('one')
    let deep: Error = Object.assign(new Error('deep'), { code: 'EDEEP' })
    for (let level = 0; level < 18; level += 1) deep = new Error('', { cause: deep })
    expect(convert(deep)).toMatchObject({ message: 'deep', code: 'EDEEP' })
    expect(convert(new Error('', { cause: new Error('', { cause: deep }) })).code).toBeUndefined()
  })
})

test('The wait that the service asks for is part of the description of a failure', () => {
  const throttled = { status: 429, name: 'TooManyRequestsException', message: 'Rate exceeded' }
  expect(formatFailure(aFailure({ ...throttled, retryAfterMs: 100_000_000 }))).toBe(
    '429 TooManyRequestsException: Rate exceeded (Retry-After: 100000 s)',
  )
  expect(formatFailure(aFailure({ ...throttled, retryAfterMs: 0 }))).not.toContain('Retry-After')
})

describe('The head of a response', () => {
  test.each<[ResponseHead | undefined, string | undefined, number | undefined]>([
    [headOf(200, { 'x-amzn-requestid': 'a', 'x-amz-request-id': 'b' }), 'a', undefined],
    [headOf(200, { 'x-amz-request-id': 'b', date: 'yesterday' }), 'b', undefined],
    [headOf(200, { date: 'Thu, 01 Jan 1970 00:00:05 GMT' }), undefined, 5_000],
    [undefined, undefined, undefined],
  ])('The head %j has the request ID %s and the time %s', (head, requestId, time) => {
    expect(getRequestId(head, unredacted)).toBe(requestId)
    expect(getServerTime(head)).toBe(time)
  })

  test.each(['1f0a-22', 'A/b+c=:.d_', 'x'.repeat(128)])('%j is a request ID', (requestId) => {
    expect(convert(sdkError('X', 'x', { requestId })).requestId).toBe(requestId)
  })

  test.each(['', 'a b', 'a\nb', '::error::x!', 'x'.repeat(129), 'ü'])(
    '%j is not a request ID',
    (requestId) => {
      expect(convert(sdkError('X', 'x', { requestId })).requestId).toBeUndefined()
      const head = headOf(500, { 'x-amzn-requestid': requestId })
      expect(getRequestId(head, unredacted)).toBeUndefined()
    },
  )
})

describe('Retry-After', () => {
  const date = 'Thu, 15 Jan 2026 12:00:00 GMT'

  test.each([
    ['0', 0],
    [' 3 ', 3_000],
    ['3600', 3_600_000],
    ['999999999', 999_999_999_000],
    ['Thu, 15 Jan 2026 12:00:30 GMT', 30_000],
    ['Thursday, 15-Jan-26 12:01:00 GMT', 60_000],
    ['Thu Jan 15 12:00:05 2026 GMT', 5_000],
    ['Thu, 15 Jan 2026 11:59:00 GMT', 0],
  ])('%j asks for a delay of %i ms', (value, ms) => {
    expect(parseRetryAfterMs({ 'retry-after': value, date })).toBe(ms)
  })

  test.each([
    ...['', ' ', '-5', 'abc', '1.5', '2s', '1234567890', 'x 5', 'Thu, nonsense', '2026-01-15'],
    '12 Jan 2027 00:00:00 GMT',
  ])('%j asks for no delay', (value) => {
    expect(parseRetryAfterMs({ 'retry-after': value, date })).toBeUndefined()
  })

  test('An absent header asks for no delay', () => {
    expect(parseRetryAfterMs({})).toBeUndefined()
    expect(convert(new Error('x')).retryAfterMs).toBeUndefined()
  })

  test.each([undefined, 'never'])('A date is compared with our time when Date is %j', (now) => {
    const soon = new Date(Date.now() + 90_000).toUTCString()
    const ms = parseRetryAfterMs({ 'retry-after': soon, date: now }) ?? 0
    expect(ms).toBeGreaterThan(30_000)
    expect(ms).toBeLessThanOrEqual(90_000)
  })

  property.prop([fc.string(), fc.option(fc.string(), { nil: undefined })])(
    'The delay is a finite number that is not negative, whatever the headers',
    (value, now) => {
      const ms = parseRetryAfterMs({ 'retry-after': value, date: now })
      if (ms === undefined) return
      expect(ms).toBeGreaterThanOrEqual(0)
      expect(Number.isFinite(ms)).toBe(true)
    },
  )
})

test.each([
  [
    { status: 429, name: 'TooManyRequestsException', message: 'Rate exceeded' },
    '429 TooManyRequestsException: Rate exceeded',
  ],
  [{ status: 500, message: 'Oops' }, '500: Oops'],
  [{ status: 500 }, '500'],
  [{ code: 'ECONNRESET', name: 'Error', message: 'socket hang up' }, 'ECONNRESET: socket hang up'],
  [
    { code: 'ECONNRESET', name: 'TimeoutError', message: 'read ECONNRESET' },
    'ECONNRESET: read ECONNRESET',
  ],
  [{ status: 200, code: 'X', name: 'Strange' }, '200 X Strange'],
  [{ status: 502, name: 'SyntaxError', message: '<' }, '502: the response is not JSON'],
  [{ status: 500, name: 'Unknown', message: 'UnknownError' }, '500: no reason given'],
  [{ status: 500, name: 'Unknown', message: 'Unknown' }, '500: no reason given'],
  [{ message: 'only a text' }, 'only a text'],
  [{}, ''],
  [{ timedOut: true, status: 200, message: 'x' }, 'no response within the time limit'],
])('The failure %j is formatted as "%s"', (members, text) => {
  expect(formatFailure(aFailure(members))).toBe(text)
})

test.each<[string, number, ResponseHead['headers'], boolean]>([
  ['an HTML page', 403, { 'content-type': 'text/html; charset=utf-8' }, true],
  ['a text', 413, { 'content-type': 'Text/Plain' }, true],
  ['JSON', 403, { 'content-type': 'application/json' }, false],
  ['XML of STS', 403, { 'content-type': 'text/xml' }, false],
  ['no type', 403, {}, false],
  ['a page that is no error', 200, { 'content-type': 'text/html' }, false],
])('An answer with %s and the status %i comes from a middlebox: %j %s', (...row) => {
  const [, status, headers, expected] = row
  const failure = convert(new Error('x'), { head: headOf(status, headers) })
  expect(failure.fromMiddlebox ?? false).toBe(expected)
  if (expected) expect(formatFailure(failure)).toContain(String(status))
})

test('A redirect shows the host that it leads to, and nothing else of the address', () => {
  const location = 'https://login.example:8443/path?token=example-token'
  const text = formatFailure(convert(new Error('x'), { head: headOf(302, { location }) }))
  expect(text).toMatch(/answered with 302: .*login\.example:8443/)
  expect(text).not.toContain('token')
  const relative = convert(new Error('x'), { head: headOf(301, { location: '/elsewhere' }) })
  expect(formatFailure(relative)).not.toContain('elsewhere')
  expect(formatFailure(convert(new Error('x'), { head: headOf(307, {}) }))).toMatch(
    /307: .*redirect/,
  )
})

test.each([
  ['EPROTO', 'wrong version number', 'ERR_SSL_WRONG_VERSION_NUMBER', false],
  ['EPROTO', 'packet length too long', 'ERR_SSL_WRONG_VERSION_NUMBER', false],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'wrong version number', 'ERR_SSL_WRONG_VERSION_NUMBER', false],
  ['EPROTO', 'sslv3 alert handshake failure', 'EPROTO', true],
  ['EPROTO', '', 'EPROTO', true],
])('The text of OpenSSL for %s, %j, becomes the code %s', (code, reason, expected, connected) => {
  const text = `write EPROTO C0:error:0A00010B:SSL routines:ssl3_get_record:${reason}:../a.c:1:`
  const failure = convert(Object.assign(new Error(text), { code }), { connected: undefined })
  expect(failure).toMatchObject({ code: expected, connected })
  expect(formatFailure(failure)).not.toMatch(/routines|error:0A/)
})

test('The advice of Node.js about certificates is left to our own', () => {
  const error = Object.assign(
    new Error(
      'unable to get local issuer certificate; if the root CA is installed locally, try running Node.js with --use-system-ca',
    ),
    { code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' },
  )
  expect(formatFailure(convert(error))).toMatch(/issuer certificate$/)
})
