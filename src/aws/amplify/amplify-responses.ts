/** The responses of the Amplify Backend API: whether one is about what was requested, and its data. */
import { getProperty, isObject, nonEmptyString } from '../../lib/json.ts'
import { quote } from '../../lib/text.ts'
import { parseBackend, type Backend } from '../../storage/backend/amplify-meta.ts'
import type { AcceptedJob, StorageResponse } from '../../storage/api.ts'
import { parseJob, parseJobId, type Job } from '../../storage/jobs/job.ts'
import { parseStorage } from '../../storage/model.ts'
import { MAX_JOBS, type JobPage } from './job-list.ts'

export type Environment = Readonly<{ AppId: string; BackendEnvironmentName: string }>

/** Members of any type, as the service sent them. */
type Unchecked<Names extends string> = Readonly<Partial<Record<Names, unknown>>>

/**
 * The first difference between a request and its response, as a part of a sentence. A member that the
 * response does not have counts as equal.
 */
function findMismatch(
  request: Readonly<Record<string, string>>,
  response: object,
): string | undefined {
  for (const [name, requested] of Object.entries(request)) {
    const value = getProperty(response, name)
    if (value === undefined || value === null || value === '' || value === requested) continue
    const shown = typeof value === 'string' ? quote(value) : 'not a text'
    return `${name.charAt(0).toLowerCase()}${name.slice(1)} is ${shown} instead of ${quote(requested)}`
  }
  return undefined
}

/** @throws Error if the response is about something else than the request */
function requireMatch(request: Readonly<Record<string, string>>, response: object): void {
  const mismatch = findMismatch(request, response)
  if (mismatch !== undefined) throw new Error(`the response is about something else: ${mismatch}`)
}

/**
 * Undefined without an app: a response such as `{}` must not mean that nothing exists.
 *
 * @throws Error if a member of the storage has an unexpected type
 */
export function parseStorageResponse(
  request: Environment & Readonly<{ ResourceName: string }>,
  response: Unchecked<'AppId' | 'BackendEnvironmentName' | 'ResourceName'> & {
    readonly ResourceConfig?: object | undefined
  },
): StorageResponse | undefined {
  if (nonEmptyString(response.AppId) === undefined) return undefined
  const { ResourceConfig } = response
  const mismatch =
    findMismatch(request, response) ?? findMismatch({ ServiceName: 'S3' }, ResourceConfig ?? {})
  if (mismatch !== undefined) return { kind: 'other', mismatch }
  const storage = parseStorage(ResourceConfig)
  return storage === undefined ? { kind: 'none' } : { kind: 'storage', storage }
}

/** @throws Error if the response is about another app or environment */
export function parseBackendResponse(
  request: Readonly<Record<string, string>>,
  response: Unchecked<'AppId'> & Parameters<typeof parseBackend>[0],
): Backend | undefined {
  if (nonEmptyString(response.AppId) === undefined) return undefined
  requireMatch(request, response)
  return parseBackend(response)
}

export function parseAcceptedJob(
  request: Environment,
  response: Unchecked<'JobId' | 'Status' | 'AppId' | 'BackendEnvironmentName'>,
): AcceptedJob | undefined {
  const jobId = parseJobId(response.JobId)
  if (jobId === undefined) return undefined
  return {
    jobId,
    status: nonEmptyString(response.Status),
    appId: nonEmptyString(response.AppId),
    backendEnvironmentName: nonEmptyString(response.BackendEnvironmentName),
    mismatch: findMismatch(request, response),
  }
}

/**
 * The service does not have to repeat the ID of the job, but the response must describe one.
 *
 * @throws Error if the response is about another job
 */
export function parseJobResponse(
  request: Environment & Readonly<{ JobId: string }>,
  response: Parameters<typeof parseJob>[0],
): Job | undefined {
  if (response.JobId === undefined && response.Status === undefined) return undefined
  requireMatch(request, response)
  return { ...parseJob(response), jobId: request.JobId }
}

/** Leaves out jobs of other apps and environments. A page can hold more jobs than requested. */
export function parseJobPage(
  request: Environment,
  { Jobs, NextToken }: Unchecked<'Jobs' | 'NextToken'>,
): JobPage | undefined {
  if (!Array.isArray(Jobs) || !Jobs.every(isObject)) return undefined
  const own = Jobs.slice(0, MAX_JOBS).filter((job) => findMismatch(request, job) === undefined)
  const isTruncated = Jobs.length > MAX_JOBS
  return { jobs: own.map(parseJob), isTruncated, nextToken: nonEmptyString(NextToken) }
}
