import { describe, expect, it } from 'vitest'

import { getRetryDelaySeconds, isRateLimit } from '../../../src/report/github-errors.ts'

/** An error as Octokit throws it. */
const httpError = (status: number, headers: Readonly<Record<string, string>> = {}): Error =>
  Object.assign(new Error(`status ${status}`), { status, response: { headers } })

describe('A failed call to GitHub', () => {
  it.each([
    ['a server error', httpError(502), 1],
    ['a failed connection, which Octokit reports as 500', httpError(500), 1],
    ['a 429', httpError(429), 1],
    ['a 429 that says when to retry', httpError(429, { 'retry-after': '2' }), 2],
    ['a secondary rate limit that ends soon', httpError(403, { 'retry-after': '5' }), 5],
  ])('can be retried after %s', (_, error, seconds) => {
    expect(getRetryDelaySeconds(error)).toBe(seconds)
  })

  it.each([
    ['a rate limit that lasts a minute', httpError(403, { 'retry-after': '60' })],
    ['a 429 that lasts a minute', httpError(429, { 'retry-after': '60' })],
    ['an exhausted rate limit', httpError(403, { 'x-ratelimit-remaining': '0' })],
    ['a missing permission', httpError(403)],
    ['a 403 with a malformed Retry-After', httpError(403, { 'retry-after': 'soon' })],
    ['an invalid token', httpError(401)],
    ['a rejected body', httpError(422)],
    ['an error of GraphQL', Object.assign(new Error('x'), { errors: [{ type: 'FORBIDDEN' }] })],
    ['a value that is no error', undefined],
  ])('cannot be retried after %s', (_, error) => {
    expect(getRetryDelaySeconds(error)).toBeUndefined()
  })

  it.each([
    [httpError(429), true],
    [httpError(403, { 'retry-after': '60' }), true],
    [httpError(403, { 'x-ratelimit-remaining': '0' }), true],
    [httpError(403, { 'x-ratelimit-remaining': '10' }), false],
    [httpError(503, { 'retry-after': '60' }), false],
  ])('is a rate limit or not by its status and headers: %o, %s', (error, expected) => {
    expect(isRateLimit(error)).toBe(expected)
  })
})
