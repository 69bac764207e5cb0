/** Applies: reads the storage, sends what is missing, waits, and verifies the result. */
import { ActionError, withResult } from '../errors/action-error.ts'
import { quote } from '../lib/text.ts'
import { isAlreadyExistsMessage } from '../network/classify.ts'
import { formatFailure, type ApiFailure } from '../network/failure.ts'
import { storageCommand } from './cli-commands.ts'
import type { StorageContext } from './context.ts'
import { changeLines, withIndentedDetails } from './diff.ts'
import { toJobError } from './jobs/job-errors.ts'
import { jobPhase, type Job } from './jobs/job.ts'
import { waitForPendingJobs } from './jobs/pending-jobs.ts'
import { waitForJob } from './jobs/wait-for-job.ts'
import type { DesiredStorage } from './model.ts'
import { probablyExecuted } from './mutation/errors.ts'
import { sendMutation, toMutation } from './mutation/mutation.ts'
import { newMutationState, type MutationOutcome, type MutationState } from './mutation/state.ts'
import { planChange, type IfExists, type MutatingChange } from './plan-change.ts'
import { warnOfGuestAccess } from './plan.ts'
import { checkPreconditions } from './preconditions.ts'
import {
  createBackendReader,
  readStorage,
  resolveBucketName,
  type BackendReader,
  type StorageReadResult,
} from './read-storage.ts'
import { formatUpToDate, verifyStorage, warnOfDeniedRead, type ApplyResult } from './verify.ts'

export type ApplyOptions = Readonly<{
  desired: DesiredStorage
  ifExists: IfExists
  /** Whether to wait until the job has ended. */
  wait: boolean
}>

/** What an apply keeps from one round to the next. */
type ApplyState = {
  readonly context: StorageContext
  readonly options: ApplyOptions
  readonly mutation: MutationState
  /** Reads the backend once in each round, because it may have changed during a wait. */
  readBackend: BackendReader
  /** Its effect is found later if its response was lost. */
  lastSentChange: MutatingChange | undefined
  /** Set when the service rejected a create because a storage exists. */
  rejection: Rejection | undefined
  arePreconditionsChecked: boolean
  isDeniedReadReported: boolean
  /** The announcement of a change that was logged last, with its details. */
  lastAnnouncement: string | undefined
}

/** How the service said that a storage exists. */
type Rejection = Readonly<{ text: string; requestId: string | undefined }>

/**
 * Applies the desired storage: reads it, changes what differs, and reads it again until it matches.
 * Whatever happens, no second create is sent while an earlier one may still take effect.
 *
 * @throws ActionError unless the run succeeds; the signal's reason when aborted
 */
export async function apply(context: StorageContext, options: ApplyOptions): Promise<ApplyResult> {
  const state: ApplyState = {
    context,
    options,
    mutation: newMutationState(),
    readBackend: createBackendReader(context),
    lastSentChange: undefined,
    rejection: undefined,
    arePreconditionsChecked: false,
    isDeniedReadReported: false,
    lastAnnouncement: undefined,
  }
  for (;;) {
    const result = await applyRound(state)
    if (result !== undefined) return result
    state.readBackend = createBackendReader(context)
  }
}

/** Reads the storage and acts on it once; undefined if it has to be read again. */
async function applyRound(state: ApplyState): Promise<ApplyResult | undefined> {
  const { context, mutation, options } = state
  const read = await asUnknownIfUnresolved(
    mutation,
    readStorage(context, options.desired, state.readBackend),
  )
  if (read.denied !== undefined) reportDeniedRead(state, read.denied)
  else if (mutation.hadLostResponse) context.observer.onMutation('settled')
  const change = planChange(options.desired, read.current, effectiveIfExists(state), read.naming)
  switch (change.kind) {
    case 'reject':
      context.observer.onChanges(change.changes)
      throw change.error
    case 'unchanged': {
      const hasWaited = await asUnknownIfUnresolved(mutation, waitForPendingJobs(context, false))
      return hasWaited ? undefined : await finishUnchanged(state, read)
    }
    case 'create':
    case 'update':
      return await makeChange(state, change, read)
  }
}

/**
 * The `if-exists` that applies now. With `fail`, a storage that this run itself may have created is no
 * reason to fail. After the service rejected a create because a storage exists, the run only compares it.
 */
function effectiveIfExists({ options, rejection, mutation }: ApplyState): IfExists {
  if (rejection !== undefined) return 'match'
  return mutation.hadLostResponse && options.ifExists === 'fail' ? 'match' : options.ifExists
}

/** After a lost response, a read that fails leaves the outcome of the run unknown. */
async function asUnknownIfUnresolved<T>(
  { hadLostResponse }: MutationState,
  task: Promise<T>,
): Promise<T> {
  try {
    return await task
  } catch (error) {
    if (!hadLostResponse || !(error instanceof ActionError) || error.result !== 'failed')
      throw error
    throw withResult(
      error,
      'unknown',
      `The response to a request that changes the storage was lost, and its outcome could not be determined: ${error.message}`,
    )
  }
}

function reportDeniedRead(state: ApplyState, denied: ApiFailure): void {
  if (!state.isDeniedReadReported) warnOfDeniedRead(state.context.observer, denied)
  state.isDeniedReadReported = true
}

/** Sends a change and waits for its job. */
async function makeChange(
  state: ApplyState,
  change: MutatingChange,
  read: StorageReadResult,
): Promise<ApplyResult | undefined> {
  const { context, options, rejection } = state
  const { desired } = options
  context.observer.onChanges(change.changes)
  if (rejection !== undefined) throw existsButNotFound(state, rejection)
  if (change.kind === 'create') await requirePreconditions(state)
  if (state.lastSentChange === undefined) warnOfGuestAccess(context.observer, desired, read.current)
  announce(state, change)
  state.lastSentChange = change
  const mutation = toMutation(context, desired, change, read.naming)
  const outcome = await sendMutation(context, mutation, state.mutation)
  const end = await awaitMutation(state, change, outcome)
  switch (end.kind) {
    case 'started':
      return { result: 'started', verified: false, bucketName: undefined }
    case 'read-again':
      return undefined
    case 'completed':
      return await verifyStorage(context, desired, change.kind, (denied) => {
        reportDeniedRead(state, denied)
      })
    case 'exists': {
      const { text, requestId } = end.rejection
      if (state.mutation.resentUnchecked)
        throw probablyExecuted(text, requestId, mutation, context.ref)
      if (read.denied !== undefined) throw existsButUnreadable(context, end.rejection)
      state.rejection = end.rejection
      return undefined
    }
  }
}

async function requirePreconditions(state: ApplyState): Promise<void> {
  if (state.arePreconditionsChecked) return
  state.arePreconditionsChecked = true
  const [failed] = await checkPreconditions(state.context, state.readBackend)
  if (failed !== undefined) throw failed.error
}

/** Logs a change with its details, or without them if they are the same as in the previous announcement. */
function announce(state: ApplyState, change: MutatingChange): void {
  const verb = change.kind === 'create' ? 'Creating' : 'Updating'
  const line = `${verb} the storage ${quote(state.options.desired.resourceName)}`
  const withChanges = withIndentedDetails(line, changeLines(change.changes))
  state.context.observer.onLog(withChanges === state.lastAnnouncement ? `${line}.` : withChanges)
  state.lastAnnouncement = withChanges
}

/** How a change ended, after any wait for its job. */
type MutationEnd =
  | Readonly<{ kind: 'started' | 'read-again' | 'completed' }>
  | Readonly<{ kind: 'exists'; rejection: Rejection }>

async function awaitMutation(
  state: ApplyState,
  change: MutatingChange,
  outcome: MutationOutcome,
): Promise<MutationEnd> {
  const { context, mutation } = state
  const { observer } = context
  switch (outcome.kind) {
    case 'effect-found':
      observer.onLog(
        'The storage exists now: the request took effect although its response was lost.',
      )
      return { kind: 'read-again' }
    case 'job-pending':
      await asUnknownIfUnresolved(mutation, waitForPendingJobs(context, true))
      // If that was the job of a request whose response was lost, the storage shows it now.
      if (!mutation.resentUnchecked) observer.onMutation('settled')
      return { kind: 'read-again' }
    case 'already-exists': {
      const { failure } = outcome
      return {
        kind: 'exists',
        rejection: { text: formatFailure(failure), requestId: failure.requestId },
      }
    }
    case 'started':
      return await awaitStartedJob(state, change, outcome)
  }
}

async function awaitStartedJob(
  { context, options }: ApplyState,
  change: MutatingChange,
  { jobId, status }: Extract<MutationOutcome, { kind: 'started' }>,
): Promise<MutationEnd> {
  if (!options.wait) {
    context.observer.onLog(`Job ${jobId} was started (${status ?? 'no status'}).`)
    return { kind: 'started' }
  }
  const job = await waitForJob(context, jobId, status)
  if (jobPhase(job.status) === 'completed') return { kind: 'completed' }
  if (change.kind === 'create' && isStorageExistsError(job)) {
    const text = `job ${jobId} failed: ${job.error}`
    return { kind: 'exists', rejection: { text, requestId: undefined } }
  }
  throw await toJobError(job, jobId, context.ref)
}

/** Whether a job failed because a storage existed, and not because of a retained bucket. */
function isStorageExistsError({ error = '' }: Job): boolean {
  return isAlreadyExistsMessage(error) && /storage/i.test(error) && !/bucket/i.test(error)
}

/** Ends a run that found the storage as desired. */
async function finishUnchanged(state: ApplyState, read: StorageReadResult): Promise<ApplyResult> {
  const { context, options, rejection, readBackend } = state
  const { observer } = context
  const sent = state.mutation.hadLostResponse ? state.lastSentChange : undefined
  observer.onLog(formatUpToDate(options.desired))
  const bucketName = await resolveBucketName(context, options.desired, read, readBackend)
  // If no response was lost, this run did not make the change.
  observer.onChanges(sent?.changes ?? [])
  if (sent !== undefined) {
    const result = sent.kind === 'create' ? 'created' : 'updated'
    observer.onWarning(
      'Lost response',
      `The response to a request of this run was lost. The storage matches the configuration, so the run reports it as ${result}.`,
    )
    return { result, verified: true, bucketName }
  }
  if (rejection !== undefined) {
    observer.onWarning(
      'Created by another run',
      `Another run created the storage in the meantime, with the same configuration: ${quote(rejection.text)}.`,
    )
  }
  return { result: 'unchanged', verified: true, bucketName }
}

function existsButNotFound({ context, mutation }: ApplyState, rejection: Rejection): ActionError {
  return new ActionError(
    'STORAGE_EXISTS',
    `The service reports that the environment already has a storage, but none named ${quote(context.ref.resourceName)} exists: ${quote(rejection.text)}.`,
    {
      // The storage may result from the request whose response was lost.
      result: mutation.hadLostResponse ? 'unknown' : 'failed',
      requestId: rejection.requestId,
      advice:
        'An environment can have only one S3 storage. Find the one with another name in the Amplify console, and set resource-name to it or remove it.',
    },
  )
}

function existsButUnreadable({ ref }: StorageContext, rejection: Rejection): ActionError {
  return new ActionError(
    'STORAGE_EXISTS',
    `The service reports that the environment already has a storage, and the role has no permission to read it: ${quote(rejection.text)}.`,
    {
      requestId: rejection.requestId,
      advice: `Allow amplifybackend:GetBackendStorage for the role, so that a run can compare the storage with the configuration. To check it: ${storageCommand(ref)}`,
    },
  )
}
