/** A plain HTTP request, for the few calls that no SDK makes. */
import http from 'node:http'
import type { Readable } from 'node:stream'
import { abortReason } from '../lib/clock.ts'
import { nodeHttps, type Agents } from './agents.ts'

export type HttpResponse = Readonly<{
  status: number
  headers: http.IncomingHttpHeaders
  body: string
}>

export type HttpRequestOptions = Readonly<{
  /** `GET` by default. */
  method?: string
  headers: Readonly<Record<string, string>>
  body?: string | undefined
  signal: AbortSignal
  /** Called when the complete request has left this process. */
  onSent?: () => void
}>

/** No expected response comes close to this size. */
const MAX_BODY_BYTES = 4 * 1024 * 1024

/**
 * Sends one request and reads the whole response as UTF-8. Does not follow redirects.
 *
 * @throws the error of the connection, also when the response ends early; the signal's reason when aborted
 */
export function httpRequest(
  url: URL,
  agents: Agents,
  { method = 'GET', headers, body, signal, onSent }: HttpRequestOptions,
): Promise<HttpResponse> {
  const [module, agent] =
    url.protocol === 'https:' ? [nodeHttps(), agents.https] : [http, agents.http]
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      reject(signal.aborted ? abortReason(signal) : error)
    }
    const request = module.request(url, { agent, method, headers, signal }, (response) => {
      readBody(response).then((body) => {
        const { statusCode = 0, headers: responseHeaders } = response
        resolve({ status: statusCode, headers: responseHeaders, body: body.toString('utf8') })
      }, fail)
    })
    request.on('error', fail)
    if (onSent !== undefined) request.on('finish', onSent)
    // Node.js does not report an abort while a proxy is still opening the tunnel.
    signal.addEventListener(
      'abort',
      () => {
        reject(abortReason(signal))
      },
      { once: true },
    )
    request.end(body)
  })
}

/**
 * Reads a whole body.
 *
 * @throws the error of the connection, also when the body ends early or is larger than 4 MiB
 */
export function readBody(body: Readable): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    body.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > MAX_BODY_BYTES) body.destroy(new Error('the response is larger than 4 MiB'))
      else chunks.push(chunk)
    })
    body.on('end', () => {
      resolve(Buffer.concat(chunks))
    })
    // Also emitted when the server closes the connection in the middle of the body.
    body.on('error', reject)
  })
}

/** The headers without those that Node.js gives as a list, such as `set-cookie`. */
export function singleHeaders(headers: http.IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value]] : [],
    ),
  )
}
