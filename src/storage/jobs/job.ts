/** Backend jobs: what a status means, which job is pending, and which one a call has started. */
import { sanitizeLine } from '../../lib/text.ts'

export type Job = Readonly<{
  /** Undefined if the service sent none that can be used. */
  jobId: string | undefined
  /** As the service spells it. */
  status: string | undefined
  /** The API operation that started the job, for example `CreateBackendStorage`. */
  operation: string | undefined
  /** Milliseconds since 1970; undefined if the service sent no time that can be parsed. */
  createdAt: number | undefined
  /** The service's own text about a failure: output of the Amplify CLI, up to 20,000 characters. */
  error: string | undefined
}>

/**
 * Parses a job of a response.
 *
 * @param job members of any type, as the service sent them
 */
export function parseJob(job: {
  readonly JobId?: unknown
  readonly Status?: unknown
  readonly Operation?: unknown
  readonly CreateTime?: unknown
  readonly Error?: unknown
}): Job {
  return {
    jobId: parseJobId(job.JobId),
    status: nonEmpty(sanitizeLine(toText(job.Status), 60)),
    operation: nonEmpty(sanitizeLine(toText(job.Operation), 60)),
    createdAt: parseTime(job.CreateTime),
    error: nonEmpty(toText(job.Error).slice(0, 20_000)),
  }
}

/** A job ID that is safe in a URL path; anything else is not an ID of this service. */
export function parseJobId(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z0-9][\w.-]{0,127}$/.test(value) ? value : undefined
}

function toText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

function nonEmpty(text: string): string | undefined {
  return text === '' ? undefined : text
}

/**
 * Parses a time as the service writes it: milliseconds since 1970 in a string, as in the only public
 * sample (aws-amplify/amplify-studio#369). Seconds and ISO 8601 are accepted as well.
 *
 * @returns milliseconds since 1970
 */
export function parseTime(value: unknown): number | undefined {
  if (value instanceof Date) return toMilliseconds(value)
  const text = toText(value).trim()
  if (/^\d{12,14}$/.test(text)) return Number(text)
  if (/^\d{9,11}(?:\.\d+)?$/.test(text)) return Math.round(Number(text) * 1000)
  return /^\d{4}-\d\d-\d\dT/.test(text) ? toMilliseconds(new Date(text)) : undefined
}

function toMilliseconds(date: Date): number | undefined {
  const time = date.getTime()
  return Number.isNaN(time) ? undefined : time
}

/**
 * The phase of a job. The API's model lists no statuses: `COMPLETED` and `FAILED` are known to be final,
 * and with any other status the job counts as running.
 */
export type JobPhase = 'completed' | 'failed' | 'running'

/** The phase for a status in any letter case. */
export function jobPhase(status: string | undefined): JobPhase {
  switch (status?.trim().toUpperCase()) {
    case 'COMPLETED':
      return 'completed'
    case 'FAILED':
      return 'failed'
    default:
      return 'running'
  }
}

const KNOWN_RUNNING_STATUS =
  /^(?:RUNNING|PENDING|QUEUED|CREATED|STARTED|PROVISIONING|IN[_ -]?PROGRESS)$/i

/** Whether a status is known to mean that the job is running; for others that is only assumed. */
export function isKnownRunningStatus(status: string | undefined): boolean {
  return status !== undefined && KNOWN_RUNNING_STATUS.test(status.trim())
}

/**
 * The pending job of an environment, if there is one. The service lets only one job of an environment be
 * pending, so a job with an unknown status is over as soon as there is a newer one. Without that rule, one
 * old job with an unknown final status would block the environment forever.
 */
export function findPendingJob(jobs: readonly Job[]): Job | undefined {
  const newest = jobs.reduce(
    (latest, { createdAt }) => Math.max(latest, createdAt ?? -Infinity),
    -Infinity,
  )
  return jobs.find(
    (job) =>
      jobPhase(job.status) === 'running' &&
      (isKnownRunningStatus(job.status) || job.createdAt === undefined || job.createdAt >= newest),
  )
}

/** The server's times are in whole seconds: the `Date` header, and perhaps the creation time of a job. */
const SERVER_TIME_RESOLUTION_MS = 1_000

/** A job with an ID, so that it can be read. */
export type IdentifiedJob = Job & Readonly<{ jobId: string }>

/** The listed jobs that a call of this run may have started. */
export type StartedJobs = Readonly<{
  /** Created no earlier than the call was sent; completed jobs come first, then running, then failed ones. */
  candidates: readonly IdentifiedJob[]
  /** Jobs of the same operation that have no ID, or of which nobody knows when they were created. */
  unclear: readonly Job[]
}>

/** A completed or running candidate is preferred to a failed one. */
const PHASE_RANKS: Readonly<Record<JobPhase, number>> = { completed: 0, running: 1, failed: 2 }

/**
 * The jobs that a call may have started: they have its operation and were not created before it was sent.
 *
 * @param serverSentAt when the call was sent, on the server's clock, in milliseconds since 1970; undefined
 *   if the server sends no time
 */
export function findStartedJobs(
  jobs: readonly Job[],
  operation: string,
  serverSentAt: number | undefined,
): StartedJobs {
  const candidates: IdentifiedJob[] = []
  const unclear: Job[] = []
  for (const job of jobs) {
    const { jobId, createdAt } = job
    if (job.operation?.toLowerCase() !== operation.toLowerCase()) continue
    const isDated = createdAt !== undefined && serverSentAt !== undefined
    if (isDated && createdAt < serverSentAt - SERVER_TIME_RESOLUTION_MS) continue
    if (isDated && jobId !== undefined) candidates.push({ ...job, jobId })
    else unclear.push(job)
  }
  return {
    candidates: candidates.toSorted((a, b) => phaseRank(a.status) - phaseRank(b.status)),
    unclear,
  }
}

function phaseRank(status: string | undefined): number {
  return PHASE_RANKS[jobPhase(status)]
}

const CREATE_OPERATION = 'createbackendstorage'

/** Whether the job creates a storage. */
export function isCreateJob(job: Job | undefined): boolean {
  return job?.operation?.toLowerCase() === CREATE_OPERATION
}

/** The newest of the jobs that have created a storage. */
export function findCreateJob(jobs: readonly Job[]): Job | undefined {
  return jobs
    .filter((job) => isCreateJob(job) && jobPhase(job.status) === 'completed')
    .toSorted((a, b) => (b.createdAt ?? 0) - (a.createdAt ?? 0))[0]
}

/** A status for the middle of a sentence. */
export function formatStatus(status: string | undefined): string {
  return status ?? 'without a status'
}
