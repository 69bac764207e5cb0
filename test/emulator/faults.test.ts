import { setTimeout as sleep } from 'node:timers/promises'

import { describe, expect, test } from 'vitest'

import {
  defaults,
  type Emulator,
  type EmulatorOptions,
  type Fault,
  type FaultSpec,
} from '../../emulator/emulator.ts'
import {
  assumeRoleWithWebIdentity,
  createStorage,
  getJob,
  getJobId,
  getStorage,
  listJobs,
  manualClock,
  requestToken,
  start,
  xmlText,
  type Reply,
} from '../support/emulator-requests.ts'

const operation = 'CreateBackendStorage'

/** Starts an emulator with a fault for the next create. */
async function startWith(fault: FaultSpec, options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await start(options)
  emulator.injectFault(fault)
  return emulator
}

const createWith = async (fault: FaultSpec, options?: EmulatorOptions): Promise<Reply> =>
  createStorage(await startWith(fault, options))

const errorCode = (request: Promise<unknown>): Promise<unknown> =>
  request.then(
    () => 'no error',
    (error: unknown) => Reflect.get(Object(error), 'code') as unknown,
  )

const acceptedCreates = (emulator: Emulator): number => emulator.state.counters.create.accepted

describe('a fault of kind status', () => {
  test.each([
    ['model', 400, 'BadRequestException'],
    ['model', 403, 'AccessDeniedException'],
    ['model', 404, 'NotFoundException'],
    ['model', 429, 'TooManyRequestsException'],
    ['model', 504, 'GatewayTimeoutException'],
    ['reference', 504, 'InternalServiceException'],
  ] as const)(
    'With errorNames "%s", the status %d has the name %s',
    async (errorNames, status, name) => {
      const emulator = await startWith(
        { operation, kind: 'status', status },
        { rules: { errorNames } },
      )
      const reply = await createStorage(emulator)
      const [request] = emulator.requests
      expect([reply.status, reply.headers['x-amzn-errortype']]).toEqual([status, name])
      expect(reply.headers['x-amzn-requestid']).toBe(request?.requestId)
      expect(reply.headers.date).toBeDefined()
      expect(request).toMatchObject({ status, fault: { kind: 'status' }, effectStatus: undefined })
      expect(acceptedCreates(emulator)).toBe(0)
    },
  )

  test('A fault can set the name, the message and the headers of an error', async () => {
    const reply = await createWith({
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

  test.each([
    ['__type', { __type: 'GatewayTimeoutException' }],
    ['code', { code: 'GatewayTimeoutException' }],
    ['none', {}],
  ] as const)('With errorNameIn "%s", no header has the name', async (errorNameIn, member) => {
    const reply = await createWith({ operation, kind: 'status', status: 504, errorNameIn })
    expect(reply.json).toEqual({ ...member, message: 'Injected fault: 504' })
    expect(reply.headers).not.toHaveProperty('x-amzn-errortype')
  })

  test('An error of STS is XML', async () => {
    const emulator = await startWith({
      operation: 'AssumeRoleWithWebIdentity',
      kind: 'status',
      status: 400,
      name: 'IDPCommunicationError',
    })
    const reply = await assumeRoleWithWebIdentity(emulator)
    expect([reply.status, xmlText(reply.text, 'Code')]).toEqual([400, 'IDPCommunicationError'])
    expect((await assumeRoleWithWebIdentity(emulator)).status).toBe(200)
  })

  test('An error of the token endpoint is JSON', async () => {
    const emulator = await startWith({ operation: 'token', kind: 'status', status: 503 })
    const message = '503 {"message":"Injected fault: 503"}'
    await expect(requestToken(emulator)).rejects.toThrow(message)
    await expect(requestToken(emulator)).resolves.toContain('.')
  })
})

describe('a fault in the response', () => {
  test.each<[Fault, number, string]>([
    [{ kind: 'html', status: 504 }, 504, '<h1>504</h1>'],
    [{ kind: 'empty' }, 200, ''],
    [{ kind: 'body', body: '[]' }, 200, '[]'],
    [{ kind: 'body', body: '\u0000garbage' }, 200, '\u0000garbage'],
  ])('The fault %j sends the status %d and %j', async (fault, status, body) => {
    const reply = await createWith({ operation, ...fault })
    expect(reply.status).toBe(status)
    if (fault.kind === 'html') expect(reply.headers['content-type']).toBe('text/html')
    expect(fault.kind === 'html' ? /<h1>.*<\/h1>/.exec(reply.text)?.[0] : reply.text).toBe(body)
  })

  test('A fault of kind redirect redirects to the URL of the request', async () => {
    const emulator = await startWith({ operation, kind: 'redirect' })
    const reply = await createStorage(emulator)
    expect(reply.status).toBe(307)
    expect(reply.headers.location).toBe(`${emulator.url}/backend/${defaults.appId}/storage`)
  })

  test('A fault of kind garbage sends bytes that are not HTTP', async () => {
    expect(await errorCode(createWith({ operation, kind: 'garbage' }))).toMatch(/^HPE_/)
  })
})

describe('a fault in the connection', () => {
  test.each([
    { operation, kind: 'reset' },
    { operation, kind: 'reset', unread: true },
    { operation, kind: 'close' },
    { operation, kind: 'close', unread: true },
    { operation, kind: 'truncated' },
    { operation, kind: 'truncated', chunked: true },
  ] as const)('The fault %j ends the connection without an effect', async (fault) => {
    const emulator = await startWith(fault)
    expect(await errorCode(createStorage(emulator))).toBe('ECONNRESET')
    expect(acceptedCreates(emulator)).toBe(0)
    expect((await createStorage(emulator)).status).toBe(200)
  })

  test.each(['nothing', 'headers', 'half'] as const)(
    'A connection that stalls after the client received %s ends when the emulator stops',
    async (sent) => {
      const emulator = await startWith({ operation, kind: 'stall', sent })
      const code = errorCode(createStorage(emulator))
      await sleep(100)
      await emulator.stop()
      expect(await code).toBe('ECONNRESET')
    },
  )

  test('A slow response is complete', async () => {
    const emulator = await startWith({ operation, kind: 'slow', ms: 5, bytes: 10 })
    const before = Date.now()
    expect(getJobId(await createStorage(emulator))).toBeTruthy()
    expect(Date.now() - before).toBeGreaterThanOrEqual(50)
  })
})

describe('the effect of a call with a fault', () => {
  test.each([
    ['before', 0],
    ['after', 1],
  ] as const)('A delay %s the effect accepts %d jobs during the delay', async (when, during) => {
    const clock = manualClock()
    const emulator = await startWith({ operation, kind: 'delay', ms: 60_000, when }, { clock })
    const pending = createStorage(emulator)
    await expect.poll(() => emulator.requests[0]?.rawBody).toBeTruthy()
    await sleep(20)
    expect(acceptedCreates(emulator)).toBe(during)
    clock.advance(60_000)
    expect((await pending).status).toBe(200)
    expect(acceptedCreates(emulator)).toBe(1)
  })

  test.each([
    { kind: 'status', status: 504 },
    { kind: 'html' },
    { kind: 'empty' },
    { kind: 'truncated' },
    { kind: 'reset' },
    { kind: 'close' },
    { kind: 'garbage' },
    { kind: 'redirect' },
  ] as const)('The effect can take place before the fault %j', async (fault) => {
    const emulator = await startWith({ operation, when: 'after', ...fault })
    await errorCode(createStorage(emulator))
    expect(acceptedCreates(emulator)).toBe(1)
    expect(emulator.requests[0]?.effectStatus).toBe(200)
    expect((await listJobs(emulator)).json).toMatchObject({ jobs: [{ operation }] })
  })

  test('An effect can take place long after the response, by the rules of that time', async () => {
    const clock = manualClock()
    const emulator = await start({ clock, rules: { jobMs: 1000 } })
    const late = { operation, when: 'late' } as const
    emulator.injectFault({ ...late, kind: 'reset', lateMs: 60_000 })
    emulator.injectFault({ ...late, kind: 'status', status: 504, lateMs: 60_500 })
    await errorCode(createStorage(emulator))
    expect((await createStorage(emulator)).status).toBe(504)
    clock.advance(59_999)
    expect((await listJobs(emulator)).json).toEqual({ jobs: [] })
    clock.advance(1)
    expect((await listJobs(emulator)).json).toMatchObject({ jobs: [{ status: 'PENDING' }] })
    expect((await getStorage(emulator)).status).toBe(404)
    clock.advance(1000)
    expect((await getStorage(emulator)).status).toBe(200)
    // The second create takes effect while the job of the first is pending, which rejects it.
    const [first, second] = emulator.requests
    expect([first?.effectStatus, second?.effectStatus]).toEqual([200, 400])
    expect(emulator.state.counters.create).toEqual({ received: 2, accepted: 1, executed: 1 })
  })

  test('A call with an invalid signature has no effect', async () => {
    const emulator = await startWith({ operation, kind: 'status', status: 504, when: 'after' })
    const keys = { ...emulator.state.user, secretAccessKey: 'other' }
    expect((await createStorage(emulator, { keys })).status).toBe(504)
    expect(emulator.requests[0]?.effectStatus).toBe(403)
    expect(acceptedCreates(emulator)).toBe(0)
  })
})

describe('the queue of faults', () => {
  const error = { operation: 'GetBackendStorage', kind: 'status', status: 500 } as const

  const statuses = async (emulator: Emulator, count: number): Promise<number[]> => {
    const seen: number[] = []
    for (let left = count; left > 0; left -= 1) seen.push((await getStorage(emulator)).status)
    return seen
  }

  test('A fault applies to one call, to as many as it says, or to every call', async () => {
    const emulator = await start()
    const injected = emulator.injectFault(error)
    expect(await statuses(emulator, 2)).toEqual([500, 404])
    expect(injected).toMatchObject({ callsSeen: 2, timesApplied: 1 })
    emulator.injectFault({ ...error, times: 2, skip: 1 })
    expect(await statuses(emulator, 4)).toEqual([404, 500, 500, 404])
    emulator.injectFault({ ...error, times: 'always' })
    expect(await statuses(emulator, 3)).toEqual([500, 500, 500])
    emulator.reset()
    expect(await statuses(emulator, 1)).toEqual([404])
  })

  test('Faults apply in the order in which they were injected, and not to other operations', async () => {
    const emulator = await startWith({ ...error, operation: 'GetBackendJob' })
    for (const status of [500, 502, 503]) emulator.injectFault({ ...error, status })
    expect(await statuses(emulator, 4)).toEqual([500, 502, 503, 404])
    expect((await getJob(emulator, 'none')).status).toBe(500)
  })

  test.each<FaultSpec>([
    { operation, kind: 'reset', when: 'late' },
    { operation, kind: 'reset', lateMs: 5 },
    { operation, kind: 'delay', ms: 5, when: 'late', lateMs: 5 },
    { operation, kind: 'reset', unread: true, when: 'after' },
  ])('The fault %j contradicts itself and is rejected', async (fault) => {
    const emulator = await start()
    expect(() => emulator.injectFault(fault)).toThrow()
  })
})
