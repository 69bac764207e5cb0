/** Applies: reads the storage, sends what is missing, waits, and verifies the result. */
import { quote } from '../lib/text.ts'
import { formatFailure, type ApiFailure } from '../network/failure.ts'
import type { StorageContext } from './context.ts'
import { changeLines, withIndentedDetails } from './diff.ts'
import type { IdentifiedJob, Job } from './jobs/job.ts'
import { waitForPendingJobs, type ListedJobs, type PendingJobsResult } from './jobs/pending-jobs.ts'
import type { DesiredStorage } from './model.ts'
import { awaitJob } from './mutation/await-job.ts'
import { adoptJob, findOwnJobs } from './mutation/candidate.ts'
import {
  asUnknownIfUnresolved,
  existsButNotFound,
  existsButUnreadable,
  probablyExecuted,
  updateRejected,
  type Rejection,
} from './mutation/errors.ts'
import { sendMutation, toMutation } from './mutation/mutation.ts'
import {
  isUnresolved,
  newMutationState,
  settle,
  type MutationOutcome,
  type MutationState,
  type StartedJob,
} from './mutation/state.ts'
import { planChange, type IfExists, type MutatingChange } from './plan-change.ts'
import { warnOfGuestAccess } from './plan.ts'
import { checkPreconditions } from './backend/preconditions.ts'
import {
  createBackendReader,
  readStorage,
  type BackendReader,
  type StorageReadResult,
} from './read-storage.ts'
import { finishUnchanged, verifyStorage, warnOfDeniedRead, type ApplyResult } from './verify.ts'

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
  /** Reads the backend once, and again after a wait, during which it may have changed. */
  readBackend: BackendReader
  /** The first difference between the storage and the configuration decides between created and updated. */
  firstChange: 'create' | 'update' | undefined
  /** What was sent last; its effect is found later if its response was lost. */
  lastSent: MutatingChange['kind'] | undefined
  /** Set when the service rejected a create because a storage exists. */
  rejection: Rejection | undefined
  /** Whether the jobs were listed, and none was pending, since the storage was read last. */
  jobCheck: 'not-checked' | 'none-pending' | 'denied'
  /** The last pending job of another run that ended while this run waited for it. */
  awaitedJob: Job | undefined
  /** The jobs of the last list. */
  listedJobs: readonly Job[]
  /** The jobs that this run has followed, in case another list shows them again. */
  readonly followedJobs: Set<string>
  arePreconditionsChecked: boolean
  isDeniedReadReported: boolean
  /** The announcement of a change that was logged last, with its details. */
  lastAnnouncement: string | undefined
}

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
    firstChange: undefined,
    lastSent: undefined,
    rejection: undefined,
    jobCheck: 'not-checked',
    awaitedJob: undefined,
    listedJobs: [],
    followedJobs: new Set(),
    arePreconditionsChecked: false,
    isDeniedReadReported: false,
    lastAnnouncement: undefined,
  }
  for (;;) {
    const result = await applyRound(state)
    if (result !== undefined) return result
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
  const change = planChange(options.desired, read.current, effectiveIfExists(state), read.naming)
  // What cannot be read cannot be compared.
  context.observer.onChanges(read.denied === undefined ? change.changes : undefined)
  switch (change.kind) {
    case 'reject':
      throw change.error
    case 'unchanged':
      return await confirmUnchanged(state, read)
    case 'create':
    case 'update':
      if (read.denied === undefined) state.firstChange ??= change.kind
      return await makeChange(state, change, read)
  }
}

/**
 * The `if-exists` that applies now. With `fail`, a storage that this run itself may have created is no
 * reason to fail. After the service rejected a create because a storage exists, the run only compares it.
 */
function effectiveIfExists({ options, rejection, mutation }: ApplyState): IfExists {
  const { ifExists } = options
  const { hadLostResponse } = mutation
  if (ifExists !== 'fail') return rejection === undefined ? ifExists : 'match'
  // A rejection after a lost response is probably due to that call.
  const mayBeOwn = isUnresolved(mutation) || (hadLostResponse && rejection !== undefined)
  return mayBeOwn ? 'match' : 'fail'
}

function reportDeniedRead(state: ApplyState, denied: ApiFailure): void {
  if (!state.isDeniedReadReported) warnOfDeniedRead(state.context.observer, denied)
  state.isDeniedReadReported = true
}

/**
 * Ends the run if the jobs show that nothing can have changed the storage since it was read. The jobs must be
 * listed before the storage is read: a job that ends in between would be in neither of them.
 */
async function confirmUnchanged(
  state: ApplyState,
  read: StorageReadResult,
): Promise<ApplyResult | undefined> {
  const { context, options } = state
  if (state.jobCheck === 'not-checked') {
    const jobs = await waitForOtherJobs(state, false)
    if (jobs.kind !== 'denied') return await continueAfterWait(state, jobs)
  }
  return await finishUnchanged(context, options.desired, read, state)
}

/** Waits until no job is pending, and keeps what the list of jobs shows. */
async function waitForOtherJobs(
  state: ApplyState,
  isReported: boolean,
): Promise<PendingJobsResult> {
  const { context, mutation, followedJobs } = state
  const { lostResponse } = mutation
  const findOwnJob = (list: ListedJobs): IdentifiedJob | undefined =>
    lostResponse === undefined
      ? undefined
      : findOwnJobs(context, lostResponse, list).candidates.find(
          ({ jobId }) => !followedJobs.has(jobId),
        )
  const result = await asUnknownIfUnresolved(
    mutation,
    waitForPendingJobs(context, { isReported, findOwnJob }),
  )
  if (result.kind === 'none-pending') {
    state.awaitedJob = result.awaited ?? state.awaitedJob
    state.listedJobs = result.jobs
    if (result.awaited !== undefined) state.readBackend = createBackendReader(context)
  }
  if (result.kind === 'none-pending' || result.kind === 'denied') state.jobCheck = result.kind
  return result
}

/** Follows the job that the wait may have found; undefined if the storage has to be read again. */
async function continueAfterWait(
  state: ApplyState,
  result: PendingJobsResult,
): Promise<ApplyResult | undefined> {
  return result.kind === 'own-job'
    ? await followOutcome(state, adoptJob(state.context, result.job, result.jobs))
    : undefined
}

/** Sends a change and waits for its job. */
async function makeChange(
  state: ApplyState,
  change: MutatingChange,
  read: StorageReadResult,
): Promise<ApplyResult | undefined> {
  const { context, options, rejection } = state
  const { desired } = options
  if (rejection !== undefined) throw existsButNotFound(rejection, state.mutation, context.ref)
  if (change.kind === 'create') await requirePreconditions(state)
  if (state.lastSent === undefined) warnOfGuestAccess(context.observer, desired, read.current)
  announce(state, change)
  state.lastSent = change.kind
  state.jobCheck = 'not-checked'
  const mutation = toMutation(context, desired, change, read.naming)
  const outcome = await sendMutation(context, mutation, state.mutation)
  state.readBackend = createBackendReader(context)
  // An accepted create shows that there was no storage, also to a role that may not read it.
  if (outcome.kind === 'started' && read.denied !== undefined) {
    context.observer.onChanges(change.changes)
  }
  return await followOutcome(state, outcome)
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

/** Continues after a call; undefined if the storage has to be read again. */
async function followOutcome(
  state: ApplyState,
  outcome: MutationOutcome,
): Promise<ApplyResult | undefined> {
  switch (outcome.kind) {
    case 'read-again':
      return undefined
    case 'job-pending':
      return await continueAfterWait(state, await waitForOtherJobs(state, true))
    case 'already-exists': {
      const { requestId } = outcome.failure
      return await handleExisting(state, { text: formatFailure(outcome.failure), requestId })
    }
    case 'started':
      return await followJob(state, outcome)
  }
}

async function followJob(state: ApplyState, started: StartedJob): Promise<ApplyResult | undefined> {
  const { context, options, mutation, lastSent } = state
  const kind = lastSent === 'update' ? 'update' : 'create'
  const operation = kind === 'create' ? 'CreateBackendStorage' : 'UpdateBackendStorage'
  state.followedJobs.add(started.jobId)
  const end = await awaitJob({ context, state: mutation, operation, started }, options.wait)
  switch (end.kind) {
    case 'not-awaited':
      return { result: 'started', verified: false, bucketName: undefined }
    case 'exists':
      return await handleExisting(state, end.rejection)
    case 'completed': {
      if (started.wasOtherPending) {
        await asUnknownIfUnresolved(mutation, waitForPendingJobs(context, { isReported: false }))
      }
      const result = await verifyStorage(context, options.desired, kind, (denied) => {
        reportDeniedRead(state, denied)
      })
      if (started.doubt !== undefined) settle(context.observer, mutation)
      return result
    }
  }
}

/** A storage exists: compares it once no job is pending. */
async function handleExisting(
  state: ApplyState,
  rejection: Rejection,
): Promise<ApplyResult | undefined> {
  const { context, mutation, lastSent } = state
  const { text, requestId } = rejection
  if (mutation.resentUnchecked) {
    throw probablyExecuted(text, requestId, 'CreateBackendStorage', context.ref)
  }
  if (lastSent === 'update') throw updateRejected(rejection)
  if (state.isDeniedReadReported) throw existsButUnreadable(rejection, context.ref)
  state.rejection = rejection
  return await continueAfterWait(state, await waitForOtherJobs(state, false))
}
