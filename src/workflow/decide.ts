/**
 * What the event that started the run asks for: a closed table, as pure functions of the event.
 *
 * Everything in an event was written by others, often by strangers (a branch's name, a login): its
 * shape is not trusted, and it is shown only through `quoted`.
 */

import { ActionError } from '../errors/action-error.ts'
import { matchesBranch } from '../inputs/branch-patterns.ts'
import type { TriggerInputs } from '../inputs/read-inputs.ts'
import type { Env } from '../lib/env.ts'
import { quote } from '../lib/text.ts'

export type WorkflowEvent = Readonly<{
  /** For example `pull_request` (`GITHUB_EVENT_NAME`). */
  name: string
  /** The parsed event file, of any shape; `{}` where it could not be read. */
  payload: unknown
  /** The full ref, for example `refs/heads/main` (`GITHUB_REF`). */
  ref: string
  sha: string
  /** `OWNER/REPO`. */
  repository: string
  /** The branch that a pull request is to be merged into (`GITHUB_BASE_REF`), else empty. */
  baseRef: string
  /** The login that started the run; on a re-run still the first one (`GITHUB_ACTOR`). */
  actor: string
}>

export type AvailableCredentials = Readonly<{
  /** The job may ask GitHub for an OIDC token. */
  canRequestIdToken: boolean
  /** AWS credentials are configured in the environment. */
  hasAmbientCredentials: boolean
}>

/** What the run does and why; `why` continues "Applies: ", "Plans: " or "Skipped: ". */
export type Decision =
  | Readonly<{
      command: 'apply' | 'plan'
      reason: string
      /** What happens to a plan afterwards, where that is known: whole sentences. */
      followUp?: string
      warning?: string
    }>
  | Readonly<{ command: 'skip'; reason: string; notice: boolean }>

const DEPENDABOT = 'dependabot[bot]'

/**
 * The event of this run. A file that is missing, empty, broken or no JSON object leaves `{}` and a
 * warning.
 *
 * @param readFile returns a file's text as UTF-8, and may throw
 */
export function readEvent(
  env: Env,
  readFile: (path: string) => string,
): { event: WorkflowEvent; warning?: string } {
  const read = readPayload(env['GITHUB_EVENT_PATH'] ?? '', readFile)
  const event: WorkflowEvent = Object.freeze({
    name: env['GITHUB_EVENT_NAME'] ?? '',
    payload: read.payload,
    ref: given(env['GITHUB_REF'] ?? '') ?? nonEmptyString(getPath(read.payload, 'ref')) ?? '',
    sha: env['GITHUB_SHA'] ?? '',
    repository: env['GITHUB_REPOSITORY'] ?? '',
    baseRef: env['GITHUB_BASE_REF'] ?? '',
    actor: env['GITHUB_ACTOR'] ?? '',
  })
  return read.fault === undefined
    ? { event }
    : { event, warning: `The event file (GITHUB_EVENT_PATH) ${read.fault}.` }
}

/**
 * Whether a token or configured credentials are at hand; empty variables count as unset. The runner
 * sets both ACTIONS_ID_TOKEN_* variables only for jobs with `id-token: write`.
 */
export function detectCredentials(env: Env): AvailableCredentials {
  const has = (name: string): boolean => (env[name] ?? '').trim() !== ''
  return {
    canRequestIdToken: has('ACTIONS_ID_TOKEN_REQUEST_URL') && has('ACTIONS_ID_TOKEN_REQUEST_TOKEN'),
    hasAmbientCredentials: [
      'AWS_ACCESS_KEY_ID',
      'AWS_PROFILE',
      'AWS_WEB_IDENTITY_TOKEN_FILE',
      'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
      'AWS_CONTAINER_CREDENTIALS_FULL_URI',
    ].some(has),
  }
}

/**
 * What the event asks for. `mode: apply` and `mode: plan` force it, whatever the event. Where the event
 * leaves open whether a pull request was merged, or which branch is the default one, the run only plans
 * and a warning says so: a plan writes nothing.
 *
 * @throws ActionError UNSUPPORTED_EVENT for a tag, a release and any event that the table does not know
 * @throws ActionError NO_IDENTITY_FOR_PULL_REQUEST for a merged pull request of a fork or by Dependabot
 *   whose run has no token, and no credentials that could do instead
 */
export function decide(
  event: WorkflowEvent,
  trigger: TriggerInputs,
  identity: AvailableCredentials,
): Decision {
  if (trigger.mode !== 'auto')
    return { command: trigger.mode, reason: `\`mode\` is \`${trigger.mode}\`` }
  switch (event.name) {
    case 'push':
      return decidePush(event, trigger)
    case 'pull_request':
      return decidePullRequest(event, trigger, identity)
    case 'merge_group': {
      const base = getBranch(
        nonEmptyString(getPath(event.payload, 'merge_group', 'base_ref')) ?? '',
      )
      return {
        command: 'plan',
        reason: 'a merge queue checks the change before it is merged',
        ...afterMerge(event, trigger, base),
      }
    }
    case 'workflow_dispatch':
    case 'repository_dispatch':
    case 'schedule':
      return { command: 'apply', reason: `the event is \`${event.name}\`` }
    default:
      throw unsupported(event)
  }
}

/** The commit that people know the run by: of an open pull request its own, not GitHub's trial merge. */
export function getCommit(event: WorkflowEvent): string | undefined {
  const merged = getPath(event.payload, 'pull_request', 'merged') === true
  const head = nonEmptyString(getPath(event.payload, 'pull_request', 'head', 'sha'))
  const sha = (merged ? undefined : head) ?? event.sha
  return /^[0-9a-f]{40,64}$/.test(sha) ? sha : undefined
}

/** The branch that a full ref names; undefined for tags and other refs. */
export function getBranch(ref: string): string | undefined {
  return /^refs\/heads\/(.+)$/su.exec(ref)?.[1]
}

/** The number of the event's pull request; undefined for events without one, `push` included. */
export function getPullRequestNumber(event: WorkflowEvent): number | undefined {
  const number = getPath(event.payload, 'pull_request', 'number')
  return typeof number === 'number' && Number.isSafeInteger(number) && number > 0
    ? number
    : undefined
}

function decidePush(event: WorkflowEvent, trigger: TriggerInputs): Decision {
  const branch = getBranch(event.ref)
  if (branch === undefined) throw unsupported(event)
  if (deletesRef(event.payload)) {
    return { command: 'skip', reason: `the push deletes the branch ${quote(branch)}`, notice: true }
  }
  return decideForBranch(event, trigger, branch, `a push to ${quote(branch)}`)
}

function decidePullRequest(
  event: WorkflowEvent,
  trigger: TriggerInputs,
  identity: AvailableCredentials,
): Decision {
  const { payload } = event
  const action = nonEmptyString(getPath(payload, 'action'))
  const closed = action === 'closed'
  const merged = closed && getPath(payload, 'pull_request', 'merged') === true
  if (closed && !merged) {
    return {
      command: 'skip',
      reason: 'the pull request was closed without being merged',
      notice: true,
    }
  }
  const stranger = withoutIdentity(event, identity, trigger.hasRole[merged ? 'apply' : 'plan'])
  if (stranger !== undefined) {
    if (merged) throw mergedWithoutIdentity(stranger)
    return { command: 'skip', reason: openWithoutIdentity(stranger), notice: true }
  }
  const base =
    nonEmptyString(getPath(payload, 'pull_request', 'base', 'ref')) ?? given(event.baseRef)
  if (merged) {
    const into = base === undefined ? 'an unknown branch' : quote(base)
    return decideForBranch(event, trigger, base, `a pull request merged into ${into}`)
  }
  if (action === undefined) {
    return {
      command: 'plan',
      reason: 'the event does not say what happened to the pull request',
      warning:
        'The event does not say whether the pull request was merged, so this run only plans. Set `mode: apply` or `mode: plan` where events come without their details.',
    }
  }
  return {
    command: 'plan',
    reason: 'the pull request is not merged yet',
    ...afterMerge(event, trigger, base),
  }
}

/** Whether the merge of what is planned will apply it, said before it is merged. */
function afterMerge(
  event: WorkflowEvent,
  trigger: TriggerInputs,
  base: string | undefined,
): Readonly<{ next?: string }> {
  if (base === undefined) return {}
  const { applies, why } = evaluateBranch(event, trigger, base)
  return {
    next: applies
      ? `After the merge into ${quote(base)}, the run there applies this.`
      : `A merge into ${quote(base)} will not apply this: ${why}.`,
  }
}

/** Applies on the branches that the trigger names; where that cannot be told, nothing is written. */
function decideForBranch(
  event: WorkflowEvent,
  trigger: TriggerInputs,
  branch: string | undefined,
  what: string,
): Decision {
  const { applies, why } = evaluateBranch(event, trigger, branch)
  if (applies) return { command: 'apply', reason: `${what}, ${why}` }
  return {
    command: 'plan',
    reason: `${what}: ${why}`,
    warning: `This run only plans, after ${what}: ${why}. To apply there, add the branch to \`apply-branches\`.`,
  }
}

function evaluateBranch(
  event: WorkflowEvent,
  { applyBranches }: TriggerInputs,
  branch: string | undefined,
): Readonly<{ applies: boolean; why: string }> {
  if (branch === undefined) return { applies: false, why: 'the event does not name the branch' }
  if (applyBranches.length > 0) {
    return applyBranches.some((pattern) => matchesBranch(pattern, branch))
      ? { applies: true, why: 'which `apply-branches` names' }
      : { applies: false, why: '`apply-branches` does not name it' }
  }
  const standard = nonEmptyString(getPath(event.payload, 'repository', 'default_branch'))
  if (standard === branch) return { applies: true, why: 'the default branch' }
  const meaning =
    standard === undefined
      ? ' and the event does not name the default branch of the repository'
      : `, which means the default branch, ${quote(standard)}`
  return { applies: false, why: `\`apply-branches\` is empty${meaning}` }
}

// GitHub sends 40 zeros as the commit after a deletion.
function deletesRef(payload: unknown): boolean {
  const after = nonEmptyString(getPath(payload, 'after'))
  return getPath(payload, 'deleted') === true || (after !== undefined && /^0{40,64}$/.test(after))
}

type UntrustedSource = 'fork' | 'dependabot'

/** Why GitHub gives this run no token, where it has none and nothing else to sign with. */
function withoutIdentity(
  event: WorkflowEvent,
  identity: AvailableCredentials,
  hasRole: boolean,
): UntrustedSource | undefined {
  if (identity.canRequestIdToken || (identity.hasAmbientCredentials && !hasRole)) return undefined
  if (isFork(event.payload)) return 'fork'
  const logins = [
    event.actor,
    nonEmptyString(getPath(event.payload, 'pull_request', 'user', 'login')),
  ]
  return logins.includes(DEPENDABOT) ? 'dependabot' : undefined
}

function isFork(payload: unknown): boolean {
  const pull = getPath(payload, 'pull_request')
  if (!isRecord(pull)) return false
  const head = getPath(pull, 'head', 'repo')
  // GitHub sends null once the fork has been deleted.
  if (!isRecord(head)) return true
  const base = getPath(pull, 'base', 'repo') ?? getPath(payload, 'repository')
  for (const key of ['id', 'full_name']) {
    const [theirs, ours] = [getPath(head, key), getPath(base, key)]
    if (isKey(theirs) && isKey(ours)) return theirs !== ours
  }
  return getPath(head, 'fork') === true
}

function isKey(value: unknown): value is number | string {
  return typeof value === 'number' || typeof value === 'string'
}

function openWithoutIdentity(stranger: UntrustedSource): string {
  const reason =
    stranger === 'fork'
      ? 'the pull request comes from a fork, and GitHub gives such a run neither an OIDC token nor secrets'
      : 'the pull request or its run is by Dependabot, and GitHub gives such a run neither an OIDC token nor the secrets of Actions'
  return `${reason}, so the storage cannot be looked at. This is safe and nothing needs to be changed: the storage is applied after the merge, by the run on \`push\``
}

function mergedWithoutIdentity(stranger: UntrustedSource): ActionError {
  const whose = stranger === 'fork' ? 'from a fork' : 'by Dependabot'
  return new ActionError(
    'NO_IDENTITY_FOR_PULL_REQUEST',
    `A pull request ${whose} was merged, and GitHub gives its run neither an OIDC token nor secrets, so the storage was not applied.`,
    {
      advice:
        'Trigger the workflow on `push` to the branch that pull requests are merged into: that run has a token. Then start it once by hand (`workflow_dispatch`) or with the next push.',
    },
  )
}

function unsupported(event: WorkflowEvent): ActionError {
  return new ActionError(
    'UNSUPPORTED_EVENT',
    `\`mode: auto\` does not know what ${describeEvent(event)} asks for, so nothing was done.`,
    event.name === 'pull_request_target'
      ? {
          advice:
            'Use `pull_request` for plans and `push` for applying. `pull_request_target` runs with the rights of the base branch for anyone who opens a pull request; set `mode: plan` only where the workflow runs no code of the pull request.',
        }
      : {},
  )
}

function describeEvent(event: WorkflowEvent): string {
  if (event.name === '') return 'a run without an event name (GITHUB_EVENT_NAME is empty)'
  if (event.name !== 'push') return `the event ${quote(event.name)}`
  return event.ref.startsWith('refs/tags/')
    ? `a push of the tag ${quote(event.ref.slice('refs/tags/'.length))}`
    : `a push to ${quote(event.ref)}, which is no branch,`
}

type Read = Readonly<{ payload: unknown; fault?: string }>

function readPayload(path: string, readFile: (path: string) => string): Read {
  if (path === '') return { payload: {}, fault: 'is not set' }
  let content: string
  try {
    content = readFile(path)
  } catch {
    return { payload: {}, fault: 'could not be read' }
  }
  if (content.trim() === '') return { payload: {}, fault: 'is empty' }
  try {
    const payload: unknown = JSON.parse(content.replace(/^\uFEFF/, ''))
    if (isRecord(payload)) return { payload }
    return { payload: {}, fault: 'does not hold a JSON object' }
  } catch {
    return { payload: {}, fault: 'does not hold JSON' }
  }
}

function getPath(value: unknown, ...path: readonly string[]): unknown {
  let found = value
  for (const key of path) {
    found = isRecord(found) && Object.hasOwn(found, key) ? found[key] : undefined
  }
  return found
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function nonEmptyString(value: unknown): string | undefined {
  return typeof value === 'string' ? given(value) : undefined
}

function given(value: string): string | undefined {
  return value === '' ? undefined : value
}
