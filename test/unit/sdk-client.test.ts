import {
  AmplifyBackendClient,
  CreateBackendStorageCommand,
  GetBackendCommand,
  GetBackendStorageCommand,
  ListBackendJobsCommand,
} from '@aws-sdk/client-amplifybackend'
import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { classifyFailure } from '../../src/network/classify.ts'
import { ActionError } from '../../src/errors/action-error.ts'
import {
  createAgents,
  createTrackedAgents,
  destroyAgents,
  type Agents,
} from '../../src/network/agents.ts'
import type { Env } from '../../src/lib/env.ts'
import { parseBackend } from '../../src/storage/preconditions.ts'
import { formatFailure as describeInWords, type ApiResult } from '../../src/network/retry.ts'
import {
  endpointGuardPlugin,
  callSdk,
  clientConfiguration,
  type SdkCallOptions,
  type ClientSettings,
  type EndpointKind,
} from '../../src/aws/sdk-client.ts'
import { parseStorage } from '../../src/storage/model.ts'
import { neverAborted } from '../support/unit/storage-context.ts'
import { findClosedPort } from '../support/servers/loopback-server.ts'
import { serve, serveRaw, type Handler, type Served } from '../support/unit/http-server.ts'
import { containing, matching } from '../support/unit/matchers.ts'

const CREDENTIALS = {
  accessKeyId: 'AKIAEXAMPLE',
  secretAccessKey: 'secret-of-the-example',
  sessionToken: 'session-of-the-example',
}

type Client = {
  client: AmplifyBackendClient
  hosts: { host: string; kind: EndpointKind }[]
  traces: string[]
  options: SdkCallOptions
}

/** A client as the action makes it. */
function clientFor(
  endpoint: string,
  members: Partial<ClientSettings> = {},
  env: Env = {},
  call: Partial<SdkCallOptions> = {},
): Client {
  const agents: Agents = members.agents ?? createAgents(env)
  const hosts: Client['hosts'] = []
  const traces: string[] = []
  const settings: ClientSettings = {
    region: 'eu-west-1',
    agents,
    allowCustomEndpoints: false,
    onEndpoint: (host, kind) => hosts.push({ host, kind }),
    ...members,
  }
  const client = new AmplifyBackendClient({
    ...clientConfiguration(settings),
    credentials: CREDENTIALS,
    endpoint,
  })
  client.middlewareStack.use(endpointGuardPlugin(settings))
  onTestFinished(() => {
    client.destroy()
    destroyAgents(agents)
  })
  return {
    client,
    hosts,
    traces,
    options: {
      operation: 'CreateBackendStorage',
      timeoutMs: 10_000,
      signal: neverAborted,
      trace: (line) => traces.push(line),
      ...call,
    },
  }
}

const command = (): CreateBackendStorageCommand =>
  new CreateBackendStorageCommand({
    AppId: 'd1',
    BackendEnvironmentName: 'prod',
    ResourceName: 'media',
    ResourceConfig: { ServiceName: 'S3', Permissions: { Authenticated: ['READ'] } },
  })

/** Creates by a client; what counts of the answer is the job id. */
const create = ({ client, options }: Client): Promise<ApiResult<string>> =>
  callSdk(
    (abortSignal) => client.send(command(), { abortSignal }),
    ({ JobId }) => JobId,
    options,
  )

async function failureOf(client: Client) {
  const answer = await create(client)
  if (answer.ok) throw new Error('The call succeeded.')
  return answer.failure
}

const json =
  (status: number, body: string, headers: Record<string, string> = {}): Handler =>
  (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
  }

const GOOD = '{"appId":"d1","backendEnvironmentName":"prod","jobId":"job-1","status":"RUNNING"}'

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('a good answer', () => {
  test('has its value, the request id and the time of the server', async () => {
    const server = await serve(
      json(200, GOOD, {
        'x-amzn-RequestId': 'id-1',
        date: 'Thu, 15 Jan 2026 12:00:05 GMT',
      }),
    )
    const client = clientFor(server.url)
    expect(await create(client)).toEqual({
      ok: true,
      value: 'job-1',
      requestId: 'id-1',
      serverTime: Date.UTC(2026, 0, 15, 12, 0, 5),
    })
    expect(client.traces).toEqual([
      matching(
        new RegExp(`^CreateBackendStorage at 127\\.0\\.0\\.1:${server.port}: 200 in \\d+ ms$`),
      ),
    ])
  })

  test('was asked for with a signed request of the action’s own region', async () => {
    const server = await serve(json(200, GOOD))
    await create(clientFor(server.url))
    expect(server.seen).toMatchObject([
      {
        method: 'POST',
        target: '/backend/d1/storage',
        headers: {
          authorization: matching(/Credential=AKIAEXAMPLE\/\d{8}\/eu-west-1\/amplifybackend\//),
          'x-amz-security-token': CREDENTIALS.sessionToken,
        },
      },
    ])
  })

  test('may come without request id and time', async () => {
    const server = await serveRaw((socket) => {
      socket.once('data', () =>
        socket.end(
          `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${GOOD.length}\r\n\r\n${GOOD}`,
        ),
      )
    })
    expect(await create(clientFor(server.url))).toEqual({
      ok: true,
      value: 'job-1',
      requestId: undefined,
      serverTime: undefined,
    })
  })
})

describe('T03: the SDK retries nothing by itself', () => {
  test.each([
    ['429', json(429, '{"message":"x"}')],
    ['504', json(504, '{"message":"x"}', { 'x-amzn-ErrorType': 'GatewayTimeoutException' })],
    ['500', json(500, '{}')],
    ['a reset', (response: ServerResponse) => response.socket?.resetAndDestroy()],
    [
      'half an answer',
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-length': '100' })
        response.write('{"jobId"')
        response.socket?.end()
      },
    ],
  ] as const)('after %s, whatever the environment says', async (_what, handler) => {
    vi.stubEnv('AWS_MAX_ATTEMPTS', '7')
    vi.stubEnv('AWS_RETRY_MODE', 'adaptive')
    const server = await serve(handler)
    const failure = await failureOf(clientFor(server.url))
    expect(failure.operation).toBe('CreateBackendStorage')
    expect(server.seen).toHaveLength(1)
  })
})

describe('an answer of the service that is an error', () => {
  const of = async (handler: Handler) => failureOf(clientFor((await serve(handler)).url))

  test('has the name and the text of the service', async () => {
    expect(
      await of(
        json(400, '{"message":"There is already a pending job"}', {
          'x-amzn-ErrorType': 'BadRequestException',
          'x-amzn-RequestId': 'id-400',
        }),
      ),
    ).toEqual({
      operation: 'CreateBackendStorage',
      status: 400,
      name: 'BadRequestException',
      code: undefined,
      message: 'There is already a pending job',
      connected: true,
      timeLimit: false,
      requestId: 'id-400',
      retryAfterMs: undefined,
      clockSkewCorrected: false,
      route: {
        host: containing('127.0.0.1:'),
        endpoint: 'endpoint_url in the shared AWS configuration',
        proxy: undefined,
      },
    })
  })

  test.each([
    ['in the header', '{"message":"m"}', { 'x-amzn-ErrorType': 'ns#ThrottlingException:http://x' }],
    ['as __type', '{"__type":"ns#ThrottlingException","message":"m"}', {}],
    ['as code', '{"code":"ThrottlingException","message":"m"}', {}],
  ])('T01: is named %s', async (_where, body, headers) => {
    expect(await of(json(400, body, headers))).toMatchObject({ name: 'ThrottlingException' })
  })

  test('N12: that is a page has its status, its request id and its Retry-After', async () => {
    const failure = await of((response) => {
      response
        .writeHead(504, {
          'content-type': 'text/html',
          'retry-after': '3',
          'x-amzn-requestid': 'p',
        })
        .end('<html>504 Gateway Time-out</html>')
    })
    expect(failure).toMatchObject({
      status: 504,
      name: 'SyntaxError',
      requestId: 'p',
      retryAfterMs: 3_000,
    })
    expect(classifyFailure(failure)).toBe('gateway-timeout')
  })

  test.each([429, 502, 503, 504])('N12: that is empty has its status, here %i', async (status) => {
    const failure = await of((response) => response.writeHead(status).end())
    expect(failure).toMatchObject({ status, name: 'Unknown' })
  })

  test('after which the SDK has corrected its clock says so', async () => {
    const failure = await of(
      json(403, '{"message":"Signature expired"}', {
        'x-amzn-ErrorType': 'InvalidSignatureException',
        date: new Date(Date.now() + 3_600_000).toUTCString(),
      }),
    )
    expect(failure.clockSkewCorrected).toBe(true)
    expect(classifyFailure(failure)).toBe('clock-skew')
  })

  test('L01: cannot forge a command', async () => {
    const failure = await of(
      json(400, JSON.stringify({ message: 'x\r\n::add-mask::a\n##[error]z' })),
    )
    expect(failure.message).toBe('x ::add-mask::a ## [error]z')
  })
})

describe('N13: an answer of 200 that is none', () => {
  test.each(['', '{}', '[]', '""', '{"JobId":"x"}', '{"jobId":""}', '{"jobId":7}'])(
    'fails with the body %j, as one that may have been carried out',
    async (body) => {
      const server = await serve(json(200, body, { 'x-amzn-RequestId': 'id-200' }))
      const { client, options } = clientFor(server.url)
      const answer = await callSdk(
        (abortSignal) => client.send(command(), { abortSignal }),
        ({ JobId }: { JobId?: unknown }) =>
          typeof JobId === 'string' && JobId !== '' ? JobId : undefined,
        options,
      )
      expect(answer).toMatchObject({
        ok: false,
        failure: {
          status: 200,
          name: 'Error',
          message: 'the answer lacks what it must have',
          requestId: 'id-200',
        },
      })
    },
  )

  test.each(['<html>hello</html>', 'null', '{"jobId":'])(
    'fails with the body %j, by its status',
    async (body) => {
      const failure = await failureOf(clientFor((await serve(json(200, body))).url))
      expect(failure.status).toBe(200)
      expect(classifyFailure(failure)).toBe('unreadable')
    },
  )

  test.each([
    [200, 'null', 'the answer could not be read'],
    [400, '{"code":{}}', 'the answer could not be read'],
    [200, '<html>', 'the answer is not JSON'],
    [500, '{}', 'no reason given'],
  ])('of status %i with the body %j is told without the SDK’s own words', async (...given) => {
    const [status, body, words] = given
    const failure = await failureOf(clientFor((await serve(json(status, body))).url))
    expect(describeInWords(failure)).toBe(`${status}: ${words}`)
    expect(failure.message).not.toContain('$response')
  })

  test('N14: cut short keeps its status and its request id', async () => {
    const server = await serve((response) => {
      response.writeHead(200, { 'content-length': '200', 'x-amzn-RequestId': 'cut' })
      response.write('{"jobId":"job-1"')
      setImmediate(() => response.socket?.destroy())
    })
    const failure = await failureOf(clientFor(server.url))
    expect(failure).toMatchObject({ status: 200, requestId: 'cut', connected: true })
    expect(classifyFailure(failure)).toBe('unreadable')
    expect(describeInWords(failure)).toBe('200 ECONNRESET: aborted')
  })

  test('as a redirect is not followed', async () => {
    const server = await serve((response) => {
      response.writeHead(307, { location: '/elsewhere' }).end()
    })
    const failure = await failureOf(clientFor(server.url))
    expect(failure.status).toBe(307)
    expect(classifyFailure(failure)).toBe('unreadable')
    expect(server.seen).toHaveLength(1)
  })

  test('whose members are null has none of them', async () => {
    const server = await serve(
      json(200, '{"appId":"d1","resourceConfig":null,"amplifyMetaConfig":null,"jobs":null}'),
    )
    const { client, options } = clientFor(server.url)
    const target = { AppId: 'd1', BackendEnvironmentName: 'prod' }
    const storage = await callSdk(
      (abortSignal) =>
        client.send(new GetBackendStorageCommand({ ...target, ResourceName: 'media' }), {
          abortSignal,
        }),
      (output) => ({ storage: parseStorage(output.ResourceConfig) }),
      options,
    )
    expect(storage).toMatchObject({ ok: true, value: { storage: undefined } })
    const backend = await callSdk(
      (abortSignal) => client.send(new GetBackendCommand(target), { abortSignal }),
      parseBackend,
      options,
    )
    expect(backend).toMatchObject({ ok: true, value: { meta: undefined } })
    const jobs = await callSdk(
      (abortSignal) => client.send(new ListBackendJobsCommand(target), { abortSignal }),
      (output) => output.Jobs,
      options,
    )
    expect(jobs.ok).toBe(false)
  })
})

describe('no answer', () => {
  test('N05: a reset after the request was read leaves the outcome open', async () => {
    const server = await serve((response) => response.socket?.resetAndDestroy())
    const failure = await failureOf(clientFor(server.url))
    expect(failure).toMatchObject({ status: undefined, code: 'ECONNRESET', connected: true })
    expect(classifyFailure(failure)).toBe('no-answer')
  })

  test('bytes that are no HTTP are no answer', async () => {
    const server = await serveRaw((socket) => {
      socket.once('data', () => socket.end('SSH-2.0-not_http\r\n\r\n'))
    })
    const failure = await failureOf(clientFor(server.url))
    expect(failure.code).toMatch(/^HPE_/)
    expect(classifyFailure(failure)).toBe('unreadable')
  })

  test('a port on which nobody listens certainly carried nothing out', async () => {
    const client = clientFor(`http://127.0.0.1:${await findClosedPort()}`)
    const failure = await failureOf(client)
    expect(failure.code).toBe('ECONNREFUSED')
    expect(classifyFailure(failure)).toBe('not-connected')
    expect(client.traces).toEqual([
      matching(/^CreateBackendStorage at 127\.0\.0\.1:\d+: ECONNREFUSED in \d+ ms$/),
    ])
  })

  test('a handshake that breaks certainly carried nothing out, where the connection is watched', async () => {
    const server = await serveRaw((socket) => {
      socket.once('data', () => socket.resetAndDestroy())
    })
    const connection = { connected: false }
    const agents = createTrackedAgents({}, connection)
    const failure = await failureOf(
      clientFor(`https://127.0.0.1:${server.port}`, { agents }, {}, { connection }),
    )
    expect(failure).toMatchObject({ connected: false, code: 'ECONNRESET' })
    expect(classifyFailure(failure)).toBe('not-connected')
  })

  test('a reset after the request was read is known as such, where the connection is watched', async () => {
    const server = await serve((response) => response.socket?.resetAndDestroy())
    const connection = { connected: false }
    const agents = createTrackedAgents({}, connection)
    const failure = await failureOf(clientFor(server.url, { agents }, {}, { connection }))
    expect(failure.connected).toBe(true)
  })

  test('an answer proves the connection, whatever was seen of it', async () => {
    const server = await serve(json(500, '{}'))
    const failure = await failureOf(
      clientFor(server.url, {}, {}, { connection: { connected: false } }),
    )
    expect(failure.connected).toBe(true)
  })
})

describe('N10: the time limit', () => {
  const silent = () => serve(() => undefined)

  test('ends a call that is never answered', async () => {
    const server = await silent()
    const client = clientFor(server.url, {}, {}, { timeoutMs: 50 })
    const failure = await failureOf(client)
    expect(failure).toMatchObject({
      status: undefined,
      timeLimit: true,
      name: 'TimeLimitError',
      message: 'no answer within 0 s',
      connected: true,
    })
    expect(classifyFailure(failure)).toBe('no-answer')
    expect(client.traces).toEqual([matching(/: TimeLimitError in \d+ ms$/)])
  })

  test('ends a call whose answer stops in the middle, and keeps its status', async () => {
    const server = await serve((response) => {
      response.writeHead(200, { 'x-amzn-requestid': 'half' })
      response.write('{')
    })
    const failure = await failureOf(clientFor(server.url, {}, {}, { timeoutMs: 200 }))
    expect(failure).toMatchObject({ status: 200, timeLimit: true, requestId: 'half' })
  })

  test('wins over a call that ignores its signal', async () => {
    const { options } = clientFor('http://127.0.0.1:1', {}, {}, { timeoutMs: 20 })
    const answer = await callSdk(
      () => new Promise<never>(() => undefined),
      () => 'x',
      options,
    )
    expect(answer).toMatchObject({ ok: false, failure: { timeLimit: true } })
  })

  test('says how long it was', async () => {
    const { options } = clientFor('http://127.0.0.1:1', {}, {}, { timeoutMs: 1_500 })
    vi.useFakeTimers()
    onTestFinished(() => {
      vi.useRealTimers()
    })
    const answer = callSdk(
      () => new Promise<never>(() => undefined),
      () => 'x',
      options,
    )
    await vi.advanceTimersByTimeAsync(1_500)
    expect(await answer).toMatchObject({ failure: { message: 'no answer within 2 s' } })
    expect(vi.getTimerCount()).toBe(0)
  })

  test('leaves no timer behind when the answer comes in time', async () => {
    const { options } = clientFor('http://127.0.0.1:1')
    vi.useFakeTimers()
    onTestFinished(() => {
      vi.useRealTimers()
    })
    const answer = await callSdk(
      () => Promise.resolve('job-1'),
      (output) => output,
      options,
    )
    expect(answer.ok).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('the signal', () => {
  test('that is aborted before the call keeps it from being sent', async () => {
    const server = await serve(json(200, GOOD))
    const reason = new Error('SIGINT')
    const client = clientFor(server.url, {}, {}, { signal: AbortSignal.abort(reason) })
    await expect(create(client)).rejects.toBe(reason)
    expect(server.seen).toEqual([])
    expect(client.traces).toEqual([])
  })

  test('that is aborted during the call ends it with its reason', async () => {
    const abort = new AbortController()
    const reason = new Error('SIGTERM')
    const server = await serve(() => {
      abort.abort(reason)
    })
    await expect(create(clientFor(server.url, {}, {}, { signal: abort.signal }))).rejects.toBe(
      reason,
    )
  })

  test('that is aborted with no error for a reason ends it with one', async () => {
    const abort = new AbortController()
    const server = await serve(() => {
      abort.abort('enough')
    })
    await expect(
      create(clientFor(server.url, {}, {}, { signal: abort.signal })),
    ).rejects.toMatchObject({ message: 'aborted', cause: 'enough' })
  })

  test('that is aborted when the answer is there already does not take it away', async () => {
    const abort = new AbortController()
    const { options } = clientFor('http://127.0.0.1:1', {}, {}, { signal: abort.signal })
    const answer = await callSdk(
      () => Promise.resolve('job-1'),
      (output) => {
        abort.abort(new Error('too late'))
        return output
      },
      options,
    )
    expect(answer).toMatchObject({ ok: true, value: 'job-1' })
  })
})

describe('X10: a host that must not see a signed request', () => {
  async function thrown(client: Client): Promise<unknown> {
    try {
      return await create(client)
    } catch (error) {
      return error
    }
  }

  test.each(['http://amplify.fake.test', 'https://amplify.fake.test:8443', 'http://10.0.0.1'])(
    'is refused before anything goes out: %s',
    async (endpoint) => {
      const proxy = await serve(json(200, GOOD))
      const client = clientFor(endpoint, {}, { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url })
      const error = await thrown(client)
      expect(error).toBeInstanceOf(ActionError)
      expect(error).toMatchObject({
        code: 'ENDPOINT_REFUSED',
        message: `The configured endpoint ${endpoint} is neither loopback nor a domain of AWS reached over https; nothing was sent to it.`,
      })
      expect(proxy.connections()).toBe(0)
      expect(client.hosts).toEqual([])
    },
  )

  test('is spoken to where that is allowed, and said aloud', async () => {
    const proxy = await serve(json(200, GOOD))
    const client = clientFor(
      'http://amplify.fake.test:8080',
      { allowCustomEndpoints: true },
      { HTTP_PROXY: proxy.url },
    )
    expect(await create(client)).toMatchObject({ ok: true })
    expect(client.hosts).toEqual([{ host: 'amplify.fake.test:8080', kind: 'custom' }])
    expect(client.traces).toEqual([containing(' at amplify.fake.test:8080: 200 in ')])
  })

  test('is not loopback, which is said aloud too', async () => {
    const server = await serve(json(200, GOOD))
    const client = clientFor(server.url)
    await create(client)
    expect(client.hosts).toEqual([{ host: `127.0.0.1:${server.port}`, kind: 'loopback' }])
  })

  test('is not loopback of IPv6 either', async () => {
    const client = clientFor(`http://[::1]:${await findClosedPort()}`)
    expect((await failureOf(client)).status).toBeUndefined()
    expect(client.hosts).toMatchObject([{ host: matching(/^\[::1\]:\d+$/), kind: 'loopback' }])
  })

  test('is not AWS’s own, of which nothing is said', async () => {
    const asked: string[] = []
    const proxy = await serveRaw((socket) => {
      socket.once('data', (bytes) => {
        asked.push(bytes.toString().split('\r\n')[0] ?? '')
        socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
      })
    })
    const client = clientFor(
      'https://amplifybackend.eu-west-1.amazonaws.com',
      {},
      { HTTPS_PROXY: proxy.url },
    )
    const failure = await failureOf(client)
    expect(asked).toEqual(['CONNECT amplifybackend.eu-west-1.amazonaws.com:443 HTTP/1.1'])
    expect(client.hosts).toEqual([])
    expect(classifyFailure(failure)).toBe('not-connected')
  })

  test('may be configured by the environment as well', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_AMPLIFYBACKEND', 'http://amplify.fake.test')
    const settings: ClientSettings = {
      region: 'eu-west-1',
      agents: createAgents({}),
      allowCustomEndpoints: false,
      onEndpoint: () => undefined,
    }
    const client = new AmplifyBackendClient({
      ...clientConfiguration(settings),
      credentials: CREDENTIALS,
    })
    client.middlewareStack.use(endpointGuardPlugin(settings))
    const { options } = clientFor('http://127.0.0.1:1')
    const call = callSdk(
      (abortSignal) => client.send(command(), { abortSignal }),
      ({ JobId }) => JobId,
      options,
    )
    await expect(call).rejects.toMatchObject({ code: 'ENDPOINT_REFUSED' })
  })
})

describe('an error of the credentials', () => {
  test('comes through as it is', async () => {
    const server: Served = await serve(json(200, GOOD))
    const { options } = clientFor(server.url)
    const refusal = new ActionError('ROLE_REFUSED', 'no')
    const call = callSdk(
      () => Promise.reject(refusal),
      () => 'x',
      options,
    )
    await expect(call).rejects.toBe(refusal)
  })

  test('of another kind is a failure like any other', async () => {
    const { options } = clientFor('http://127.0.0.1:1')
    const answer = await callSdk(
      () => Promise.reject(new TypeError('odd')),
      () => 'x',
      options,
    )
    expect(answer).toMatchObject({
      ok: false,
      failure: { name: 'TypeError', message: 'odd', connected: true },
    })
  })
})
