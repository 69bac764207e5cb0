/** GitHub's API as the comment needs it, by GitHub's own toolkit, loaded only when a comment is asked for. */
import type { RunContext } from '../run/context.ts'
import { fetchBy } from './github-fetch.ts'
import { field, persistGithub, statusOf } from './github-retry.ts'

export type Comment = Readonly<{ id: number; body: string; author: string }>

export type GithubClient = Readonly<{
  /** The login that comments with our token have. */
  login(): Promise<string>
  /** The pull request that a pushed commit belongs to: merged into the branch by it, or open from it. */
  findPullRequest(sha: string, branch: string): Promise<number | undefined>
  listComments(number: number): Promise<readonly Comment[]>
  createComment(number: number, body: string): Promise<void>
  /** @returns false when the comment is gone */
  updateComment(id: number, body: string): Promise<boolean>
}>

/** GitHub takes no more than 2,500 comments to a conversation. */
const MAX_PAGES = 26

export async function createGithubClient(
  run: RunContext,
  token: string,
  fullName: string,
  signal: AbortSignal,
): Promise<GithubClient> {
  const { getOctokit } = await import('@actions/github')
  const [owner = '', repo = ''] = fullName.split('/')
  const octokit = getOctokit(token, {
    request: { fetch: fetchBy(run.agents, run.clock, signal) },
    log: { debug: run.log.debug, info: run.log.debug, warn: run.log.debug, error: run.log.debug },
  })
  const again = <T>(call: () => Promise<T>): Promise<T> => persistGithub(run, signal, call)
  const place = { owner, repo }
  return {
    login: async () => {
      const answer: unknown = await again(() => octokit.graphql('query { viewer { login } }'))
      const login = field(field(answer, 'viewer'), 'login')
      if (typeof login !== 'string') throw new Error('GitHub does not say whose token this is')
      return login
    },
    findPullRequest: async (sha, branch) => {
      const { data } = await again(() =>
        octokit.rest.repos.listPullRequestsAssociatedWithCommit({
          ...place,
          commit_sha: sha,
          per_page: 100,
        }),
      )
      const into = data.filter(({ base, merged_at }) => base.ref === branch && merged_at !== null)
      const from = data.filter(
        ({ head, state }) =>
          head.ref === branch && state === 'open' && field(head.repo, 'full_name') === fullName,
      )
      const merged = into.find(({ merge_commit_sha }) => merge_commit_sha === sha)
      return (merged ?? into[0] ?? from[0])?.number
    },
    listComments: async (issue_number) => {
      const found: Comment[] = []
      for (let page = 1; page <= MAX_PAGES; page += 1) {
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
    createComment: async (issue_number, body) => {
      await persistGithub(
        run,
        signal,
        () => octokit.rest.issues.createComment({ ...place, issue_number, body }),
        false,
      )
    },
    updateComment: async (comment_id, body) => {
      try {
        await again(() => octokit.rest.issues.updateComment({ ...place, comment_id, body }))
        return true
      } catch (error) {
        if (statusOf(error) === 404) return false
        throw error
      }
    },
  }
}
