import type { ServerResponse } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startEmulator, type Emulator } from '../../emulator/emulator.ts'
import { createAgents, destroyAgents } from '../../src/network/agents.ts'
import { decodeClaims, requestIdToken, getIdTokenEndpoint } from '../../src/aws/id-token.ts'
import type { RetryPolicy } from '../../src/network/retry.ts'
import { createSecrets } from '../../src/lib/secrets.ts'
import { resultOf, type TaskResult } from '../support/unit/task-result.ts'
import { neverAborted } from '../support/unit/storage-context.ts'
import { findClosedPort } from '../support/servers/loopback-server.ts'
import { serve, serveRaw, skippingClock, type Handler } from '../support/unit/http-server.ts'
import { containing, matching } from '../support/unit/matchers.ts'

const TOKEN = 'header.payload.signature'

type Minting = {
  ending: TaskResult<string>
  masks: string[]
  retries: string[]
  slept: readonly number[]
}

/** Mints a token without having to wait for its retries. */
async function minting(
  url: string,
  {
    bearer = 'request-token',
    audience = 'sts.amazonaws.com',
    ...members
  }: Partial<RetryPolicy & { bearer: string; audience: string; timeoutMs: number }> = {},
): Promise<Minting> {
  const agents = createAgents({})
  onTestFinished(() => {
    destroyAgents(agents)
  })
  const masks: string[] = []
  const retries: string[] = []
  const clock = skippingClock()
  const patience: RetryPolicy = {
    clock,
    random: () => 0.5,
    deadline: clock.now() + (members.timeoutMs ?? 1_800_000),
    maxAttempts: 8,
    signal: neverAborted,
    onRetry: (line) => retries.push(line),
    refreshCredentials: () => undefined,
    ...members,
  }
  const ending = await resultOf(
    requestIdToken(
      { url, bearer },
      audience,
      agents,
      createSecrets((secret) => masks.push(secret)),
      patience,
    ),
  )
  return { ending, masks, retries, slept: clock.slept }
}

const good = (response: ServerResponse): void => {
  response.writeHead(200).end(JSON.stringify({ count: 1, value: TOKEN }))
}

const after =
  (count: number, bad: Handler): Handler =>
  (response, seen, index) => {
    if (index < count) bad(response, seen, index)
    else good(response)
  }

const says =
  (status: number, body = '', headers: Record<string, string> = {}): Handler =>
  (response) => {
    response.writeHead(status, headers).end(body)
  }

describe('the token service of a job', () => {
  test('is there when both variables are', () => {
    const env = {
      ACTIONS_ID_TOKEN_REQUEST_URL: ' https://token.test/x?api-version=2.0 ',
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: ' t ',
    }
    expect(getIdTokenEndpoint(env)).toEqual({
      url: 'https://token.test/x?api-version=2.0',
      bearer: 't',
    })
  })

  test.each([
    {},
    { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.test' },
    { ACTIONS_ID_TOKEN_REQUEST_TOKEN: 't' },
    { ACTIONS_ID_TOKEN_REQUEST_URL: '', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 't' },
    { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.test', ACTIONS_ID_TOKEN_REQUEST_TOKEN: ' ' },
  ])('O01: is none in %j', (env) => {
    expect(getIdTokenEndpoint(env)).toBeUndefined()
  })
})

describe('a token', () => {
  async function emulated(): Promise<{ emulator: Emulator; url: string; bearer: string }> {
    const emulator = await startEmulator()
    onTestFinished(() => emulator.stop())
    const service = getIdTokenEndpoint(emulator.env)
    if (service === undefined) throw new Error('no token service')
    return { emulator, ...service }
  }

  test('is minted for the audience, and masked together with what it was asked for with', async () => {
    const { url, bearer, emulator } = await emulated()
    const { ending, masks } = await minting(url, { bearer, audience: 'sts.amazonaws.com.cn' })
    if (!ending.ok) throw ending.error
    expect(decodeClaims(ending.value)).toMatchObject({
      iss: 'https://token.actions.githubusercontent.com',
      aud: 'sts.amazonaws.com.cn',
      sub: 'repo:octo-org/octo-app:ref:refs/heads/main',
    })
    expect(masks).toEqual([bearer, ending.value])
    expect(emulator.calls('token')).toHaveLength(1)
  })

  test('is asked for once, with the bearer, and with the audience on top of the address', async () => {
    const server = await serve(good)
    const { ending } = await minting(`${server.url}/t?api-version=2.0`, { audience: 'a b&c' })
    expect(ending).toEqual({ ok: true, value: TOKEN })
    expect(server.seen).toMatchObject([
      {
        method: 'GET',
        target: '/t?api-version=2.0&audience=a+b%26c',
        headers: { authorization: 'Bearer request-token', accept: 'application/json' },
      },
    ])
  })

  test.each([
    ['O06: 503', { kind: 'status', status: 503 }],
    ['O06: 500', { kind: 'status', status: 500 }],
    ['O06: 429', { kind: 'status', status: 429 }],
    ['a reset', { kind: 'reset' }],
    ['O08: half an answer', { kind: 'truncated' }],
    ['O08: half an answer in chunks', { kind: 'truncated', chunked: true }],
    ['O09: an empty answer', { kind: 'empty' }],
    ['O09: a page', { kind: 'html', status: 200 }],
    ['garbage', { kind: 'garbage' }],
  ] as const)('comes all the same after %s', async (_what, fault) => {
    const { url, bearer, emulator } = await emulated()
    emulator.injectFault({ operation: 'token', times: 2, ...fault })
    const { ending, retries, slept } = await minting(url, { bearer })
    expect(ending.ok).toBe(true)
    expect(emulator.calls('token')).toHaveLength(3)
    expect(retries).toHaveLength(2)
    expect(retries[0]).toMatch(
      /^The token request failed \(attempt 1 of 5\): .+\. Next attempt in /,
    )
    expect(slept).toHaveLength(2)
  })

  test('O06: waits as long as Retry-After asks', async () => {
    const server = await serve(after(1, says(429, '', { 'retry-after': '7' })))
    const { ending, slept } = await minting(server.url)
    expect(ending.ok).toBe(true)
    expect(slept).toEqual([7_500])
  })

  test('O06: waits after throttling as after any other failure: it is not the account’s', async () => {
    for (const status of [429, 503]) {
      const server = await serve(after(3, says(status)))
      const { ending, slept } = await minting(server.url)
      expect(ending.ok).toBe(true)
      expect(slept).toEqual([500, 1_000, 2_000])
    }
  })

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
  ])('O09: is none in %s', async (body) => {
    const server = await serve(says(200, body))
    const { ending } = await minting(server.url)
    expect(server.seen).toHaveLength(5)
    expect(ending).toMatchObject({
      code: 'TOKEN_UNAVAILABLE',
      result: 'failed',
      message: `GitHub's token service at 127.0.0.1:${server.port} did not hand out an OIDC token: 200: the answer holds no token.`,
      advice:
        'On GitHub Enterprise Server check that OIDC is available there; otherwise look for a proxy that answers in its place.',
    })
  })
})

describe('a token service that refuses', () => {
  test.each([
    [
      401,
      'The job’s request token was not accepted; it is valid only while its job runs. Run the job again.',
    ],
    [
      404,
      'On GitHub Enterprise Server check that OIDC is available there; otherwise look for a proxy that answers in its place.',
    ],
    [403, 'Run the job again; if it persists, look at the GitHub status page and the proxy.'],
    [400, 'Run the job again; if it persists, look at the GitHub status page and the proxy.'],
  ])('O06: with %i is asked once', async (status, advice) => {
    const server = await serve(says(status, '{"message":"secret details"}'))
    const { ending, slept } = await minting(`${server.url}/t?secret=query`)
    expect(server.seen).toHaveLength(1)
    expect(slept).toEqual([])
    expect(ending).toMatchObject({
      code: 'TOKEN_UNAVAILABLE',
      message: `GitHub's token service at 127.0.0.1:${server.port} did not hand out an OIDC token: ${status}: the answer holds no token.`,
      advice,
    })
  })

  test('O06: is asked five times at most, whatever max-attempts says', async () => {
    const server = await serve(says(503))
    const { ending } = await minting(server.url, { maxAttempts: 20 })
    expect(server.seen).toHaveLength(5)
    expect(ending).toMatchObject({ code: 'TOKEN_UNAVAILABLE', message: containing('503') })
  })

  test('O05: is given up after less than a minute, although there is more time', async () => {
    const server = await serve(says(503, '', { 'retry-after': '20' }))
    const { ending, slept } = await minting(server.url)
    expect(slept.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(55_000)
    expect(slept).toHaveLength(2)
    expect(ending).toMatchObject({
      result: 'failed',
      message: containing('No other attempt fits into the 55 s that there are for a token.'),
    })
  })

  test('is given up at the deadline of the run, which is timed out then', async () => {
    const server = await serve(says(503, '', { 'retry-after': '20' }))
    const { ending, slept } = await minting(server.url, { timeoutMs: 30_000 })
    expect(slept).toHaveLength(1)
    expect(ending).toMatchObject({ code: 'TOKEN_UNAVAILABLE', result: 'timed-out' })
  })

  test('because nobody listens says so', async () => {
    const port = await findClosedPort()
    const { ending, retries } = await minting(`http://127.0.0.1:${port}`)
    expect(retries).toHaveLength(4)
    expect(ending).toMatchObject({
      code: 'TOKEN_UNAVAILABLE',
      message: matching(/ECONNREFUSED/),
      advice: 'Run the job again; if it persists, look at the GitHub status page and the proxy.',
    })
  })

  test('O05: by silence ends with the time that is left', async () => {
    const server = await serveRaw(() => undefined)
    const { ending } = await minting(server.url, { timeoutMs: 100 })
    expect(ending).toMatchObject({
      code: 'TOKEN_UNAVAILABLE',
      result: 'timed-out',
      message: containing('no answer within the time limit'),
    })
  })

  test.each(['', 'not a url', '/relative?x=secret'])('whose address is %j is none', async (url) => {
    const { ending } = await minting(url)
    expect(ending).toMatchObject({
      code: 'TOKEN_UNAVAILABLE',
      message: `ACTIONS_ID_TOKEN_REQUEST_URL is not a URL: ${url.split('?')[0] ?? ''}`,
    })
  })

  test('ends with the signal', async () => {
    const abort = new AbortController()
    const reason = new Error('SIGINT')
    const server = await serve(() => {
      abort.abort(reason)
    })
    await expect(minting(server.url, { signal: abort.signal })).rejects.toBe(reason)
  })
})

describe('the claims of a token', () => {
  const tokenOf = (payload: string): string => `x.${Buffer.from(payload).toString('base64url')}.y`

  test('are those that a trust policy can ask for', () => {
    const claims = {
      iss: 'i',
      aud: 'a',
      sub: 's',
      ref: 'r',
      environment: 'e',
      job_workflow_ref: 'j',
    }
    expect(decodeClaims(tokenOf(JSON.stringify({ ...claims, jti: 'no', actor: 'no' })))).toEqual(
      claims,
    )
    expect(decodeClaims(tokenOf('{"sub":"s","aud":["a"],"ref":7}'))).toEqual({ sub: 's' })
  })

  test('are harmless text', () => {
    expect(decodeClaims(tokenOf('{"sub":"::error::x\\ny"}'))).toEqual({ sub: ': :error::x y' })
    expect(decodeClaims(tokenOf(JSON.stringify({ sub: 'x'.repeat(400) }))).sub).toHaveLength(300)
  })

  test.each(['', 'x', 'x.y.z', tokenOf('null'), tokenOf('7'), tokenOf('{')])(
    'are none in %j',
    (token) => {
      expect(decodeClaims(token)).toEqual({})
    },
  )
})
