import {
  GetBackendCommand,
  GetBackendStorageCommand,
  ListBackendJobsCommand,
} from '@aws-sdk/client-amplifybackend'
import { describe, expect, test } from 'vitest'
import { callSdk } from '../../../src/aws/sdk-client.ts'
import { classifyFailure, mayHaveBeenExecuted } from '../../../src/network/classify.ts'
import { formatFailure, type ApiFailure } from '../../../src/network/failure.ts'
import { parseStorage } from '../../../src/storage/model.ts'
import { parseBackend } from '../../../src/storage/backend/amplify-meta.ts'
import { serve, type Handler } from '../../support/unit/http-server.ts'
import { containing, matching } from '../../support/unit/matchers.ts'
import { createClient, getFailure, json } from './sdk-calls.ts'

const getFailureFrom = async (handler: Handler): Promise<ApiFailure> =>
  getFailure(createClient((await serve(handler)).url))

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
