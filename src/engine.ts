/** What the steps of a run share: the API, time, and somebody to tell. */
import type { Amplify, CallTerms, Started } from './amplify.ts'
import type { ErrorCode } from './errors.ts'
import type { Place } from './explain.ts'
import { persist, type Answer, type Patience } from './retry.ts'
import type { Change, Storage } from './storage.ts'

/** Told of what a run learns, as soon as it is known. */
export type Observer = Readonly<{
  /** One line of the log. */
  line(text: string): void
  /**
   * A warning for the log's annotations and the summary.
   *
   * @param code of the error that it foretells
   */
  warning(title: string, text: string, code?: ErrorCode): void
  /**
   * A create or update goes out, or what became of it is known now: `open` as long as it may take effect
   * without the run knowing.
   */
  sent(outcome: 'open' | 'settled'): void
  /** A create or update was accepted; what the answer says of app and environment is theirs to report. */
  accepted(started: Started): void
  /** A job that is ours: started by this run, or found to be. */
  job(jobId: string, status: string | undefined): void
  changes(changes: readonly Change[]): void
  /** What a look found; undefined when there is no storage. */
  storage(found: Storage | undefined): void
}>

export type Engine = Readonly<{
  amplify: Amplify
  place: Place
  patience: Patience
  /** Ends a create or an update; on cancellation later than the other calls' signal. */
  sendSignal: AbortSignal
  observer: Observer
}>

/** The terms of a call that is made now. */
export function terms({ patience }: Engine, signal = patience.signal): CallTerms {
  return { signal, leftMs: Math.max(1, patience.deadline - patience.clock.now()) }
}

/** A read, made again as long as that can help. */
export function read<T>(
  engine: Engine,
  call: (terms: CallTerms) => Promise<Answer<T>>,
): Promise<Answer<T>> {
  return persist(engine.patience, () => call(terms(engine)))
}
