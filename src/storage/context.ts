/** What every step of a plan or an apply needs: the API, the retry policy and an observer. */
import type { ErrorCode } from '../errors/catalog.ts'
import { retry, type ApiResult, type RetryPolicy } from '../network/retry.ts'
import type { AcceptedJob, Amplify, CallOptions, StorageRef } from './api.ts'
import type { Change } from './diff.ts'
import type { Storage } from './model.ts'

type WarningDetails = Readonly<{
  /** Marks the one warning that the comment words differently. */
  kind?: 'guest-access'
  /** The code of the error that an apply would end with as things are now. */
  code?: ErrorCode
}>

/** Receives what a run learns, as soon as it is known. */
export type Observer = Readonly<{
  /** One line for the log. */
  onLog(text: string): void
  /** A warning for the annotations and the summary. */
  onWarning(title: string, text: string, details?: WarningDetails): void
  /**
   * A create or an update is sent (`pending`), or its outcome is known (`settled`). As long as it is
   * pending, it may take effect without the run knowing.
   */
  onMutation(state: 'pending' | 'settled'): void
  /** A create or an update was accepted; the response names the app and the environment. */
  onAccepted(accepted: AcceptedJob): void
  /** A job that this run started, or is found to have started. */
  onJob(jobId: string, status: string | undefined): void
  /** @param changes undefined if the storage could not be compared with the configuration */
  onChanges(changes: readonly Change[] | undefined): void
  /** The storage as it was read; undefined if there is none. */
  onStorage(current: Storage | undefined): void
  /** The environment has an S3 storage of this name in place of the one that is asked for. */
  onOtherStorage(name: string): void
  /** The physical bucket of the storage. */
  onBucketName(name: string): void
}>

export type StorageContext = Readonly<{
  amplify: Amplify
  ref: StorageRef
  retryPolicy: RetryPolicy
  /** Ends a create or an update; on cancellation it is aborted later than the signal of other calls. */
  mutationSignal: AbortSignal
  observer: Observer
}>

/** The options of a call that is made now. */
export function callOptions(
  { retryPolicy }: StorageContext,
  signal = retryPolicy.signal,
): CallOptions {
  return { signal, remainingMs: Math.max(1, retryPolicy.deadline - retryPolicy.clock.now()) }
}

/** Makes a call that changes nothing, and retries it. */
export function readWithRetry<T>(
  context: StorageContext,
  call: (options: CallOptions) => Promise<ApiResult<T>>,
): Promise<ApiResult<T>> {
  return retry(context.retryPolicy, () => call(callOptions(context)))
}
