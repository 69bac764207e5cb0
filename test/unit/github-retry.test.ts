import { describe, expect, it } from 'vitest'
import type { Clock } from '../../src/lib/clock.ts'
import { isRateLimit, pauseMs, persistGithub } from '../../src/report/github-retry.ts'

/** An error as GitHub's toolkit throws it. */
const refusal = (status: number, headers: Readonly<Record<string, string>> = {}): Error =>
  Object.assign(new Error(`status ${status}`), { status, response: { headers } })

const graphqlRefusal = (): Error =>
  Object.assign(new Error('refused'), { errors: [{ type: 'FORBIDDEN' }] })

describe('another try of a call to GitHub', () => {
  it.each([
    ['a server error', refusal(502), 1_000],
    ['a broken connection', new Error('ECONNRESET'), 1_000],
    ['too many requests', refusal(429), 1_000],
    ['too many requests, with a time to wait', refusal(429, { 'retry-after': '2' }), 2_250],
    ['a secondary rate limit that is soon over', refusal(403, { 'retry-after': '5' }), 5_250],
  ])('follows %s', (_, error, ms) => {
    expect(pauseMs(error, 1, 0.5)).toBe(ms)
  })

  it.each([
    ['a rate limit that outlives the comment', refusal(403, { 'retry-after': '60' })],
    ['a missing permission', refusal(403)],
    ['a time to wait that is none', refusal(403, { 'retry-after': 'soon' })],
    ['a wrong token', refusal(401)],
    ['a body that is refused', refusal(422)],
    ['a refusal by GraphQL', graphqlRefusal()],
  ])('does not follow %s', (_, error) => {
    expect(pauseMs(error, 1, 0.5)).toBeUndefined()
  })

  it('comes later the more have failed, within ten seconds', () => {
    expect(pauseMs(refusal(500), 2, 0)).toBe(1_000)
    expect(pauseMs(refusal(500), 3, 1)).toBe(4_500)
    expect(pauseMs(refusal(500), 99, 1)).toBe(10_000)
  })
})

describe('a rate limit', () => {
  it.each([
    ['is a 429', refusal(429), true],
    ['is a 403 with a time to wait', refusal(403, { 'retry-after': '60' }), true],
    ['is a 403 when nothing remains', refusal(403, { 'x-ratelimit-remaining': '0' }), true],
    ['is not any 403', refusal(403, { 'x-ratelimit-remaining': '10' }), false],
    ['is no server error', refusal(503, { 'retry-after': '60' }), false],
  ])('%s', (_, error, expected) => {
    expect(isRateLimit(error)).toBe(expected)
  })
})

describe('a call to GitHub', () => {
  const clock: Clock = {
    now: () => 0,
    sleep: (_, signal) =>
      signal.aborted ? Promise.reject(new Error('aborted')) : Promise.resolve(),
  }
  const signal = new AbortController().signal

  async function made(
    errors: readonly Error[],
    repeatable = true,
  ): Promise<Readonly<{ end: unknown; calls: number }>> {
    let calls = 0
    const call = (): Promise<string> => {
      const error = errors[calls]
      calls += 1
      return error === undefined ? Promise.resolve('done') : Promise.reject(error)
    }
    const end = await persistGithub({ clock, random: () => 0 }, signal, call, repeatable).catch(
      (error: unknown) => error,
    )
    return { end, calls }
  }

  it('is made again until it succeeds', async () => {
    expect(await made([refusal(502), refusal(429)])).toEqual({ end: 'done', calls: 3 })
  })

  it('is made three times at most', async () => {
    const last = refusal(503)
    expect(await made([refusal(502), refusal(502), last])).toEqual({ end: last, calls: 3 })
  })

  it('that may have done its work already is not made again where that would do it twice', async () => {
    const lost = refusal(502)
    expect(await made([lost], false)).toEqual({ end: lost, calls: 1 })
    expect(await made([refusal(429)], false)).toEqual({ end: 'done', calls: 2 })
  })

  it('is not made again after the end', async () => {
    const ended = AbortSignal.abort()
    let calls = 0
    const call = (): Promise<never> => {
      calls += 1
      return Promise.reject(refusal(502))
    }
    const end = persistGithub({ clock, random: () => 0 }, ended, call)
    await expect(end).rejects.toThrow('status 502')
    expect(calls).toBe(1)
  })
})
