/** What holds for every run, judged by what the service knows and by the responses that the run received. */
import { isFailure } from '../../../src/run/outcome.ts'
import { RUN_GRACE_MS, type AnyRun } from './any-run.ts'
import { EXPECTED_STORAGE } from './any-scenario.ts'
import { isAmbiguous } from './api-failures.ts'
import { BUCKET } from './storage-runs.ts'
import {
  EXISTS_TEXT,
  type RecordedMutation,
  type RecordedResponse,
  type ServiceJob,
  type ServiceStorage,
  type ShownJob,
} from './virtual-amplify-types.ts'
import { EFFECT_WINDOW_MS } from './virtual-connection.ts'

type Invariant = (run: AnyRun) => boolean

const isJob = (effect: RecordedMutation['effect']): effect is ServiceJob =>
  typeof effect === 'object'
const isCompleted = (status: string): boolean => status.toUpperCase() === 'COMPLETED'
const isFailed = (status: string): boolean => status.toUpperCase() === 'FAILED'
const hasEnded = (status: string): boolean => isCompleted(status) || isFailed(status)
const isReady = ({ outputs }: AnyRun): boolean => outputs.ready === 'true'
const isDenied = ({ scenario }: AnyRun, ...operations: readonly string[]): boolean =>
  operations.every((operation) => scenario.connection.denied?.some((each) => each === operation))

const messageOf = ({ outcome }: AnyRun): string =>
  isFailure(outcome) ? `${outcome.error.message} ${outcome.error.advice}` : ''

const lists = ({ service }: AnyRun) =>
  service.responses.flatMap((response) =>
    response.shown.kind === 'jobs' ? [{ ...response, ...response.shown }] : [],
  )

/** What responses have said about jobs, one by one. */
const shownJobs = ({ service }: AnyRun): readonly (ShownJob & { receivedAt: number })[] =>
  service.responses.flatMap(({ shown, receivedAt }) => {
    if (shown.kind === 'jobs') return shown.jobs.map((each) => ({ ...each, receivedAt }))
    if (shown.kind === 'job') return [{ ...shown.shown, receivedAt }]
    if (shown.kind !== 'accepted') return []
    const { job, status } = shown
    return [{ job, status, createdAt: job.createdAt, receivedAt }]
  })

const acceptedJobs = ({ service }: AnyRun): readonly ServiceJob[] =>
  service.responses.flatMap(({ shown }) => (shown.kind === 'accepted' ? [shown.job] : []))

const storageReads = ({ service }: AnyRun): readonly RecordedResponse[] =>
  service.responses.filter(({ operation }) => operation === 'GetBackendStorage')

/** @param comparesBucket false for a bucket that the run was not told */
function isAsAsked(
  { scenario }: AnyRun,
  storage: ServiceStorage,
  comparesBucket: boolean,
): boolean {
  if (scenario.managesBucket && comparesBucket && storage.baseName !== EXPECTED_STORAGE.baseName)
    return false
  const { authenticated } = EXPECTED_STORAGE
  const isSame =
    new Set(authenticated).symmetricDifference(new Set(storage.authenticated)).size === 0
  return storage.imported === true || isSame
}

/** Whether the run was told that the storage has the bucket that it asks for, if it asks for one. */
function isBucketKnown({ scenario, service }: AnyRun, bucketName: string | undefined): boolean {
  if (!scenario.managesBucket || bucketName !== undefined) return true
  const told = service.responses.findLast(({ shown }) => shown.kind === 'backend')?.shown
  return told?.kind === 'backend' && told.bucketName === BUCKET
}

/** Whether a list shows the job as pending; one with a status that nobody knows, only as the newest. */
function isShownPending({ status, createdAt }: ShownJob, jobs: readonly ShownJob[]): boolean {
  if (hasEnded(status)) return false
  if (/^(?:RUNNING|PENDING)$/i.test(status) || createdAt === undefined) return true
  return jobs.every((other) => (other.createdAt ?? -Infinity) <= createdAt)
}

/** Its job is known to have ended before the last read of the storage was sent. */
function isSeenEnded(run: AnyRun, { jobId }: ServiceJob, beforeMs: number): boolean {
  return shownJobs(run).some(
    ({ job, status, receivedAt }) =>
      job.jobId === jobId && receivedAt <= beforeMs && hasEnded(status),
  )
}

const readyIsRead: Invariant = (run) => {
  if (!isReady(run)) return true
  const shown = storageReads(run).at(-1)?.shown
  if (shown?.kind !== 'storage' || shown.storage === undefined) return false
  const { storage, bucketName } = shown
  return isAsAsked(run, storage, bucketName !== undefined) && isBucketKnown(run, bucketName)
}

const readyIsNotPending: Invariant = (run) => {
  const read = storageReads(run).at(-1)
  if (!isReady(run) || read === undefined || isDenied(run, 'ListBackendJobs')) return true
  const hasOwnJobCompleted = shownJobs(run).some(
    ({ job, status, receivedAt }) =>
      run.ownJobIds.includes(job.jobId) && receivedAt <= read.sentAt && isCompleted(status),
  )
  const list = lists(run).findLast(({ receivedAt }) => receivedAt <= read.receivedAt)
  if (list === undefined) return hasOwnJobCompleted
  if (!list.isComplete && !hasOwnJobCompleted) return false
  if (list.receivedAt > read.sentAt) return false
  return list.jobs.every(
    (shown) => !isShownPending(shown, list.jobs) || isSeenEnded(run, shown.job, read.sentAt),
  )
}

const sendsAreSafe: Invariant = (run) => {
  if (!isDenied(run, 'ListBackendJobs', 'GetBackendStorage')) {
    return run.service.unsafeMutations.length === 0
  }
  const { others, service } = run.scenario
  const { oneJob = true, oneStorage } = service
  if (!oneJob || oneStorage === 'off' || others.some(({ does }) => does === 'delete')) return true
  const done = run.service.mutations.filter(
    ({ operation, effect }) =>
      operation === 'CreateBackendStorage' && isJob(effect) && isCompleted(effect.status),
  )
  return done.length <= 1
}

/** A job that may be the lost call's own: it may be known by its time, and otherwise it may be any. */
const isCandidate = ({ operation, at, endedAt = Infinity }: RecordedMutation, job: ServiceJob) =>
  job.operation === operation && job.createdAt >= at && job.createdAt <= endedAt + EFFECT_WINDOW_MS

const candidatesForbidSends: Invariant = (run) => {
  const { mutations } = run.service
  return mutations.every((lost, index) => {
    const next = mutations[index + 1]
    if (next === undefined || !isLost(lost)) return true
    // A list of the same moment may have been received after the next send, and show its job.
    const laterJobs = mutations.slice(index + 1).map(({ effect }) => effect)
    return lists(run).every(
      ({ receivedAt, jobs }) =>
        receivedAt > next.at ||
        receivedAt < (lost.endedAt ?? Infinity) ||
        !jobs.some(({ job }) => isCandidate(lost, job) && !laterJobs.includes(job)),
    )
  })
}

const isLost = ({ failure }: RecordedMutation): boolean =>
  failure !== undefined && isAmbiguous(failure)

const windowIsKept: Invariant = ({ service: { mutations } }) =>
  mutations.every((lost, index) => {
    const next = mutations[index + 1]
    return !isLost(lost) || next === undefined || next.at >= (lost.endedAt ?? 0) + EFFECT_WINDOW_MS
  })

/** An answer about another storage is no storage of the run's, and not an absent one either. */
const otherStorageForbidsSends: Invariant = (run) =>
  run.service.mutations.every(
    ({ at }) =>
      storageReads(run).findLast(({ receivedAt }) => receivedAt <= at)?.shown.kind !==
      'other storage',
  )

const acceptedIsLast: Invariant = ({ service }) => {
  const accepted = service.responses.find(({ shown }) => shown.kind === 'accepted')
  const last = service.mutations.at(-1)
  return accepted === undefined || last === undefined || last.at <= accepted.sentAt
}

const jobIsReported: Invariant = (run) => {
  const { outputs, ownJobIds, outcome } = run
  const jobId = outputs['job-id']
  const accepted = acceptedJobs(run).at(-1)
  if (accepted !== undefined && jobId !== accepted.jobId) return false
  if (ownJobIds.length > 0 && !ownJobIds.includes(jobId)) return false
  if (jobId === '' || !isFailure(outcome)) return true
  const isKnownEnded = shownJobs(run).some(
    ({ job, status }) => job.jobId === jobId && hasEnded(status),
  )
  return isKnownEnded || messageOf(run).includes(jobId)
}

const endsInTime: Invariant = ({ durationMs, scenario: { timeoutMs, cancelAtMs = Infinity } }) =>
  durationMs <= timeoutMs + 100 && durationMs <= cancelAtMs + RUN_GRACE_MS

const nothingRunsIsTrue: Invariant = (run) => {
  const { outcome, service, openAtEnd } = run
  const saysSo = messageOf(run).includes('Nothing that this run started')
  if (outcome.result === 'cancelled' && service.mutations.length === 0) return saysSo
  return !saysSo || openAtEnd.length === 0
}

const namedJobsExist: Invariant = (run) => {
  const named = messageOf(run).match(/\b(?:job|other)-\d+\b/g) ?? []
  return named.every((id) => run.service.jobs.some(({ jobId }) => jobId === id))
}

const resultIsTrue: Invariant = (run) => {
  const { outcome, service } = run
  const reads = storageReads(run).flatMap(({ shown }) => (shown.kind === 'storage' ? [shown] : []))
  const looks = reads.map(({ storage }) => storage)
  const [first] = reads
  const effects = service.mutations.flatMap(({ effect }) => (isJob(effect) ? [effect] : []))
  const adopted = service.jobs.filter(({ jobId }) => run.ownJobIds.includes(jobId))
  const hasSent = (operation: string): boolean =>
    [...effects, ...adopted].some((job) => job.operation === operation)
  const isWaitedFor = lists(run).some(({ jobs }) =>
    jobs.some(
      (shown) => isShownPending(shown, jobs) && shown.job.operation === 'CreateBackendStorage',
    ),
  )
  switch (outcome.result) {
    case 'created':
      return hasSent('CreateBackendStorage') || isWaitedFor || looks.includes(undefined)
    case 'updated':
      return (
        hasSent('UpdateBackendStorage') ||
        looks.some((look) => look !== undefined && !isAsAsked(run, look, true))
      )
    case 'unchanged':
      return (
        first?.storage !== undefined &&
        isAsAsked(run, first.storage, first.bucketName !== undefined) &&
        !effects.some(({ status }) => isCompleted(status))
      )
    default:
      return true
  }
}

/** A job that failed is called the run's own only where it can be no other's. */
const failedJobIsOwn: Invariant = (run) => {
  const { outcome, service } = run
  if (outcome.result !== 'failed') return true
  const [named] = /\b(?:job|other)-\d+\b/.exec(messageOf(run)) ?? []
  const isOthers = service.jobs.some(({ jobId, run: by }) => jobId === named && by !== 'run')
  return !isOthers || !service.mutations.some(({ effect }) => isJob(effect))
}

const failedIsOver: Invariant = ({ outcome, openAtEnd }) =>
  outcome.result !== 'failed' || openAtEnd.length === 0

/** More than the server's whole seconds and the time of a response, by which a job may seem later. */
const MAX_TIME_ERROR_MS = 40_000

const isOnlyCandidate = ({ service }: AnyRun, { operation, at }: RecordedMutation): boolean =>
  service.jobs.filter(
    (job) => job.operation === operation && job.createdAt >= at - MAX_TIME_ERROR_MS,
  ).length === 1

const failedJobIsNoSuccess: Invariant = (run) => {
  const { outcome, ownJobIds, scenario, service } = run
  if (isFailure(outcome)) return true
  const { dates = true } = scenario.service
  const lost = service.mutations.flatMap((each) =>
    dates && isLost(each) && isJob(each.effect) && isOnlyCandidate(run, each)
      ? [each.effect.jobId]
      : [],
  )
  return !shownJobs(run).some(
    ({ job, status, createdAt }) =>
      (ownJobIds.includes(job.jobId) || (createdAt !== undefined && lost.includes(job.jobId))) &&
      isFailed(status) &&
      (job.error !== EXISTS_TEXT || outcome.result === 'started'),
  )
}

const startedIsNamed: Invariant = ({ outcome, outputs, scenario }) =>
  outcome.result !== 'started' || (!scenario.options.wait && outputs['job-id'] !== '')

const ownStorageIsNoReason: Invariant = (run) => {
  const { outcome, service } = run
  if (!isFailure(outcome) || outcome.error.code !== 'STORAGE_EXISTS') return true
  const creates = service.jobs.filter(
    ({ operation, status }) => operation === 'CreateBackendStorage' && isCompleted(status),
  )
  const isAllOwn = creates.length > 0 && creates.every(({ run: by }) => by === 'run')
  return outcome.result !== 'failed' || !isAllOwn || run.scenario.before !== 'nothing'
}

const unknownIsSent: Invariant = ({ outcome, service }) =>
  outcome.result !== 'unknown' || service.mutations.length > 0

/** A rejection because of something else counts as no failure, and ends a series of failures. */
const isRejectedByState = ({ failure }: RecordedMutation): boolean =>
  failure !== undefined && /pending job|already added/.test(failure.message)

const attemptsAreCounted: Invariant = ({ service: { mutations }, scenario }) => {
  const lengths = { CreateBackendStorage: 0, UpdateBackendStorage: 0 }
  return mutations.every((mutation) => {
    const endsSeries = mutation.failure === undefined || isRejectedByState(mutation)
    lengths[mutation.operation] = endsSeries ? 0 : lengths[mutation.operation] + 1
    return lengths[mutation.operation] <= scenario.maxAttempts
  })
}

/** With less time, it would end without a response. */
const MIN_TIME_TO_SEND_MS = 2_000

const nothingIsSentAtTheEnd: Invariant = ({ service: { mutations }, scenario }) =>
  mutations.every(({ at }) => at <= scenario.timeoutMs - MIN_TIME_TO_SEND_MS)

const INVARIANTS: Readonly<Record<string, Invariant>> = {
  '"ready" means that the last read showed the storage as asked': readyIsRead,
  '"ready" means that no job was pending that the run has not seen end': readyIsNotPending,
  'Nothing is sent while an earlier create or update may take effect': sendsAreSafe,
  'A listed job that may be its own forbids to send again': candidatesForbidSends,
  'After a lost response, nothing is sent for 30 seconds': windowIsKept,
  'Nothing is sent after an answer about another storage': otherStorageForbidsSends,
  'No more consecutive sends fail than max-attempts allows': attemptsAreCounted,
  'Nothing is sent when too little time is left': nothingIsSentAtTheEnd,
  'After an accepted response, nothing is sent': acceptedIsLast,
  'The id of an accepted or adopted job is reported': jobIsReported,
  'The run ends in time': endsInTime,
  'It says that nothing runs only if nothing does': nothingRunsIsTrue,
  'The jobs that it names exist': namedJobsExist,
  'The result says what happened': resultIsTrue,
  "Somebody else's failed job is not taken for its own": failedJobIsOwn,
  'It has failed only if nothing of it may take effect': failedIsOver,
  'A job that is known to have failed never ends in success': failedJobIsNoSuccess,
  'A job that is not waited for is named': startedIsNamed,
  'A storage that it created itself is no reason to fail': ownStorageIsNoReason,
  'Its outcome is unknown only if something was sent': unknownIsSent,
}

/** The invariants that the run breaks. */
export const brokenInvariants = (run: AnyRun): readonly string[] =>
  Object.entries(INVARIANTS).flatMap(([title, holds]) => (holds(run) ? [] : [title]))
