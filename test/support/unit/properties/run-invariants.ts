/** What holds for every run, judged by what the service knows and by the responses that the run received. */
import { isFailure } from '../../../../src/run/outcome.ts'
import { RUN_GRACE_MS, type AnyRun } from './any-run.ts'
import { EXISTS_TEXT, type RecordedMutation } from '../virtual/virtual-amplify-types.ts'
import {
  acceptedJobs,
  hasEnded,
  type Invariant,
  isAsAsked,
  isBucketKnown,
  isCompleted,
  isDenied,
  isFailed,
  isJob,
  isLost,
  isReady,
  isSeenEnded,
  isShownPending,
  lists,
  messageOf,
  shownJobs,
  storageReads,
} from './run-evidence.ts'
import {
  acceptedIsLast,
  attemptsAreCounted,
  candidatesForbidSends,
  nothingIsSentAtTheEnd,
  otherStorageForbidsSends,
  sendsAreSafe,
  windowIsKept,
} from './send-invariants.ts'

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
