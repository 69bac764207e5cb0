/** What the steps of a run share: the API, time, and somebody to tell. */
import type { Amplify, CallOptions, AcceptedJob } from './api.ts'
import type { ErrorCode } from '../errors/catalog.ts'
import type { StorageRef } from './errors.ts'
import { retry, type ApiResult, type RetryPolicy } from '../network/retry.ts'
import type { Change, Storage } from './model.ts'

export type WarningDetails = Readonly<{
  /** Marks the one warning that the comment words differently. */
  kind?: 'guest-access'
  /** The code of the error that an apply would end with as things are now. */
  code?: ErrorCode
}>

/** Told of what a run learns, as soon as it is known. */
export type Observer = Readonly<{
  /** One line of the log. */
  onLog(text: string): void
  /** A warning for the annotations and the summary. */
  onWarning(title: string, text: string, details?: WarningDetails): void
  /**
   * A create or update goes out, or what became of it is known now: `open` as long as it may take effect
   * without the run knowing.
   */
  onMutation(outcome: 'open' | 'settled'): void
  /** A create or update was accepted; what the answer says of app and environment is theirs to report. */
  onAccepted(started: AcceptedJob): void
  /** A job that is ours: started by this run, or found to be. */
  onJob(jobId: string, status: string | undefined): void
  onChanges(changes: readonly Change[]): void
  /** What a look found; undefined when there is no storage. */
  onStorage(found: Storage | undefined): void
}>

export type StorageContext = Readonly<{
  amplify: Amplify
  ref: StorageRef
  retryPolicy: RetryPolicy
  /** Ends a create or an update; on cancellation later than the other calls' signal. */
  mutationSignal: AbortSignal
  observer: Observer
}>

/** The terms of a call that is made now. */
export function callOptions(
  { retryPolicy }: StorageContext,
  signal = retryPolicy.signal,
): CallOptions {
  return { signal, remainingMs: Math.max(1, retryPolicy.deadline - retryPolicy.clock.now()) }
}

/** A read, made again as long as that can help. */
export function readWithRetry<T>(
  engine: StorageContext,
  call: (terms: CallOptions) => Promise<ApiResult<T>>,
): Promise<ApiResult<T>> {
  return retry(engine.retryPolicy, () => call(callOptions(engine)))
}
