/** Decides what a run does: a closed table of events, as pure functions of the event and the inputs. */
import { ActionError } from '../errors/action-error.ts'
import { matchesBranch } from '../inputs/branch-patterns.ts'
import type { AvailableCredentials } from '../inputs/environment.ts'
import type { TriggerInputs } from '../inputs/read-inputs.ts'
import { quote } from '../lib/text.ts'
import {
  deletesRef,
  getAction,
  getBranch,
  getDefaultBranch,
  getTargetBranch,
  getUntrustedSource,
  isMerged,
  type UntrustedSource,
  type WorkflowEvent,
} from './event.ts'

/** What the run does and why. The reason is a clause that can follow a colon. */
export type Decision =
  | Readonly<{
      command: 'apply' | 'plan'
      reason: string
      /** What happens to a plan afterwards, if that is known: whole sentences. */
      followUp?: string
      warning?: string
    }>
  | Readonly<{ command: 'skip'; reason: string }>

/**
 * What the event asks for. `mode: apply` and `mode: plan` override it, whatever the event. If the event
 * does not say whether a pull request was merged, or which branch is the default branch, the run only
 * plans and warns about it: a plan changes nothing.
 *
 * @throws ActionError UNSUPPORTED_EVENT for a tag, a release and every event that is not in the table
 * @throws ActionError NO_IDENTITY_FOR_PULL_REQUEST for a merged pull request of a fork or by Dependabot
 *   whose run has neither a token nor other credentials that it may use
 */
export function decide(
  event: WorkflowEvent,
  trigger: TriggerInputs,
  credentials: AvailableCredentials,
): Decision {
  const { mode } = trigger
  if (mode !== 'auto') return { command: mode, reason: `\`mode\` is \`${mode}\`` }
  switch (event.name) {
    case 'push':
      return decidePush(event, trigger)
    case 'pull_request':
      return decidePullRequest(event, trigger, credentials)
    case 'merge_group':
      return {
        command: 'plan',
        reason: 'a merge queue checks the change before it is merged',
        ...describeMerge(event, trigger),
      }
    case 'workflow_dispatch':
    case 'repository_dispatch':
    case 'schedule':
      return { command: 'apply', reason: `the event is \`${event.name}\`` }
    default:
      throw unsupported(event)
  }
}

function decidePush(event: WorkflowEvent, trigger: TriggerInputs): Decision {
  const branch = getBranch(event.ref)
  if (branch === undefined) throw unsupported(event)
  if (deletesRef(event)) {
    return { command: 'skip', reason: `the push deletes the branch ${quote(branch)}` }
  }
  return decideForBranch(event, trigger, branch, `a push to ${quote(branch)}`)
}

function decidePullRequest(
  event: WorkflowEvent,
  trigger: TriggerInputs,
  credentials: AvailableCredentials,
): Decision {
  const action = getAction(event)
  const closed = action === 'closed'
  const merged = closed && isMerged(event)
  if (closed && !merged) {
    return { command: 'skip', reason: 'the pull request was closed without being merged' }
  }
  if (!canAuthenticate(credentials, trigger.hasRole[merged ? 'apply' : 'plan'])) {
    const source = getUntrustedSource(event)
    if (source !== undefined && merged) throw noCredentialsError(source)
    if (source !== undefined) {
      return { command: 'skip', reason: noCredentialsReason(source) }
    }
  }
  if (merged) {
    const target = getTargetBranch(event)
    const branch = target === undefined ? 'an unknown branch' : quote(target)
    return decideForBranch(event, trigger, target, `a pull request was merged into ${branch}`)
  }
  if (action === undefined) {
    return {
      command: 'plan',
      reason: 'the event does not say what happened to the pull request',
      warning:
        'This run only plans, because the event does not say whether the pull request was merged. Set `mode: apply` or `mode: plan` if your events come without their payload.',
    }
  }
  return {
    command: 'plan',
    reason: 'the pull request is not merged yet',
    ...describeMerge(event, trigger),
  }
}

/** If a role is set, it is the only source of credentials, and assuming it requires a token. */
function canAuthenticate(credentials: AvailableCredentials, hasRole: boolean): boolean {
  return credentials.canRequestIdToken || (credentials.hasAmbientCredentials && !hasRole)
}

/** Whether merging the change will apply it. */
function describeMerge(
  event: WorkflowEvent,
  trigger: TriggerInputs,
): Readonly<{ followUp?: string }> {
  const target = getTargetBranch(event)
  if (target === undefined) return {}
  const { applies, reason } = evaluateBranch(event, trigger, target)
  return {
    followUp: applies
      ? `After the merge, the run on ${quote(target)} applies these changes.`
      : `Merging into ${quote(target)} does not apply these changes: ${reason}.`,
  }
}

/**
 * Applies on the branches that `apply-branches` selects. If it is not known whether they include this
 * branch, the run only plans.
 *
 * @param description what happened on the branch, for example `a push to "main"`
 */
function decideForBranch(
  event: WorkflowEvent,
  trigger: TriggerInputs,
  branch: string | undefined,
  description: string,
): Decision {
  const { applies, reason } = evaluateBranch(event, trigger, branch)
  if (applies) return { command: 'apply', reason: `${description}, ${reason}` }
  return {
    command: 'plan',
    reason: `${description}, but ${reason}`,
    warning: `This run only plans: ${description}, but ${reason}. To apply, add the branch to \`apply-branches\`.`,
  }
}

function evaluateBranch(
  event: WorkflowEvent,
  { applyBranches }: TriggerInputs,
  branch: string | undefined,
): Readonly<{ applies: boolean; reason: string }> {
  if (branch === undefined) return { applies: false, reason: 'the event does not name the branch' }
  if (applyBranches.length > 0) {
    return applyBranches.some((pattern) => matchesBranch(pattern, branch))
      ? { applies: true, reason: 'which matches `apply-branches`' }
      : { applies: false, reason: '`apply-branches` does not include it' }
  }
  const defaultBranch = getDefaultBranch(event)
  if (defaultBranch === branch) return { applies: true, reason: 'the default branch' }
  return {
    applies: false,
    reason:
      defaultBranch === undefined
        ? '`apply-branches` is empty and the event does not name the default branch'
        : `\`apply-branches\` is empty, which selects the default branch ${quote(defaultBranch)}`,
  }
}

function noCredentialsReason(source: UntrustedSource): string {
  const restriction =
    source === 'fork'
      ? 'the pull request comes from a fork, and GitHub passes neither an OIDC token nor secrets to its run'
      : 'the pull request or its run is by Dependabot, and GitHub passes neither an OIDC token nor Actions secrets to it'
  return `${restriction}, so the storage cannot be read. You do not need to change anything: after the merge, the run on \`push\` applies the storage`
}

function noCredentialsError(source: UntrustedSource): ActionError {
  const origin = source === 'fork' ? 'from a fork' : 'by Dependabot'
  return new ActionError(
    'NO_IDENTITY_FOR_PULL_REQUEST',
    `A pull request ${origin} was merged, but the storage was not applied, because GitHub passes neither an OIDC token nor secrets to its run.`,
    {
      advice:
        'Trigger the workflow on `push` to the branch that pull requests are merged into, because that run gets a token. Then start the workflow once manually (`workflow_dispatch`), or wait for the next push.',
    },
  )
}

function unsupported(event: WorkflowEvent): ActionError {
  return new ActionError(
    'UNSUPPORTED_EVENT',
    `\`mode: auto\` does not support ${describeEvent(event)}. Nothing was changed.`,
    event.name === 'pull_request_target'
      ? {
          advice:
            'Use `pull_request` for plans and `push` to apply. `pull_request_target` gives everyone who opens a pull request the permissions of the base branch. Set `mode: plan` only if the workflow runs no code from the pull request.',
        }
      : {},
  )
}

function describeEvent({ name, ref }: WorkflowEvent): string {
  if (name === '') return 'a run without an event name (GITHUB_EVENT_NAME is empty)'
  if (name !== 'push') return `the event ${quote(name)}`
  return ref.startsWith('refs/tags/')
    ? `a push of the tag ${quote(ref.slice('refs/tags/'.length))}`
    : `a push to ${quote(ref)}, which is not a branch`
}
