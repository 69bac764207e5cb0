/** Verifies that the storage is as desired, and says how that came about. */
import { ActionError, withResult } from '../errors/action-error.ts'
import { formatDuration } from '../lib/clock.ts'
import { quote } from '../lib/text.ts'
import { formatFailure, type ApiFailure } from '../network/failure.ts'
import type { Observer, StorageContext } from './context.ts'
import { isFullyCompared } from './diff.ts'
import { findCreateJob, isCreateJob, type Job } from './jobs/job.ts'
import type { DesiredStorage } from './model.ts'
import type { Rejection } from './mutation/errors.ts'
import { settle, type MutationState } from './mutation/state.ts'
import { planChange } from './plan-change.ts'
import {
  createBackendReader,
  readStorage,
  resolveBucketName,
  type BackendReader,
  type StorageReadResult,
} from './read-storage.ts'

export type ApplyResult = Readonly<{
  result: 'created' | 'updated' | 'unchanged' | 'started'
  /** Whether the storage was read and matches the configuration. */
  verified: boolean
  /** The physical name; undefined if it is not known. */
  bucketName: string | undefined
}>

/** The service may show a completed change late. */
const MAX_VERIFY_READS = 6
const VERIFY_DELAY_MS = 5_000

/**
 * Reads the storage until it matches the configuration.
 *
 * @param kind of the change whose job has completed
 * @param onDenied receives the failure if the role may not read the storage, which is then not verified
 * @throws ActionError when the storage still differs after the last read; the signal's reason when aborted
 */
export async function verifyStorage(
  context: StorageContext,
  desired: DesiredStorage,
  kind: 'create' | 'update',
  onDenied: (denied: ApiFailure) => void,
): Promise<ApplyResult> {
  const { observer } = context
  const { clock, deadline, signal } = context.retryPolicy
  const result = kind === 'create' ? 'created' : 'updated'
  // The backend may have changed since it was read last.
  const readBackend = createBackendReader(context)
  for (let reads = 1; ; reads += 1) {
    const read = await readAfterJob(context, desired, readBackend)
    if (read.denied !== undefined) {
      onDenied(read.denied)
      return { result, verified: false, bucketName: undefined }
    }
    const change = planChange(desired, read.current, 'match', read.naming)
    if (change.kind === 'unchanged') {
      observer.onLog(formatUpToDate(desired))
      const bucketName = await resolveBucketName(context, desired, read, readBackend)
      return { result, verified: isFullyCompared(desired, read.current), bucketName }
    }
    const hasTimeLeft = clock.now() + VERIFY_DELAY_MS < deadline
    if (reads >= MAX_VERIFY_READS || !hasTimeLeft) {
      throw change.kind === 'reject' ? change.error : await toMissingError(context)
    }
    observer.onLog(
      `The storage does not ${read.current === undefined ? 'exist' : 'match the configuration'} yet. Reading it again in ${formatDuration(VERIFY_DELAY_MS)}.`,
    )
    await clock.sleep(VERIFY_DELAY_MS, signal)
  }
}

/** A read after the job has completed; when it fails, it is unknown whether the storage is as desired. */
async function readAfterJob(
  context: StorageContext,
  desired: DesiredStorage,
  readBackend: BackendReader,
): Promise<StorageReadResult> {
  try {
    return await readStorage(context, desired, readBackend)
  } catch (error) {
    if (!(error instanceof ActionError) || error.result !== 'failed') throw error
    throw withResult(
      error,
      'unknown',
      `The job completed, but the storage could not be read: ${error.message}`,
    )
  }
}

async function toMissingError({ ref }: StorageContext): Promise<ActionError> {
  const { storageNotSeen } = await import('./jobs/job-errors.ts')
  return storageNotSeen(ref)
}

/** What a run that found the storage as desired knows of how that came about. */
type RunHistory = Readonly<{
  mutation: MutationState
  readBackend: BackendReader
  /** What the first difference between the storage and the configuration asked for. */
  firstChange: 'create' | 'update' | undefined
  /** The last pending job of another run that ended while this run waited for it. */
  awaitedJob: Job | undefined
  listedJobs: readonly Job[]
  /** Set when the service rejected a create because a storage exists. */
  rejection: Rejection | undefined
}>

/** Ends a run that found the storage as desired without knowing a job that made it so. */
export async function finishUnchanged(
  context: StorageContext,
  desired: DesiredStorage,
  read: StorageReadResult,
  history: RunHistory,
): Promise<ApplyResult> {
  const { observer } = context
  const { mutation, rejection } = history
  observer.onLog(formatUpToDate(desired))
  const bucketName = await resolveBucketName(context, desired, read, history.readBackend)
  const result = getResult(history)
  if (mutation.hadLostResponse) {
    observer.onWarning(
      'Lost response',
      `The response to a request of this run was lost. The storage matches the configuration, so the run reports it as ${result}.`,
    )
    settle(observer, mutation)
  } else if (rejection !== undefined) {
    const jobId = findCreateJob(history.listedJobs)?.jobId
    observer.onWarning(
      'Created by another run',
      `Another run created the storage in the meantime${jobId === undefined ? '' : ` with job ${jobId}`}, with the same configuration: ${quote(rejection.text)}.`,
    )
  }
  return { result, verified: isFullyCompared(desired, read.current), bucketName }
}

function getResult({ firstChange, awaitedJob }: RunHistory): ApplyResult['result'] {
  if (firstChange === 'update') return 'updated'
  return firstChange === 'create' || isCreateJob(awaitedJob) ? 'created' : 'unchanged'
}

/** The line for a storage that matches the configuration. */
function formatUpToDate({ resourceName }: DesiredStorage): string {
  return `The storage ${quote(resourceName)} matches the configuration.`
}

/** Warns that the storage may not be read. */
export function warnOfDeniedRead(observer: Observer, denied: ApiFailure): void {
  observer.onWarning(
    'Storage not read',
    `The credentials have no permission to read the storage: ${formatFailure(denied)}. Without amplifybackend:GetBackendStorage, a run can neither compare nor verify the storage. Allow it for the role or user that this run uses.`,
  )
}
