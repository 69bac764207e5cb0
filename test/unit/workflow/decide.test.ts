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

function followUpOf(info: WorkflowEvent, trigger = AUTO): string | undefined {
  const decision = decide(info, trigger, TOKEN)
  return decision.command === 'skip' ? undefined : decision.followUp
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
  const plus = `${'0'.repeat(40)}${'1'.repeat(24)}`
  test.each<[string, WorkflowEvent, TriggerInputs, Command, ...string[]]>([
    [
      'a push to the default branch',
      push('refs/heads/main'),
      AUTO,
      'apply',
      'a push to "main"',
      'the default branch',
    ],
    [
      'a push to an apply branch',
      push('refs/heads/release/1'),
      LISTED,
      'apply',
      'a push to "release/1"',
      '`apply-branches`',
    ],
    [
      'a push to another branch than listed',
      push('refs/heads/release/1/x'),
      LISTED,
      'plan',
      '"release/1/x"',
      '`apply-branches`',
    ],
    [
      'a merge into the default branch',
      merged(),
      AUTO,
      'apply',
      'merged into "main"',
      'the default branch',
    ],
    [
      'a merge into an apply branch',
      merged({ base: { ref: 'release/2' } }),
      LISTED,
      'apply',
      'merged into "release/2"',
    ],
    [
      'a workflow_dispatch',
      event('workflow_dispatch', { inputs: null }),
      AUTO,
      'apply',
      '`workflow_dispatch`',
    ],
    ['a repository_dispatch', event('repository_dispatch'), AUTO, 'apply', '`repository_dispatch`'],
    ['a schedule', event('schedule', { schedule: '0 0 * * *' }), AUTO, 'apply', '`schedule`'],
    ['an opened pull request', pull('opened'), AUTO, 'plan', 'not merged yet'],
    ['a synchronized pull request', pull('synchronize'), AUTO, 'plan', 'not merged yet'],
    ['a label after the merge', pull('labeled', { merged: true }), AUTO, 'plan', 'not merged yet'],
    ['a merge queue', event('merge_group', { merge_group: {} }), AUTO, 'plan', 'merge queue'],
    [
      'the deletion of a branch',
      push('refs/heads/topic', { deleted: true }),
      AUTO,
      'skip',
      'deletes',
      '"topic"',
    ],
    ['a commit of 40 zeros', pushed('0'.repeat(40)), AUTO, 'skip', 'deletes'],
    ['a commit of 64 zeros', pushed('0'.repeat(64)), AUTO, 'skip', 'deletes'],
    ['a commit that starts with zeros', pushed(plus), AUTO, 'apply'],
    ['a commit that ends with zeros', pushed([...plus].reverse().join('')), AUTO, 'apply'],
    ['a commit of one zero', pushed('0'), AUTO, 'apply'],
    ['a commit that is not a string', pushed(0), AUTO, 'apply'],
    ['a push that deletes nothing', pushed('1'.repeat(40), false), AUTO, 'apply'],
    [
      'an empty target branch with GITHUB_BASE_REF',
      merged({ base: { ref: '' } }, { baseRef: 'main' }),
      AUTO,
      'apply',
    ],
    [
      'a target branch other than GITHUB_BASE_REF',
      merged({}, { baseRef: 'topic' }),
      AUTO,
      'apply',
      '"main"',
    ],
    ['a listed branch of an unknown repository', pushTo('refs/heads/main'), LISTED, 'apply'],
  ])('%s leads to the expected command and reason.', (_, info, trigger, command, ...details) => {
    const decision = decide(info, trigger, TOKEN)
    expect(decision.command).toBe(command)
    for (const detail of details) expect(decision.reason).toContain(detail)
    if (decision.command === 'apply') expect(decision).toEqual({ command, reason: decision.reason })
    if (decision.command === 'skip') expect(decision.notice).toBe(true)
  })

  test.each([false, null, 'false', 'true', 1, {}, undefined])(
    'A pull request that is closed with merged: %j is skipped with a notice.',
    (value) => {
      const decision = decide(pull('closed', { merged: value }), AUTO, TOKEN)
      expect(decision).toMatchObject({ command: 'skip', notice: true })
      expect(decision.reason).toContain('closed')
    },
  )

  test.each<[string, WorkflowEvent, TriggerInputs, RegExp]>([
    ['a push to another branch', push('refs/heads/topic'), AUTO, /push to "topic".*empty.*"main"/],
    ['a merge into another branch', merged(topic), AUTO, /merged into "topic".*empty.*"main"/],
    [
      'a merge into an unlisted branch',
      merged(topic),
      LISTED,
      /merged into "topic".*`apply-branches`/,
    ],
    [
      'an unknown default branch',
      pushTo('refs/heads/main'),
      AUTO,
      /push to "main".*empty.*default branch/,
    ],
    [
      'a default branch that is not a string',
      push('refs/heads/7', { repository: { default_branch: 7 } }),
      AUTO,
      /"7".*does not name the default/,
    ],
    [
      'an array instead of the repository',
      push('refs/heads/main', { repository: [REPOSITORY] }),
      AUTO,
      /does not name the default/,
    ],
    [
      'null instead of the repository',
      push('refs/heads/main', { repository: null }),
      AUTO,
      /does not name the default/,
    ],
    [
      'an unknown target branch',
      merged({ base: {} }),
      { ...AUTO, applyBranches: ['**'] },
      /unknown branch.*does not name the branch/,
    ],
    ['a target branch that is not a string', merged({ base: { ref: 5 } }), AUTO, /unknown branch/],
  ])(
    '%s is planned with a warning that says why and names apply-branches.',
    (_, info, trigger, reason) => {
      const decision = decide(info, trigger, TOKEN)
      expect(decision.command).toBe('plan')
      expect(decision.reason).toMatch(reason)
      expect(warningOf(decision)).toContain(decision.reason)
      expect(warningOf(decision)).toMatch(/only plans.*add the branch to `apply-branches`/)
    },
  )

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
    [push('refs/x/tags/'), '"refs/x/tags/", which is not a branch'],
    [push('refs/pull/1/merge'), '"refs/pull/1/merge"'],
    [push(''), 'a push to ""'],
    [event(''), 'GITHUB_EVENT_NAME'],
    [event('release', {}, { ref: 'refs/tags/v1' }), 'the event "release"'],
    ...[
      ...['create', 'delete', 'issue_comment', 'workflow_run', 'registry_package'],
      ...['pull_request_review', '__proto__', 'PUSH'],
    ].map((name): [WorkflowEvent, string] => [event(name), `the event "${name}"`]),
  ])('The event %j is not supported; the error calls it %s.', (info, description) => {
    const { code, message, advice } = errorOf(() => decide(info, AUTO, TOKEN))
    expect(code).toBe('UNSUPPORTED_EVENT')
    expect(message).toContain(description)
    expect(advice).toBe(ERROR_CATALOG.UNSUPPORTED_EVENT.remedy)
  })

  test('The event pull_request_target is not supported, and the advice warns about it.', () => {
    const info = { ...merged(), name: 'pull_request_target' }
    const { code, advice } = errorOf(() => decide(info, AUTO, TOKEN))
    expect(code).toBe('UNSUPPORTED_EVENT')
    expect(advice).toContain('permissions of the base branch')
  })
})

test.each(['apply', 'plan'] as const)('Mode %s overrides every event.', (mode) => {
  for (const info of [
    push('refs/tags/v1'),
    pull('closed'),
    event('release'),
    pull('opened', FORK),
  ]) {
    const decision = decide(info, { ...AUTO, mode }, NONE)
    expect(decision).toEqual({ command: mode, reason: expect.stringContaining(`\`${mode}\``) })
  }
})

describe('A plan says what the merge will do', () => {
  const queue = { repository: REPOSITORY, merge_group: { base_ref: 'refs/heads/main' } }
  const release = pull('opened', { base: { ref: 'release/1' } })

  test.each<[string, WorkflowEvent, TriggerInputs, string]>([
    ['the default branch', pull('opened'), AUTO, '"main"'],
    ['an apply branch', release, LISTED, '"release/1"'],
    ['the branch of a merge queue', event('merge_group', queue), AUTO, '"main"'],
  ])('A merge into %s will apply the plan.', (_, info, trigger, branch) => {
    expect(followUpOf(info, trigger)).toMatch(/^After the merge.* applies/)
    expect(followUpOf(info, trigger)).toContain(branch)
  })

  test.each<[string, WorkflowEvent, TriggerInputs, RegExp]>([
    [
      'another than the default branch',
      pull('opened', topic),
      AUTO,
      /"topic" does not apply.*"main"/,
    ],
    [
      'an unlisted branch',
      pull('opened', topic),
      LISTED,
      /"topic" does not apply.*`apply-branches`/,
    ],
  ])('A merge into %s will not apply the plan.', (_, info, trigger, text) => {
    expect(followUpOf(info, trigger)).toMatch(text)
  })

  test.each<[string, WorkflowEvent, TriggerInputs]>([
    ['mode plan', pull('opened'), { ...AUTO, mode: 'plan' }],
    ['an unknown target branch', pull('opened', { base: {} }), AUTO],
    ['a merge queue of an unknown branch', event('merge_group'), AUTO],
  ])('Nothing is said with %s.', (_, info, trigger) => {
    expect(followUpOf(info, trigger)).toBeUndefined()
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
      expect(decision).toMatchObject({ command: 'skip', notice: true })
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

  const opened = (head: unknown, base?: unknown, repository?: unknown): WorkflowEvent =>
    event('pull_request', {
      action: 'opened',
      repository,
      pull_request: { head: { repo: head }, base: { ref: 'main', repo: base } },
    })
  test.each<[string, WorkflowEvent, boolean]>([
    [
      'no pull request in the event',
      event('pull_request', { action: 'opened', repository: REPOSITORY }),
      false,
    ],
    [
      'the same ID and another name',
      opened({ id: 1, full_name: 'a/b' }, { id: 1, full_name: 'o/r' }),
      false,
    ],
    [
      'another ID and the same name',
      opened({ id: 2, full_name: 'o/r' }, { id: 1, full_name: 'o/r' }),
      true,
    ],
    [
      'a head without an ID and the same name',
      opened({ full_name: 'o/r', fork: true }, { id: 1, full_name: 'o/r' }),
      false,
    ],
    [
      'a base without an ID and the same name',
      opened({ id: 1, full_name: 'o/r', fork: true }, { full_name: 'o/r' }),
      false,
    ],
    [
      'malformed IDs and the same name',
      opened({ id: null, full_name: 'o/r' }, { id: {}, full_name: 'o/r' }),
      false,
    ],
    ['nothing to compare and no flag', opened({ fork: false }, {}), false],
    ['nothing to compare and the flag', opened({ fork: true }, {}), true],
    ['a fork that opens a pull request in itself', opened({ id: 1, fork: true }, { id: 1 }), false],
    [
      'no base and the same repository in the event',
      opened({ id: 1, fork: true }, undefined, REPOSITORY),
      false,
    ],
    ['no base and another repository in the event', opened({ id: 2 }, undefined, REPOSITORY), true],
    [
      'a base that differs from the repository in the event',
      opened({ id: 1 }, { id: 1 }, { id: 2 }),
      false,
    ],
  ])('With %s, it is known whether it comes from a fork.', (_, info, isFork) => {
    expect(decide(info, AUTO, NONE).command).toBe(isFork ? 'skip' : 'plan')
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
