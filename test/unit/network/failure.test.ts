import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { ActionError } from '../../../src/errors/action-error.ts'
import { TimeoutError } from '../../../src/lib/timeout.ts'
import type { ApiFailure, FailureContext } from '../../../src/network/failure.ts'
import { convert, headOf, sdkError } from './convert-failure.ts'

const NOON = Date.UTC(2026, 0, 15, 12)

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
      'a clock that was fast, from a difference of four minutes on',
      { clockSkewCorrected: true },
      { signedAt: NOON + 240_000, head: headOf(403, { date: new Date(NOON).toUTCString() }) },
      { clockSkewCorrected: true },
    ],
    [
      'no correction without the time of the signature',
      { clockSkewCorrected: true },
      { head: headOf(403, { date: new Date(NOON).toUTCString() }) },
      { clockSkewCorrected: false },
    ],
    [
      'no correction without the time of the server',
      { clockSkewCorrected: true },
      { signedAt: NOON, head: headOf(403) },
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

  test.each(['ECONNRESET', 'ERR_HTTP2_X', 'H2', `E${'X'.repeat(60)}`])('%s is a code', (code) => {
    expect(convert(Object.assign(new Error('x'), { code })).code).toBe(code)
  })

  test.each([
    ...['', 'E', 'xECONNRESET', '2E', 'ECONNRESET.', 'E!X', 'E X', 'econnreset'],
    `E${'X'.repeat(61)}`,
  ])('%j is not a code', (code) => {
    expect(convert(Object.assign(new Error('x'), { code })).code).toBeUndefined()
  })

  test('The error of this action is found among the causes', () => {
    const error = new ActionError('RUNNER_TOO_OLD', 'x')
    expect(convert(error).error).toBe(error)
    expect(convert(new Error('y', { cause: error })).error).toBe(error)
    expect(convert(new Error('y')).error).toBeUndefined()
  })

  test.each(['limitType', 'LimitType'])('%s is appended to the message', (member) => {
    const error = Object.assign(sdkError('LimitExceededException', 'm'), { [member]: 'backends' })
    expect(convert(error).message).toBe('m (limitType: backends)')
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

  test.each([undefined, null])('A cause that is %s does not count as one of twenty', (cause) => {
    const members = Array.from({ length: 18 }, () => new Error('', { cause }))
    const last = Object.assign(new Error('last', { cause }), { code: 'ELAST' })
    expect(convert(new AggregateError([...members, last])).code).toBe('ELAST')
    expect(convert(new AggregateError([...members, new Error(''), last])).code).toBeUndefined()
  })
})
