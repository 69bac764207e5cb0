import { send, type Exchange } from '../lib/exchange.ts'
import type { HttpResponse } from '../lib/http.ts'
import {
  closeConnection,
  resetConnection,
  sendPartial,
  sendRaw,
  sendSlowly,
  sendTruncated,
} from './broken-responses.ts'
import type { Fault, FaultSpec, StatusFault } from './spec.ts'

/** The call that gets a fault. */
export type FaultyCall = {
  readonly exchange: Exchange
  readonly requestId: string
  /** The correct response; undefined if the fault prevents the effect. */
  readonly response: HttpResponse | undefined
  /** Carries out the call, for faults that send the correct response after all. */
  readonly perform: () => HttpResponse
  /** Formats an error as the called service does. */
  readonly formatError: (fault: StatusFault) => HttpResponse
}

const garbage = '\u0000\u0001 SSH-2.0-not_http\r\n\r\n'

const halfBody = '{"appId":"d1a2b3c4d5e6f7","backendEnvironmentName":"prod","jobId":'

/** A response for faults that break off in the middle, twice as long as what they send. */
function placeholderResponse(status: number, requestId: string): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'x-amzn-RequestId': requestId },
    body: halfBody + ' '.repeat(halfBody.length),
  }
}

type Kind<Name extends Fault['kind']> = Extract<Fault, { kind: Name }>

/** The page of a proxy or a load balancer. */
function htmlResponse(fault: Kind<'html'>): HttpResponse {
  const status = fault.status ?? 502
  const page = `<html>\n<head><title>${status}</title></head>\n<body><center><h1>${status}</h1></center></body>\n</html>\n`
  return { status, headers: { 'content-type': 'text/html' }, body: fault.html ?? page }
}

function bodyResponse(fault: Kind<'body'>): HttpResponse {
  return {
    status: fault.status ?? 200,
    headers: { 'content-type': fault.contentType ?? 'application/json', ...fault.headers },
    body: fault.body,
  }
}

function redirectResponse(fault: Kind<'redirect'>, exchange: Exchange): HttpResponse {
  const { headers, url = '/' } = exchange.request
  const location = fault.location ?? `http://${headers.host ?? '127.0.0.1'}${url}`
  return { status: fault.status ?? 307, headers: { location }, body: '' }
}

/**
 * Responds to a call as a fault describes, or ends its connection.
 *
 * @returns the status that was sent, if one was
 */
export async function sendFault(fault: FaultSpec, call: FaultyCall): Promise<number | undefined> {
  switch (fault.kind) {
    case 'status':
      return sendComplete(call, call.formatError(fault))
    case 'html':
      return sendComplete(call, htmlResponse(fault))
    case 'empty':
      return sendComplete(call, { status: fault.status ?? 200, headers: {}, body: '' })
    case 'body':
      return sendComplete(call, bodyResponse(fault))
    case 'redirect':
      return sendComplete(call, redirectResponse(fault, call.exchange))
    case 'delay':
      await call.exchange.timers.sleep(fault.ms)
      return sendComplete(call, call.response ?? call.perform())
    case 'truncated':
    case 'stall':
    case 'slow':
      return sendInParts(fault, call)
    case 'garbage':
      sendRaw(call.exchange, fault.bytes ?? garbage)
      return undefined
    case 'reset':
      resetConnection(call.exchange)
      return undefined
    case 'close':
      closeConnection(call.exchange)
      return undefined
  }
}

/** Sends a response in parts, or only a part of one. */
async function sendInParts(
  fault: Kind<'truncated' | 'stall' | 'slow'>,
  { exchange, requestId, response, perform }: FaultyCall,
): Promise<number | undefined> {
  switch (fault.kind) {
    case 'truncated': {
      const status = fault.status ?? response?.status ?? 200
      const truncated =
        response === undefined ? placeholderResponse(status, requestId) : { ...response, status }
      sendTruncated(exchange, truncated, fault.chunked ?? false)
      return status
    }
    case 'stall':
      if (fault.sent === undefined || fault.sent === 'nothing') return undefined
      sendPartial(exchange, response ?? placeholderResponse(200, requestId), fault.sent)
      return response?.status ?? 200
    case 'slow': {
      const complete = response ?? perform()
      await sendSlowly(exchange, complete, { ms: fault.ms, bytes: fault.bytes ?? 8 })
      return complete.status
    }
  }
}

function sendComplete({ exchange, requestId }: FaultyCall, response: HttpResponse): number {
  send(exchange, {
    ...response,
    headers: { 'x-amzn-RequestId': requestId, ...response.headers },
  })
  return response.status
}

/**
 * Ends the connection before the body of the request is read.
 *
 * @returns whether the fault does so
 */
export function endUnreadRequest(fault: FaultSpec, exchange: Exchange): boolean {
  if ((fault.kind !== 'reset' && fault.kind !== 'close') || fault.unread !== true) return false
  if (fault.kind === 'reset') resetConnection(exchange)
  else closeConnection(exchange)
  return true
}
