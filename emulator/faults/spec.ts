import type { OperationName } from '../lib/operations.ts'

/** How a response goes wrong. */
export type Fault =
  /** An error with any status, in the format of the service. */
  | {
      kind: 'status'
      status: number
      /** The name of the error; by default the one that belongs to the status. */
      name?: string | undefined
      message?: string | undefined
      /** Where an error of Amplify carries its name; in a header by default. */
      errorNameIn?: 'header' | '__type' | 'code' | 'none' | undefined
      headers?: Record<string, string> | undefined
    }
  /** A page of HTML, as a proxy sends it; status 502 by default. */
  | { kind: 'html'; status?: number | undefined; html?: string | undefined }
  /** An empty body; status 200 by default. */
  | { kind: 'empty'; status?: number | undefined }
  /** Any body; status 200 and JSON by default. */
  | {
      kind: 'body'
      body: string
      status?: number | undefined
      contentType?: string | undefined
      headers?: Record<string, string> | undefined
    }
  /** Half of the body, then the connection ends. */
  | { kind: 'truncated'; status?: number | undefined; chunked?: boolean | undefined }
  /** RST, after the request was read or, if `unread`, as soon as its headers were. */
  | { kind: 'reset'; unread?: boolean | undefined }
  /** FIN without a response, after the request was read or, if `unread`, before. */
  | { kind: 'close'; unread?: boolean | undefined }
  /** No more bytes until the emulator stops; none at all by default. */
  | { kind: 'stall'; sent?: 'nothing' | 'headers' | 'half' | undefined }
  /** The correct response after a delay; the effect is delayed, too, unless `when` is `after`. */
  | { kind: 'delay'; ms: number }
  /** A redirect; to the URL of the request by default. */
  | { kind: 'redirect'; status?: 302 | 307 | undefined; location?: string | undefined }
  /** Bytes that are not HTTP, one for each character. */
  | { kind: 'garbage'; bytes?: string | undefined }
  /** The correct response, this many bytes at a time with a pause of `ms` between them. */
  | { kind: 'slow'; ms: number; bytes?: number | undefined }

export type FaultKind = Fault['kind']

/** A fault that responds with a status and an error of the service. */
export type StatusFault = Extract<Fault, { kind: 'status' }>

/** Which calls get a fault, and whether they take effect. */
export type FaultTarget = {
  operation: OperationName
  /** How many calls get the fault; 1 by default. */
  times?: number | 'always' | undefined
  /** How many of the next calls of the operation go through first. */
  skip?: number | undefined
  /** No effect (the default), the effect and then the fault, or the effect `lateMs` later. */
  when?: 'before' | 'after' | 'late' | undefined
  lateMs?: number | undefined
}

export type FaultSpec = FaultTarget & Fault
