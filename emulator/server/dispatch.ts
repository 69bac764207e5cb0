/** Handles one request: records it, lets its service check it, applies a fault, and responds. */
import { randomUUID } from 'node:crypto'

import { sendFault, endUnreadRequest } from '../faults/send-fault.ts'
import type { FaultQueue } from '../faults/queue.ts'
import type { FaultSpec } from '../faults/spec.ts'
import type { Clock } from '../lib/clock.ts'
import { send, type Exchange } from '../lib/exchange.ts'
import { joinHeaders, parseBody, readBody, type HttpResponse } from '../lib/http.ts'
import type { OperationName } from '../lib/operations.ts'
import { statusFaultResponse, unknownOperationResponse } from '../services/error-responses.ts'
import type { Effect, Handler, RecordedRequest } from '../services/handler.ts'
import type { State } from '../state/state.ts'
import { createRouter, parseStsOperation, type RouteMatch } from './routes.ts'

/** The parts of the emulator that requests need. */
export type ServerContext = {
  readonly clock: Clock
  readonly url: () => string
  readonly state: () => State
  readonly faults: FaultQueue
  readonly requests: RecordedRequest[]
  readonly handlers: Readonly<Record<OperationName, Handler>>
  /** Responds to a request to the control interface; the path is without its prefix. */
  readonly control: (method: string, path: string, text: string) => HttpResponse
}

type IncomingRequest = {
  readonly exchange: Exchange
  readonly method: string
  /** The request target, with the query. */
  readonly target: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Record<string, string>
}

const controlPrefix = '/_emulator'

/** The path and query of a request target; a client sends a whole URL if it uses a proxy. */
const toOriginForm = (target: string): string => target.replace(/^https?:\/\/[^/?]*\/?/, '/')

function toIncomingRequest(exchange: Exchange): IncomingRequest {
  const { request } = exchange
  const target = toOriginForm(request.url ?? '/')
  const [path = '/', ...rest] = target.split('?')
  return {
    exchange,
    method: request.method ?? '',
    target,
    path,
    query: new URLSearchParams(rest.join('?')),
    headers: joinHeaders(request),
  }
}

function recordRequest(
  context: ServerContext,
  incoming: IncomingRequest,
  route: RouteMatch | undefined,
): RecordedRequest {
  const record: RecordedRequest = {
    requestId: randomUUID(),
    time: context.clock.now(),
    service: route?.service ?? 'unknown',
    operation: route?.operation,
    method: incoming.method,
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
  context.requests.push(record)
  return record
}

/** Counts a call and takes its fault, as soon as its operation is known. */
function takeFault({ state, faults }: ServerContext, record: RecordedRequest): void {
  const { operation } = record
  if (operation === undefined) return
  const { counters } = state()
  if (operation === 'CreateBackendStorage') counters.create.received += 1
  if (operation === 'UpdateBackendStorage') counters.update.received += 1
  record.fault = faults.take(operation)
}

function withRequestId(response: HttpResponse, record: RecordedRequest): HttpResponse {
  const name = record.service === 'github' ? 'x-github-request-id' : 'x-amzn-RequestId'
  return { ...response, headers: { [name]: record.requestId, ...response.headers } }
}

function carryOut(effect: Effect, record: RecordedRequest, now: number): HttpResponse {
  const response = effect(now)
  record.effectStatus = response.status
  record.responseBody = response.body
  return withRequestId(response, record)
}

function carryOutNow(
  { clock, state }: ServerContext,
  effect: Effect,
  record: RecordedRequest,
): HttpResponse {
  const now = clock.now()
  state().scheduler.runUntil(now)
  return carryOut(effect, record, now)
}

function checkCall(
  { handlers, url }: ServerContext,
  { target, query, headers }: IncomingRequest,
  record: RecordedRequest,
  params: RouteMatch['params'],
  rawBody: Buffer,
): Effect | Promise<Effect> {
  if (record.operation === undefined) return () => unknownOperationResponse(record)
  return handlers[record.operation]({
    now: record.time,
    method: record.method,
    target,
    path: record.path,
    params,
    query,
    headers,
    rawBody,
    bodyText: record.rawBody,
    url: url(),
    record,
  })
}

async function respondWithFault(
  context: ServerContext,
  fault: FaultSpec,
  exchange: Exchange,
  record: RecordedRequest,
  effect: Effect,
): Promise<void> {
  const { clock, state } = context
  if (fault.when === 'late') {
    state().scheduler.schedule(clock.now() + (fault.lateMs ?? 0), (at) => {
      carryOut(effect, record, at)
    })
  }
  const perform = (): HttpResponse => carryOutNow(context, effect, record)
  const { rules } = state()
  record.status = await sendFault(fault, {
    exchange,
    requestId: record.requestId,
    response: fault.when === 'after' ? perform() : undefined,
    perform,
    formatError: (status) => statusFaultResponse(status, record, rules),
  })
}

async function dispatchToControl(
  { control }: ServerContext,
  { exchange, method, path }: IncomingRequest,
): Promise<void> {
  const text = (await readBody(exchange.request)).toString('utf8')
  send(exchange, control(method, path.slice(controlPrefix.length), text))
}

async function dispatchToService(
  context: ServerContext,
  incoming: IncomingRequest,
  route: RouteMatch | undefined,
): Promise<void> {
  const { exchange } = incoming
  const record = recordRequest(context, incoming, route)
  takeFault(context, record)
  if (record.fault !== undefined && endUnreadRequest(record.fault, exchange)) return
  const rawBody = await readBody(exchange.request)
  record.rawBody = rawBody.toString('utf8')
  record.body = parseBody(record.rawBody, incoming.headers['content-type'] ?? '')
  if (route?.service === 'sts') {
    record.operation = parseStsOperation(incoming.query, record.rawBody)
    takeFault(context, record)
  }
  const effect = await checkCall(context, incoming, record, route?.params ?? {}, rawBody)
  if (record.fault !== undefined) {
    await respondWithFault(context, record.fault, exchange, record, effect)
    return
  }
  const response = carryOutNow(context, effect, record)
  record.status = response.status
  send(exchange, response)
}

/** Creates the function that handles every request. */
export function createDispatcher(context: ServerContext): (exchange: Exchange) => Promise<void> {
  const findRoute = createRouter()
  return async (exchange) => {
    const incoming = toIncomingRequest(exchange)
    const { method, path } = incoming
    context.state().scheduler.runUntil(context.clock.now())
    await (path === controlPrefix || path.startsWith(`${controlPrefix}/`)
      ? dispatchToControl(context, incoming)
      : dispatchToService(context, incoming, findRoute(method, path)))
  }
}
