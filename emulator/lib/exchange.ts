import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Timers } from './clock.ts'
import type { HttpResponse } from './http.ts'

/** One exchange: what is needed to answer a request well or badly. */
export type Exchange = {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly now: () => number
  readonly timers: Timers
}

function writeHead(
  { response, now }: Exchange,
  answer: HttpResponse,
  length: { 'content-length': number } | { 'transfer-encoding': 'chunked' },
): void {
  response.sendDate = false
  response.writeHead(answer.status, {
    date: new Date(now()).toUTCString(),
    ...answer.headers,
    ...length,
  })
}

const lengthOf = (answer: HttpResponse): { 'content-length': number } => ({
  'content-length': Buffer.byteLength(answer.body),
})

/** Sends an answer as it should be. */
export function send(exchange: Exchange, answer: HttpResponse): void {
  writeHead(exchange, answer, lengthOf(answer))
  exchange.response.end(answer.body)
}

/** Sends half of an answer, then goes away. */
export function sendTruncated(exchange: Exchange, answer: HttpResponse, chunked: boolean): void {
  const half = answer.body.slice(0, Math.ceil(answer.body.length / 2))
  writeHead(exchange, answer, chunked ? { 'transfer-encoding': 'chunked' } : lengthOf(answer))
  exchange.response.write(half, () => {
    exchange.request.socket.destroy()
  })
}

/** Sends the headers of an answer, or half of the body with them, and then nothing more. */
export function sendPartial(
  exchange: Exchange,
  answer: HttpResponse,
  part: 'headers' | 'half',
): void {
  writeHead(exchange, answer, lengthOf(answer))
  if (part === 'headers') exchange.response.flushHeaders()
  else exchange.response.write(answer.body.slice(0, Math.ceil(answer.body.length / 2)))
}

/** Sends an answer a few bytes at a time. */
export async function sendSlowly(
  exchange: Exchange,
  answer: HttpResponse,
  pace: { readonly ms: number; readonly bytes: number },
): Promise<void> {
  const body = Buffer.from(answer.body)
  writeHead(exchange, answer, lengthOf(answer))
  exchange.response.flushHeaders()
  for (let sent = 0; sent < body.length; sent += pace.bytes) {
    await exchange.timers.sleep(pace.ms)
    exchange.response.write(body.subarray(sent, sent + pace.bytes))
  }
  exchange.response.end()
}

/** Sends bytes past HTTP, then closes. */
export function sendRaw({ request }: Exchange, bytes: string): void {
  request.socket.end(bytes, 'latin1')
}

/** Ends the connection with RST. */
export function resetConnection({ request }: Exchange): void {
  request.socket.resetAndDestroy()
}

/** Ends the connection with FIN, without an answer. */
export function closeConnection({ request }: Exchange): void {
  request.socket.end()
  request.socket.destroySoon()
}
