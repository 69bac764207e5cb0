import type { FaultSpec } from '../faults/spec.ts'
import type { SignedRequest } from '../iam/sigv4.ts'
import type { HttpResponse } from '../lib/http.ts'
import type { OperationName, Service } from '../lib/operations.ts'

/** A request as it arrived, and how the emulator responded. */
export type RecordedRequest = {
  readonly requestId: string
  /** When its headers arrived, in milliseconds since the epoch by the emulator's clock. */
  readonly time: number
  readonly service: Service
  operation: OperationName | undefined
  readonly method: string
  /** The path as it was sent, without the query. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  rawBody: string
  /** The body parsed as JSON or as a form; undefined if it is neither. */
  body: unknown
  /** The status that was sent; undefined if none was. */
  status: number | undefined
  /** The body of the correct response, even if a fault kept it from the client. */
  responseBody: string | undefined
  /** The status of the correct response, even if a fault kept it from the client. */
  effectStatus: number | undefined
  fault: FaultSpec | undefined
  accessKeyId: string | undefined
  /** The role of the session that signed the request, or that the request asked for. */
  roleArn: string | undefined
  /** The region in the signature. */
  region: string | undefined
}

/** A request to an operation. */
export type Call = SignedRequest & {
  readonly path: string
  /** The parameters in the path. */
  readonly params: Readonly<Record<string, string | undefined>>
  readonly query: URLSearchParams
  readonly bodyText: string
  /** The emulator's own URL. */
  readonly url: string
  readonly record: RecordedRequest
}

/** Carries out a call that was checked when it arrived, at once or later. */
export type Effect = (now: number) => HttpResponse

/** Checks a call and returns its effect; a rejected call's effect changes nothing. */
export type Handler = (call: Call) => Effect | Promise<Effect>
