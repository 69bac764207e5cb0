/** What holds for the creates and updates that a run sends. */
import type { RecordedMutation, ServiceJob } from '../virtual/virtual-amplify-types.ts'
import { EFFECT_WINDOW_MS } from '../virtual/virtual-connection.ts'
import {
  type Invariant,
  isCompleted,
  isDenied,
  isJob,
  isLost,
  lists,
  storageReads,
} from './run-evidence.ts'

export const sendsAreSafe: Invariant = (run) => {
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

export const candidatesForbidSends: Invariant = (run) => {
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

export const windowIsKept: Invariant = ({ service: { mutations } }) =>
  mutations.every((lost, index) => {
    const next = mutations[index + 1]
    return !isLost(lost) || next === undefined || next.at >= (lost.endedAt ?? 0) + EFFECT_WINDOW_MS
  })

/** An answer about another storage is no storage of the run's, and not an absent one either. */
export const otherStorageForbidsSends: Invariant = (run) =>
  run.service.mutations.every(
    ({ at }) =>
      storageReads(run).findLast(({ receivedAt }) => receivedAt <= at)?.shown.kind !==
      'other storage',
  )

export const acceptedIsLast: Invariant = ({ service }) => {
  const accepted = service.responses.find(({ shown }) => shown.kind === 'accepted')
  const last = service.mutations.at(-1)
  return accepted === undefined || last === undefined || last.at <= accepted.sentAt
}

/** A rejection because of something else counts as no failure, and ends a series of failures. */
const isRejectedByState = ({ failure }: RecordedMutation): boolean =>
  failure !== undefined && /pending job|already added/.test(failure.message)

export const attemptsAreCounted: Invariant = ({ service: { mutations }, scenario }) => {
  const lengths = { CreateBackendStorage: 0, UpdateBackendStorage: 0 }
  return mutations.every((mutation) => {
    const endsSeries = mutation.failure === undefined || isRejectedByState(mutation)
    lengths[mutation.operation] = endsSeries ? 0 : lengths[mutation.operation] + 1
    return lengths[mutation.operation] <= scenario.maxAttempts
  })
}

/** With less time, it would end without a response. */
const MIN_TIME_TO_SEND_MS = 2_000

export const nothingIsSentAtTheEnd: Invariant = ({ service: { mutations }, scenario }) =>
  mutations.every(({ at }) => at <= scenario.timeoutMs - MIN_TIME_TO_SEND_MS)
