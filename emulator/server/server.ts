import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import type { Clock, Timers } from '../lib/clock.ts'
import type { FaultQueue, FaultSpec } from '../faults/queue.ts'
import {
  joinHeaders,
  jsonResponse,
  parseBody,
  readBody,
  type HttpResponse,
  type Call,
  type Effect,
  type Handler,
  type RecordedRequest,
} from '../lib/http.ts'
import type { OperationName } from '../lib/operations.ts'
import { playFault } from '../faults/play.ts'
import { createRouter, parseStsOperation, type RouteMatch } from './routes.ts'
import { stsErrorResponse } from '../services/sts/xml.ts'
import { closeConnection, resetConnection, send, type Exchange } from '../lib/exchange.ts'
import type { State } from '../state/state.ts'

/** What the server needs of the emulator around it. */
export type ServerContext = {
  readonly clock: Clock
  readonly timers: Timers
  readonly url: () => string
  readonly state: () => State
  readonly faults: FaultQueue
  readonly requests: RecordedRequest[]
  readonly handlers: Readonly<Record<OperationName, Handler>>
  /** Answers a request to the control interface. */
  control(method: string, path: string, text: string): HttpResponse
}

type IncomingRequest = {
  readonly exchange: Exchange
  readonly target: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Record<string, string>
}

const controlPrefix = '/_emulator'

/** A request target may come in absolute form, through a proxy. */
const originForm = (target: string): string => target.replace(/^https?:\/\/[^/?]*\/?/, '/')

function unknownOperation(received: RecordedRequest): HttpResponse {
  const message = 'The requested operation is not known'
  if (received.service === 'sts')
    return stsErrorResponse(400, 'InvalidAction', message, received.requestId)
  return jsonResponse(404, { message }, { 'x-amzn-ErrorType': 'UnknownOperationException' })
}

function countRequest(world: State, operation: OperationName | undefined): void {
  if (operation === 'CreateBackendStorage') world.counters.create.received += 1
  if (operation === 'UpdateBackendStorage') world.counters.update.received += 1
}

/** Makes the request listener and what it answers with. */
function createDispatcher(host: ServerContext): (exchange: Exchange) => Promise<void> {
  const find = createRouter()

  const record = (incoming: IncomingRequest, route: RouteMatch | undefined): RecordedRequest => {
    const received: RecordedRequest = {
      requestId: randomUUID(),
      time: host.clock.now(),
      service: route?.service ?? 'unknown',
      operation: route?.operation,
      method: incoming.exchange.request.method ?? '',
      path: incoming.path,
      query: Object.fromEntries(incoming.query),
      headers: incoming.headers,
      rawBody: '',
      body: undefined,
      status: undefined,
      responseBody: undefined,
      effectStatus: undefined,
      fault: undefined,
      accessKeyId: undefined,
      roleArn: undefined,
      region: undefined,
    }
    host.requests.push(received)
    return received
  }

  const takeFault = (received: RecordedRequest): void => {
    const { operation } = received
    if (operation === undefined) return
    countRequest(host.state(), operation)
    received.fault = host.faults.take(operation)
  }

  const perform = (effect: Effect, received: RecordedRequest): HttpResponse => {
    const now = host.clock.now()
    host.state().agenda.runUntil(now)
    const answer = effect(now)
    received.effectStatus = answer.status
    received.responseBody = answer.body
    return answer
  }

  const schedule = (effect: Effect, received: RecordedRequest, lateMs: number): void => {
    host.state().agenda.schedule(host.clock.now() + lateMs, (at) => {
      const answer = effect(at)
      received.effectStatus = answer.status
      received.responseBody = answer.body
    })
  }

  const handle = (
    incoming: IncomingRequest,
    received: RecordedRequest,
    params: Call['params'],
    rawBody: Buffer,
  ): Effect | Promise<Effect> => {
    const handler = received.operation === undefined ? undefined : host.handlers[received.operation]
    if (handler === undefined) return () => unknownOperation(received)
    return handler({
      now: received.time,
      method: received.method,
      target: incoming.target,
      path: received.path,
      params,
      query: incoming.query,
      headers: incoming.headers,
      rawBody,
      bodyText: received.rawBody,
      url: host.url(),
      record: received,
    })
  }

  const answerFaulty = async (
    fault: FaultSpec,
    incoming: IncomingRequest,
    received: RecordedRequest,
    effect: Effect,
  ): Promise<void> => {
    if (fault.when === 'late') schedule(effect, received, fault.lateMs ?? 0)
    received.status = await playFault(fault, {
      exchange: incoming.exchange,
      service: received.service,
      requestId: received.requestId,
      rules: host.state().rules,
      response:
        fault.when === 'after' ? withRequestId(perform(effect, received), received) : undefined,
      perform: () => withRequestId(perform(effect, received), received),
    })
  }

  const dispatch = async (incoming: IncomingRequest): Promise<void> => {
    const { exchange } = incoming
    const method = exchange.request.method ?? ''
    host.state().agenda.runUntil(host.clock.now())
    if (incoming.path === controlPrefix || incoming.path.startsWith(`${controlPrefix}/`)) {
      const text = (await readBody(exchange.request)).toString('utf8')
      const answer = host.control(method, incoming.path.slice(controlPrefix.length), text)
      send(exchange, answer)
      return
    }
    const route = find(method, incoming.path)
    const received = record(incoming, route)
    takeFault(received)
    if (received.fault !== undefined && playUnreadFault(received.fault, exchange)) return
    const raw = await readBody(exchange.request)
    received.rawBody = raw.toString('utf8')
    received.body = parseBody(received.rawBody, incoming.headers['content-type'] ?? '')
    if (route?.service === 'sts') {
      received.operation = parseStsOperation(incoming.query, received.rawBody)
      takeFault(received)
    }
    const effect = await handle(incoming, received, route?.params ?? {}, raw)
    if (received.fault !== undefined) {
      await answerFaulty(received.fault, incoming, received, effect)
      return
    }
    const answer = withRequestId(perform(effect, received), received)
    received.status = answer.status
    send(exchange, answer)
  }

  return async (exchange) => {
    const target = originForm(exchange.request.url ?? '/')
    const [path = '/', ...rest] = target.split('?')
    await dispatch({
      exchange,
      target,
      path,
      query: new URLSearchParams(rest.join('?')),
      headers: joinHeaders(exchange.request),
    })
  }
}

const withRequestId = (answer: HttpResponse, received: RecordedRequest): HttpResponse => ({
  ...answer,
  headers: {
    [received.service === 'github' ? 'x-github-request-id' : 'x-amzn-RequestId']:
      received.requestId,
    ...answer.headers,
  },
})

/** Ends the connection before the body is read, if that is what the fault asks for. */
function playUnreadFault(fault: FaultSpec, exchange: Exchange): boolean {
  if ((fault.kind !== 'reset' && fault.kind !== 'close') || fault.unread !== true) return false
  const end = fault.kind === 'reset' ? resetConnection : closeConnection
  end(exchange)
  return true
}

export type RunningServer = { readonly port: number; stop(): Promise<void> }

function listen(server: Server, address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, () => {
      const bound = server.address()
      if (bound === null || typeof bound === 'string') reject(new Error('No port was bound'))
      else resolve(bound.port)
    })
  })
}

/** Listens on loopback, and nowhere else. */
export async function serve(
  host: ServerContext,
  options: { readonly port: number; readonly ipv6: boolean },
): Promise<RunningServer> {
  const dispatch = createDispatcher(host)
  const sockets = new Set<Socket>()
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const exchange = { request, response, now: () => host.clock.now(), timers: host.timers }
    dispatch(exchange).catch((error: unknown) => {
      // A client that went away while it was sending is none of the emulator's mistakes.
      if (request.socket.destroyed) return
      const message = error instanceof Error ? error.message : String(error)
      if (response.headersSent) request.socket.destroy()
      else send(exchange, jsonResponse(500, { message: `The emulator itself failed: ${message}` }))
    })
  }
  const create = (): Server => {
    // Long enough that no client reuses a connection in the moment in which it is closed.
    const server = createServer({ keepAliveTimeout: 300_000, requestTimeout: 0 }, onRequest)
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => sockets.delete(socket))
    })
    return server
  }
  const servers = [create()]
  const [first] = servers
  const port = first === undefined ? 0 : await listen(first, '127.0.0.1', options.port)
  if (options.ipv6) {
    const second = create()
    await listen(second, '::1', port)
    servers.push(second)
  }
  return {
    port,
    stop: async () => {
      const closed = servers.map(
        (server) =>
          new Promise<void>((resolve) => {
            server.close(() => {
              resolve()
            })
          }),
      )
      for (const socket of sockets) socket.destroy()
      await Promise.all(closed)
    },
  }
}
