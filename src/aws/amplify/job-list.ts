/** Reads the pages of ListBackendJobs, within limits that hold whatever the service sends. */
import type { ApiResult } from '../../network/retry.ts'
import type { CallOptions, JobList } from '../../storage/api.ts'
import type { Job } from '../../storage/jobs/job.ts'

export type JobPage = Readonly<{
  jobs: readonly Job[]
  /** The page has more jobs than a list may have. */
  isTruncated: boolean
  nextToken: string | undefined
}>

type PageRequest = Readonly<{ MaxResults: number; NextToken?: string }>

const JOBS_PER_PAGE = 25
/** The order of jobs is not documented, so a history of up to a thousand jobs is read completely. */
const MAX_PAGES = 40
/** A page can hold more jobs than requested. */
export const MAX_JOBS = 4 * MAX_PAGES * JOBS_PER_PAGE
/** The service does not document a maximum; tokens of other AWS services are much shorter. */
const MAX_TOKEN_LENGTH = 10_000

/**
 * Reads all jobs, or as many as the limits allow. A token that comes again would repeat its page forever, so
 * it ends the list as well.
 */
export async function listAllJobs(
  options: CallOptions,
  readPage: (page: PageRequest, options: CallOptions) => Promise<ApiResult<JobPage>>,
): Promise<ApiResult<JobList>> {
  const pages: (readonly Job[])[] = []
  const tokens = new Set<string>()
  const startedAt = performance.now()
  let request: PageRequest = { MaxResults: JOBS_PER_PAGE }
  for (;;) {
    const remainingMs = Math.max(1, options.remainingMs - (performance.now() - startedAt))
    const result = await readPage(request, { ...options, remainingMs })
    if (!result.ok) return result
    pages.push(result.value.jobs)
    const { nextToken, isTruncated } = result.value
    const jobs = pages.flat()
    const isLimited = isTruncated || pages.length >= MAX_PAGES || jobs.length > MAX_JOBS
    if (nextToken === undefined || isLimited || !isUsable(nextToken, tokens)) {
      const isComplete = nextToken === undefined && !isTruncated && jobs.length <= MAX_JOBS
      return { ...result, value: { jobs: jobs.slice(0, MAX_JOBS), isComplete } }
    }
    tokens.add(nextToken)
    request = { MaxResults: JOBS_PER_PAGE, NextToken: nextToken }
  }
}

function isUsable(token: string, earlier: ReadonlySet<string>): boolean {
  return token.length <= MAX_TOKEN_LENGTH && !earlier.has(token)
}
