import type { IncomingMessage } from 'node:http'

import type { FaultSpec } from '../faults/queue.ts'
import type { OperationName, Service } from './operations.ts'

/** A whole answer, ready to be sent. */
export type HttpResponse = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** One request as it arrived, and what became of it. */
export type RecordedRequest = {
  readonly requestId: string
  /** When its headers were read, by the emulator's clock. */
  readonly time: number
  readonly service: Service
  operation: OperationName | undefined
  readonly method: string
  /** The path as sent, without the query. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  rawBody: string
  /** The body read as JSON or as a form; undefined where it is neither. */
  body: unknown
  /** The status answered; undefined as long as none was. */
  status: number | undefined
  /** The body of the answer that the emulator, fault aside, had for the request. */
  responseBody: string | undefined
  /** The status that the effect itself had, seen by the client or not. */
  effectStatus: number | undefined
  fault: FaultSpec | undefined
  accessKeyId: string | undefined
  /** The role of the session that signed the request, or that it was given. */
  roleArn: string | undefined
  /** The region of the signature. */
  region: string | undefined
}

/** What an operation gets to see. */
export type Call = {
  readonly now: number
  readonly method: string
  /** The request target as sent, with the query. */
  readonly target: string
  readonly path: string
  readonly params: Readonly<Record<string, string | undefined>>
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string>>
  readonly rawBody: Buffer
  readonly bodyText: string
  /** The emulator's own address. */
  readonly url: string
  readonly record: RecordedRequest
}

/** What a call does to the world. Checked at arrival, it may be carried out later. */
export type Effect = (now: number) => HttpResponse

/** Checks a call and gives back its effect; a refusal is an effect that changes nothing. */
export type Handler = (call: Call) => Effect | Promise<Effect>

/** A JSON answer. */
export function jsonResponse(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(value),
  }
}

/** Header names are lower case; repeated headers are joined as HTTP joins them. */
export function joinHeaders(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  )
}

/** Reads a whole body; rejects when the client goes away. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) {
    if (Buffer.isBuffer(chunk)) chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** A body as JSON or as a form, by its content type; undefined where it is neither. */
export function parseBody(text: string, contentType: string): unknown {
  if (contentType.startsWith('application/x-www-form-urlencoded'))
    return Object.fromEntries(new URLSearchParams(text))
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
