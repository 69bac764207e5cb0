/** Backend jobs as data: what a status means, when a job was created, which job is pending. */
import { sanitizeLine } from '../../lib/text.ts'

export type Job = Readonly<{
  /** Empty where the service gave none that can be used. */
  jobId: string
  /** As the service spells it; empty where it gave none. */
  status: string
  /** The API operation that started the job, for example `CreateBackendStorage`. */
  operation: string
  /** Milliseconds since 1970; undefined where the service gave nothing readable. */
  createdAt: number | undefined
  /** The service's own text about a failure, raw output of the Amplify CLI. */
  error: string
}>

/** Takes a job out of an answer, whatever the types in it. */
export function parseJob(output: {
  readonly JobId?: unknown
  readonly Status?: unknown
  readonly Operation?: unknown
  readonly CreateTime?: unknown
  readonly Error?: unknown
}): Job {
  return {
    jobId: parseJobId(output.JobId) ?? '',
    status: sanitizeLine(toText(output.Status), 60),
    operation: sanitizeLine(toText(output.Operation), 60),
    createdAt: parseTime(output.CreateTime),
    error: toText(output.Error).slice(0, 20_000),
  }
}

/** A job id that can stand in a URL path; anything else is no job id of this service. */
export function parseJobId(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z0-9][\w.-]{0,127}$/.test(value) ? value : undefined
}

function toText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/**
 * A time as the service writes it. The only public sample has strings of epoch milliseconds
 * (aws-amplify/amplify-studio#369); seconds and ISO texts are understood as well.
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
 * Where a job is. The API's model has no list of statuses: `COMPLETED` and `FAILED` are known to be final,
 * everything else means that the job is still running.
 */
export type JobPhase = 'completed' | 'failed' | 'running'

/** Reads a status in any letter case. */
export function jobPhase(status: string): JobPhase {
  switch (status.trim().toUpperCase()) {
    case 'COMPLETED':
      return 'completed'
    case 'FAILED':
      return 'failed'
    default:
      return 'running'
  }
}

/** Whether a status says itself that a job is under way; of others that is only assumed. */
export function isKnownRunningStatus(status: string): boolean {
  return KNOWN_RUNNING_STATUS.test(status.trim())
}

const KNOWN_RUNNING_STATUS =
  /^(?:RUNNING|PENDING|QUEUED|CREATED|STARTED|PROVISIONING|IN[_ -]?PROGRESS)$/i

/**
 * The job that holds the environment, if any. The service lets one job of an environment be pending at a
 * time, so a job of an unknown status is over as soon as a newer one exists; without that, a single old
 * job with a final status nobody has heard of would hold the environment for ever.
 */
export function findPendingJob(jobs: readonly Job[]): Job | undefined {
  const newest = Math.max(...jobs.map(({ createdAt }) => createdAt ?? -Infinity))
  return jobs.find(
    (job) =>
      jobPhase(job.status) === 'running' &&
      (isKnownRunningStatus(job.status) || job.createdAt === undefined || job.createdAt >= newest),
  )
}

/** Server times have whole seconds, in the `Date` header and perhaps in a job's creation time. */
const SERVER_TIME_RESOLUTION_MS = 1_000

/**
 * The job that an operation of ours started, if the list has it: same operation, created no earlier than
 * our send.
 *
 * @param serverSentAt our send by the server's own clock, in milliseconds since 1970
 */
export function findStartedJob(
  jobs: readonly Job[],
  operation: string,
  serverSentAt: number,
): Job | undefined {
  const candidates = jobs.filter(
    (job) =>
      job.jobId !== '' &&
      job.operation.toLowerCase() === operation.toLowerCase() &&
      job.createdAt !== undefined &&
      job.createdAt >= serverSentAt - SERVER_TIME_RESOLUTION_MS,
  )
  // One that is under way or completed says more than one that failed.
  const order: readonly JobPhase[] = ['completed', 'running', 'failed']
  return candidates.toSorted(
    (a, b) => order.indexOf(jobPhase(a.status)) - order.indexOf(jobPhase(b.status)),
  )[0]
}
