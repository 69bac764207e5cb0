import { randomBytes } from 'node:crypto'

export type Comment = {
  id: number
  repository: string
  issue: number
  body: string
  author: string
  createdAt: number
  updatedAt: number
}

export type Pull = {
  number: number
  repository: string
  state: 'open' | 'closed'
  merged: boolean
  base: string
  head: string
  /** The repository of the head; by default that of the pull request. */
  headRepository?: string | undefined
  /** The merge commit; by default the last of `commits`. */
  mergeCommit?: string | undefined
  /** The commits that GitHub associates with the pull request. */
  commits: string[]
}

/** The state of the emulated GitHub, on which every repository and issue exists. */
export type GithubState = {
  /** The user that the workflow's token belongs to. */
  readonly login: string
  comments: Comment[]
  pulls: Pull[]
  /** The locked issues, as `owner/repo#number`; nobody can comment on them. */
  locked: Set<string>
  /** Whether the token has permission to write comments. */
  canWrite: boolean
}

/** Creates the state of a GitHub without comments and pull requests. */
export function createGithubState(): GithubState {
  return {
    login: 'github-actions[bot]',
    comments: [],
    pulls: [],
    locked: new Set(),
    canWrite: true,
  }
}

/** Creates a token with the format of `GITHUB_TOKEN`. */
export const createGithubToken = (): string => `ghs_${randomBytes(18).toString('hex')}`
