/**
 * The event that triggered the run, and what can be read from it.
 *
 * Other people, often strangers, write the contents of an event, such as branch names and logins. Its
 * shape is not trusted, and its text must only be shown through `quote`.
 */
import type { Env } from '../lib/env.ts'
import { getPath, isObject, nonEmptyString, parseJson } from '../lib/json.ts'

export type WorkflowEvent = Readonly<{
  /** For example `pull_request` (`GITHUB_EVENT_NAME`). */
  name: string
  /** The parsed event file, of any shape; `{}` if it could not be read. */
  payload: unknown
  /** The full ref, for example `refs/heads/main` (`GITHUB_REF`). */
  ref: string
  sha: string
  /** `OWNER/REPO`. */
  repository: string
  /** The target branch of a pull request (`GITHUB_BASE_REF`), otherwise empty. */
  baseRef: string
  /** The login that triggered the run; a re-run keeps it (`GITHUB_ACTOR`). */
  actor: string
}>

/** Who a pull request comes from, if GitHub restricts its run for that reason. */
export type UntrustedSource = 'fork' | 'dependabot'

const DEPENDABOT = 'dependabot[bot]'

/**
 * The event of this run. If the event file is missing, empty, malformed or not a JSON object, the
 * payload is `{}` and there is a warning.
 *
 * @param readFile returns the text of a file, and may throw
 */
export function readEvent(
  env: Env,
  readFile: (path: string) => string,
): { event: WorkflowEvent; warning?: string } {
  const { payload, problem } = readPayload(env['GITHUB_EVENT_PATH'] ?? '', readFile)
  const event: WorkflowEvent = Object.freeze({
    name: env['GITHUB_EVENT_NAME'] ?? '',
    payload,
    ref: nonEmptyString(env['GITHUB_REF']) ?? nonEmptyString(getPath(payload, 'ref')) ?? '',
    sha: env['GITHUB_SHA'] ?? '',
    repository: env['GITHUB_REPOSITORY'] ?? '',
    baseRef: env['GITHUB_BASE_REF'] ?? '',
    actor: env['GITHUB_ACTOR'] ?? '',
  })
  if (problem === undefined) return { event }
  return { event, warning: `The event file (GITHUB_EVENT_PATH) ${problem}.` }
}

/** The branch of a full ref; undefined for tags and other refs. */
export function getBranch(ref: string): string | undefined {
  return /^refs\/heads\/(.+)$/su.exec(ref)?.[1]
}

/** The commit that people associate with the run: that of an open pull request, not its test merge. */
export function getCommit(event: WorkflowEvent): string | undefined {
  const head = isMerged(event)
    ? undefined
    : nonEmptyString(getPath(event.payload, 'pull_request', 'head', 'sha'))
  const sha = head ?? event.sha
  return /^[0-9a-f]{40,64}$/.test(sha) ? sha : undefined
}

/** The number of the pull request that the event is about; undefined for events without one, including `push`. */
export function getPullRequestNumber({ name, payload }: WorkflowEvent): number | undefined {
  if (name === 'merge_group') return getQueuedPullRequest(payload)
  const isIssueOfPullRequest = isObject(getPath(payload, 'issue', 'pull_request'))
  const number =
    getPath(payload, 'pull_request', 'number') ??
    (isIssueOfPullRequest ? getPath(payload, 'issue', 'number') : undefined)
  return typeof number === 'number' && Number.isSafeInteger(number) && number > 0
    ? number
    : undefined
}

/** A merge queue names its branches `gh-readonly-queue/BASE/pr-NUMBER-SHA`. */
function getQueuedPullRequest(payload: unknown): number | undefined {
  const ref = nonEmptyString(getPath(payload, 'merge_group', 'head_ref')) ?? ''
  const number = /\/pr-(\d{1,9})-[0-9a-f]{40,64}$/.exec(ref)?.[1]
  return number === undefined ? undefined : Number(number)
}

/** What happened to the pull request, for example `closed`. */
export function getAction({ payload }: WorkflowEvent): string | undefined {
  return nonEmptyString(getPath(payload, 'action'))
}

export function isMerged({ payload }: WorkflowEvent): boolean {
  return getPath(payload, 'pull_request', 'merged') === true
}

/** The branch that the pull request or the merge queue merges into. */
export function getTargetBranch({ name, payload, baseRef }: WorkflowEvent): string | undefined {
  if (name === 'merge_group') {
    return getBranch(nonEmptyString(getPath(payload, 'merge_group', 'base_ref')) ?? '')
  }
  return nonEmptyString(getPath(payload, 'pull_request', 'base', 'ref')) ?? nonEmptyString(baseRef)
}

export function getDefaultBranch({ payload }: WorkflowEvent): string | undefined {
  return nonEmptyString(getPath(payload, 'repository', 'default_branch'))
}

/** Whether a push deletes its ref. GitHub sends 40 zeros as the commit after a deletion. */
export function deletesRef({ payload }: WorkflowEvent): boolean {
  const after = nonEmptyString(getPath(payload, 'after'))
  return getPath(payload, 'deleted') === true || (after !== undefined && /^0{40,64}$/.test(after))
}

/** Why GitHub passes neither an OIDC token nor secrets to the run of a pull request, if it does not. */
export function getUntrustedSource(event: WorkflowEvent): UntrustedSource | undefined {
  if (isFork(event)) return 'fork'
  const author = getPath(event.payload, 'pull_request', 'user', 'login')
  return [event.actor, author].includes(DEPENDABOT) ? 'dependabot' : undefined
}

function isFork({ payload }: WorkflowEvent): boolean {
  const pullRequest = getPath(payload, 'pull_request')
  if (!isObject(pullRequest)) return false
  const head = getPath(pullRequest, 'head', 'repo')
  // GitHub sends null once the fork has been deleted.
  if (!isObject(head)) return true
  const base = getPath(pullRequest, 'base', 'repo') ?? getPath(payload, 'repository')
  for (const key of ['id', 'full_name']) {
    const [headId, baseId] = [getPath(head, key), getPath(base, key)]
    if (isIdentifier(headId) && isIdentifier(baseId)) return headId !== baseId
  }
  return getPath(head, 'fork') === true
}

function isIdentifier(value: unknown): value is number | string {
  return typeof value === 'number' || typeof value === 'string'
}

type Payload = Readonly<{ payload: unknown; problem?: string }>

function readPayload(path: string, readFile: (path: string) => string): Payload {
  if (path === '') return { payload: {}, problem: 'is not set' }
  let content: string
  try {
    content = readFile(path)
  } catch {
    return { payload: {}, problem: 'could not be read' }
  }
  if (content.trim() === '') return { payload: {}, problem: 'is empty' }
  const payload = parseJson(content.replace(/^\uFEFF/, ''))
  if (payload === undefined) return { payload: {}, problem: 'does not contain valid JSON' }
  if (isObject(payload)) return { payload }
  return { payload: {}, problem: 'does not contain a JSON object' }
}
