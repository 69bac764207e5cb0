/** Looking at the storage, and bringing about what is asked: the part of a run that talks to Amplify. */
import {
  findFailedPreconditions,
  environmentNotFound,
  type Backend,
  type AmplifyMeta,
  type FailedPrecondition,
} from './preconditions.ts'
import { classifyFailure, isAlreadyExistsMessage } from '../network/classify.ts'
import { formatDuration } from '../lib/clock.ts'
import { changeLines, withIndentedDetails } from './change-lines.ts'
import { readWithRetry, type StorageContext } from './context.ts'
import { ActionError } from '../errors/action-error.ts'
import { toJobError, toActionError, storageCommand } from './errors.ts'
import { withResult } from '../errors/with-result.ts'
import { formatFailure, type ApiFailure } from '../network/failure.ts'
import { jobPhase, type Job } from './jobs/job.ts'
import { type ApiResult } from '../network/retry.ts'
import {
  newMutationState,
  deadlineExceeded,
  probablyExecuted,
  sendMutation,
  type Mutation,
  type MutationState,
  type MutationOutcome,
} from './mutation/mutation.ts'
import {
  diffStorage,
  planChange,
  physicalBucket,
  type BucketContext,
  type Change,
  type PlannedChange,
  type Storage,
  type DesiredStorage,
} from './model.ts'
import { quote } from '../lib/text.ts'
import { waitForJob, waitForPendingJobs } from './jobs/wait-for-job.ts'

export type ApplyOptions = Readonly<{
  desired: DesiredStorage
  ifExists: 'match' | 'update' | 'fail'
  /** Wait until the job has ended. */
  wait: boolean
}>

export type ApplyResult = Readonly<{
  result: 'created' | 'updated' | 'unchanged' | 'started'
  /** The storage was seen, and seen to be as asked. */
  verified: boolean
  bucketName: string | undefined
}>

/** What a look found. */
type StorageReadResult = Readonly<{
  current: Storage | undefined
  /** How the service said that the role may not read; undefined when it may. */
  denied: ApiFailure | undefined
  context: BucketContext
}>

/**
 * Plans: what an apply would do, without any call that changes something.
 *
 * @returns the changes, none when there is nothing to do
 * @throws ActionError when the apply would be refused, or when the role may not read
 */
export async function plan(
  engine: StorageContext,
  order: ApplyOptions,
): Promise<readonly Change[]> {
  const backend = createBackendReader(engine)
  const seen = await readStorage(engine, order.desired, backend)
  if (seen.denied !== undefined) {
    const error = toActionError(seen.denied, engine.ref)
    throw withResult(error, 'failed', `Nothing was planned. ${error.message}`)
  }
  const step = planChange(order.desired, seen.current, order.ifExists, seen.context)
  switch (step.kind) {
    case 'unchanged':
      return []
    case 'refuse':
      engine.observer.onChanges(step.changes)
      throw step.error
    case 'create':
      engine.observer.onChanges(step.changes)
      for (const { error, mayBeFixedByMerge } of await checkPreconditions(
        engine,
        order.desired,
        backend,
      )) {
        if (!mayBeFixedByMerge) throw error
        engine.observer.onWarning(
          'The apply would fail as things are',
          `${error.message} ${error.advice}`,
          { code: error.code },
        )
      }
      warnOfGuestAccess(engine, order.desired)
      return step.changes
    case 'update':
      warnOfGuestAccess(engine, order.desired, seen.current)
      return step.changes
  }
}

/**
 * Brings the storage about: looks, sends what is missing, waits, and looks again, until it is there as
 * asked. Whatever happens on the way, no second create is sent while an earlier one may still take effect.
 *
 * @throws ActionError for every end but a good one; the signal's reason when aborted
 */
export async function apply(engine: StorageContext, order: ApplyOptions): Promise<ApplyResult> {
  const { observer } = engine
  const { desired } = order
  const tellDenied = once((denied: ApiFailure) => {
    warnOfDeniedRead(engine, denied)
  })
  const history = newMutationState()
  let backend = createBackendReader(engine)
  /** The step whose effect is found later, when its own answer was lost. */
  let sent: MutatingChange | undefined
  /** How the service said that the storage is there already. */
  let refusedAsExisting: Rejection | undefined
  let checked = false
  const tellStep = withoutRepeats(observer.onLog)
  for (;;) {
    const seen = await asUnknownIfUnresolved(history, readStorage(engine, desired, backend))
    if (seen.denied !== undefined) tellDenied(seen.denied)
    else if (history.hadLostResponse) observer.onMutation('settled')
    const step = planChange(
      desired,
      seen.current,
      effectiveIfExists(order, history, refusedAsExisting),
      seen.context,
    )
    if (step.kind === 'refuse') {
      observer.onChanges(step.changes)
      throw step.error
    }
    if (step.kind === 'unchanged') {
      const waited = await asUnknownIfUnresolved(history, waitForPendingJobs(engine, false))
      if (!waited) {
        return await finishUnchanged(engine, backend, order, seen, {
          sent: history.hadLostResponse ? sent : undefined,
          refusedAsExisting,
        })
      }
    } else {
      observer.onChanges(step.changes)
      if (refusedAsExisting !== undefined)
        throw existsButNotFound(engine, refusedAsExisting, history)
      if (step.kind === 'create' && !checked) {
        checked = true
        const [obstacle] = await checkPreconditions(engine, desired, backend)
        if (obstacle !== undefined) throw obstacle.error
      }
      if (sent === undefined) warnOfGuestAccess(engine, desired, seen.current)
      tellStep(
        `${step.kind === 'create' ? 'Creating' : 'Updating'} the storage ${quote(desired.resourceName)}`,
        changeLines(step.changes),
      )
      sent = step
      const mutation = toMutation(engine, order, step, seen.context)
      const outcome = await sendMutation(engine, mutation, history)
      const ended = await awaitMutation(engine, outcome, step, order, history)
      switch (ended.kind) {
        case 'started':
          return { result: 'started', verified: false, bucketName: undefined }
        case 'look':
          break
        case 'exists': {
          const { text, requestId } = ended.refused
          if (history.resentUnchecked) throw probablyExecuted(text, requestId, mutation, engine)
          if (seen.denied !== undefined) throw existsButUnreadable(engine, ended.refused)
          refusedAsExisting = ended.refused
          break
        }
        case 'completed':
          return await verifyStorage(engine, order, step, tellDenied)
      }
    }
    // Time has passed and jobs have ended: what was read of the backend no longer holds.
    backend = createBackendReader(engine)
  }
}

/**
 * What a storage that is found calls for. One that may be the work of a lost create does not exist in the
 * sense of `fail`; one that the service has just refused to create again is matched and nothing else.
 */
function effectiveIfExists(
  { ifExists }: ApplyOptions,
  { hadLostResponse }: MutationState,
  refusedAsExisting: Rejection | undefined,
): ApplyOptions['ifExists'] {
  if (refusedAsExisting !== undefined) return 'match'
  return hadLostResponse && ifExists === 'fail' ? 'match' : ifExists
}

/** Reads that fail after a send whose answer was lost leave the outcome of the run open. */
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
      `The answer to a call that changes the storage was lost, and what became of it could not be established: ${error.message}`,
    )
  }
}

function once<T>(tell: (value: T) => void): (value: T) => void {
  let told = false
  return (value) => {
    if (!told) tell(value)
    told = true
  }
}

/** Tells a step with its details; once more, without those that were just told. */
function withoutRepeats(
  line: (text: string) => void,
): (step: string, details: readonly string[]) => void {
  let told = ''
  return (step, details) => {
    const whole = withIndentedDetails(step, details)
    line(whole === told ? `${step}.` : whole)
    told = whole
  }
}

/** A step that changes the backend. */
type MutatingChange = Extract<PlannedChange, { kind: 'create' | 'update' }>

type Rejection = Readonly<{ text: string; requestId: string | undefined }>

type MutationEnd =
  | Readonly<{ kind: 'started' }>
  | Readonly<{ kind: 'look' }>
  | Readonly<{ kind: 'exists'; refused: Rejection }>
  | Readonly<{ kind: 'completed' }>

/** What the outcome of a send comes to, when everything that follows from it has ended. */
async function awaitMutation(
  engine: StorageContext,
  outcome: MutationOutcome,
  step: MutatingChange,
  order: ApplyOptions,
  history: MutationState,
): Promise<MutationEnd> {
  const { observer, ref } = engine
  switch (outcome.kind) {
    case 'appeared':
      observer.onLog('The storage has turned up: the lost call had taken effect.')
      return { kind: 'look' }
    case 'busy':
      await asUnknownIfUnresolved(history, waitForPendingJobs(engine, true))
      // If that was the job of a lost send, the storage shows it now.
      if (!history.resentUnchecked) observer.onMutation('settled')
      return { kind: 'look' }
    case 'exists':
      return {
        kind: 'exists',
        refused: { text: formatFailure(outcome.failure), requestId: outcome.failure.requestId },
      }
    case 'started': {
      if (!order.wait) {
        observer.onLog(`Job ${outcome.jobId} was started (${outcome.status ?? 'no status'}).`)
        return { kind: 'started' }
      }
      const job = await waitForJob(engine, outcome.jobId, outcome.status)
      if (jobPhase(job.status) === 'completed') return { kind: 'completed' }
      return step.kind === 'create' && saysStorageExists(job)
        ? {
            kind: 'exists',
            refused: { text: `job ${outcome.jobId} failed: ${job.error}`, requestId: undefined },
          }
        : fail(toJobError(job, outcome.jobId, ref))
    }
  }
}

function fail(error: ActionError): never {
  throw error
}

/** A failed job whose text says that the storage (not a bucket that was left behind) was there already. */
function saysStorageExists(job: Job): boolean {
  return (
    isAlreadyExistsMessage(job.error) && /storage/i.test(job.error) && !/bucket/i.test(job.error)
  )
}

function toMutation(
  engine: StorageContext,
  { desired }: ApplyOptions,
  step: MutatingChange,
  context: BucketContext,
): Mutation {
  const { amplify } = engine
  return step.kind === 'create'
    ? {
        operation: 'CreateBackendStorage',
        send: (callTerms) => amplify.createStorage(desired, callTerms),
        isDone: (storage) => storage !== undefined,
      }
    : {
        operation: 'UpdateBackendStorage',
        send: (callTerms) =>
          amplify.updateStorage(desired.resourceName, step.permissions, callTerms),
        isDone: (storage) =>
          storage !== undefined && diffStorage(desired, storage, context).length === 0,
      }
}

/** Reads the backend's metadata at most once; it is wanted in several places, and in most runs in none. */
type BackendReader = () => Promise<ApiResult<Backend>>

function createBackendReader(engine: StorageContext): BackendReader {
  let known: Promise<ApiResult<Backend>> | undefined
  return () =>
    (known ??= readWithRetry(engine, (callTerms) =>
      engine.amplify.getBackend('environment', callTerms),
    ))
}

/** Looks at the storage. */
async function readStorage(
  engine: StorageContext,
  request: DesiredStorage,
  backend: BackendReader,
): Promise<StorageReadResult> {
  const { amplify, ref, observer } = engine
  const answer = await readWithRetry(engine, (callTerms) =>
    amplify.getStorage(ref.resourceName, callTerms),
  )
  const context = { backendEnvironmentName: ref.backendEnvironmentName, suffix: undefined }
  if (!answer.ok) {
    const verdict = classifyFailure(answer.failure)
    if (verdict === 'not-found') {
      observer.onStorage(undefined)
      return { current: undefined, denied: undefined, context }
    }
    if (verdict !== 'access-denied') throw toReadError(answer, engine)
    return { current: undefined, denied: answer.failure, context }
  }
  const { value: described } = answer
  const { bucketName } = request
  // Only where the bucket is compared and is not plainly the base name, the metadata is worth a call.
  if (described === undefined || bucketName === undefined || described.bucketName === bucketName) {
    observer.onStorage(described)
    return { current: described, denied: undefined, context }
  }
  const meta = await readAmplifyMeta(backend)
  const current = {
    ...described,
    bucketName: described.bucketName ?? findBucketInMeta(meta, ref.resourceName),
  }
  observer.onStorage(current)
  return { current, denied: undefined, context: { ...context, suffix: meta?.suffix } }
}

async function readAmplifyMeta(backend: BackendReader): Promise<AmplifyMeta | undefined> {
  const answer = await backend()
  return answer.ok ? answer.value.meta : undefined
}

function findBucketInMeta(meta: AmplifyMeta | undefined, resourceName: string): string | undefined {
  return meta?.storages.find(({ name }) => name === resourceName)?.bucketName
}

/**
 * What stands in the way of a create, by the backend's metadata. Where that cannot be read, nothing is
 * known to stand in the way.
 */
async function checkPreconditions(
  engine: StorageContext,
  request: DesiredStorage,
  backend: BackendReader,
): Promise<readonly FailedPrecondition[]> {
  const { ref, observer, amplify } = engine
  const answer = await backend()
  if (answer.ok) {
    if (answer.value.error !== undefined) {
      observer.onWarning('Backend reports an error', `GetBackend says: ${answer.value.error}`)
    }
    return findFailedPreconditions({ ...ref, resourceName: request.resourceName }, answer.value)
  }
  switch (classifyFailure(answer.failure)) {
    case 'access-denied':
      observer.onWarning(
        'Backend not checked',
        `The role may not read the backend (amplifybackend:GetBackend), so a missing environment or auth resource would show only when the job fails: ${formatFailure(answer.failure)}.`,
      )
      return []
    case 'not-found': {
      // App or environment? The app alone, if it is there, names its environments.
      const app = await readWithRetry(engine, (callTerms) => amplify.getBackend('app', callTerms))
      const environments = app.ok ? app.value.environments : undefined
      return environments === undefined || environments.includes(ref.backendEnvironmentName)
        ? [{ error: toActionError(answer.failure, ref), mayBeFixedByMerge: false }]
        : [
            {
              error: environmentNotFound(ref.appId, ref.backendEnvironmentName, environments),
              mayBeFixedByMerge: true,
            },
          ]
    }
    default:
      if (answer.deadlineExceeded === true) throw deadlineExceeded(answer.failure, engine)
      observer.onWarning(
        'Backend not checked',
        `GetBackend failed, so a missing environment or auth resource would show only when the job fails: ${formatFailure(answer.failure)}.`,
      )
      return []
  }
}

function toReadError(
  answer: Extract<ApiResult<unknown>, { ok: false }>,
  engine: StorageContext,
): ActionError {
  return answer.deadlineExceeded === true
    ? deadlineExceeded(answer.failure, engine)
    : toActionError(answer.failure, engine.ref)
}

function warnOfGuestAccess(engine: StorageContext, request: DesiredStorage, found?: Storage): void {
  const wanted = request.unauthenticated ?? []
  const had = found?.permissions.unauthenticated ?? []
  if (wanted.length === 0 || had.length > 0) return
  engine.observer.onWarning(
    'Guests get access',
    'unauthenticated-permissions give everybody access without signing in, and switch on unauthenticated identities in the Cognito identity pool of the app.',
    { kind: 'guest-access' },
  )
}

/** The good end of a run that found the storage as asked. */
async function finishUnchanged(
  engine: StorageContext,
  backend: BackendReader,
  { desired }: ApplyOptions,
  seen: StorageReadResult,
  how: Readonly<{
    /** What this run sent, when the answer was lost. */
    sent: MutatingChange | undefined
    refusedAsExisting: Rejection | undefined
  }>,
): Promise<ApplyResult> {
  const { observer } = engine
  observer.onLog(upToDateLine(desired))
  const bucketName = await resolveBucketName(engine, backend, desired, seen)
  // What was to be changed was perhaps another run's work.
  observer.onChanges(how.sent?.changes ?? [])
  if (how.sent !== undefined) {
    const result = how.sent.kind === 'create' ? 'created' : 'updated'
    observer.onWarning(
      'An answer was lost',
      `The answer to a call of this run was lost, and the storage is there as asked, so it counts as ${result} by this run.`,
    )
    return { result, verified: true, bucketName }
  }
  if (how.refusedAsExisting !== undefined) {
    observer.onWarning(
      'Another run was first',
      `The storage was created by another run in the meantime, as asked here: ${quote(how.refusedAsExisting.text)}.`,
    )
  }
  return { result: 'unchanged', verified: true, bucketName }
}

function upToDateLine({ resourceName }: DesiredStorage): string {
  return `The storage ${quote(resourceName)} is there as asked.`
}

/** How often, and how far apart, a completed storage is looked for. */
const MAX_VERIFY_READS = 6
const VERIFY_PAUSE_MS = 5_000

/** Sees to it that the completed job left the storage as asked. */
async function verifyStorage(
  engine: StorageContext,
  { desired }: ApplyOptions,
  step: MutatingChange,
  tellDenied: (denied: ApiFailure) => void,
): Promise<ApplyResult> {
  const { retryPolicy, observer, ref } = engine
  const result = step.kind === 'create' ? 'created' : 'updated'
  // What was read before the change no longer holds.
  const backend = createBackendReader(engine)
  for (let looks = 1; ; looks += 1) {
    const seen = await readAfterJob(engine, desired, backend)
    if (seen.denied !== undefined) {
      tellDenied(seen.denied)
      return { result, verified: false, bucketName: undefined }
    }
    const next = planChange(desired, seen.current, 'match', seen.context)
    if (next.kind === 'unchanged') {
      observer.onLog(upToDateLine(desired))
      return {
        result,
        verified: true,
        bucketName: await resolveBucketName(engine, backend, desired, seen),
      }
    }
    const inTime = retryPolicy.clock.now() + VERIFY_PAUSE_MS < retryPolicy.deadline
    if (looks >= MAX_VERIFY_READS || !inTime) {
      if (next.kind === 'refuse') throw next.error
      throw new ActionError(
        'STORAGE_NOT_SEEN',
        `The job was reported complete, and the storage ${quote(ref.resourceName)} is not there.`,
        { result: 'unknown', advice: `Look at it before running again: ${storageCommand(ref)}` },
      )
    }
    observer.onLog(
      `The storage is not yet seen as asked; looking again in ${formatDuration(VERIFY_PAUSE_MS)}.`,
    )
    await retryPolicy.clock.sleep(VERIFY_PAUSE_MS, retryPolicy.signal)
  }
}

/** A look after the job is complete; when it fails, it is open whether the storage is as asked. */
async function readAfterJob(
  engine: StorageContext,
  request: DesiredStorage,
  backend: BackendReader,
): Promise<StorageReadResult> {
  try {
    return await readStorage(engine, request, backend)
  } catch (error) {
    if (!(error instanceof ActionError) || error.result !== 'failed') throw error
    throw withResult(
      error,
      'unknown',
      `The job was reported complete, and the storage could not be looked at: ${error.message}`,
    )
  }
}

/** The physical bucket, from the storage's details or else the backend's metadata. */
async function resolveBucketName(
  engine: StorageContext,
  backend: BackendReader,
  request: DesiredStorage,
  { current: storage, context }: StorageReadResult,
): Promise<string | undefined> {
  const described = storage?.bucketName
  const base = request.bucketName
  const certain = base === undefined ? undefined : physicalBucket(described, base, context)
  if (certain !== undefined) return certain
  const meta = await readAmplifyMeta(backend)
  // Without a base name to go by, a described name that looks physical may still be a base name.
  const known =
    findBucketInMeta(meta, request.resourceName) ??
    physicalBucket(described, base, { ...context, suffix: meta?.suffix })
  if (known === undefined) {
    engine.observer.onWarning(
      'Bucket name not known',
      `${described === undefined ? 'The service does not tell the bucket' : `Only the base name of the bucket is known (${quote(described)})`}; the output bucket-name stays empty.`,
    )
  }
  return known
}

function warnOfDeniedRead({ observer }: StorageContext, denied: ApiFailure): void {
  observer.onWarning(
    'Storage not read',
    `The role may not read the storage (amplifybackend:GetBackendStorage): ${formatFailure(denied)}.`,
  )
}

function existsButNotFound(
  { ref }: StorageContext,
  refused: Rejection,
  { hadLostResponse }: MutationState,
): ActionError {
  return new ActionError(
    'STORAGE_EXISTS',
    `The service says that the environment has a storage already, and shows none named ${quote(ref.resourceName)}: ${quote(refused.text)}.`,
    {
      // It may be the work of our own lost call.
      result: hadLostResponse ? 'unknown' : 'failed',
      requestId: refused.requestId,
      advice: `There can be one S3 storage in an environment: look for one of another name in the Amplify console, and set resource-name to it or remove it.`,
    },
  )
}

function existsButUnreadable(engine: StorageContext, refused: Rejection): ActionError {
  return new ActionError(
    'STORAGE_EXISTS',
    `The service says that the environment has a storage already, and the role may not look at it: ${quote(refused.text)}.`,
    {
      requestId: refused.requestId,
      advice: `Allow amplifybackend:GetBackendStorage for the role, so that an equal storage counts as done. To look: ${storageCommand(engine.ref)}`,
    },
  )
}
