import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import {
  getRequestId,
  getServerTime,
  parseRetryAfterMs,
  type ResponseHead,
} from '../../../src/network/failure.ts'
import { unredacted } from '../../support/unit/storage-context.ts'
import { convert, headOf, sdkError } from './convert-failure.ts'

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
