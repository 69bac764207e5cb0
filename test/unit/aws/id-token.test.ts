import type { ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import {
  decodeClaims,
  getIdTokenEndpoint,
  prefetchIdToken,
  requestIdToken,
  type IdTokenRequest,
} from '../../../src/aws/id-token.ts'
import { createSecrets } from '../../../src/lib/secrets.ts'
import type { RetryPolicy } from '../../../src/network/retry.ts'
import {
  createTestAgents,
  serve,
  skippingClock,
  type Handler,
} from '../../support/unit/http-server.ts'
import { containing, matching } from '../../support/unit/matchers.ts'
import { aRetryPolicy } from '../../support/unit/storage-context.ts'
import { resultOf, type TaskResult } from '../../support/unit/task-result.ts'

const TOKEN = 'header.payload.signature'

type RequestMembers = Partial<RetryPolicy & { bearer: string; audience: string; timeoutMs: number }>

type Recorded = { masked: string[]; retries: string[]; slept: readonly number[] }

/** A request whose retries do not wait. */
function aRequest(
  url: string,
  { bearer = 'request-token', audience = 'sts.amazonaws.com', ...members }: RequestMembers = {},
): { request: IdTokenRequest; recorded: Recorded } {
  const agents = createTestAgents()
  const clock = skippingClock()
  const recorded: Recorded = { masked: [], retries: [], slept: clock.slept }
  const policy = aRetryPolicy(clock, {
    deadline: clock.now() + (members.timeoutMs ?? 1_800_000),
    onRetry: (line) => recorded.retries.push(line),
    ...members,
  })
  const secrets = createSecrets((secret) => recorded.masked.push(secret))
  return { request: { endpoint: { url, bearer }, audience, agents, secrets, policy }, recorded }
}

async function request(
  url: string,
  members: RequestMembers = {},
): Promise<Recorded & { result: TaskResult<string> }> {
  const { request, recorded } = aRequest(url, members)
  const result = await resultOf(requestIdToken(request))
  return { ...recorded, result }
}

const respondWithToken = (response: ServerResponse): void => {
  response.writeHead(200).end(JSON.stringify({ count: 1, value: TOKEN }))
}

const respond =
  (status: number, body = '', headers: Record<string, string> = {}): Handler =>
  (response) => {
    response.writeHead(status, headers).end(body)
  }

const failFirst =
  (count: number, fail: Handler): Handler =>
  (response, seen, index) => {
    if (index < count) fail(response, seen, index)
    else respondWithToken(response)
  }

const DEFAULT_ADVICE = /^Run the workflow again/
const GITHUB_ADVICE = /GitHub Enterprise Server/

test('The endpoint of the token service consists of both variables', () => {
  const env = {
    ACTIONS_ID_TOKEN_REQUEST_URL: ' https://token.test/x?api-version=2.0 ',
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: ' t ',
  }
  const url = 'https://token.test/x?api-version=2.0'
  expect(getIdTokenEndpoint(env)).toEqual({ url, bearer: 't' })
})

describe('requestIdToken', () => {
  test('The request has the bearer and the audience, and bearer and token are masked', async () => {
    const server = await serve(respondWithToken)
    const given = { audience: 'a b&c', bearer: 'bearer-of-job' }
    const { result, masked } = await request(`${server.url}/t?api-version=2.0`, given)
    expect(result).toEqual({ ok: true, value: TOKEN })
    expect(masked).toEqual(['bearer-of-job', TOKEN])
    expect(server.seen).toMatchObject([
      {
        method: 'GET',
        target: '/t?api-version=2.0&audience=a+b%26c',
        headers: { authorization: 'Bearer bearer-of-job', accept: 'application/json' },
      },
    ])
  })

  test.each<[number, Record<string, string>, number[]]>([
    [429, {}, [500, 1_000, 2_000]],
    [503, {}, [500, 1_000, 2_000]],
    [429, { 'retry-after': '7' }, [7_500, 8_000, 9_000]],
  ])(
    'A request is repeated after status %i with %j, and GitHub counts as no throttling of the account',
    async (status, headers, delays) => {
      const server = await serve(failFirst(3, respond(status, '', headers)))
      const { result, retries, slept } = await request(server.url)
      expect(result.ok).toBe(true)
      expect(slept).toEqual(delays)
      expect(retries[0]).toMatch(/^The token request failed \(attempt 1 of 5\): /)
    },
  )

  test.each([
    '{}',
    '{"value":""}',
    '{"value":7}',
    '[]',
    'null',
    '"x"',
    '{"value":"a.b"}',
    '{"value":"a.b.c d"}',
    '{',
  ])('The body %s contains no token', async (body) => {
    const server = await serve(respond(200, body))
    const { result } = await request(server.url)
    expect(server.seen).toHaveLength(5)
    expect(result).toMatchObject({
      code: 'TOKEN_UNAVAILABLE',
      result: 'failed',
      message: containing(`127.0.0.1:${server.port}`),
      advice: matching(GITHUB_ADVICE),
    })
  })

  test.each([
    [401, /request token/],
    [404, GITHUB_ADVICE],
    [403, DEFAULT_ADVICE],
    [400, DEFAULT_ADVICE],
  ])('Status %i is not retried and does not reveal body or query', async (status, advice) => {
    const server = await serve(respond(status, '{"message":"secret details"}'))
    const { result, slept } = await request(`${server.url}/t?secret=query`)
    expect(server.seen).toHaveLength(1)
    expect(slept).toEqual([])
    expect(result).toMatchObject({
      code: 'TOKEN_UNAVAILABLE',
      message: containing(`${status}`),
      advice: matching(advice),
    })
    expect(JSON.stringify(result)).not.toContain('secret')
  })

  test.each<[RequestMembers, Record<string, string>, number, object]>([
    [{ maxAttempts: 20 }, {}, 5, { result: 'failed', message: containing('503') }],
    [{}, { 'retry-after': '20' }, 3, { result: 'failed', message: containing('55 s') }],
    [{ timeoutMs: 30_000 }, { 'retry-after': '20' }, 2, { result: 'timed-out' }],
  ])('With the policy %j and the headers %j, there are %i attempts', async (...row) => {
    const [members, headers, attempts, expected] = row
    const server = await serve(respond(503, '', headers))
    const { result } = await request(server.url, members)
    expect(server.seen).toHaveLength(attempts)
    expect(result).toMatchObject({ code: 'TOKEN_UNAVAILABLE', ...expected })
  })

  test.each(['', 'not a url', '/relative?x=secret'])('%j is not a valid endpoint', async (url) => {
    const { result } = await request(url)
    expect(result).toMatchObject({
      code: 'TOKEN_UNAVAILABLE',
      message: `ACTIONS_ID_TOKEN_REQUEST_URL is not a URL: ${url.split('?')[0] ?? ''}`,
    })
  })
})

describe('prefetchIdToken', () => {
  test('The request has left before there is a response', async () => {
    const { promise: responses, resolve: respondNow } = Promise.withResolvers<undefined>()
    const server = await serve((response) => {
      void responses.then(() => {
        respondWithToken(response)
      })
    })
    const { token, sent } = prefetchIdToken(aRequest(server.url).request)
    await sent
    respondNow(undefined)
    expect(await token).toBe(TOKEN)
  })

  test('A request that fails rejects the token and not the promise for its sending', async () => {
    const { token, sent } = prefetchIdToken(aRequest('not a url').request)
    await sent
    await expect(token).rejects.toMatchObject({ code: 'TOKEN_UNAVAILABLE' })
  })
})

describe('decodeClaims', () => {
  const tokenWith = (payload: string): string => `x.${Buffer.from(payload).toString('base64url')}.y`

  test('Only the claims that a trust policy can check are returned, if they are strings', () => {
    const claims = {
      iss: 'i',
      aud: 'a',
      sub: 's',
      ref: 'r',
      environment: 'e',
      job_workflow_ref: 'j',
    }
    const token = tokenWith(JSON.stringify({ ...claims, jti: 'no', actor: 'no' }))
    expect(decodeClaims(token)).toEqual(claims)
    expect(decodeClaims(tokenWith('{"sub":"s","aud":["a"],"ref":7}'))).toEqual({ sub: 's' })
  })

  test('The claims are sanitized and truncated', () => {
    expect(decodeClaims(tokenWith('{"sub":"::error::x\\ny"}'))).toEqual({ sub: ': :error::x y' })
    const { sub } = decodeClaims(tokenWith(JSON.stringify({ sub: 'x'.repeat(400) })))
    expect(sub).toHaveLength(300)
  })

  test.each(['', 'x', 'x.y.z', tokenWith('null'), tokenWith('7'), tokenWith('{')])(
    'The token %j has no claims',
    (token) => {
      expect(decodeClaims(token)).toEqual({})
    },
  )
})
