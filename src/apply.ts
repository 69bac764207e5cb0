/** Looking at the storage, and bringing about what is asked: the part of a run that talks to Amplify. */
import {
  obstaclesTo,
  environmentNotFound,
  type Backend,
  type BackendMeta,
  type Obstacle,
} from './backend.ts'
import { classify, saysExists } from './classify.ts'
import { duration } from './clock.ts'
import { differenceLines, withDetails } from './difference.ts'
import { read, type Engine } from './engine.ts'
import { ActionError } from './errors.ts'
import { explainFailedJob, explainFailure, storageCommand, withResult } from './explain.ts'
import type { Failure } from './failure.ts'
import { phaseOf, type Job } from './job.ts'
import { describe, type Answer } from './retry.ts'
import {
  newHistory,
  outOfTime,
  probablyExecuted,
  sendOnce,
  type Mutation,
  type SendHistory,
  type SendOutcome,
} from './send.ts'
import {
  differences,
  nextStep,
  physicalBucket,
  type BucketContext,
  type Change,
  type Step,
  type Storage,
  type StorageRequest,
} from './storage.ts'
import { quoted } from './text.ts'
import { waitForJob, waitUntilFree } from './wait.ts'

export type Order = Readonly<{
  request: StorageRequest
  ifExists: 'match' | 'update' | 'fail'
  /** Wait until the job has ended. */
  wait: boolean
}>

export type Done = Readonly<{
  result: 'created' | 'updated' | 'unchanged' | 'started'
  /** The storage was seen, and seen to be as asked. */
  seen: boolean
  bucketName: string | undefined
}>

/** What a look found. */
type Look = Readonly<{
  found: Storage | undefined
  /** How the service said that the role may not read; undefined when it may. */
  denied: Failure | undefined
  context: BucketContext
}>

/**
 * Plans: what an apply would do, without any call that changes something.
 *
 * @returns the changes, none when there is nothing to do
 * @throws ActionError when the apply would be refused, or when the role may not read
 */
export async function plan(engine: Engine, order: Order): Promise<readonly Change[]> {
  const backend = createBackendReader(engine)
  const seen = await look(engine, order.request, backend)
  if (seen.denied !== undefined) {
    const error = explainFailure(seen.denied, engine.place)
    throw withResult(error, 'failed', `Nothing was planned. ${error.message}`)
  }
  const step = nextStep(order.request, seen.found, order.ifExists, seen.context)
  switch (step.kind) {
    case 'unchanged':
      return []
    case 'refuse':
      engine.observer.changes(step.changes)
      throw step.error
    case 'create':
      engine.observer.changes(step.changes)
      for (const { error, mayComeWithMerge } of await obstacles(engine, order.request, backend)) {
        if (!mayComeWithMerge) throw error
        engine.observer.warning(
          'The apply would fail as things are',
          `${error.message} ${error.advice}`,
          error.code,
        )
      }
      warnOfGuests(engine, order.request)
      return step.changes
    case 'update':
      warnOfGuests(engine, order.request, seen.found)
      return step.changes
  }
}

/**
 * Brings the storage about: looks, sends what is missing, waits, and looks again, until it is there as
 * asked. Whatever happens on the way, no second create is sent while an earlier one may still take effect.
 *
 * @throws ActionError for every end but a good one; the signal's reason when aborted
 */
export async function apply(engine: Engine, order: Order): Promise<Done> {
  const { observer } = engine
  const { request } = order
  const tellDenied = onlyOnce((denied: Failure) => {
    warnOfDenied(engine, denied)
  })
  const history = newHistory()
  let backend = createBackendReader(engine)
  /** The step whose effect is found later, when its own answer was lost. */
  let sent: Mutating | undefined
  /** How the service said that the storage is there already. */
  let refusedAsExisting: Refused | undefined
  let checked = false
  const tellStep = onlyNews(observer.line)
  for (;;) {
    const seen = await whileOpen(history, look(engine, request, backend))
    if (seen.denied !== undefined) tellDenied(seen.denied)
    else if (history.uncertain) observer.sent('settled')
    const step = nextStep(
      request,
      seen.found,
      modeOf(order, history, refusedAsExisting),
      seen.context,
    )
    if (step.kind === 'refuse') {
      observer.changes(step.changes)
      throw step.error
    }
    if (step.kind === 'unchanged') {
      const waited = await whileOpen(history, waitUntilFree(engine, false))
      if (!waited) {
        return await found(engine, backend, order, seen, {
          sent: history.uncertain ? sent : undefined,
          refusedAsExisting,
        })
      }
    } else {
      observer.changes(step.changes)
      if (refusedAsExisting !== undefined) throw notShown(engine, refusedAsExisting, history)
      if (step.kind === 'create' && !checked) {
        checked = true
        const [obstacle] = await obstacles(engine, request, backend)
        if (obstacle !== undefined) throw obstacle.error
      }
      if (sent === undefined) warnOfGuests(engine, request, seen.found)
      tellStep(
        `${step.kind === 'create' ? 'Creating' : 'Updating'} the storage ${quoted(request.resourceName)}`,
        differenceLines(step.changes),
      )
      sent = step
      const mutation = mutationOf(engine, order, step, seen.context)
      const outcome = await sendOnce(engine, mutation, history)
      const ended = await follow(engine, outcome, step, order, history)
      switch (ended.kind) {
        case 'started':
          return { result: 'started', seen: false, bucketName: undefined }
        case 'look':
          break
        case 'exists': {
          const { text, requestId } = ended.refused
          if (history.blind) throw probablyExecuted(text, requestId, mutation, engine)
          if (seen.denied !== undefined) throw existsUnseen(engine, ended.refused)
          refusedAsExisting = ended.refused
          break
        }
        case 'completed':
          return await verify(engine, order, step, tellDenied)
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
function modeOf(
  { ifExists }: Order,
  { uncertain }: SendHistory,
  refusedAsExisting: Refused | undefined,
): Order['ifExists'] {
  if (refusedAsExisting !== undefined) return 'match'
  return uncertain && ifExists === 'fail' ? 'match' : ifExists
}

/** Reads that fail after a send whose answer was lost leave the outcome of the run open. */
async function whileOpen<T>({ uncertain }: SendHistory, task: Promise<T>): Promise<T> {
  try {
    return await task
  } catch (error) {
    if (!uncertain || !(error instanceof ActionError) || error.result !== 'failed') throw error
    throw withResult(
      error,
      'unknown',
      `The answer to a call that changes the storage was lost, and what became of it could not be established: ${error.message}`,
    )
  }
}

function onlyOnce<T>(tell: (value: T) => void): (value: T) => void {
  let told = false
  return (value) => {
    if (!told) tell(value)
    told = true
  }
}

/** Tells a step with its details; once more, without those that were just told. */
function onlyNews(
  line: (text: string) => void,
): (step: string, details: readonly string[]) => void {
  let told = ''
  return (step, details) => {
    const whole = withDetails(step, details)
    line(whole === told ? `${step}.` : whole)
    told = whole
  }
}

/** A step that changes the backend. */
type Mutating = Extract<Step, { kind: 'create' | 'update' }>

type Refused = Readonly<{ text: string; requestId: string | undefined }>

type Ended =
  | Readonly<{ kind: 'started' }>
  | Readonly<{ kind: 'look' }>
  | Readonly<{ kind: 'exists'; refused: Refused }>
  | Readonly<{ kind: 'completed' }>

/** What the outcome of a send comes to, when everything that follows from it has ended. */
async function follow(
  engine: Engine,
  outcome: SendOutcome,
  step: Mutating,
  order: Order,
  history: SendHistory,
): Promise<Ended> {
  const { observer, place } = engine
  switch (outcome.kind) {
    case 'appeared':
      observer.line('The storage has turned up: the lost call had taken effect.')
      return { kind: 'look' }
    case 'busy':
      await whileOpen(history, waitUntilFree(engine, true))
      // If that was the job of a lost send, the storage shows it now.
      if (!history.blind) observer.sent('settled')
      return { kind: 'look' }
    case 'exists':
      return {
        kind: 'exists',
        refused: { text: describe(outcome.failure), requestId: outcome.failure.requestId },
      }
    case 'started': {
      if (!order.wait) {
        observer.line(`Job ${outcome.jobId} was started (${outcome.status ?? 'no status'}).`)
        return { kind: 'started' }
      }
      const job = await waitForJob(engine, outcome.jobId, outcome.status)
      if (phaseOf(job.status) === 'completed') return { kind: 'completed' }
      return step.kind === 'create' && saysStorageExists(job)
        ? {
            kind: 'exists',
            refused: { text: `job ${outcome.jobId} failed: ${job.error}`, requestId: undefined },
          }
        : raise(explainFailedJob(job, outcome.jobId, place))
    }
  }
}

function raise(error: ActionError): never {
  throw error
}

/** A failed job whose text says that the storage (not a bucket that was left behind) was there already. */
function saysStorageExists(job: Job): boolean {
  return saysExists(job.error) && /storage/i.test(job.error) && !/bucket/i.test(job.error)
}

function mutationOf(
  engine: Engine,
  { request }: Order,
  step: Mutating,
  context: BucketContext,
): Mutation {
  const { amplify } = engine
  return step.kind === 'create'
    ? {
        operation: 'CreateBackendStorage',
        send: (callTerms) => amplify.createStorage(request, callTerms),
        isDone: (storage) => storage !== undefined,
      }
    : {
        operation: 'UpdateBackendStorage',
        send: (callTerms) =>
          amplify.updateStorage(request.resourceName, step.permissions, callTerms),
        isDone: (storage) =>
          storage !== undefined && differences(request, storage, context).length === 0,
      }
}

/** Reads the backend's metadata at most once; it is wanted in several places, and in most runs in none. */
type BackendReader = () => Promise<Answer<Backend>>

function createBackendReader(engine: Engine): BackendReader {
  let known: Promise<Answer<Backend>> | undefined
  return () =>
    (known ??= read(engine, (callTerms) => engine.amplify.getBackend('environment', callTerms)))
}

/** Looks at the storage. */
async function look(
  engine: Engine,
  request: StorageRequest,
  backend: BackendReader,
): Promise<Look> {
  const { amplify, place, observer } = engine
  const answer = await read(engine, (callTerms) =>
    amplify.getStorage(place.resourceName, callTerms),
  )
  const context = { backendEnvironmentName: place.backendEnvironmentName, suffix: undefined }
  if (!answer.ok) {
    const verdict = classify(answer.failure)
    if (verdict === 'not-found') {
      observer.storage(undefined)
      return { found: undefined, denied: undefined, context }
    }
    if (verdict !== 'access-denied') throw failed(answer, engine)
    return { found: undefined, denied: answer.failure, context }
  }
  const { value: described } = answer
  const { bucketName } = request
  // Only where the bucket is compared and is not plainly the base name, the metadata is worth a call.
  if (described === undefined || bucketName === undefined || described.bucketName === bucketName) {
    observer.storage(described)
    return { found: described, denied: undefined, context }
  }
  const meta = await metaOf(backend)
  const found = {
    ...described,
    bucketName: described.bucketName ?? bucketInMeta(meta, place.resourceName),
  }
  observer.storage(found)
  return { found, denied: undefined, context: { ...context, suffix: meta?.suffix } }
}

async function metaOf(backend: BackendReader): Promise<BackendMeta | undefined> {
  const answer = await backend()
  return answer.ok ? answer.value.meta : undefined
}

function bucketInMeta(meta: BackendMeta | undefined, resourceName: string): string | undefined {
  return meta?.storages.find(({ name }) => name === resourceName)?.bucketName
}

/**
 * What stands in the way of a create, by the backend's metadata. Where that cannot be read, nothing is
 * known to stand in the way.
 */
async function obstacles(
  engine: Engine,
  request: StorageRequest,
  backend: BackendReader,
): Promise<readonly Obstacle[]> {
  const { place, observer, amplify } = engine
  const answer = await backend()
  if (answer.ok) {
    if (answer.value.error !== undefined) {
      observer.warning('Backend reports an error', `GetBackend says: ${answer.value.error}`)
    }
    return obstaclesTo({ ...place, resourceName: request.resourceName }, answer.value)
  }
  switch (classify(answer.failure)) {
    case 'access-denied':
      observer.warning(
        'Backend not checked',
        `The role may not read the backend (amplifybackend:GetBackend), so a missing environment or auth resource would show only when the job fails: ${describe(answer.failure)}.`,
      )
      return []
    case 'not-found': {
      // App or environment? The app alone, if it is there, names its environments.
      const app = await read(engine, (callTerms) => amplify.getBackend('app', callTerms))
      const environments = app.ok ? app.value.environments : undefined
      return environments === undefined || environments.includes(place.backendEnvironmentName)
        ? [{ error: explainFailure(answer.failure, place), mayComeWithMerge: false }]
        : [
            {
              error: environmentNotFound(place.appId, place.backendEnvironmentName, environments),
              mayComeWithMerge: true,
            },
          ]
    }
    default:
      if (answer.outOfTime === true) throw outOfTime(answer.failure, engine)
      observer.warning(
        'Backend not checked',
        `GetBackend failed, so a missing environment or auth resource would show only when the job fails: ${describe(answer.failure)}.`,
      )
      return []
  }
}

function failed(answer: Extract<Answer<unknown>, { ok: false }>, engine: Engine): ActionError {
  return answer.outOfTime === true
    ? outOfTime(answer.failure, engine)
    : explainFailure(answer.failure, engine.place)
}

function warnOfGuests(engine: Engine, request: StorageRequest, found?: Storage): void {
  const wanted = request.unauthenticated ?? []
  const had = found?.permissions.unauthenticated ?? []
  if (wanted.length === 0 || had.length > 0) return
  engine.observer.warning(
    'Guests get access',
    'unauthenticated-permissions give everybody access without signing in, and switch on unauthenticated identities in the Cognito identity pool of the app.',
  )
}

/** The good end of a run that found the storage as asked. */
async function found(
  engine: Engine,
  backend: BackendReader,
  { request }: Order,
  seen: Look,
  how: Readonly<{
    /** What this run sent, when the answer was lost. */
    sent: Mutating | undefined
    refusedAsExisting: Refused | undefined
  }>,
): Promise<Done> {
  const { observer } = engine
  observer.line(thereAsAsked(request))
  const bucketName = await bucketOf(engine, backend, request, seen)
  // What was to be changed was perhaps another run's work.
  observer.changes(how.sent?.changes ?? [])
  if (how.sent !== undefined) {
    const result = how.sent.kind === 'create' ? 'created' : 'updated'
    observer.warning(
      'An answer was lost',
      `The answer to a call of this run was lost, and the storage is there as asked, so it counts as ${result} by this run.`,
    )
    return { result, seen: true, bucketName }
  }
  if (how.refusedAsExisting !== undefined) {
    observer.warning(
      'Another run was first',
      `The storage was created by another run in the meantime, as asked here: ${quoted(how.refusedAsExisting.text)}.`,
    )
  }
  return { result: 'unchanged', seen: true, bucketName }
}

function thereAsAsked({ resourceName }: StorageRequest): string {
  return `The storage ${quoted(resourceName)} is there as asked.`
}

/** How often, and how far apart, a completed storage is looked for. */
const VERIFY_LOOKS = 6
const VERIFY_PAUSE_MS = 5_000

/** Sees to it that the completed job left the storage as asked. */
async function verify(
  engine: Engine,
  { request }: Order,
  step: Mutating,
  tellDenied: (denied: Failure) => void,
): Promise<Done> {
  const { patience, observer, place } = engine
  const result = step.kind === 'create' ? 'created' : 'updated'
  // What was read before the change no longer holds.
  const backend = createBackendReader(engine)
  for (let looks = 1; ; looks += 1) {
    const seen = await lookAfterwards(engine, request, backend)
    if (seen.denied !== undefined) {
      tellDenied(seen.denied)
      return { result, seen: false, bucketName: undefined }
    }
    const next = nextStep(request, seen.found, 'match', seen.context)
    if (next.kind === 'unchanged') {
      observer.line(thereAsAsked(request))
      return { result, seen: true, bucketName: await bucketOf(engine, backend, request, seen) }
    }
    const inTime = patience.clock.now() + VERIFY_PAUSE_MS < patience.deadline
    if (looks >= VERIFY_LOOKS || !inTime) {
      if (next.kind === 'refuse') throw next.error
      throw new ActionError(
        'STORAGE_NOT_SEEN',
        `The job was reported complete, and the storage ${quoted(place.resourceName)} is not there.`,
        { result: 'unknown', advice: `Look at it before running again: ${storageCommand(place)}` },
      )
    }
    observer.line(
      `The storage is not yet seen as asked; looking again in ${duration(VERIFY_PAUSE_MS)}.`,
    )
    await patience.clock.sleep(VERIFY_PAUSE_MS, patience.signal)
  }
}

/** A look after the job is complete; when it fails, it is open whether the storage is as asked. */
async function lookAfterwards(
  engine: Engine,
  request: StorageRequest,
  backend: BackendReader,
): Promise<Look> {
  try {
    return await look(engine, request, backend)
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
async function bucketOf(
  engine: Engine,
  backend: BackendReader,
  request: StorageRequest,
  { found: storage, context }: Look,
): Promise<string | undefined> {
  const described = storage?.bucketName
  const base = request.bucketName
  const certain = base === undefined ? undefined : physicalBucket(described, base, context)
  if (certain !== undefined) return certain
  const meta = await metaOf(backend)
  // Without a base name to go by, a described name that looks physical may still be a base name.
  const known =
    bucketInMeta(meta, request.resourceName) ??
    physicalBucket(described, base, { ...context, suffix: meta?.suffix })
  if (known === undefined) {
    engine.observer.warning(
      'Bucket name not known',
      `${described === undefined ? 'The service does not tell the bucket' : `Only the base name of the bucket is known (${quoted(described)})`}; the output bucket-name stays empty.`,
    )
  }
  return known
}

function warnOfDenied({ observer }: Engine, denied: Failure): void {
  observer.warning(
    'Storage not read',
    `The role may not read the storage (amplifybackend:GetBackendStorage): ${describe(denied)}.`,
  )
}

function notShown({ place }: Engine, refused: Refused, { uncertain }: SendHistory): ActionError {
  return new ActionError(
    'STORAGE_EXISTS',
    `The service says that the environment has a storage already, and shows none named ${quoted(place.resourceName)}: ${quoted(refused.text)}.`,
    {
      // It may be the work of our own lost call.
      result: uncertain ? 'unknown' : 'failed',
      requestId: refused.requestId,
      advice: `There can be one S3 storage in an environment: look for one of another name in the Amplify console, and set resource-name to it or remove it.`,
    },
  )
}

function existsUnseen(engine: Engine, refused: Refused): ActionError {
  return new ActionError(
    'STORAGE_EXISTS',
    `The service says that the environment has a storage already, and the role may not look at it: ${quoted(refused.text)}.`,
    {
      requestId: refused.requestId,
      advice: `Allow amplifybackend:GetBackendStorage for the role, so that an equal storage counts as done. To look: ${storageCommand(engine.place)}`,
    },
  )
}
