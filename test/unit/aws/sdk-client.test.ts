import {
  AmplifyBackendClient,
  CreateBackendStorageCommand,
  GetBackendCommand,
  GetBackendStorageCommand,
  ListBackendJobsCommand,
} from '@aws-sdk/client-amplifybackend'
import type { ServerResponse } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { RefreshError } from '../../../src/aws/credentials.ts'
import { callSdk, clientConfiguration, type SdkCallOptions } from '../../../src/aws/sdk-client.ts'
import { ActionError } from '../../../src/errors/action-error.ts'
import { classifyFailure, mayHaveBeenExecuted } from '../../../src/network/classify.ts'
import { formatFailure, type ApiFailure } from '../../../src/network/failure.ts'
import { createTrackedAgents, destroyAgents } from '../../../src/network/agents.ts'
import type { ApiResult } from '../../../src/network/retry.ts'
import { parseStorage } from '../../../src/storage/model.ts'
import { parseBackend } from '../../../src/storage/backend/amplify-meta.ts'
import { createTestAgents, serve, type Handler } from '../../support/unit/http-server.ts'
import { containing, matching } from '../../support/unit/matchers.ts'
import { neverAborted, unredacted } from '../../support/unit/storage-context.ts'

type TestClient = {
  client: AmplifyBackendClient
  traces: string[]
  options: SdkCallOptions
}

const callOptions = (call: Partial<SdkCallOptions> = {}): SdkCallOptions => ({
  operation: 'CreateBackendStorage',
  timeoutMs: 10_000,
  signal: neverAborted,
  trace: () => undefined,
  redact: unredacted,
  ...call,
})

/** A client with the configuration of the action. */
function createClient(
  endpoint: string,
  call: Partial<SdkCallOptions> = {},
  agents = createTestAgents(),
): TestClient {
  const traces: string[] = []
  const client = new AmplifyBackendClient({
    ...clientConfiguration({
      region: 'eu-west-1',
      agents,
      allowCustomEndpoints: false,
      onNonDefaultHost: () => undefined,
      redact: unredacted,
    }),
    credentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret-of-the-example' },
    endpoint,
  })
  onTestFinished(() => {
    client.destroy()
  })
  return { client, traces, options: callOptions({ trace: (line) => traces.push(line), ...call }) }
}

const command = new CreateBackendStorageCommand({
  AppId: 'd1',
  BackendEnvironmentName: 'prod',
  ResourceName: 'media',
  ResourceConfig: { ServiceName: 'S3', Permissions: { Authenticated: ['READ'] } },
})

/** Sends a create; its value is the job ID. */
const create = ({ client, options }: TestClient): Promise<ApiResult<string>> =>
  callSdk(
    (abortSignal) => client.send(command, { abortSignal }),
    ({ JobId }: { JobId?: unknown }) =>
      typeof JobId === 'string' && JobId !== '' ? JobId : undefined,
    options,
  )

async function getFailure(client: TestClient): Promise<ApiFailure> {
  const result = await create(client)
  if (result.ok) throw new Error('The call succeeded.')
  return result.failure
}

const getFailureFrom = async (handler: Handler): Promise<ApiFailure> =>
  getFailure(createClient((await serve(handler)).url))

const json =
  (status: number, body: string, headers: Record<string, string> = {}): Handler =>
  (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
  }

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

describe('An error response', () => {
  test('The failure has the name and the message of the service', async () => {
    expect(
      await getFailureFrom(
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
      timedOut: false,
      requestId: 'id-400',
      retryAfterMs: undefined,
      clockSkewCorrected: false,
      route: {
        host: containing('127.0.0.1:'),
        port: matching(/^\d+$/),
        endpoint: 'endpoint_url in the shared AWS configuration',
        proxy: undefined,
      },
    })
  })

  test.each([
    ['a header', '{"message":"m"}', { 'x-amzn-ErrorType': 'ns#ThrottlingException:http://x' }],
    ['__type', '{"__type":"ns#ThrottlingException","message":"m"}', {}],
    ['code', '{"code":"ThrottlingException","message":"m"}', {}],
  ])('The name of an error is read from %s', async (_where, body, headers) => {
    expect(await getFailureFrom(json(400, body, headers))).toMatchObject({
      name: 'ThrottlingException',
    })
  })

  test.each([
    ['<html>504</html>', 'SyntaxError'],
    ['', 'Unknown'],
  ])('An error with the body "%s" keeps its head', async (body, name) => {
    const headers = { 'x-amzn-requestid': 'p', 'retry-after': '3' }
    const failure = await getFailureFrom(json(504, body, headers))
    expect(failure).toMatchObject({ status: 504, name, requestId: 'p', retryAfterMs: 3_000 })
  })

  test('A signature with a wrong time is clock skew once, and then has the time of the server', async () => {
    const serverTime = Date.now() + 3_600_000
    const server = await serve(
      json(403, '{"message":"Signature expired"}', {
        'x-amzn-ErrorType': 'InvalidSignatureException',
        date: new Date(serverTime).toUTCString(),
      }),
    )
    const client = createClient(server.url)
    expect(classifyFailure(await getFailure(client))).toBe('clock-skew')
    expect(classifyFailure(await getFailure(client))).toBe('credentials-invalid')
    const [, second] = server.seen
    const corrected = new Date(serverTime).toISOString().replaceAll(/[-:]/g, '').slice(0, 12)
    expect(second?.headers['x-amz-date']).toContain(corrected)
  })

  test.each([
    [404, 'NotFoundException', 'not-found'],
    [404, 'Unknown', 'not-found'],
    [400, 'BadRequestException', 'bad-request'],
    [429, 'TooManyRequestsException', 'throttled'],
    [403, 'ExpiredTokenException', 'credentials-expired'],
  ])('With a clock ten minutes off, %i %s stays %s', async (status, name, kind) => {
    const server = await serve(
      json(status, '{"message":"m"}', {
        'x-amzn-ErrorType': name,
        date: new Date(Date.now() - 600_000).toUTCString(),
      }),
    )
    const client = createClient(server.url)
    await getFailure(client)
    expect(classifyFailure(await getFailure(client))).toBe(kind)
  })

  test('A quota names its limit', async () => {
    const body = '{"message":"Too many backends","limitType":"BACKENDS"}'
    const failure = await getFailureFrom(
      json(400, body, { 'x-amzn-ErrorType': 'LimitExceededException' }),
    )
    expect(classifyFailure(failure)).toBe('client-error')
    expect(formatFailure(failure)).toBe(
      '400 LimitExceededException: Too many backends (limitType: BACKENDS)',
    )
  })

  test.each(['{"message":"', '{"__type":"', '{"code":"'])(
    'A text of 200,000 blanks after %s does not block the event loop',
    async (start) => {
      const body = `${start}${' '.repeat(200_000)}x"}`
      const failure = await getFailureFrom(json(400, body))
      expect(failure.message.length).toBeLessThan(2_000)
    },
  )
})

describe('A malformed response', () => {
  test.each(['', '{}', '[]', '""', '{"JobId":"x"}', '{"jobId":""}', '{"jobId":7}'])(
    'The body %j with status 200 lacks required fields',
    async (body) => {
      const failure = await getFailureFrom(json(200, body, { 'x-amzn-RequestId': 'id-200' }))
      expect(failure).toMatchObject({
        status: 200,
        name: 'Error',
        message: 'the response lacks required fields',
        requestId: 'id-200',
      })
    },
  )

  test.each([
    [200, '<html>hello</html>', 'malformed-response', 'the response is not JSON'],
    [200, 'null', 'malformed-response', 'the response could not be parsed'],
    [200, '{"jobId":', 'malformed-response', 'the response is not JSON'],
    [400, '{"code":{}}', 'bad-request', 'the response could not be parsed'],
    [500, '{}', 'server-error', 'no reason given'],
  ])("Status %i with the body %j is described without the SDK's own words", async (...row) => {
    const [status, body, kind, detail] = row
    const failure = await getFailureFrom(json(status, body))
    expect(classifyFailure(failure)).toBe(kind)
    expect(formatFailure(failure)).toBe(`${status}: ${detail}`)
    expect(failure.message).not.toContain('$response')
  })

  test('A truncated response keeps its status and its request ID', async () => {
    const failure = await getFailureFrom((response) => {
      response.writeHead(200, { 'content-length': '200', 'x-amzn-RequestId': 'cut' })
      response.write('{"jobId":"job-1"')
      setImmediate(() => response.socket?.destroy())
    })
    expect(failure).toMatchObject({ status: 200, requestId: 'cut', connected: true })
    expect(classifyFailure(failure)).toBe('malformed-response')
    expect(formatFailure(failure)).toBe('200 ECONNRESET: aborted')
  })

  test.each([200, 500])('Of a response with status %i, at most 4 MiB are read', async (status) => {
    let written = 0
    const server = await serve((response) => {
      response.writeHead(status, { 'x-amzn-RequestId': 'huge' })
      const part = ' '.repeat(65_536)
      const write = (): void => {
        if (response.destroyed) return
        written += part.length
        if (response.write(part)) setImmediate(write)
        else response.once('drain', write)
      }
      write()
    })
    const failure = await getFailure(createClient(server.url))
    expect(failure).toMatchObject({ status, requestId: 'huge', connected: true })
    expect(formatFailure(failure)).toBe(`${status}: the response is larger than 4 MiB`)
    expect(mayHaveBeenExecuted(classifyFailure(failure))).toBe(true)
    expect(written).toBeLessThan(64 * 1024 * 1024)
  })

  test.each([
    [400, `"${'1'.repeat(300_000)}"`, 'bad-request'],
    [200, `<a>${'1'.repeat(300_000)}</a>`, 'malformed-response'],
  ])(
    'Of an error, and of what is no JSON object, at most 256 KiB are parsed: %i',
    async (...row) => {
      const [status, body, kind] = row
      const failure = await getFailureFrom(json(status, body))
      expect(formatFailure(failure)).toBe(`${status}: the response is larger than 256 KiB`)
      expect(classifyFailure(failure)).toBe(kind)
    },
  )

  test('Fields that are null count as absent', async () => {
    const body = '{"appId":"d1","resourceConfig":null,"amplifyMetaConfig":null,"jobs":null}'
    const { client, options } = createClient((await serve(json(200, body))).url)
    const environment = { AppId: 'd1', BackendEnvironmentName: 'prod' }
    const storage = await callSdk(
      () => client.send(new GetBackendStorageCommand({ ...environment, ResourceName: 'media' })),
      (output) => ({ storage: parseStorage(output.ResourceConfig) }),
      options,
    )
    expect(storage).toMatchObject({ ok: true, value: { storage: undefined } })
    const backend = await callSdk(
      () => client.send(new GetBackendCommand(environment)),
      parseBackend,
      options,
    )
    expect(backend).toMatchObject({ ok: true, value: { meta: undefined } })
    const jobs = await callSdk(
      () => client.send(new ListBackendJobsCommand(environment)),
      (output) => output.Jobs,
      options,
    )
    expect(jobs.ok).toBe(false)
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
