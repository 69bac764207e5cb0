/** GitHub's API as the comment needs it, by GitHub's own toolkit, loaded only when a comment is asked for. */
import { requestText, type Agents } from '../http.ts'
import { persistGithub } from './github-retry.ts'
import type { Run } from '../run.ts'

export type Comment = Readonly<{ id: number; body: string; author: string }>

export type Github = Readonly<{
  /** The login that comments with our token have. */
  login(): Promise<string>
  /** The pull request that brought a commit, the merged or open one first. */
  pullRequestOf(sha: string): Promise<number | undefined>
  comments(number: number): Promise<readonly Comment[]>
  create(number: number, body: string): Promise<void>
  /** @returns false when the comment is gone */
  edit(id: number, body: string): Promise<boolean>
}>

/** A conversation longer than this is read from its beginning up to here. */
const MOST_PAGES = 30

export async function openGithub(
  run: Run,
  token: string,
  fullName: string,
  signal: AbortSignal,
): Promise<Github> {
  const { getOctokit } = await import('@actions/github')
  const [owner = '', repo = ''] = fullName.split('/')
  const octokit = getOctokit(token, {
    request: { fetch: fetchBy(run.agents), signal },
    log: { debug: run.log.debug, info: run.log.debug, warn: run.log.debug, error: run.log.debug },
  })
  const again = <T>(call: () => Promise<T>, repeatable = true): Promise<T> =>
    persistGithub(run, signal, call, repeatable)
  const place = { owner, repo }
  return {
    login: async () => {
      const answer: unknown = await again(() => octokit.graphql('query { viewer { login } }'))
      const login = field(field(answer, 'viewer'), 'login')
      if (typeof login !== 'string') throw new Error('GitHub does not say whose token this is')
      return login
    },
    pullRequestOf: async (sha) => {
      const { data } = await again(() =>
        octokit.rest.repos.listPullRequestsAssociatedWithCommit({ ...place, commit_sha: sha }),
      )
      const merged = data.find((pull) => pull.merge_commit_sha === sha)
      return (merged ?? data.find((pull) => pull.merged_at !== null) ?? data[0])?.number
    },
    comments: async (issue_number) => {
      const found: Comment[] = []
      for (let page = 1; page <= MOST_PAGES; page += 1) {
        const { data } = await again(() =>
          octokit.rest.issues.listComments({ ...place, issue_number, per_page: 100, page }),
        )
        for (const { id, body, user } of data) {
          found.push({ id, body: body ?? '', author: user?.login ?? '' })
        }
        if (data.length < 100) break
      }
      return found
    },
    create: async (issue_number, body) => {
      await again(() => octokit.rest.issues.createComment({ ...place, issue_number, body }), false)
    },
    edit: async (comment_id, body) => {
      try {
        await again(() => octokit.rest.issues.updateComment({ ...place, comment_id, body }))
        return true
      } catch (error) {
        if (field(error, 'status') === 404) return false
        throw error
      }
    },
  }
}

/** Fetch by the run's own agents, so that the proxy rules are those of every other call. */
function fetchBy(agents: Agents): (url: string, init?: RequestInit) => Promise<Response> {
  return async (url, init) => {
    const { status, headers, body } = await requestText(new URL(url), agents, {
      method: init?.method ?? 'GET',
      headers: Object.fromEntries(new Headers(init?.headers)),
      body: typeof init?.body === 'string' ? init.body : undefined,
      signal: init?.signal ?? new AbortController().signal,
    })
    const kept = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
      typeof value === 'string' ? [[name, value]] : [],
    )
    const empty = status === 204 || status === 304 || status < 200
    return new Response(empty ? null : body, { status: Math.max(200, status), headers: kept })
  }
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}
