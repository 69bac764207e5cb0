/** Responses that are incomplete, slow or not HTTP, and connections that end too early. */
import { contentLength, writeHead, type Exchange } from '../lib/exchange.ts'
import type { HttpResponse } from '../lib/http.ts'

const firstHalf = (text: string): string => text.slice(0, Math.ceil(text.length / 2))

/** Sends half of the body, then destroys the connection. */
export function sendTruncated(exchange: Exchange, response: HttpResponse, chunked: boolean): void {
  const framing = chunked ? { 'transfer-encoding': 'chunked' as const } : contentLength(response)
  writeHead(exchange, response, framing)
  exchange.response.write(firstHalf(response.body), () => {
    exchange.request.socket.destroy()
  })
}

/** Sends the headers, or the headers and half of the body, and leaves the connection open. */
export function sendPartial(
  exchange: Exchange,
  response: HttpResponse,
  part: 'headers' | 'half',
): void {
  writeHead(exchange, response, contentLength(response))
  if (part === 'headers') exchange.response.flushHeaders()
  else exchange.response.write(firstHalf(response.body))
}

/** Sends a complete response a few bytes at a time. */
export async function sendSlowly(
  exchange: Exchange,
  response: HttpResponse,
  pace: { readonly ms: number; readonly bytes: number },
): Promise<void> {
  const body = Buffer.from(response.body)
  writeHead(exchange, response, contentLength(response))
  exchange.response.flushHeaders()
  for (let sent = 0; sent < body.length; sent += pace.bytes) {
    await exchange.timers.sleep(pace.ms)
    exchange.response.write(body.subarray(sent, sent + pace.bytes))
  }
  exchange.response.end()
}

/** Writes bytes to the socket in place of an HTTP response, then closes it. */
export function sendRaw({ request }: Exchange, bytes: string): void {
  request.socket.end(bytes, 'latin1')
}

/** Ends the connection with RST. */
export function resetConnection({ request }: Exchange): void {
  request.socket.resetAndDestroy()
}

/** Ends the connection with FIN, without a response. */
export function closeConnection({ request }: Exchange): void {
  request.socket.end()
  request.socket.destroySoon()
}
