import { describe, expect, test } from 'vitest'
import { formatFailure, type ApiFailure, type ResponseHead } from '../../../src/network/failure.ts'
import { aFailure } from '../../support/unit/api-failures.ts'
import { convert, headOf, sdkError } from './convert-failure.ts'

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

test('The wait that the service asks for is part of the description of a failure', () => {
  const throttled = { status: 429, name: 'TooManyRequestsException', message: 'Rate exceeded' }
  expect(formatFailure(aFailure({ ...throttled, retryAfterMs: 100_000_000 }))).toBe(
    '429 TooManyRequestsException: Rate exceeded (Retry-After: 100000 s)',
  )
  expect(formatFailure(aFailure({ ...throttled, retryAfterMs: 1_000 }))).toContain(
    '(Retry-After: 1 s)',
  )
  for (const retryAfterMs of [undefined, 0, 999])
    expect(formatFailure(aFailure({ ...throttled, retryAfterMs }))).not.toContain('Retry-After')
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
  [{ status: 500, message: 'Unknown host' }, '500: Unknown host'],
  [{ status: 500, message: 'UnknownErrors' }, '500: UnknownErrors'],
  [{ status: 500, message: 'The app is Unknown' }, '500: The app is Unknown'],
  [{ name: 'SyntaxError', message: 'unexpected' }, 'SyntaxError: unexpected'],
  [{ name: 'TimeoutError', message: 'too slow' }, 'TimeoutError: too slow'],
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
  ['a page after a space', 400, { 'content-type': ' text/html' }, true],
  ['a type that only contains that of a page', 403, { 'content-type': 'x/y;z=text/html' }, false],
  ['a type that starts like that of a page', 403, { 'content-type': 'text/html5' }, false],
  ['a page that is no error', 200, { 'content-type': 'text/html' }, false],
  ['a page that is no error', 299, { 'content-type': 'text/html' }, false],
  ['JSON', 300, { 'content-type': 'application/json' }, true],
  ['JSON', 399, { 'content-type': 'application/json' }, true],
  ['JSON', 400, { 'content-type': 'application/json' }, false],
])('An answer with %s and the status %i comes from a middlebox: %j %s', (...row) => {
  const [, status, headers, expected] = row
  const failure = convert(new Error('x'), { head: headOf(status, headers) })
  expect(failure.fromMiddlebox ?? false).toBe(expected)
  if (expected && status >= 400) expect(formatFailure(failure)).toMatch(new RegExp(` ${status}$`))
})

test.each([
  [299, false],
  [300, true],
  [399, true],
  [400, false],
])('A response with the status %i is a redirect: %s', (status, expected) => {
  const head = headOf(status, { location: 'https://login.example/' })
  expect(convert(new Error('x'), { head }).message.includes('login.example')).toBe(expected)
})

test('A redirect shows the host that it leads to, and nothing else of the address', () => {
  const location = 'https://login.example:8443/path?token=example-token'
  const text = formatFailure(convert(new Error('x'), { head: headOf(302, { location }) }))
  expect(text).toMatch(/answered with 302: .*login\.example:8443/)
  expect(text).not.toContain('token')
  const relative = convert(new Error('x'), { head: headOf(301, { location: '/elsewhere' }) })
  expect(formatFailure(relative)).not.toContain('elsewhere')
  expect(relative.message).toMatch(/redirected to \w[\w ]*;/)
  expect(formatFailure(convert(new Error('x'), { head: headOf(307, {}) }))).toMatch(
    /307: .*redirected;/,
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

test.each(['EPROTONOSUPPORT', 'EPROTOTYPE', 'XEPROTO', 'MY_ERR_SSL_X'])(
  'The code %s is not one of the TLS handshake, so its message stays',
  (code) => {
    expect(convert(Object.assign(new Error('its message'), { code })).message).toBe('its message')
  },
)

test('The advice of Node.js about certificates is left to our own', () => {
  const error = Object.assign(
    new Error(
      'unable to get local issuer certificate; if the root CA is installed locally, try running Node.js with --use-system-ca',
    ),
    { code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' },
  )
  expect(formatFailure(convert(error))).toMatch(/issuer certificate$/)
})
