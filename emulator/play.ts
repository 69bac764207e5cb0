import { htmlAnswer, placeholderBody, statusAnswer } from './fault-answers.ts'
import type { FaultOrder } from './faults.ts'
import type { Answer } from './http.ts'
import type { Service } from './operations.ts'
import type { Rules } from './rules.ts'
import {
  close,
  reset,
  send,
  sendPart,
  sendRaw,
  sendSlowly,
  sendTruncated,
  type Exchange,
} from './wire.ts'

/** What a fault has to know about the call that it spoils. */
export type Spoilt = {
  readonly exchange: Exchange
  readonly service: Service
  readonly requestId: string
  readonly rules: Rules
  /** The right answer; none where the fault comes before the effect. */
  readonly answer: Answer | undefined
  /** Carries the call out, for the faults that end in the right answer. */
  perform(): Answer
}

const garbage = '\u0000\u0001 SSH-2.0-not_http\r\n\r\n'

function placeholder(status: number, requestId: string): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', 'x-amzn-RequestId': requestId },
    body: placeholderBody + ' '.repeat(placeholderBody.length),
  }
}

function bodyAnswer(fault: Extract<FaultOrder, { kind: 'body' }>): Answer {
  return {
    status: fault.status ?? 200,
    headers: { 'content-type': fault.contentType ?? 'application/json', ...fault.headers },
    body: fault.body,
  }
}

function redirectAnswer(
  fault: Extract<FaultOrder, { kind: 'redirect' }>,
  exchange: Exchange,
): Answer {
  const { headers, url = '/' } = exchange.request
  const location = fault.location ?? `http://${headers.host ?? '127.0.0.1'}${url}`
  return { status: fault.status ?? 307, headers: { location }, body: '' }
}

/** Answers a call the way a fault has it; gives back the status that was sent, if any was. */
export async function play(fault: FaultOrder, spoilt: Spoilt): Promise<number | undefined> {
  const { exchange, answer, requestId } = spoilt
  const whole = (made: Answer): number => {
    send(exchange, {
      ...made,
      headers: { 'x-amzn-RequestId': requestId, ...made.headers },
    })
    return made.status
  }
  switch (fault.kind) {
    case 'status':
      return whole(statusAnswer(fault, spoilt.service, requestId, spoilt.rules))
    case 'html':
      return whole(htmlAnswer(fault))
    case 'empty':
      return whole({ status: fault.status ?? 200, headers: {}, body: '' })
    case 'body':
      return whole(bodyAnswer(fault))
    case 'redirect':
      return whole(redirectAnswer(fault, exchange))
    case 'truncated': {
      const status = fault.status ?? answer?.status ?? 200
      const cut = answer === undefined ? placeholder(status, requestId) : { ...answer, status }
      sendTruncated(exchange, cut, fault.chunked ?? false)
      return status
    }
    case 'stall':
      if (fault.sent === undefined || fault.sent === 'nothing') return undefined
      sendPart(exchange, answer ?? placeholder(200, requestId), fault.sent)
      return answer?.status ?? 200
    case 'delay': {
      await exchange.timers.sleep(fault.ms)
      const late = answer ?? spoilt.perform()
      return whole(late)
    }
    case 'slow': {
      const right = answer ?? spoilt.perform()
      await sendSlowly(exchange, right, { ms: fault.ms, bytes: fault.bytes ?? 8 })
      return right.status
    }
    case 'garbage':
      sendRaw(exchange, fault.bytes ?? garbage)
      return undefined
    case 'reset':
      reset(exchange)
      return undefined
    case 'close':
      close(exchange)
      return undefined
  }
}
