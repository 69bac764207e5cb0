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
  /** The repository of the head; the pull request's own when left out. */
  headRepository?: string | undefined
  /** The commit that the merge made; the last of `commits` when left out. */
  mergeCommit?: string | undefined
  /** The commits that GitHub associates with the pull request. */
  commits: string[]
}

/** What the emulated GitHub knows. Every repository and issue named exists. */
export type GithubState = {
  /** The workflow's token. A fixed one survives a reset. */
  readonly login: string
  comments: Comment[]
  pulls: Pull[]
  /** `owner/repo#number` of the issues that take no comments. */
  locked: Set<string>
  /** Whether the token may write comments. */
  canWrite: boolean
}

/** A GitHub without comments or pull requests. */
export function newGithubState(): GithubState {
  return {
    login: 'github-actions[bot]',
    comments: [],
    pulls: [],
    locked: new Set(),
    canWrite: true,
  }
}

/** A token in the form of a workflow's. */
export const newGithubToken = (): string => `ghs_${randomBytes(18).toString('hex')}`
