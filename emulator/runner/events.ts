/** The events that trigger a workflow, with the parts of their payloads that the action reads. */
import { isObject } from '../lib/validation.ts'
import { fork, repository } from './repository.ts'

export type WorkflowEvent = Readonly<{
  /** The name in `on:`, for example `pull_request`. */
  name: string
  /** The content of the event file. */
  payload: Readonly<Record<string, unknown>>
  ref: string
  sha: string
  headRef: string
  baseRef: string
  actor: string
  /** False for forks and Dependabot, which get no secrets, and by default no OIDC token and a read-only GitHub token. */
  trusted: boolean
}>

const mainSha = '1d1b8f0dbb3d5d3d4d55cf2b1d1c3a1f6a5f7e10'
const headSha = '7f3c2b9d8e1a4c5b6d7e8f9a0b1c2d3e4f5a6b7c'
const actor = 'octocat'

/** A push to a branch. */
export function push(branch = 'main'): WorkflowEvent {
  const ref = `refs/heads/${branch}`
  return {
    name: 'push',
    payload: {
      ref,
      after: mainSha,
      deleted: false,
      repository,
      head_commit: { id: mainSha },
      sender: { login: actor },
    },
    ref,
    sha: mainSha,
    headRef: '',
    baseRef: '',
    actor,
    trusted: true,
  }
}

/** A push of a tag. */
export const pushTag = (tag = 'v1.2.3'): WorkflowEvent => ({
  ...push(),
  payload: { ...push().payload, ref: `refs/tags/${tag}` },
  ref: `refs/tags/${tag}`,
})

export type PullRequestOptions = {
  /** `opened` by default. */
  action?: string
  number?: number
  /** The base branch. */
  base?: string
  head?: string
  merged?: boolean
  /** The source of an untrusted pull request; by default, it comes from a branch of the repository. */
  from?: 'fork' | 'dependabot'
}

/** An event of a pull request. */
export function pullRequest(options: PullRequestOptions = {}): WorkflowEvent {
  const { action = 'opened', number = 7, base = 'main', head = 'storage', merged = false } = options
  const author = options.from === 'dependabot' ? 'dependabot[bot]' : actor
  const sha = merged ? mainSha : headSha
  return {
    name: 'pull_request',
    payload: {
      action,
      number,
      repository,
      pull_request: {
        number,
        merged,
        merge_commit_sha: sha,
        state: action === 'closed' ? 'closed' : 'open',
        user: { login: author },
        base: { ref: base, repo: repository },
        head: { ref: head, sha: headSha, repo: options.from === 'fork' ? fork : repository },
      },
      sender: { login: author },
    },
    // GitHub runs the workflow for a merged pull request on the base branch.
    ref: merged ? `refs/heads/${base}` : `refs/pull/${String(number)}/merge`,
    sha,
    headRef: head,
    baseRef: base,
    actor: author,
    trusted: options.from === undefined,
  }
}

/** Whether GitHub gives the job of an event an OIDC token; that of a fork gets none, whatever it asks for. */
export const getsIdToken = ({ payload }: WorkflowEvent, hasPermission: boolean): boolean =>
  hasPermission && !isFork(payload['pull_request'])

function isFork(pullRequest: unknown): boolean {
  const head = isObject(pullRequest) ? pullRequest['head'] : undefined
  const from = isObject(head) ? head['repo'] : undefined
  return isObject(from) && from['full_name'] !== repository.full_name
}

/** A pull request that was merged. */
export const mergedPullRequest = (options: PullRequestOptions = {}): WorkflowEvent =>
  pullRequest({ ...options, action: 'closed', merged: true })

/** A manual run. */
export const workflowDispatch = (branch = 'main'): WorkflowEvent => ({
  ...push(branch),
  name: 'workflow_dispatch',
  payload: { inputs: null, ref: `refs/heads/${branch}`, repository, sender: { login: actor } },
})

/** A scheduled run, on the default branch. */
export const schedule = (): WorkflowEvent => ({
  ...push(),
  name: 'schedule',
  payload: { schedule: '0 4 * * 1', repository },
})

/** A check of the merge queue. */
export function mergeGroup(base = 'main'): WorkflowEvent {
  const ref = `refs/heads/gh-readonly-queue/${base}/pr-7-${mainSha}`
  return {
    ...push(),
    name: 'merge_group',
    payload: {
      action: 'checks_requested',
      merge_group: { head_ref: ref, head_sha: headSha, base_ref: `refs/heads/${base}` },
      repository,
    },
    ref,
    sha: headSha,
  }
}

/** Every event by its name on the command line, for a branch, or for a pull request into it. */
export const eventsByName = {
  push: (base = 'main') => push(base),
  'pull-request': (base = 'main') => pullRequest({ base }),
  merged: (base = 'main') => mergedPullRequest({ base }),
  closed: (base = 'main') => pullRequest({ base, action: 'closed' }),
  fork: (base = 'main') => pullRequest({ base, from: 'fork' }),
  dependabot: (base = 'main') => pullRequest({ base, from: 'dependabot' }),
  dispatch: (base = 'main') => workflowDispatch(base),
  schedule: () => schedule(),
  'merge-group': (base = 'main') => mergeGroup(base),
  tag: () => pushTag(),
} as const satisfies Readonly<Record<string, (branch?: string) => WorkflowEvent>>

export type EventName = keyof typeof eventsByName

/** GitHub's names of events that have a shorter one here. */
export const eventAliases: Readonly<Record<string, EventName>> = {
  pull_request: 'pull-request',
  workflow_dispatch: 'dispatch',
  merge_group: 'merge-group',
}

/** Why an event has no branch to choose. */
export const eventsWithoutBranch: Partial<Readonly<Record<EventName, string>>> = {
  schedule: 'GitHub runs a schedule on the default branch only',
  tag: 'it pushes a tag',
}
