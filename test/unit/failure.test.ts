import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import {
  toApiFailure,
  getRequestId,
  parseRetryAfterMs,
  getServerTime,
  TimeoutError,
  type ResponseHead,
  type FailureContext,
  type ApiFailure,
} from '../../src/network/failure.ts'

const circumstances = (members: Partial<FailureContext> = {}): FailureContext => ({
  operation: 'CreateBackendStorage',
  connected: true,
  head: undefined,
  ...members,
})

const described = (thrown: unknown, members: Partial<FailureContext> = {}): ApiFailure =>
  toApiFailure(thrown, circumstances(members))

const head = (status: number, headers: ResponseHead['headers'] = {}): ResponseHead => ({
  status,
  headers,
})

/** An error as the SDK throws it. */
const sdkError = (name: string, message: string, metadata: object = {}): Error =>
  Object.assign(new Error(message), { name, $metadata: metadata })

describe('the failure of a call', () => {
  test('has the name, the text, the status and the request id of the service', () => {
    const thrown = sdkError('BadRequestException', 'Invalid bucket', {
      httpStatusCode: 400,
      requestId: 'a1-b2',
    })
    expect(described(thrown)).toEqual({
      operation: 'CreateBackendStorage',
      status: 400,
      name: 'BadRequestException',
      code: undefined,
      message: 'Invalid bucket',
      connected: true,
      timeLimit: false,
      requestId: 'a1-b2',
      retryAfterMs: undefined,
      clockSkewCorrected: false,
    })
  })

  test('takes status, request id and wait from the head of the answer first', () => {
    const thrown = sdkError('SyntaxError', 'Unexpected token <', {
      httpStatusCode: 200,
      requestId: 'of-the-sdk',
    })
    const failure = described(thrown, {
      head: head(504, { 'x-amzn-requestid': 'of-the-head', 'retry-after': '7' }),
    })
    expect(failure).toMatchObject({ status: 504, requestId: 'of-the-head', retryAfterMs: 7_000 })
  })

  test('has no status where the SDK gives none that is a number', () => {
    const thrown = sdkError('X', 'x', { httpStatusCode: '400', requestId: 7 })
    expect(described(thrown)).toMatchObject({ status: undefined, requestId: undefined })
    expect(described(new Error('x')).status).toBeUndefined()
  })

  test('keeps whether a connection came about', () => {
    expect(described(new Error('x'), { connected: false }).connected).toBe(false)
    expect(described(new Error('x'), { connected: true }).connected).toBe(true)
  })

  test('is one of our own time limit, however deep that lies', () => {
    const limit = new TimeoutError('no answer within 20 s')
    expect(described(limit)).toMatchObject({
      timeLimit: true,
      name: 'TimeLimitError',
      message: 'no answer within 20 s',
    })
    expect(described(new Error('aborted', { cause: limit })).timedOut).toBe(true)
    expect(described(new AggregateError([new Error('a'), limit])).timedOut).toBe(true)
    expect(described(new Error('TimeLimitError')).timedOut).toBe(false)
  })

  test('has the code of the outermost error that has one', () => {
    const inner = Object.assign(new Error('inner'), { code: 'ECONNRESET' })
    expect(described(new Error('outer', { cause: inner })).code).toBe('ECONNRESET')
    const outer = Object.assign(new Error('outer', { cause: inner }), { code: 'EPIPE' })
    expect(described(outer).code).toBe('EPIPE')
    expect(described(Object.assign(new Error('x'), { code: 7 })).code).toBeUndefined()
  })

  test('knows that the SDK has corrected its clock', () => {
    const skewed = (value: unknown): ApiFailure =>
      described(sdkError('X', 'x', { clockSkewCorrected: value }))
    expect(skewed(true).clockSkewCorrected).toBe(true)
    expect(skewed(false).clockSkewCorrected).toBe(false)
    expect(skewed('true').clockSkewCorrected).toBe(false)
    expect(described(new Error('x')).clockSkewCorrected).toBe(false)
  })
})

describe('N09: the message is never blank', () => {
  test('an aggregate without one lists the messages of its parts', () => {
    const refused = (address: string): Error =>
      Object.assign(new Error(`connect ECONNREFUSED ${address}`), { code: 'ECONNREFUSED' })
    const thrown = Object.assign(
      new AggregateError([refused('::1:443'), refused('127.0.0.1:443')]),
      {
        code: 'ECONNREFUSED',
      },
    )
    expect(described(thrown)).toMatchObject({
      name: 'AggregateError',
      code: 'ECONNREFUSED',
      message: 'connect ECONNREFUSED ::1:443; connect ECONNREFUSED 127.0.0.1:443',
    })
  })

  test('an aggregate with one shows it first', () => {
    const thrown = new AggregateError([new Error('one'), new Error(' '), new Error('two')], 'all')
    expect(described(thrown).message).toBe('all; one; two')
  })

  test('of an error with a cause, the first text that says something is shown alone', () => {
    expect(described(new Error('outer', { cause: new Error('inner') })).message).toBe('outer')
    expect(described(new Error(' ', { cause: new Error('inner') })).message).toBe('inner')
    expect(described(new Error('', { cause: 'because' })).message).toBe('because')
  })

  test.each([
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
  ] as const)('%j is "%s", named "%s"', (thrown, message, name) => {
    expect(described(thrown)).toMatchObject({ message, name })
  })
})

describe('N13: an answer over which the SDK stumbled', () => {
  const NOTE =
    'Deserialization error: to see the raw response, inspect the hidden field {error}.$response on this object.'

  test.each([
    [
      new TypeError(`Cannot read properties of null\n  ${NOTE}`),
      'the answer could not be read',
      'Error',
    ],
    [new SyntaxError(`Unexpected token '<'\n  ${NOTE}`), "Unexpected token '<'", 'SyntaxError'],
    [Object.assign(new Error(`aborted\n  ${NOTE}`), { code: 'ECONNRESET' }), 'aborted', 'Error'],
    [new TypeError(`said without a pause${NOTE}`), 'the answer could not be read', 'Error'],
  ])('%s', (thrown, message, name) => {
    expect(described(thrown)).toMatchObject({ message, name })
  })

  test('is told by a note at the end of the message, and by nothing else', () => {
    for (const message of [
      `${NOTE} Or so it says`,
      NOTE.replace('{error}', '\n'),
      'Deserialization error',
    ]) {
      expect(described(new TypeError(message))).toMatchObject({
        message: message.replace('\n', ' ').replace('  ', ' '),
        name: 'TypeError',
      })
    }
  })

  test('keeps of an error with a code all but the note, and the space before it', () => {
    const thrown = Object.assign(new Error(`it  ended\n\t ${NOTE}`), { code: 'EPIPE' })
    expect(described(thrown).message).toBe('it ended')
  })
})

describe('L01: text of a server is harmless', () => {
  test('message and name are one line each, cut, and no command', () => {
    const failure = described(
      sdkError('::error::x\ny', `::error::forged\n##[error]z ${'x'.repeat(2_000)}`),
    )
    expect(failure.name).toBe(': :error::x y')
    expect(failure.message).toMatch(/^: :error::forged ## \[error\]z x+…$/)
    expect(failure.message).toHaveLength(1_000)
    expect(described(sdkError('n'.repeat(100), 'm')).name).toHaveLength(80)
  })

  test.each(['', 'a b', 'a\nb', '::error::x!', 'x'.repeat(129), 'ü'])(
    'a request id %j is none',
    (requestId) => {
      expect(described(sdkError('X', 'x', { requestId })).requestId).toBeUndefined()
      expect(getRequestId(head(500, { 'x-amzn-requestid': requestId }))).toBeUndefined()
    },
  )

  test.each(['1f0a-22', 'A/b+c=:.d_', 'x'.repeat(128)])('a request id %j is one', (requestId) => {
    expect(described(sdkError('X', 'x', { requestId })).requestId).toBe(requestId)
  })
})

describe('the head of an answer', () => {
  test('has the request id under one of two names', () => {
    expect(getRequestId(head(200, { 'x-amzn-requestid': 'a', 'x-amz-request-id': 'b' }))).toBe('a')
    expect(getRequestId(head(200, { 'x-amz-request-id': 'b' }))).toBe('b')
    expect(getRequestId(head(200))).toBeUndefined()
    expect(getRequestId(undefined)).toBeUndefined()
  })

  test('has the time of the server', () => {
    const time = getServerTime(head(200, { date: 'Thu, 15 Jan 2026 12:00:05 GMT' }))
    expect(time).toBe(Date.UTC(2026, 0, 15, 12, 0, 5))
    expect(getServerTime(head(200, { date: 'yesterday' }))).toBeUndefined()
    expect(getServerTime(head(200))).toBeUndefined()
    expect(getServerTime(undefined)).toBeUndefined()
  })
})

describe('T04: Retry-After', () => {
  const date = 'Thu, 15 Jan 2026 12:00:00 GMT'
  test.each([
    ['0', 0],
    ['2', 2_000],
    [' 3 ', 3_000],
    ['3600', 3_600_000],
    ['999999999', 999_999_999_000],
    ['Thu, 15 Jan 2026 12:00:30 GMT', 30_000],
    ['Thursday, 15-Jan-26 12:01:00 GMT', 60_000],
    ['Thu Jan 15 12:00:05 2026 GMT', 5_000],
    ['Thu, 15 Jan 2026 11:59:00 GMT', 0],
  ])('of %j asks for %i ms', (value, ms) => {
    expect(parseRetryAfterMs({ 'retry-after': value, date })).toBe(ms)
  })

  test.each([
    '',
    ' ',
    '-5',
    'abc',
    '1.5',
    '2s',
    '1234567890',
    'Thu, nonsense',
    '12 Jan 2027 00:00:00 GMT',
    '2026-01-15',
    'x 5',
  ])('of %j asks for nothing', (value) => {
    expect(parseRetryAfterMs({ 'retry-after': value, date })).toBeUndefined()
  })

  test('is absent where there is none', () => {
    expect(parseRetryAfterMs({})).toBeUndefined()
    expect(described(new Error('x')).retryAfterMs).toBeUndefined()
  })

  test('as a date counts from our own time where the server gives none', () => {
    const soon = new Date(Date.now() + 90_000).toUTCString()
    const ms = parseRetryAfterMs({ 'retry-after': soon }) ?? 0
    expect(ms).toBeGreaterThan(30_000)
    expect(ms).toBeLessThanOrEqual(90_000)
    expect(parseRetryAfterMs({ 'retry-after': soon, date: 'never' })).toBeGreaterThan(30_000)
  })

  property.prop([fc.string(), fc.option(fc.string(), { nil: undefined })])(
    'is a whole number from 0 on, or absent, whatever the headers say',
    (value, now) => {
      const ms = parseRetryAfterMs({ 'retry-after': value, date: now })
      if (ms === undefined) return
      expect(ms).toBeGreaterThanOrEqual(0)
      expect(Number.isFinite(ms)).toBe(true)
    },
  )
})

describe('whatever is thrown', () => {
  property.prop([fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true })])(
    'describing it does not throw',
    (thrown) => {
      const failure = described(thrown)
      expect(failure.name).not.toBe('')
      expect(failure.name).not.toMatch(/\n/)
      expect(failure.message).not.toMatch(/\n/)
    },
  )

  test('not even when it is made to', () => {
    const hostile = {
      get message(): string {
        throw new Error('no')
      },
      get name(): string {
        throw new Error('no')
      },
    }
    expect(described(hostile)).toMatchObject({ name: 'Unknown', message: 'no message' })
  })

  test('nor when its causes go in a circle, or on and on', () => {
    const one = new Error('one')
    const two = new Error('two', { cause: one })
    one.cause = two
    expect(described(one).message).toBe('one')
    let deep: Error = Object.assign(new Error('deep'), { code: 'EDEEP' })
    for (let level = 0; level < 18; level += 1) deep = new Error('', { cause: deep })
    expect(described(deep)).toMatchObject({ message: 'deep', code: 'EDEEP' })
    expect(described(new Error('', { cause: new Error('', { cause: deep }) })).code).toBeUndefined()
  })

  test('causes inside of an aggregate count too', () => {
    const inner = Object.assign(new Error('inner'), { code: 'EAI_AGAIN' })
    const thrown = new AggregateError([new Error('part', { cause: inner })])
    expect(described(thrown)).toMatchObject({ code: 'EAI_AGAIN', message: 'part; inner' })
  })
})
