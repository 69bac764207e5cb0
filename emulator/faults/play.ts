import {
  htmlFaultResponse,
  placeholderBody,
  statusFaultResponse,
} from '../services/error-responses.ts'
import type { FaultSpec } from './queue.ts'
import type { HttpResponse } from '../lib/http.ts'
import type { Service } from '../lib/operations.ts'
import type { Rules } from '../state/rules.ts'
import {
  closeConnection,
  resetConnection,
  send,
  sendPartial,
  sendRaw,
  sendSlowly,
  sendTruncated,
  type Exchange,
} from '../lib/exchange.ts'

/** What a fault has to know about the call that it spoils. */
export type FaultyCall = {
  readonly exchange: Exchange
  readonly service: Service
  readonly requestId: string
  readonly rules: Rules
  /** The right answer; none where the fault comes before the effect. */
  readonly response: HttpResponse | undefined
  /** Carries the call out, for the faults that end in the right answer. */
  perform(): HttpResponse
}

const garbage = '\u0000\u0001 SSH-2.0-not_http\r\n\r\n'

function placeholderResponse(status: number, requestId: string): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'x-amzn-RequestId': requestId },
    body: placeholderBody + ' '.repeat(placeholderBody.length),
  }
}

function bodyFaultResponse(fault: Extract<FaultSpec, { kind: 'body' }>): HttpResponse {
  return {
    status: fault.status ?? 200,
    headers: { 'content-type': fault.contentType ?? 'application/json', ...fault.headers },
    body: fault.body,
  }
}

function redirectFaultResponse(
  fault: Extract<FaultSpec, { kind: 'redirect' }>,
  exchange: Exchange,
): HttpResponse {
  const { headers, url = '/' } = exchange.request
  const location = fault.location ?? `http://${headers.host ?? '127.0.0.1'}${url}`
  return { status: fault.status ?? 307, headers: { location }, body: '' }
}

/** Answers a call the way a fault has it; gives back the status that was sent, if any was. */
export async function playFault(fault: FaultSpec, spoilt: FaultyCall): Promise<number | undefined> {
  const { exchange, response, requestId } = spoilt
  const whole = (made: HttpResponse): number => {
    send(exchange, {
      ...made,
      headers: { 'x-amzn-RequestId': requestId, ...made.headers },
    })
    return made.status
  }
  switch (fault.kind) {
    case 'status':
      return whole(statusFaultResponse(fault, spoilt.service, requestId, spoilt.rules))
    case 'html':
      return whole(htmlFaultResponse(fault))
    case 'empty':
      return whole({ status: fault.status ?? 200, headers: {}, body: '' })
    case 'body':
      return whole(bodyFaultResponse(fault))
    case 'redirect':
      return whole(redirectFaultResponse(fault, exchange))
    case 'truncated': {
      const status = fault.status ?? response?.status ?? 200
      const cut =
        response === undefined ? placeholderResponse(status, requestId) : { ...response, status }
      sendTruncated(exchange, cut, fault.chunked ?? false)
      return status
    }
    case 'stall':
      if (fault.sent === undefined || fault.sent === 'nothing') return undefined
      sendPartial(exchange, response ?? placeholderResponse(200, requestId), fault.sent)
      return response?.status ?? 200
    case 'delay': {
      await exchange.timers.sleep(fault.ms)
      const late = response ?? spoilt.perform()
      return whole(late)
    }
    case 'slow': {
      const right = response ?? spoilt.perform()
      await sendSlowly(exchange, right, { ms: fault.ms, bytes: fault.bytes ?? 8 })
      return right.status
    }
    case 'garbage':
      sendRaw(exchange, fault.bytes ?? garbage)
      return undefined
    case 'reset':
      resetConnection(exchange)
      return undefined
    case 'close':
      closeConnection(exchange)
      return undefined
  }
}
