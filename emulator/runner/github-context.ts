/** What GitHub derives from an event: the `github` context, the variables of a step, the token's claims. */
import type { WorkflowEvent } from './events.ts'
import { repository } from './repository.ts'

/** A run of a workflow, and the job that runs. */
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

/** The fields that the `github` context and the variables of a step have in common. */
function contextFields(event: WorkflowEvent, run: RunInfo): Record<string, string> {
  return {
    actor: event.actor,
    api_url: run.apiUrl,
    base_ref: event.baseRef,
    event_name: event.name,
    graphql_url: run.graphqlUrl,
    head_ref: event.headRef,
    job: run.job,
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
    server_url: run.serverUrl,
    sha: event.sha,
    triggering_actor: event.actor,
    workflow: run.workflow,
    workflow_ref: workflowRef(event, run.file),
    workflow_sha: event.sha,
  }
}

const workflowRef = (event: WorkflowEvent, file: string): string =>
  `${repository.full_name}/.github/workflows/${file}@${event.ref}`

/** The `github` context, without the fields that only a runner knows. */
export const githubContext = (
  event: WorkflowEvent,
  run: RunInfo,
  token: string,
): Readonly<Record<string, unknown>> => ({
  ...contextFields(event, run),
  ref_protected: event.ref === 'refs/heads/main',
  event: event.payload,
  token,
})

/** The `GITHUB_` variables of a step, without the paths that only a runner knows. */
export const githubVariables = (
  event: WorkflowEvent,
  run: RunInfo,
): Readonly<Record<string, string>> => ({
  CI: 'true',
  GITHUB_ACTIONS: 'true',
  ...Object.fromEntries(
    Object.entries(contextFields(event, run)).map(([name, value]) => [
      `GITHUB_${name.toUpperCase()}`,
      value,
    ]),
  ),
})

/** The parts of a job that its OIDC tokens name. */
export type JobInfo = Readonly<{
  /** The workflow's file. */
  file: string
  /** The workflow's name. */
  workflow: string
  /** The job's environment. */
  environment?: string | undefined
  /** The reusable workflow that the job is in, with its ref. */
  calledWorkflow?: string | undefined
}>

/** The claims of a job's OIDC tokens that depend on the event. */
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
