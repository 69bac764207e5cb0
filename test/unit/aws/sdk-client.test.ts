import { describe, expect, onTestFinished, test } from 'vitest'
import { RefreshError } from '../../../src/aws/credentials.ts'
import { callSdk } from '../../../src/aws/sdk-client.ts'
import { ActionError } from '../../../src/errors/action-error.ts'
import { classifyFailure } from '../../../src/network/classify.ts'
import { createTrackedAgents, destroyAgents } from '../../../src/network/agents.ts'
import type { ApiResult } from '../../../src/network/retry.ts'
import { serve } from '../../support/unit/http-server.ts'
import { containing, matching } from '../../support/unit/matchers.ts'
import { callOptions, create, createClient, getFailure, json } from './sdk-calls.ts'

const SUCCESS = '{"appId":"d1","backendEnvironmentName":"prod","jobId":"job-1","status":"RUNNING"}'

describe('A successful call', () => {
  test('The result has the value, the request ID and the time of the server', async () => {
    const server = await serve(
      json(200, SUCCESS, {
        'x-amzn-RequestId': 'id-1',
        date: 'Thu, 15 Jan 2026 12:00:05 GMT',
      }),
    )
    const client = createClient(server.url)
    expect(await create(client)).toEqual({
      ok: true,
      value: 'job-1',
      requestId: 'id-1',
      serverTime: Date.UTC(2026, 0, 15, 12, 0, 5),
    })
    expect(client.traces).toEqual([
      matching(/^CreateBackendStorage at 127\.0\.0\.1:\d+: 200 in \d+ ms$/),
    ])
  })
})

describe('A call without a response', () => {
  test.each([
    'EHOSTUNREACH',
    'ENETUNREACH',
    'EADDRNOTAVAIL',
    'ECONNREFUSED',
    'EAI_AGAIN',
    'ENOTFOUND',
  ])(
    'A connection that was established and breaks with %s leaves the outcome open',
    async (code) => {
      const connection = { connected: false }
      const agents = createTrackedAgents({}, connection)
      onTestFinished(() => {
        destroyAgents(agents)
      })
      const server = await serve(() => {
        for (const socket of Object.values(agents.http.sockets).flat()) {
          socket?.destroy(Object.assign(new Error(`read ${code}`), { code }))
        }
      })
      const failure = await getFailure(createClient(server.url, { connection }, agents))
      expect(failure).toMatchObject({ code, connected: true })
      expect(classifyFailure(failure)).toBe('no-response')
    },
  )

  test('A response proves the connection, whatever the agents recorded', async () => {
    const server = await serve(json(500, '{}'))
    const call = { connection: { connected: false } }
    expect((await getFailure(createClient(server.url, call))).connected).toBe(true)
  })
})

describe('The timeout of a call', () => {
  test('A call that gets no response times out', async () => {
    const server = await serve(() => undefined)
    const client = createClient(server.url, { timeoutMs: 50 })
    const failure = await getFailure(client)
    expect(failure).toMatchObject({
      status: undefined,
      timedOut: true,
      name: 'TimeoutError',
      connected: true,
    })
    expect(classifyFailure(failure)).toBe('no-response')
    expect(client.traces).toEqual([matching(/: TimeoutError in \d+ ms$/)])
  })

  test('A call whose response stops in the middle times out and keeps its status', async () => {
    const server = await serve((response) => {
      response.writeHead(200, { 'x-amzn-requestid': 'half' })
      response.write('{')
    })
    const failure = await getFailure(createClient(server.url, { timeoutMs: 1_000 }))
    expect(failure).toMatchObject({ status: 200, timedOut: true, requestId: 'half' })
  })
})

describe('The signal of a call', () => {
  test('A call with an aborted signal is not sent', async () => {
    const server = await serve(json(200, SUCCESS))
    const reason = new Error('SIGINT')
    const client = createClient(server.url, { signal: AbortSignal.abort(reason) })
    await expect(create(client)).rejects.toBe(reason)
    expect(server.seen).toEqual([])
    expect(client.traces).toEqual([])
  })

  async function createAndAbort(reason: unknown): Promise<unknown> {
    const abort = new AbortController()
    const server = await serve(() => {
      abort.abort(reason)
    })
    const client = createClient(server.url, { signal: abort.signal })
    return create(client).catch((error: unknown) => error)
  }

  test('Aborting the signal during a call ends it with the reason, as an error', async () => {
    const reason = new Error('SIGTERM')
    expect(await createAndAbort(reason)).toBe(reason)
    expect(await createAndAbort('enough')).toMatchObject({ message: 'aborted', cause: 'enough' })
  })

  test('A response that has arrived is not discarded by an abort', async () => {
    const abort = new AbortController()
    const result = await callSdk(
      () => Promise.resolve('job-1'),
      (output) => {
        abort.abort(new Error('too late'))
        return output
      },
      callOptions({ signal: abort.signal }),
    )
    expect(result).toEqual({
      ok: true,
      value: 'job-1',
      requestId: undefined,
      serverTime: undefined,
    })
  })
})

describe('An error of the credentials', () => {
  const failWith = (
    error: Error,
    connection?: { connected: boolean },
  ): Promise<ApiResult<string>> =>
    callSdk(
      () => Promise.reject(error),
      () => 'x',
      callOptions(connection === undefined ? {} : { connection }),
    )

  test('An ActionError passes through', async () => {
    const refusal = new ActionError('ROLE_REFUSED', 'no')
    await expect(failWith(refusal)).rejects.toBe(refusal)
  })

  test('A refresh that may succeed later is a failure of the call, which was not executed', async () => {
    const refusal = new ActionError('STS_UNAVAILABLE', 'down', { temporary: true })
    for (const connection of [undefined, { connected: false }]) {
      const result = await failWith(new RefreshError(refusal), connection)
      expect(result).toMatchObject({ ok: false, failure: { connected: false, error: refusal } })
    }
  })

  test.each(['EndpointError', 'TypeError'])(
    'An error of the SDK before any request (%s) is final',
    async (name) => {
      const error = Object.assign(new Error('Invalid Configuration: FIPS'), { name })
      await expect(failWith(error)).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message: containing('Invalid Configuration: FIPS'),
        advice: containing('AWS_USE_FIPS_ENDPOINT'),
      })
    },
  )
})
