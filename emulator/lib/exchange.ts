import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Timers } from './clock.ts'
import type { HttpResponse } from './http.ts'

/** A request and what is needed to respond to it, correctly or with a fault. */
export type Exchange = {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly now: () => number
  readonly timers: Timers
}

type Framing = { 'content-length': number } | { 'transfer-encoding': 'chunked' }

/** The header that announces the full length of a body. */
export const contentLength = (response: HttpResponse): Framing => ({
  'content-length': Buffer.byteLength(response.body),
})

/** Writes the status line and the headers, with the date of the emulator's clock. */
export function writeHead(
  { response: stream, now }: Exchange,
  response: HttpResponse,
  framing: Framing,
): void {
  stream.sendDate = false
  stream.writeHead(response.status, {
    date: new Date(now()).toUTCString(),
    ...response.headers,
    ...framing,
  })
}

/** Sends a complete response. */
export function send(exchange: Exchange, response: HttpResponse): void {
  writeHead(exchange, response, contentLength(response))
  exchange.response.end(response.body)
}
