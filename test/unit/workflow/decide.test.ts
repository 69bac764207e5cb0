import { describe, expect, test } from 'vitest'
import { ERROR_CATALOG } from '../../../src/errors/catalog.ts'
import type { TriggerInputs } from '../../../src/inputs/read-inputs.ts'
import { decide, type Decision } from '../../../src/workflow/decide.ts'
import type { WorkflowEvent } from '../../../src/workflow/event.ts'
import { AUTO, errorOf, event, FORK, merged, pull, push, REPOSITORY, TOKEN } from './support.ts'

type Command = Decision['command']

const LISTED: TriggerInputs = { ...AUTO, applyBranches: ['main', 'release/*'] }
const topic = { base: { ref: 'topic' } }
const pushTo = (ref: string): WorkflowEvent => event('push', {}, { ref })

const dispatch = (ref: string): WorkflowEvent =>
  event('workflow_dispatch', { ref, repository: REPOSITORY }, { ref })

const pushed = (after: unknown, deleted?: unknown): WorkflowEvent =>
  push('refs/heads/main', { after, deleted })

function warningOf(decision: Decision): string | undefined {
  return decision.command === 'skip' ? undefined : decision.warning
}

describe('With mode auto', () => {
  const zeros = '0'.repeat(40)
  const ones = '1'.repeat(24)
  const github = (name: string): WorkflowEvent => event(name, { merge_group: {} })
  type Row = [what: string, info: WorkflowEvent, command: Command, details?: string[]]

  test.each<Row>([
    ['a push to the default branch', push('refs/heads/main'), 'apply', ['"main"', 'default']],
    ['a merge into the default branch', merged(), 'apply', ['merged into "main"', 'default']],
    [
      'a manual run on the default branch',
      dispatch('refs/heads/main'),
      'apply',
      ['"main"', 'default'],
    ],
    ['a repository_dispatch', github('repository_dispatch'), 'apply', ['`repository_dispatch`']],
    ['a schedule', github('schedule'), 'apply', ['`schedule`']],
    ['an opened pull request', pull('opened'), 'plan', ['not merged yet']],
    ['a synchronized pull request', pull('synchronize'), 'plan', ['not merged yet']],
    ['a label after the merge', pull('labeled', { merged: true }), 'plan', ['not merged yet']],
    ['a merge queue', github('merge_group'), 'plan', ['merge queue']],
    ['a deletion', push('refs/heads/x', { deleted: true }), 'skip', ['deletes', '"x"']],
    ['a commit of 40 zeros', pushed(zeros), 'skip', ['deletes']],
    ['a commit of 64 zeros', pushed('0'.repeat(64)), 'skip', ['deletes']],
    ['a commit that starts with zeros', pushed(zeros + ones), 'apply'],
    ['a commit that ends with zeros', pushed(ones + zeros), 'apply'],
    ['a commit of one zero', pushed('0'), 'apply'],
    ['a commit that is not a string', pushed(0), 'apply'],
    ['a push that deletes nothing', pushed('1'.repeat(40), false), 'apply'],
    ['GITHUB_BASE_REF alone', merged({ base: { ref: '' } }, { baseRef: 'main' }), 'apply'],
    ['another GITHUB_BASE_REF', merged({}, { baseRef: 'topic' }), 'apply', ['"main"']],
  ])('%s leads to the expected command and reason.', (_, info, command, details = []) => {
    const decision = decide(info, AUTO, TOKEN)
    expect(decision.command).toBe(command)
    for (const detail of details) expect(decision.reason).toContain(detail)
    if (decision.command === 'apply') expect(decision).toEqual({ command, reason: decision.reason })
  })

  test.each<Row>([
    ['a push to a listed branch', push('refs/heads/release/1'), 'apply', ['"release/1"', 'match']],
    ['a push to an unlisted branch', push('refs/heads/release/1/x'), 'plan', ['"release/1/x"']],
    ['a manual run on a listed branch', dispatch('refs/heads/release/1'), 'apply', ['"release/1"']],
    ['a manual run on an unlisted branch', dispatch('refs/heads/x'), 'plan', ['"x"']],
    ['a merge into a listed branch', merged({ base: { ref: 'release/2' } }), 'apply', ['match']],
    ['a push without a repository', pushTo('refs/heads/main'), 'apply', ['match']],
  ])('With apply-branches, %s is decided by its patterns.', (_, info, command, details = []) => {
    const decision = decide(info, LISTED, TOKEN)
    expect(decision.command).toBe(command)
    for (const each of [...details, '`apply-branches`']) expect(decision.reason).toContain(each)
  })

  test.each([false, null, 'false', 'true', 1, {}, undefined])(
    'A pull request that is closed with merged: %j is skipped.',
    (value) => {
      const decision = decide(pull('closed', { merged: value }), AUTO, TOKEN)
      expect(decision.command).toBe('skip')
      expect(decision.reason).toContain('closed')
    },
  )

  const inRepository = (repository: unknown): WorkflowEvent => push('refs/heads/7', { repository })
  const everyBranch: TriggerInputs = { ...AUTO, applyBranches: ['**'] }
  test.each<[string, WorkflowEvent, RegExp, TriggerInputs?]>([
    ['a push to another branch', push('refs/heads/topic'), /push to "topic".*empty.*"main"/],
    [
      'a manual run on another branch',
      dispatch('refs/heads/x'),
      /manual run on "x".*empty.*"main"/,
    ],
    ['a merge into another branch', merged(topic), /merged into "topic".*empty.*"main"/],
    ['a merge into an unlisted branch', merged(topic), /into "topic".*`apply-branches`/, LISTED],
    ['an unknown default branch', pushTo('refs/heads/main'), /"main".*empty.*default branch/],
    ['a default branch that is a number', inRepository({ default_branch: 7 }), /not name the def/],
    ['an array instead of the repository', inRepository([REPOSITORY]), /not name the default/],
    ['null instead of the repository', inRepository(null), /not name the default/],
    ['an unknown target', merged({ base: {} }), /unknown.*not name the branch/, everyBranch],
    ['a target that is a number', merged({ base: { ref: 5 } }), /unknown.*not name the branch/],
  ])('%s is planned, and a warning names apply-branches.', (_, info, reason, trigger = AUTO) => {
    const decision = decide(info, trigger, TOKEN)
    expect(decision.command).toBe('plan')
    expect(decision.reason).toMatch(reason)
    expect(warningOf(decision)).toContain(decision.reason)
    expect(warningOf(decision)).toMatch(
      /only plans.*add the branch to `apply-branches`.*`mode: apply`/,
    )
  })

  test.each([
    pull(5),
    pull(''),
    event('pull_request'),
    event('pull_request', { pull_request: [] }),
  ])('A pull request without an action is planned, and the warning names the modes: %j', (info) => {
    const decision = decide(info, AUTO, TOKEN)
    expect(decision.command).toBe('plan')
    expect(decision.reason).toContain('does not say')
    expect(warningOf(decision)).toMatch(/whether.*merged.*`mode: apply`.*`mode: plan`/)
  })

  test.each<[WorkflowEvent, string]>([
    [push('refs/tags/v1'), 'the tag "v1"'],
    [push('refs/tags/v1', { deleted: true }), 'the tag "v1"'],
    [dispatch('refs/tags/v1'), 'the tag "v1"'],
    [dispatch('refs/pull/1/merge'), '"refs/pull/1/merge", which is not a branch'],
    [dispatch(''), 'a manual run on ""'],
    [push('refs/x/tags/'), '"refs/x/tags/", which is not a branch'],
    [push('refs/pull/1/merge'), '"refs/pull/1/merge"'],
    [push(''), 'a push to ""'],
    [event(''), 'GITHUB_EVENT_NAME'],
    [{ ...merged(), name: 'pull_request_target' }, 'the event "pull_request_target"'],
    [event('release', {}, { ref: 'refs/tags/v1' }), 'the event "release"'],
    ...[
      ...['create', 'delete', 'issue_comment', 'workflow_run', 'registry_package'],
      ...['pull_request_review', '__proto__', 'PUSH'],
    ].map((name): [WorkflowEvent, string] => [event(name), `the event "${name}"`]),
  ])('The event %j is not supported; the error calls it %s.', (info, description) => {
    const { code, message, advice } = errorOf(() => decide(info, AUTO, TOKEN))
    expect(code).toBe('UNSUPPORTED_EVENT')
    expect(message).toContain(description)
    if (description.includes('_target')) expect(advice).toContain('permissions of the base branch')
    else expect(advice).toBe(ERROR_CATALOG.UNSUPPORTED_EVENT.remedy)
  })
})

test.each(['apply', 'plan'] as const)('Mode %s overrides every event.', (mode) => {
  const release = event('release')
  for (const info of [push('refs/tags/v1'), pull('closed'), release, pull('opened', FORK)]) {
    const decision = decide(info, { ...AUTO, mode }, TOKEN)
    expect(decision).toEqual({ command: mode, reason: decision.reason })
    expect(decision.reason).toContain(`\`${mode}\``)
  }
})

describe('A plan says what the merge will do', () => {
  const queue = { repository: REPOSITORY, merge_group: { base_ref: 'refs/heads/main' } }
  const toRelease = pull('opened', { base: { ref: 'release/1' } })
  const toTopic = pull('opened', topic)
  const applies = /^After the merge.*"(?:main|release\/1)" applies/
  const planMode: TriggerInputs = { ...AUTO, mode: 'plan' }

  test.each<[string, WorkflowEvent, TriggerInputs, RegExp | undefined]>([
    ['the default branch', pull('opened'), AUTO, applies],
    ['a listed branch', toRelease, LISTED, applies],
    ['the branch of a merge queue', event('merge_group', queue), AUTO, applies],
    ['a branch that is not the default', toTopic, AUTO, /"topic" does not apply.*"main"/],
    ['an unlisted branch', toTopic, LISTED, /"topic" does not apply.*`apply-branches`/],
    ['the default branch in mode plan', pull('opened'), planMode, undefined],
    ['an unknown branch', pull('opened', { base: {} }), AUTO, undefined],
    ['the unknown branch of a merge queue', event('merge_group'), AUTO, undefined],
  ])('For a merge into %s, the follow-up is as expected.', (_, info, trigger, followUp) => {
    const decision = decide(info, trigger, TOKEN)
    const actual = 'followUp' in decision ? decision.followUp : undefined
    if (followUp === undefined) expect(actual).toBeUndefined()
    else expect(actual).toMatch(followUp)
  })
})
