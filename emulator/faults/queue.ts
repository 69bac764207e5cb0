import type { OperationName } from '../lib/operations.ts'

/** How an answer is spoilt. */
export type Fault =
  /** Any status, as the service words its errors. */
  | {
      kind: 'status'
      status: number
      /** The error's name; by the status when left out. */
      name?: string | undefined
      message?: string | undefined
      /** Where Amplify's errors carry their name; `header` when left out. */
      typed?: 'header' | '__type' | 'code' | 'none' | undefined
      headers?: Record<string, string> | undefined
    }
  /** A page, as a proxy answers; 502 when left out. */
  | { kind: 'html'; status?: number | undefined; html?: string | undefined }
  /** No body at all; 200 when left out. */
  | { kind: 'empty'; status?: number | undefined }
  /** Any body with any content type; 200 and JSON when left out. */
  | {
      kind: 'body'
      body: string
      status?: number | undefined
      contentType?: string | undefined
      headers?: Record<string, string> | undefined
    }
  /** Half an answer, then the connection is gone. */
  | { kind: 'truncated'; status?: number | undefined; chunked?: boolean | undefined }
  /** RST, after the request was read or as soon as its headers were. */
  | { kind: 'reset'; unread?: boolean | undefined }
  /** FIN without an answer. */
  | { kind: 'close'; unread?: boolean | undefined }
  /** Nothing more, until the emulator stops. */
  | { kind: 'stall'; sent?: 'nothing' | 'headers' | 'half' | undefined }
  /** The right answer, so much later; the effect too, unless it is ordered before the fault. */
  | { kind: 'delay'; ms: number }
  /** A redirect, to the same place when left out. */
  | { kind: 'redirect'; status?: 302 | 307 | undefined; location?: string | undefined }
  /** Any bytes, a character each, in place of an answer; no HTTP when left out. */
  | { kind: 'garbage'; bytes?: string | undefined }
  /** The right answer, a few bytes at a time. */
  | { kind: 'slow'; ms: number; bytes?: number | undefined }

export type FaultKind = Fault['kind']

export type FaultTarget = {
  operation: OperationName
  /** How many calls it spoils; 1 when left out. */
  times?: number | 'always' | undefined
  /** How many calls of the operation, from now on, go through first. */
  skip?: number | undefined
  /** No effect at all (when left out); the effect first; or the effect `lateMs` later. */
  when?: 'before' | 'after' | 'late' | undefined
  lateMs?: number | undefined
}

export type FaultSpec = FaultTarget & Fault

/** An order and how far it has got. */
export type InjectedFault = { readonly spec: FaultSpec; callsSeen: number; timesApplied: number }

/** The faults that are still to come. */
export type FaultQueue = {
  add(spec: FaultSpec): InjectedFault
  /** The fault for the next call of an operation, if one is due. */
  take(operation: OperationName): FaultSpec | undefined
  list(): readonly InjectedFault[]
  clear(): void
}

const isDue = ({ spec, callsSeen, timesApplied }: InjectedFault): boolean =>
  callsSeen > (spec.skip ?? 0) && (spec.times === 'always' || timesApplied < (spec.times ?? 1))

/** Makes an empty book. */
export function createFaultQueue(): FaultQueue {
  let entries: InjectedFault[] = []
  return {
    add: (spec) => {
      const entry = { spec, callsSeen: 0, timesApplied: 0 }
      entries.push(entry)
      return entry
    },
    take: (operation) => {
      const concerned = entries.filter((entry) => entry.spec.operation === operation)
      for (const entry of concerned) entry.callsSeen += 1
      const due = concerned.find(isDue)
      if (due === undefined) return undefined
      due.timesApplied += 1
      return due.spec
    },
    list: () => entries,
    clear: () => {
      entries = []
    },
  }
}
