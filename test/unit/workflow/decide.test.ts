import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ActionError } from '../../../src/errors/action-error.ts'
import { ERROR_CATALOG } from '../../../src/errors/catalog.ts'
import { hasInvisible } from '../../../src/inputs/format.ts'
import type { TriggerInputs } from '../../../src/inputs/read-inputs.ts'
import { decide, type Decision } from '../../../src/workflow/decide.ts'
import { readEvent, type WorkflowEvent } from '../../../src/workflow/event.ts'
import { AUTO, event, FORK, KEYS, merged, NONE, pull, push, REPOSITORY, TOKEN } from './support.ts'

type Command = Decision['command']

const LISTED: TriggerInputs = { ...AUTO, applyBranches: ['main', 'release/*'] }
const topic = { base: { ref: 'topic' } }
const pushTo = (ref: string): WorkflowEvent => event('push', {}, { ref })
const dispatch = (ref: string): WorkflowEvent =>
  event('workflow_dispatch', { ref, repository: REPOSITORY }, { ref })
const pushed = (after: unknown, deleted?: unknown): WorkflowEvent =>
  push('refs/heads/main', { after, deleted })

/** All texts of a decision. */
function textsOf(decision: Decision): string {
  const { reason } = decision
  if (decision.command === 'skip') return reason
  return [reason, decision.warning, decision.followUp]
    .filter((text) => text !== undefined)
    .join('\n')
}

function warningOf(decision: Decision): string | undefined {
  return decision.command === 'skip' ? undefined : decision.warning
}

function errorOf(run: () => unknown): ActionError {
  try {
    run()
  } catch (error) {
    if (error instanceof ActionError) return error
  }
  throw new Error('no ActionError')
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

test.each(['apply', 'plan'] as const)(
  'Mode %s on a pull request of a fork without credentials names forks.',
  (mode) => {
    const forced = { ...AUTO, mode }
    const warning = (info: WorkflowEvent, who = NONE, trigger: TriggerInputs = forced): unknown => {
      const decision = decide(info, trigger, who)
      expect(decision.command).toBe(mode)
      return decision.command === 'skip' ? undefined : decision.credentialsRestriction
    }
    const opened = pull('opened', FORK)
    expect(warning(opened)).toMatch(/fork.*secrets.*`push`/)
    expect(warning(opened, KEYS)).toBeUndefined()
    const withRole = { ...forced, hasRole: { apply: true, plan: true } }
    expect(warning(opened, KEYS, withRole)).toMatch(/fork/)
    expect(warning(pull('opened'))).toBeUndefined()
    expect(warning({ ...opened, name: 'push' })).toBeUndefined()
  },
)

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

describe('A pull request whose run gets no credentials', () => {
  const bot = 'dependabot[bot]'
  const restricted: readonly [string, object, Partial<WorkflowEvent>, RegExp][] = [
    ['a fork', FORK, {}, /fork/],
    ['a fork that only its name reveals', { head: { repo: { full_name: 'x/r' } } }, {}, /fork/],
    ['a fork that only its flag reveals', { head: { repo: { fork: true } } }, {}, /fork/],
    ['a deleted fork', { head: { repo: null } }, {}, /fork/],
    ['an unknown head repository', { head: {} }, {}, /fork/],
    ['Dependabot', {}, { actor: bot }, /Dependabot/],
    ['Dependabot, re-run by a person', { user: { login: bot } }, {}, /Dependabot/],
  ]

  test.each(restricted)(
    'From %s, it is skipped while open and fails once merged.',
    (_, changes, info, source) => {
      const decision = decide(pull('opened', changes, info), AUTO, NONE)
      expect(decision.command).toBe('skip')
      expect(decision.reason).toMatch(source)
      expect(decision.reason).toContain('`push`')
      expect(decide(pull('closed', changes, info), AUTO, NONE).command).toBe('skip')
      const { code, message, advice } = errorOf(() => decide(merged(changes, info), AUTO, NONE))
      expect(code).toBe('NO_IDENTITY_FOR_PULL_REQUEST')
      expect(message).toMatch(source)
      expect(advice).toMatch(/`push`.*`workflow_dispatch`/)
      expect(`${decision.reason} ${message} ${advice}`).not.toMatch(
        /pull_request_target|trust policy/,
      )
    },
  )

  test('Only for Dependabot, the reason names the permission that the job lacks.', () => {
    const reasonFor = (changes: object, info: Partial<WorkflowEvent>): string =>
      decide(pull('opened', changes, info), AUTO, NONE).reason
    expect(reasonFor({}, { actor: bot })).toContain('`id-token: write`')
    expect(reasonFor(FORK, {})).not.toContain('id-token')
  })

  test.each(restricted)(
    'From %s, it is skipped once merged into a branch that does not apply.',
    (_, changes, info, source) => {
      const decision = decide(merged({ ...changes, base: { ref: 'topic' } }, info), AUTO, NONE)
      expect(decision.command).toBe('skip')
      expect(decision.reason).toMatch(source)
      expect(decision.reason).toMatch(/does not apply.*`apply-branches`/)
    },
  )

  test.each(restricted)(
    'From %s, a token or other credentials count, but not next to a role.',
    (_, changes, info) => {
      const opened = pull('opened', changes, info)
      const closed = merged(changes, info)
      for (const credentials of [TOKEN, KEYS]) {
        expect(decide(opened, AUTO, credentials).command).toBe('plan')
        expect(decide(closed, AUTO, credentials).command).toBe('apply')
      }
      const bothRoles: TriggerInputs = { ...AUTO, hasRole: { apply: true, plan: true } }
      expect(decide(opened, bothRoles, KEYS).command).toBe('skip')
      const { code } = errorOf(() => decide(closed, bothRoles, KEYS))
      expect(code).toBe('NO_IDENTITY_FOR_PULL_REQUEST')
      const planRole: TriggerInputs = { ...AUTO, hasRole: { apply: false, plan: true } }
      expect(decide(opened, planRole, KEYS).command).toBe('skip')
      expect(decide(closed, planRole, KEYS).command).toBe('apply')
    },
  )

  test('In the own repository, a missing permission is not decided here: a later error names it.', () => {
    expect(decide(pull('opened'), AUTO, NONE).command).toBe('plan')
    expect(decide(merged(), AUTO, NONE).command).toBe('apply')
    expect(decide(push('refs/heads/main'), AUTO, NONE).command).toBe('apply')
  })

  const from = (head: unknown, base?: unknown, repository?: unknown): WorkflowEvent =>
    event('pull_request', {
      action: 'opened',
      repository,
      pull_request: { head: { repo: head }, base: { ref: 'main', repo: base } },
    })
  const [full_name, id] = ['o/r', 1]
  const none = event('pull_request', { action: 'opened', repository: REPOSITORY })

  test.each<[string, WorkflowEvent]>([
    ['no pull request in the event', none],
    ['the same ID and another name', from({ id, full_name: 'a/b' }, { id, full_name })],
    ['a head without an ID', from({ full_name, fork: true }, { id, full_name })],
    ['a base without an ID', from({ id, full_name, fork: true }, { full_name })],
    ['malformed IDs', from({ id: null, full_name }, { id: {}, full_name })],
    ['nothing to compare and no flag', from({ fork: false }, {})],
    ['a fork that opens a pull request in itself', from({ id, fork: true }, { id })],
    ['no base and the same repository', from({ id, fork: true }, undefined, REPOSITORY)],
    ['a base other than the repository', from({ id }, { id }, { id: 2 })],
  ])('With %s, it does not come from a fork.', (_, info) => {
    expect(decide(info, AUTO, NONE).command).toBe('plan')
  })

  test.each<[string, WorkflowEvent]>([
    ['another ID and the same name', from({ id: 2, full_name }, { id, full_name })],
    ['nothing to compare and the flag', from({ fork: true }, {})],
    ['no base and another repository', from({ id: 2 }, undefined, REPOSITORY)],
  ])('With %s, it comes from a fork.', (_, info) => {
    expect(decide(info, AUTO, NONE).command).toBe('skip')
  })
})

describe('Events with hostile content', () => {
  const hostile = '\r\n::add-mask::a\u2028##[error]z\u202E'

  test('The text of an event never becomes a workflow command.', () => {
    const shown = [
      push(`refs/heads/${hostile}`),
      push(`refs/heads/${hostile}`, { deleted: true }),
      push('refs/heads/x', { repository: { default_branch: hostile } }),
      merged({ base: { ref: hostile } }),
      pull('opened', { base: { ref: hostile } }),
    ].map((info) => textsOf(decide(info, AUTO, TOKEN)))
    const errors = [event(hostile), push(`refs/tags/${hostile}`), push(hostile)].map(
      (info) => errorOf(() => decide(info, AUTO, TOKEN)).message,
    )
    for (const text of [...shown, ...errors].flatMap((each) => each.split('\n'))) {
      expect(hasInvisible(text)).toBe(false)
      expect(text).not.toMatch(/^\s*::|##\[/)
    }
  })

  test('An event of any shape is decided or rejected, and applies only as the table says.', () => {
    const json = fc.jsonValue()
    const optional = { requiredKeys: [] }
    const pullRequest = fc.record(
      {
        merged: fc.oneof(json, fc.constant(true)),
        number: json,
        user: json,
        base: fc.oneof(json, fc.constant({ ref: 'main', repo: { id: 1 } })),
        head: fc.oneof(json, fc.constant({ repo: { id: 1 } })),
      },
      optional,
    )
    const payload = fc.record(
      {
        action: fc.oneof(json, fc.constantFrom('closed', 'opened')),
        deleted: json,
        after: json,
        repository: fc.oneof(json, fc.constant(REPOSITORY)),
        pull_request: fc.oneof(json, pullRequest),
      },
      optional,
    )
    const name = fc.constantFrom('push', 'pull_request', 'merge_group', 'schedule', 'release')
    const ref = fc.constantFrom('refs/heads/main', 'refs/heads/x', 'refs/tags/v', '', 'main')
    const credentials = fc.constantFrom(TOKEN, KEYS, NONE)
    fc.assert(
      fc.property(name, fc.oneof(json, payload), ref, credentials, (kind, data, where, who) => {
        const env = { GITHUB_EVENT_NAME: kind, GITHUB_EVENT_PATH: 'x', GITHUB_REF: where }
        const { event: info } = readEvent(env, () => JSON.stringify(data))
        let decision: Decision
        try {
          decision = decide(info, AUTO, who)
        } catch (error) {
          if (error instanceof ActionError) return
          throw error
        }
        if (decision.command !== 'apply' || kind === 'schedule') return
        expect(info.payload).toMatchObject({ repository: { default_branch: 'main' } })
        if (kind === 'push') expect(where).toBe('refs/heads/main')
        else
          expect(info.payload).toMatchObject({ action: 'closed', pull_request: { merged: true } })
      }),
      { numRuns: 5000 },
    )
  })
})
