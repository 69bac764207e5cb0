import { setTimeout as sleep } from 'node:timers/promises'

import { AmplifyBackendClient, GetBackendCommand } from '@aws-sdk/client-amplifybackend'
import { describe, expect, onTestFinished, test } from 'vitest'

import { defaults, type Emulator, type FaultSpec } from '../../emulator/emulator.ts'
import {
  assumeRoleWithWebIdentity,
  createStorage,
  xmlText,
  getJob,
  getJobId,
  listJobs,
  getStorage,
  manualClock,
  send,
  signed,
  start,
  requestToken,
  type Reply,
} from '../support/emulator-requests.ts'

type Spoilt = { readonly emulator: Emulator; readonly reply: Reply }

/** Orders a fault on a create, and sends that create. */
async function spoilt(fault: Omit<FaultSpec, 'operation'> & FaultSpec): Promise<Spoilt> {
  const emulator = await start()
  emulator.injectFault(fault)
  return { emulator, reply: await createStorage(emulator) }
}

const operation = 'CreateBackendStorage'

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no failure',
    (error: unknown) => Reflect.get(Object(error), 'code') as unknown,
  )

const accepted = (emulator: Emulator): number => emulator.state.counters.create.accepted

describe('a status', () => {
  test.each([
    [400, 'BadRequestException'],
    [403, 'AccessDeniedException'],
    [404, 'NotFoundException'],
    [429, 'TooManyRequestsException'],
    [504, 'GatewayTimeoutException'],
  ])('%d carries the name that the service model gives it', async (status, name) => {
    const { emulator, reply } = await spoilt({ operation, kind: 'status', status })
    expect([reply.status, reply.headers['x-amzn-errortype']]).toEqual([status, name])
    expect(reply.headers['x-amzn-requestid']).toBe(emulator.requests[0]?.requestId)
    expect(reply.headers.date).toBeDefined()
    expect(accepted(emulator)).toBe(0)
    expect(emulator.requests[0]).toMatchObject({ status, fault: { kind: 'status' } })
  })

  test("can carry the REST reference's names", async () => {
    const emulator = await start({ rules: { errorNames: 'reference' } })
    emulator.injectFault({ operation, kind: 'status', status: 504 })
    const reply = await createStorage(emulator)
    expect(reply.headers['x-amzn-errortype']).toBe('InternalServiceException')
  })

  test('can carry any name, text and headers', async () => {
    const { reply } = await spoilt({
      operation,
      kind: 'status',
      status: 429,
      name: 'SlowDown',
      message: 'slow down',
      headers: { 'retry-after': '3' },
    })
    expect(reply.headers).toMatchObject({ 'x-amzn-errortype': 'SlowDown', 'retry-after': '3' })
    expect(reply.json).toMatchObject({ message: 'slow down' })
  })

  test.each(['__type', 'code'] as const)('can be typed in %s', async (errorNameIn) => {
    const { reply } = await spoilt({ operation, kind: 'status', status: 504, errorNameIn })
    expect(reply.json).toMatchObject({ [errorNameIn]: 'GatewayTimeoutException' })
    expect(reply.headers).not.toHaveProperty('x-amzn-errortype')
  })

  test('can be untyped', async () => {
    const { reply } = await spoilt({ operation, kind: 'status', status: 500, errorNameIn: 'none' })
    expect(reply.headers).not.toHaveProperty('x-amzn-errortype')
    expect(reply.json).toEqual({ message: 'Injected fault: 500' })
  })

  test('of STS is XML', async () => {
    const emulator = await start()
    emulator.injectFault({
      operation: 'AssumeRoleWithWebIdentity',
      kind: 'status',
      status: 400,
      name: 'IDPCommunicationError',
    })
    const reply = await assumeRoleWithWebIdentity(emulator)
    expect([reply.status, xmlText(reply.text, 'Code')]).toEqual([400, 'IDPCommunicationError'])
    expect((await assumeRoleWithWebIdentity(emulator)).status).toBe(200)
  })

  test('of the token endpoint is JSON', async () => {
    const emulator = await start()
    emulator.injectFault({ operation: 'token', kind: 'status', status: 503 })
    await expect(requestToken(emulator)).rejects.toThrow('503 {"message":"Injected fault: 503"}')
    await expect(requestToken(emulator)).resolves.toContain('.')
  })
})

describe('an answer that is none', () => {
  test('is a page', async () => {
    const { reply } = await spoilt({ operation, kind: 'html', status: 504 })
    expect([reply.status, reply.headers['content-type']]).toEqual([504, 'text/html'])
    expect(reply.text).toContain('<h1>504</h1>')
  })

  test('is empty', async () => {
    const { reply } = await spoilt({ operation, kind: 'empty' })
    expect([reply.status, reply.text]).toEqual([200, ''])
  })

  test.each(['{}', '[]', 'null', '""', '\u0000garbage'])('is %j', async (body) => {
    const { reply } = await spoilt({ operation, kind: 'body', body })
    expect([reply.status, reply.text]).toEqual([200, body])
  })

  test('is a redirect to the same place', async () => {
    const { emulator, reply } = await spoilt({ operation, kind: 'redirect' })
    expect(reply.status).toBe(307)
    expect(reply.headers.location).toBe(`${emulator.url}/backend/${defaults.appId}/storage`)
  })

  test('is no HTTP', async () => {
    const emulator = await start()
    emulator.injectFault({ operation, kind: 'garbage' })
    expect(await failure(createStorage(emulator))).toMatch(/^HPE_/)
  })
})

describe('a connection', () => {
  test.each([
    ['reset', { operation, kind: 'reset' }],
    ['reset before the request is read', { operation, kind: 'reset', unread: true }],
    ['closed', { operation, kind: 'close' }],
    ['closed before the request is read', { operation, kind: 'close', unread: true }],
    ['closed half way through the answer', { operation, kind: 'truncated' }],
    ['closed half way through a chunk', { operation, kind: 'truncated', chunked: true }],
  ] as const)('is %s', async (_, fault) => {
    const emulator = await start()
    emulator.injectFault(fault)
    expect(await failure(createStorage(emulator))).toBe('ECONNRESET')
    expect(accepted(emulator)).toBe(0)
    expect((await createStorage(emulator)).status).toBe(200)
  })

  test('stalls, in silence, after the headers, or half way', async () => {
    const emulator = await start()
    for (const sent of ['nothing', 'headers', 'half'] as const) {
      emulator.injectFault({ operation, kind: 'stall', sent })
      const request = signed(emulator, { path: `/backend/${defaults.appId}/storage`, body: '{}' })
      expect(await failure(send(emulator.url, { ...request, timeoutMs: 200 }))).toBe('ABORT_ERR')
    }
  })

  test('that stalls is released when the emulator stops', async () => {
    const emulator = await start()
    emulator.injectFault({ operation, kind: 'stall' })
    const pending = failure(createStorage(emulator))
    await sleep(50)
    await emulator.stop()
    expect(await pending).toBe('ECONNRESET')
  })

  test('is slow', async () => {
    const emulator = await start()
    emulator.injectFault({ operation, kind: 'slow', ms: 5, bytes: 10 })
    const before = Date.now()
    expect(getJobId(await createStorage(emulator))).toBeTruthy()
    expect(Date.now() - before).toBeGreaterThanOrEqual(50)
  })
})

describe('a delay', () => {
  test.each([
    ['comes before the effect', 'before', 0],
    ['comes after the effect', 'after', 1],
  ] as const)('%s', async (_, when, during) => {
    const clock = manualClock()
    const emulator = await start({ clock })
    emulator.injectFault({ operation, kind: 'delay', ms: 60_000, when })
    const pending = createStorage(emulator)
    await expect.poll(() => emulator.requests[0]?.rawBody).toBeTruthy()
    await sleep(20)
    expect(accepted(emulator)).toBe(during)
    clock.advance(60_000)
    expect((await pending).status).toBe(200)
    expect(accepted(emulator)).toBe(1)
  })
})

describe('the effect', () => {
  test('does not take place unless it is asked for', async () => {
    const { emulator } = await spoilt({ operation, kind: 'status', status: 504 })
    expect(accepted(emulator)).toBe(0)
    expect(emulator.requests[0]?.effectStatus).toBeUndefined()
  })

  test.each([
    ['status', { kind: 'status', status: 504 }],
    ['html', { kind: 'html' }],
    ['empty', { kind: 'empty' }],
    ['truncated', { kind: 'truncated' }],
    ['reset', { kind: 'reset' }],
    ['close', { kind: 'close' }],
    ['garbage', { kind: 'garbage' }],
    ['redirect', { kind: 'redirect' }],
  ] as const)('can come before a fault of kind %s', async (_, fault) => {
    const emulator = await start()
    emulator.injectFault({ operation, when: 'after', ...fault })
    await failure(createStorage(emulator))
    expect(accepted(emulator)).toBe(1)
    expect(emulator.requests[0]?.effectStatus).toBe(200)
    expect((await listJobs(emulator)).json).toMatchObject({ jobs: [{ operation }] })
  })

  test('can come long after the answer, by the same rules', async () => {
    const clock = manualClock()
    const emulator = await start({ clock, rules: { jobMs: 1000 } })
    emulator.injectFault({ operation, kind: 'reset', when: 'late', lateMs: 60_000 })
    emulator.injectFault({ operation, kind: 'status', status: 504, when: 'late', lateMs: 60_500 })
    await failure(createStorage(emulator))
    expect((await createStorage(emulator)).status).toBe(504)
    clock.advance(59_999)
    expect((await listJobs(emulator)).json).toEqual({ jobs: [] })
    clock.advance(1)
    expect((await listJobs(emulator)).json).toMatchObject({ jobs: [{ status: 'RUNNING' }] })
    expect((await getStorage(emulator)).status).toBe(404)
    clock.advance(1000)
    expect((await getStorage(emulator)).status).toBe(200)
    // The second one came while the first one's job was pending.
    expect(emulator.requests.slice(0, 2).map(({ effectStatus }) => effectStatus)).toEqual([
      200, 400,
    ])
    expect(emulator.state.counters.create).toEqual({ received: 2, accepted: 1, executed: 1 })
  })

  test('is not there for a request that may not be made', async () => {
    const emulator = await start()
    emulator.injectFault({ operation, kind: 'status', status: 504, when: 'after' })
    const keys = { ...emulator.state.user, secretAccessKey: 'other' }
    expect((await createStorage(emulator, { keys })).status).toBe(504)
    expect(emulator.requests[0]?.effectStatus).toBe(403)
    expect(accepted(emulator)).toBe(0)
  })
})

describe('an order', () => {
  const statuses = async (emulator: Emulator, count: number): Promise<number[]> => {
    const seen: number[] = []
    for (let left = count; left > 0; left -= 1) seen.push((await getStorage(emulator)).status)
    return seen
  }

  test('spoils one call unless it says how many', async () => {
    const emulator = await start()
    const order = { operation: 'GetBackendStorage', kind: 'status', status: 500 } as const
    const first = emulator.injectFault(order)
    expect(await statuses(emulator, 2)).toEqual([500, 404])
    expect(first).toMatchObject({ callsSeen: 2, timesApplied: 1 })
    emulator.injectFault({ ...order, times: 2, skip: 1 })
    expect(await statuses(emulator, 4)).toEqual([404, 500, 500, 404])
    emulator.injectFault({ ...order, times: 'always' })
    expect(await statuses(emulator, 3)).toEqual([500, 500, 500])
    emulator.reset()
    expect(await statuses(emulator, 1)).toEqual([404])
  })

  test('is carried out after those that were made before it', async () => {
    const emulator = await start()
    for (const status of [500, 502, 503])
      emulator.injectFault({ operation: 'GetBackendStorage', kind: 'status', status })
    expect(await statuses(emulator, 4)).toEqual([500, 502, 503, 404])
  })

  test('concerns its own operation only', async () => {
    const emulator = await start()
    emulator.injectFault({ operation: 'GetBackendJob', kind: 'status', status: 500 })
    expect((await getStorage(emulator)).status).toBe(404)
    expect((await getJob(emulator, 'none')).status).toBe(500)
  })

  test.each<[string, FaultSpec]>([
    ['late without a time', { operation, kind: 'reset', when: 'late' }],
    ['a time without late', { operation, kind: 'reset', lateMs: 5 }],
    ['a late delay', { operation, kind: 'delay', ms: 5, when: 'late', lateMs: 5 }],
    ['unread after', { operation, kind: 'reset', unread: true, when: 'after' }],
  ])('that contradicts itself is refused: %s', async (_, order) => {
    const emulator = await start()
    expect(() => emulator.injectFault(order)).toThrow()
  })
})

test('the SDK names an ordered error as the model does, and reads its request id', async () => {
  const emulator = await start()
  emulator.injectFault({ operation: 'GetBackend', kind: 'status', status: 429, message: 'slower' })
  const { accessKeyId, secretAccessKey } = emulator.state.user
  const sdk = new AmplifyBackendClient({
    endpoint: emulator.url,
    region: 'eu-west-1',
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
  })
  onTestFinished(() => {
    sdk.destroy()
  })
  const error: unknown = await sdk
    .send(new GetBackendCommand({ AppId: defaults.appId }))
    .catch((reason: unknown) => reason)
  expect(error).toMatchObject({
    name: 'TooManyRequestsException',
    message: 'slower',
    LimitType: 'account',
    $metadata: { httpStatusCode: 429, requestId: emulator.requests[0]?.requestId },
  })
})
