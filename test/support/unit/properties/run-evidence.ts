/** What the service knows about a run, and what its responses told it. */
import { isFailure } from '../../../../src/run/outcome.ts'
import type { AnyRun } from './any-run.ts'
import { EXPECTED_STORAGE } from './any-scenario.ts'
import { isAmbiguous } from '../api-failures.ts'
import { BUCKET } from '../storage-runs.ts'
import type {
  RecordedMutation,
  RecordedResponse,
  Shown,
  ServiceJob,
  ServiceStorage,
  ShownJob,
} from '../virtual/virtual-amplify-types.ts'

export type Invariant = (run: AnyRun) => boolean

export const isJob = (effect: RecordedMutation['effect']): effect is ServiceJob =>
  typeof effect === 'object'

export const isCompleted = (status: string): boolean => status.toUpperCase() === 'COMPLETED'
export const isFailed = (status: string): boolean => status.toUpperCase() === 'FAILED'
export const hasEnded = (status: string): boolean => isCompleted(status) || isFailed(status)
export const isReady = ({ outputs }: AnyRun): boolean => outputs.ready === 'true'

export const isDenied = ({ scenario }: AnyRun, ...operations: readonly string[]): boolean =>
  operations.every((operation) => scenario.connection.denied?.some((each) => each === operation))

export const messageOf = ({ outcome }: AnyRun): string =>
  isFailure(outcome) ? `${outcome.error.message} ${outcome.error.advice}` : ''

type ShownList = RecordedResponse & Extract<Shown, { kind: 'jobs' }>

export const lists = ({ service }: AnyRun): readonly ShownList[] =>
  service.responses.flatMap((response) =>
    response.shown.kind === 'jobs' ? [{ ...response, ...response.shown }] : [],
  )

/** What responses have said about jobs, one by one. */
export const shownJobs = ({ service }: AnyRun): readonly (ShownJob & { receivedAt: number })[] =>
  service.responses.flatMap(({ shown, receivedAt }) => {
    if (shown.kind === 'jobs') return shown.jobs.map((each) => ({ ...each, receivedAt }))
    if (shown.kind === 'job') return [{ ...shown.shown, receivedAt }]
    if (shown.kind !== 'accepted') return []
    const { job, status } = shown
    return [{ job, status, createdAt: job.createdAt, receivedAt }]
  })

export const acceptedJobs = ({ service }: AnyRun): readonly ServiceJob[] =>
  service.responses.flatMap(({ shown }) => (shown.kind === 'accepted' ? [shown.job] : []))

export const storageReads = ({ service }: AnyRun): readonly RecordedResponse[] =>
  service.responses.filter(({ operation }) => operation === 'GetBackendStorage')

/** @param comparesBucket false for a bucket that the run was not told */
export function isAsAsked(
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
export function isBucketKnown(
  { scenario, service }: AnyRun,
  bucketName: string | undefined,
): boolean {
  if (!scenario.managesBucket || bucketName !== undefined) return true
  const told = service.responses.findLast(({ shown }) => shown.kind === 'backend')?.shown
  return told?.kind === 'backend' && told.bucketName === BUCKET
}

/** Whether a list shows the job as pending; one with a status that nobody knows, only as the newest. */
export function isShownPending(
  { status, createdAt }: ShownJob,
  jobs: readonly ShownJob[],
): boolean {
  if (hasEnded(status)) return false
  if (/^(?:RUNNING|PENDING)$/i.test(status) || createdAt === undefined) return true
  return jobs.every((other) => (other.createdAt ?? -Infinity) <= createdAt)
}

/** Its job is known to have ended before the last read of the storage was sent. */
export function isSeenEnded(run: AnyRun, { jobId }: ServiceJob, beforeMs: number): boolean {
  return shownJobs(run).some(
    ({ job, status, receivedAt }) =>
      job.jobId === jobId && receivedAt <= beforeMs && hasEnded(status),
  )
}

export const isLost = ({ failure }: RecordedMutation): boolean =>
  failure !== undefined && isAmbiguous(failure)
