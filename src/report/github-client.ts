/** The calls to GitHub's API that a comment needs, made by Octokit. Loaded only when a comment is asked for. */
import { getOctokit } from '@actions/github'
import { retry, type RetryPlugin } from '@octokit/plugin-retry'
import { getNumber, getPath, getProperty, getString } from '../lib/json.ts'
import { createFetch } from '../network/fetch.ts'
import type { RunContext } from '../run/context.ts'
import { getRetryDelaySeconds, getStatus, isRateLimit } from './github-errors.ts'

export type Comment = Readonly<{ id: number; body: string; author: string }>

export type GithubClient = Readonly<{
  /** The login of the author of comments that are written with this token. */
  getLogin(): Promise<string>
  /**
   * The pull request with this commit that is open from the branch or, unless `openOnly`, was merged into it.
   */
  findPullRequest(commit: BranchCommit): Promise<number | undefined>
  listComments(pullRequest: number): Promise<readonly Comment[]>
  /** Sent once and never retried: a lost response may hide a comment that was created. */
  createComment(pullRequest: number, body: string): Promise<void>
  /** @returns false if the comment was deleted */
  updateComment(id: number, body: string): Promise<boolean>
  /** Succeeds also if the comment was already deleted. */
  deleteComment(id: number): Promise<void>
}>

type BranchCommit = Readonly<{ sha: string; branch: string; openOnly: boolean }>

/** The maximum number of retries of one call. */
const MAX_RETRIES = 2

const PAGE_SIZE = 100
/** GitHub allows 2,500 comments on an issue. */
const MAX_PAGES = 26

/** Octokit's plugin would retry most client errors. */
const CLIENT_ERRORS = Array.from({ length: 100 }, (_, index) => 400 + index)

/**
 * @param fullName `OWNER/REPO`
 * @param signal cancels every call
 */
export function createGithubClient(
  { agents, clock, log, secrets }: Pick<RunContext, 'agents' | 'clock' | 'log' | 'secrets'>,
  token: string,
  fullName: string,
  signal: AbortSignal,
): GithubClient {
  const [owner = '', repo = ''] = fullName.split('/')
  const repository = { owner, repo }
  const octokit = getOctokit(
    token,
    {
      request: { fetch: createFetch(agents, clock, signal, secrets.redact) },
      log: { debug: log.debug, info: log.debug, warn: log.debug, error: log.debug },
      // Rate limits are left to `retryWithRateLimits`.
      retry: { retries: MAX_RETRIES, doNotRetry: CLIENT_ERRORS },
    },
    retryWithRateLimits,
  )
  return {
    // `GET /user` refuses the token of a job; this query accepts every kind of token.
    getLogin: async () => {
      const login = getPath(await octokit.graphql('query { viewer { login } }'), 'viewer', 'login')
      if (typeof login !== 'string') throw new Error('GitHub did not return the owner of the token')
      return login
    },
    findPullRequest: async (commit) => {
      const { data } = await octokit.rest.repos.listPullRequestsAssociatedWithCommit({
        ...repository,
        commit_sha: commit.sha,
        per_page: 100,
      })
      return selectPullRequest(data, commit, fullName)?.number
    },
    listComments: (issue_number) =>
      readPages(async (page) => {
        const paging = { per_page: PAGE_SIZE, page }
        return (await octokit.rest.issues.listComments({ ...repository, issue_number, ...paging }))
          .data
      }),
    createComment: async (issue_number, body) => {
      const request = { retries: 0 }
      await octokit.rest.issues.createComment({ ...repository, issue_number, body, request })
    },
    updateComment: (comment_id, body) =>
      wasFound(octokit.rest.issues.updateComment({ ...repository, comment_id, body })),
    deleteComment: async (comment_id) => {
      await wasFound(octokit.rest.issues.deleteComment({ ...repository, comment_id }))
    },
  }
}

/** @returns false if what the call is about does not exist */
async function wasFound(call: Promise<unknown>): Promise<boolean> {
  try {
    await call
    return true
  } catch (error) {
    if (getStatus(error) === 404) return false
    throw error
  }
}

type PullRequest = Readonly<{
  number: number
  state: string
  merged_at: string | null
  merge_commit_sha: string | null
  base: Readonly<{ ref: string }>
  head: Readonly<{ ref: string; repo: unknown }>
}>

/** Prefers the pull request that this commit merged, then another that was merged into the branch. */
function selectPullRequest(
  all: readonly PullRequest[],
  { sha, branch, openOnly }: BranchCommit,
  fullName: string,
): PullRequest | undefined {
  const merged = openOnly
    ? []
    : all.filter(({ base, merged_at }) => base.ref === branch && merged_at !== null)
  return (
    merged.find(({ merge_commit_sha }) => merge_commit_sha === sha) ??
    merged[0] ??
    all.find(
      ({ head, state }) =>
        head.ref === branch && state === 'open' && getPath(head.repo, 'full_name') === fullName,
    )
  )
}

/**
 * Counts the pages, which `octokit.paginate` does not: it sends the token to whatever host a `Link` header
 * names, takes a 409 for an empty page, and ends at a response without the header.
 */
async function readPages(readPage: (page: number) => Promise<unknown>): Promise<Comment[]> {
  const comments: Comment[] = []
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const list = await readPage(page)
    if (!Array.isArray(list)) throw malformedList()
    for (const comment of list) comments.push(parseComment(comment))
    if (list.length < PAGE_SIZE) break
  }
  return comments
}

function parseComment(comment: unknown): Comment {
  const id = getNumber(comment, 'id')
  const body = getProperty(comment, 'body') ?? ''
  if (id === undefined || typeof body !== 'string') throw malformedList()
  return { id, body, author: getString(getProperty(comment, 'user'), 'login') ?? '' }
}

function malformedList(): Error {
  return new Error('GitHub returned a malformed list of comments')
}

type RetryParameters = Parameters<typeof retry>

/** Octokit's retry plugin, and retries after short rate limits, which the plugin itself does not make. */
function retryWithRateLimits(
  octokit: RetryParameters[0],
  options: RetryParameters[1],
): RetryPlugin {
  // Registered before the plugin's own hook, so that the plugin sees what this one throws.
  octokit.hook.error('request', (error, { request }) => {
    const seconds = isRateLimit(error) ? getRetryDelaySeconds(error) : undefined
    if (seconds === undefined || !('request' in error)) throw error
    const retries = getNumber(request, 'retries') ?? MAX_RETRIES
    throw plugin.retry.retryRequest(error, retries, seconds)
  })
  const plugin = retry(octokit, options)
  return plugin
}
