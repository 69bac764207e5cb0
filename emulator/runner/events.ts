/**
 * The events that start a workflow, in the parts that workflows and this action look at: what GitHub
 * puts into the event file, into the `github` context, into the variables of a step and into the
 * claims of a token.
 */
import { defaults } from '../lib/defaults.ts'

export type WorkflowEvent = Readonly<{
  /** As in `on:`, for example `pull_request`. */
  name: string
  /** The event file. */
  payload: Readonly<Record<string, unknown>>
  ref: string
  sha: string
  headRef: string
  baseRef: string
  actor: string
  /** False for forks and Dependabot: no secrets, no OIDC token, a token for GitHub that only reads. */
  trusted: boolean
}>

const mainSha = '1d1b8f0dbb3d5d3d4d55cf2b1d1c3a1f6a5f7e10'
const headSha = '7f3c2b9d8e1a4c5b6d7e8f9a0b1c2d3e4f5a6b7c'
const actor = 'octocat'

const repository = {
  id: 456789,
  name: 'octo-app',
  full_name: defaults.repository,
  fork: false,
  default_branch: 'main',
  owner: { login: 'octo-org', id: 12345 },
}

const fork = { id: 987654, name: 'octo-app', full_name: 'mona/octo-app', fork: true }

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

export type PullRequest = {
  /** `opened` when left out. */
  action?: string
  number?: number
  /** The branch that it is to be merged into. */
  base?: string
  head?: string
  merged?: boolean
  /** Whose it is; the repository's own people's when left out. */
  from?: 'fork' | 'dependabot'
}

/** Something that happened to a pull request. */
export function pullRequest(given: PullRequest = {}): WorkflowEvent {
  const { action = 'opened', number = 7, base = 'main', head = 'storage', merged = false } = given
  const author = given.from === 'dependabot' ? 'dependabot[bot]' : actor
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
        head: { ref: head, sha: headSha, repo: given.from === 'fork' ? fork : repository },
      },
      sender: { login: author },
    },
    // After the merge GitHub runs the workflow on the branch that was merged into.
    ref: merged ? `refs/heads/${base}` : `refs/pull/${String(number)}/merge`,
    sha,
    headRef: head,
    baseRef: base,
    actor: author,
    trusted: given.from === undefined,
  }
}

/** A pull request that was merged. */
export const mergedPullRequest = (given: PullRequest = {}): WorkflowEvent =>
  pullRequest({ ...given, action: 'closed', merged: true })

/** A run started by hand. */
export const workflowDispatch = (branch = 'main'): WorkflowEvent => ({
  ...push(branch),
  name: 'workflow_dispatch',
  payload: { inputs: null, ref: `refs/heads/${branch}`, repository, sender: { login: actor } },
})

/** A run by the clock, on the default branch. */
export const schedule = (): WorkflowEvent => ({
  ...push(),
  name: 'schedule',
  payload: { schedule: '0 4 * * 1', repository },
})

/** A merge queue's check. */
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

/** Every event by the name that a command line takes. */
export const eventsByName = {
  push: () => push(),
  'pull-request': () => pullRequest(),
  merged: () => mergedPullRequest(),
  closed: () => pullRequest({ action: 'closed' }),
  fork: () => pullRequest({ from: 'fork' }),
  dependabot: () => pullRequest({ from: 'dependabot' }),
  dispatch: () => workflowDispatch(),
  schedule: () => schedule(),
  'merge-group': () => mergeGroup(),
  tag: () => pushTag(),
} as const satisfies Readonly<Record<string, () => WorkflowEvent>>

export type EventName = keyof typeof eventsByName

/** Where a run takes place. */
export type RunInfo = Readonly<{
  serverUrl: string
  apiUrl: string
  graphqlUrl: string
  /** The workflow's file, for example `storage.yml`. */
  file: string
  /** The workflow's name. */
  workflow: string
  /** The job's id. */
  job: string
}>

const shortName = (ref: string): string => ref.replace(/^refs\/(?:heads|tags|pull)\//, '')
const refType = (ref: string): string => (ref.startsWith('refs/tags/') ? 'tag' : 'branch')

/** What GitHub says of a run, in the words of the `github` context. */
function contextFields(event: WorkflowEvent, place: RunInfo): Record<string, string> {
  return {
    actor: event.actor,
    api_url: place.apiUrl,
    base_ref: event.baseRef,
    event_name: event.name,
    graphql_url: place.graphqlUrl,
    head_ref: event.headRef,
    job: place.job,
    ref: event.ref,
    ref_name: shortName(event.ref),
    ref_protected: String(event.ref === 'refs/heads/main'),
    ref_type: refType(event.ref),
    repository: repository.full_name,
    repository_id: String(repository.id),
    repository_owner: repository.owner.login,
    repository_owner_id: String(repository.owner.id),
    run_attempt: '1',
    run_id: '1234567890',
    run_number: '42',
    server_url: place.serverUrl,
    sha: event.sha,
    triggering_actor: event.actor,
    workflow: place.workflow,
    workflow_ref: workflowRef(event, place.file),
    workflow_sha: event.sha,
  }
}

const workflowRef = (event: WorkflowEvent, file: string): string =>
  `${repository.full_name}/.github/workflows/${file}@${event.ref}`

/** The `github` context, without what only a runner knows. */
export const githubContext = (
  event: WorkflowEvent,
  place: RunInfo,
  token: string,
): Readonly<Record<string, unknown>> => ({
  ...contextFields(event, place),
  ref_protected: event.ref === 'refs/heads/main',
  event: event.payload,
  token,
})

/** The GITHUB_ variables of a step, without the paths that only a runner knows. */
export const githubVariables = (
  event: WorkflowEvent,
  place: RunInfo,
): Readonly<Record<string, string>> => ({
  CI: 'true',
  GITHUB_ACTIONS: 'true',
  ...Object.fromEntries(
    Object.entries(contextFields(event, place)).map(([name, value]) => [
      `GITHUB_${name.toUpperCase()}`,
      value,
    ]),
  ),
})

export type JobInfo = Readonly<{
  /** The workflow's file and name. */
  file: string
  workflow: string
  /** The job's environment. */
  environment?: string | undefined
  /** The workflow that was called, with its ref. */
  calledWorkflow?: string | undefined
}>

/** The claims of a job's tokens that depend on the event. */
export function tokenClaims(
  event: WorkflowEvent,
  { file, workflow, environment, calledWorkflow }: JobInfo,
): Record<string, string | undefined> {
  const subject =
    environment !== undefined
      ? `environment:${environment}`
      : event.name === 'pull_request'
        ? 'pull_request'
        : `ref:${event.ref}`
  return {
    sub: `repo:${repository.full_name}:${subject}`,
    ref: event.ref,
    ref_type: refType(event.ref),
    sha: event.sha,
    event_name: event.name,
    head_ref: event.headRef,
    base_ref: event.baseRef,
    actor: event.actor,
    environment,
    workflow,
    workflow_ref: workflowRef(event, file),
    job_workflow_ref: calledWorkflow ?? workflowRef(event, file),
  }
}
