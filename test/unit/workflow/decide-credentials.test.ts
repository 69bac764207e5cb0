import { describe, expect, test } from 'vitest'
import type { TriggerInputs } from '../../../src/inputs/read-inputs.ts'
import { decide } from '../../../src/workflow/decide.ts'
import type { WorkflowEvent } from '../../../src/workflow/event.ts'
import {
  AUTO,
  errorOf,
  event,
  FORK,
  KEYS,
  merged,
  NONE,
  pull,
  push,
  REPOSITORY,
  TOKEN,
} from './support.ts'

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
