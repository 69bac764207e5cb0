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
      /** Why the run only plans, if that may not be intended. */
      warning?: string
      /** Why GitHub passes no credentials to a run whose mode is forced. */
      credentialsRestriction?: string
    }>
  | Readonly<{ command: 'skip'; reason: string }>

/**
 * What the event asks for. `mode: apply` and `mode: plan` override it, whatever the event. If the event
 * does not say whether a pull request was merged, or which branch is the default branch, the run only
 * plans and warns about it: a plan changes nothing.
 *
 * @throws ActionError UNSUPPORTED_EVENT for a tag, a release and every event that is not in the table
 * @throws ActionError NO_IDENTITY_FOR_PULL_REQUEST for a pull request of a fork or by Dependabot that was
 *   merged into a branch to apply, and whose run has neither a token nor other credentials that it may use
 */
export function decide(
  event: WorkflowEvent,
  trigger: TriggerInputs,
  credentials: AvailableCredentials,
): Decision {
  const { mode } = trigger
  if (mode !== 'auto') return force(mode, event, trigger, credentials)
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
      return decideDispatch(event, trigger)
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

/** Somebody can start a workflow on any branch or tag. */
function decideDispatch(event: WorkflowEvent, trigger: TriggerInputs): Decision {
  const branch = getBranch(event.ref)
  if (branch === undefined) throw unsupported(event)
  return decideForBranch(event, trigger, branch, `a manual run on ${quote(branch)}`)
}

function force(
  mode: 'apply' | 'plan',
  event: WorkflowEvent,
  trigger: TriggerInputs,
  credentials: AvailableCredentials,
): Decision {
  const decision = { command: mode, reason: `\`mode\` is \`${mode}\`` }
  const source = event.name === 'pull_request' ? getUntrustedSource(event) : undefined
  if (source === undefined || canAuthenticate(credentials, trigger.hasRole[mode])) return decision
  return {
    ...decision,
    credentialsRestriction: `Here, ${describeRestriction(source)}. Set \`mode: auto\`: it skips such a run, and the run on \`push\` applies after the merge.`,
  }
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
  const intended = merged ? decideMerge(event, trigger) : planPullRequest(event, trigger)
  const source = getUntrustedSource(event)
  if (source === undefined || canAuthenticate(credentials, trigger.hasRole[intended.command])) {
    return intended
  }
  if (intended.command === 'apply') throw noCredentialsError(source)
  return { command: 'skip', reason: noCredentialsReason(source, event, trigger) }
}

/** What a run does that is not skipped. */
type Work = Exclude<Decision, { command: 'skip' }>

function decideMerge(event: WorkflowEvent, trigger: TriggerInputs): Work {
  const target = getTargetBranch(event)
  const branch = target === undefined ? 'an unknown branch' : quote(target)
  return decideForBranch(event, trigger, target, `a pull request was merged into ${branch}`)
}

function planPullRequest(event: WorkflowEvent, trigger: TriggerInputs): Work {
  if (getAction(event) === undefined) {
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
): Work {
  const { applies, reason } = evaluateBranch(event, trigger, branch)
  if (applies) return { command: 'apply', reason: `${description}, ${reason}` }
  return {
    command: 'plan',
    reason: `${description}, but ${reason}`,
    warning: `This run only plans: ${description}, but ${reason}. To apply, add the branch to \`apply-branches\`, or set \`mode: apply\`.`,
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

function describeRestriction(source: UntrustedSource): string {
  return source === 'fork'
    ? 'the pull request comes from a fork, and GitHub passes neither an OIDC token nor secrets to its run'
    : 'Dependabot opened the pull request or started the run: GitHub passes no Actions secrets to such a run, and the job lacks `id-token: write`, so it has no OIDC token'
}

function noCredentialsReason(
  source: UntrustedSource,
  event: WorkflowEvent,
  trigger: TriggerInputs,
): string {
  const { applies, reason } = evaluateBranch(event, trigger, getTargetBranch(event))
  const next = applies
    ? 'If the workflow also runs on `push`, you do not need to change anything: that run applies the storage after the merge'
    : `A merge into this branch does not apply the storage: ${reason}`
  return `${describeRestriction(source)}, so the storage cannot be read. ${next}`
}

function noCredentialsError(source: UntrustedSource): ActionError {
  const [origin, cause] =
    source === 'fork'
      ? ['from a fork', 'GitHub passes neither an OIDC token nor secrets to its run']
      : ['by Dependabot', 'its run has no OIDC token, and GitHub passes no Actions secrets to it']
  return new ActionError(
    'NO_IDENTITY_FOR_PULL_REQUEST',
    `A pull request ${origin} was merged, but the storage was not applied, because ${cause}.`,
    {
      advice:
        'Trigger the workflow on `push` to the branch that pull requests are merged into, because that run gets a token. The push that adds the trigger then applies the storage. You can also start the workflow manually, if it has the trigger `workflow_dispatch`.',
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
  const tag = ref.startsWith('refs/tags/') ? quote(ref.slice('refs/tags/'.length)) : undefined
  switch (name) {
    case 'push':
      return tag === undefined
        ? `a push to ${quote(ref)}, which is not a branch`
        : `a push of the tag ${tag}`
    case 'workflow_dispatch':
      return tag === undefined
        ? `a manual run on ${quote(ref)}, which is not a branch`
        : `a manual run on the tag ${tag}`
    default:
      return `the event ${quote(name)}`
  }
}
