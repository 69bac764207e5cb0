import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ActionError } from '../../src/errors/action-error.ts'
import { ERROR_CATALOG } from '../../src/errors/catalog.ts'
import {
  getBranch,
  getCommit,
  decide,
  detectCredentials,
  getPullRequestNumber,
  readEvent,
} from '../../src/workflow/decide.ts'
import type { Decision, WorkflowEvent, AvailableCredentials } from '../../src/workflow/decide.ts'
import type { TriggerInputs } from '../../src/inputs/read-inputs.ts'
import { hasInvisible } from '../../src/inputs/format.ts'

const NO_ROLE = { apply: false, plan: false }
const AUTO: TriggerInputs = { mode: 'auto', applyBranches: [], hasRole: NO_ROLE }
const TOKEN: AvailableCredentials = { canRequestIdToken: true, hasAmbientCredentials: false }
const KEYS: AvailableCredentials = { canRequestIdToken: false, hasAmbientCredentials: true }
const NOTHING: AvailableCredentials = { canRequestIdToken: false, hasAmbientCredentials: false }
const REPOSITORY = { id: 1, full_name: 'o/r', default_branch: 'main' }

function event(
  name: string,
  payload: unknown = {},
  changes: Partial<WorkflowEvent> = {},
): WorkflowEvent {
  return {
    name,
    payload,
    ref: '',
    sha: 'a'.repeat(40),
    repository: 'o/r',
    baseRef: '',
    actor: 'alice',
    ...changes,
  }
}

function push(ref: string, payload: object = {}): WorkflowEvent {
  return event('push', { ref, repository: REPOSITORY, ...payload }, { ref })
}

function pull(
  action: string,
  changes: object = {},
  info: Partial<WorkflowEvent> = {},
): WorkflowEvent {
  const base = { ref: 'main', repo: { id: 1, full_name: 'o/r' } }
  const head = { ref: 'topic', repo: { id: 1, full_name: 'o/r', fork: false } }
  const pull_request = {
    number: 7,
    merged: false,
    user: { login: 'alice' },
    base,
    head,
    ...changes,
  }
  return event('pull_request', { action, repository: REPOSITORY, pull_request }, info)
}

const pushed = (after: unknown, deleted?: unknown): WorkflowEvent =>
  push('refs/heads/main', { after, deleted })

const pushIn = (repository: unknown): WorkflowEvent => push('refs/heads/main', { repository })
const withAction = (action: unknown): WorkflowEvent =>
  event('pull_request', { action, repository: REPOSITORY, pull_request: {} })

const merged = (changes: object = {}, info: Partial<WorkflowEvent> = {}): WorkflowEvent =>
  pull('closed', { merged: true, ...changes }, info)
const fork = { head: { repo: { id: 2, full_name: 'x/r', fork: true } } }

/** The warning of a decision that must be to plan. */
function planWarning(decision: Decision): string {
  if (decision.command !== 'plan') throw new Error(`does ${decision.command}`)
  return decision.warning ?? ''
}

function refusal(run: () => unknown): ActionError {
  try {
    run()
  } catch (error) {
    if (error instanceof ActionError) return error
  }
  throw new Error('no ActionError')
}

describe('the table of the design, mode auto', () => {
  const main = {
    mode: 'auto',
    applyBranches: ['main', 'release/*'],
    hasRole: NO_ROLE,
  } as const
  test.each<[string, WorkflowEvent, TriggerInputs, Decision['command']]>([
    ['push to the default branch', push('refs/heads/main'), AUTO, 'apply'],
    ['push to an apply branch', push('refs/heads/release/1'), main, 'apply'],
    ['push to another branch', push('refs/heads/topic'), AUTO, 'plan'],
    ['push to another branch than listed', push('refs/heads/release/1/x'), main, 'plan'],
    ['E01 merge into the default branch', merged(), AUTO, 'apply'],
    ['merge into an apply branch', merged({ base: { ref: 'release/2' } }), main, 'apply'],
    ['merge into another branch', merged({ base: { ref: 'topic' } }), AUTO, 'plan'],
    ['E03 workflow_dispatch', event('workflow_dispatch', { inputs: null }), AUTO, 'apply'],
    ['E03 repository_dispatch', event('repository_dispatch', {}), AUTO, 'apply'],
    ['E03 schedule', event('schedule', { schedule: '0 0 * * *' }), AUTO, 'apply'],
    ['opened', pull('opened'), AUTO, 'plan'],
    ['synchronize', pull('synchronize'), AUTO, 'plan'],
    ['labelled after the merge', pull('labeled', { merged: true }), AUTO, 'plan'],
    ['E02 merge_group', event('merge_group', { merge_group: {} }), AUTO, 'plan'],
    ['E01 closed unmerged', pull('closed'), AUTO, 'skip'],
    ['deletion of a branch', push('refs/heads/topic', { deleted: true }), AUTO, 'skip'],
    ['deletion by its commit', push('refs/heads/main', { after: '0'.repeat(40) }), AUTO, 'skip'],
    ['the same of SHA-256', push('refs/heads/main', { after: '0'.repeat(64) }), AUTO, 'skip'],
    ['commit that begins with zeros', pushed(`${'0'.repeat(40)}${'1'.repeat(24)}`), AUTO, 'apply'],
    ['commit that ends with zeros', pushed(`${'1'.repeat(24)}${'0'.repeat(40)}`), AUTO, 'apply'],
    ['commit of one zero', pushed('0'), AUTO, 'apply'],
    ['commit that is no text', pushed(0), AUTO, 'apply'],
    ['push of something that deletes nothing', pushed('1'.repeat(40), false), AUTO, 'apply'],
  ])('%s: %s', (_, info, trigger, does) => {
    expect(decide(info, trigger, TOKEN).command).toBe(does)
  })

  test.each([false, null, 'false', 'true', 1, {}, undefined])(
    'E01: merged: %j is not merged, and is skipped with a notice',
    (value) => {
      const decision = decide(pull('closed', { merged: value }), AUTO, TOKEN)
      expect(decision).toMatchObject({ does: 'skip', notice: true })
    },
  )

  test('another branch is planned with a warning that names apply-branches', () => {
    for (const info of [push('refs/heads/topic'), merged({ base: { ref: 'topic' } })]) {
      expect(planWarning(decide(info, AUTO, TOKEN))).toMatch(/"topic".*"main".*`apply-branches`/)
    }
  })

  test('an unknown default branch is planned with a warning; a list needs none', () => {
    const bare = event('push', {}, { ref: 'refs/heads/main' })
    expect(planWarning(decide(bare, AUTO, TOKEN))).toMatch(/default branch/)
    expect(decide(bare, { ...AUTO, applyBranches: ['main'] }, TOKEN).command).toBe('apply')
    const nameless = merged({ base: {} })
    expect(planWarning(decide(nameless, { ...AUTO, applyBranches: ['**'] }, TOKEN))).toMatch(
      /an unknown branch/,
    )
    expect(decide(merged({ base: {} }, { baseRef: 'main' }), AUTO, TOKEN).command).toBe('apply')
  })

  test.each([
    push('refs/tags/v1'),
    push('refs/tags/v1', { deleted: true }),
    push(''),
    push('refs/pull/1/merge'),
    ...['release', 'create', 'delete', 'issue_comment', 'workflow_run', 'registry_package'].map(
      (name) => event(name),
    ),
    event(''),
    event('pull_request_review'),
    event('__proto__'),
    event('PUSH'),
  ])('a tag, a release and any other event is red: %j', (info) => {
    const error = refusal(() => decide(info, AUTO, TOKEN))
    expect(error.code).toBe('UNSUPPORTED_EVENT')
    expect(error.advice).toContain('`mode: plan`')
  })

  test('pull_request_target is red and is warned about', () => {
    const error = refusal(() => decide({ ...merged(), name: 'pull_request_target' }, AUTO, TOKEN))
    expect(error.code).toBe('UNSUPPORTED_EVENT')
    expect(error.advice).toContain('rights of the base branch')
  })

  test.each(['apply', 'plan'] as const)('mode %s forces it on any event', (mode) => {
    const trigger: TriggerInputs = { ...AUTO, mode }
    for (const info of [
      push('refs/tags/v1'),
      pull('closed'),
      event('release'),
      pull('opened', fork),
    ]) {
      expect(decide(info, trigger, NOTHING)).toEqual({ does: mode, why: `\`mode\` is \`${mode}\`` })
    }
  })
})

describe('what people read of a decision, word for word', () => {
  const listed: TriggerInputs = { ...AUTO, applyBranches: ['main', 'release/*'] }
  const bare = (ref: string): WorkflowEvent => event('push', {}, { ref })
  const topic = { base: { ref: 'topic' } }

  test.each<[string, WorkflowEvent, TriggerInputs, Decision]>([
    [
      'a push to the default branch applies',
      push('refs/heads/main'),
      AUTO,
      { command: 'apply', reason: 'a push to "main", the default branch' },
    ],
    [
      'a push to a branch of the list applies',
      push('refs/heads/release/1'),
      listed,
      { command: 'apply', reason: 'a push to "release/1", which `apply-branches` names' },
    ],
    [
      'a merge into the default branch applies',
      merged(),
      AUTO,
      { command: 'apply', reason: 'a pull request merged into "main", the default branch' },
    ],
    [
      'a push to another branch than the default one plans, with a warning',
      push('refs/heads/topic'),
      AUTO,
      {
        command: 'plan',
        reason:
          'a push to "topic": `apply-branches` is empty, which means the default branch, "main"',
        warning:
          'This run only plans, after a push to "topic": `apply-branches` is empty, which means the default branch, "main". To apply there, add the branch to `apply-branches`.',
      },
    ],
    [
      'a merge into a branch that the list lacks plans, with a warning',
      merged(topic),
      listed,
      {
        command: 'plan',
        reason: 'a pull request merged into "topic": `apply-branches` does not name it',
        warning:
          'This run only plans, after a pull request merged into "topic": `apply-branches` does not name it. To apply there, add the branch to `apply-branches`.',
      },
    ],
    [
      'a push in a repository of unknown default branch plans, with a warning',
      bare('refs/heads/main'),
      AUTO,
      {
        command: 'plan',
        reason:
          'a push to "main": `apply-branches` is empty and the event does not name the default branch of the repository',
        warning:
          'This run only plans, after a push to "main": `apply-branches` is empty and the event does not name the default branch of the repository. To apply there, add the branch to `apply-branches`.',
      },
    ],
    [
      'a merge into a branch that nobody names plans, with a warning',
      merged({ base: {} }),
      AUTO,
      {
        command: 'plan',
        reason: 'a pull request merged into an unknown branch: the event does not name the branch',
        warning:
          'This run only plans, after a pull request merged into an unknown branch: the event does not name the branch. To apply there, add the branch to `apply-branches`.',
      },
    ],
    [
      'the deletion of a branch is skipped, with a notice',
      push('refs/heads/topic', { deleted: true }),
      AUTO,
      { command: 'skip', reason: 'the push deletes the branch "topic"', notice: true },
    ],
    [
      'a pull request closed unmerged is skipped, with a notice',
      pull('closed'),
      AUTO,
      { command: 'skip', reason: 'the pull request was closed without being merged', notice: true },
    ],
    [
      'an open pull request plans, and says what the merge will do',
      pull('opened'),
      AUTO,
      {
        command: 'plan',
        reason: 'the pull request is not merged yet',
        followUp: 'After the merge into "main", the run there applies this.',
      },
    ],
    [
      'an open pull request into a branch that nobody names says nothing of the merge',
      pull('opened', { base: {} }),
      AUTO,
      { command: 'plan', reason: 'the pull request is not merged yet' },
    ],
    [
      'a merge queue plans',
      event('merge_group'),
      AUTO,
      { command: 'plan', reason: 'a merge queue checks the change before it is merged' },
    ],
    [
      'a pull request of which nothing is told plans, with a warning',
      event('pull_request'),
      AUTO,
      {
        command: 'plan',
        reason: 'the event does not say what happened to the pull request',
        warning:
          'The event does not say whether the pull request was merged, so this run only plans. Set `mode: apply` or `mode: plan` where events come without their details.',
      },
    ],
    ...['workflow_dispatch', 'repository_dispatch', 'schedule'].map(
      (name): [string, WorkflowEvent, TriggerInputs, Decision] => [
        `${name} applies`,
        event(name),
        AUTO,
        { command: 'apply', reason: `the event is \`${name}\`` },
      ],
    ),
  ])('%s', (_, info, trigger, decision) => {
    expect(decide(info, trigger, TOKEN)).toEqual(decision)
  })

  const refused = (what: string): string =>
    `\`mode: auto\` does not know what ${what} asks for, so nothing was done.`

  test.each([
    ['a tag, by its name', push('refs/tags/v1'), 'a push of the tag "v1"'],
    ['another ref, in full', push('refs/x/tags/'), 'a push to "refs/x/tags/", which is no branch,'],
    ['a push without a ref', push(''), 'a push to "", which is no branch,'],
    ['another event, by its name', event('release'), 'the event "release"'],
    [
      'a release of a tag, as the event that it is',
      event('release', {}, { ref: 'refs/tags/v1' }),
      'the event "release"',
    ],
    ['no event', event(''), 'a run without an event name (GITHUB_EVENT_NAME is empty)'],
  ])('a refusal names %s, and advises to set the mode', (_, info, what) => {
    const error = refusal(() => decide(info, AUTO, TOKEN))
    expect(error.message).toBe(refused(what))
    expect(error.advice).toBe(ERROR_CATALOG.UNSUPPORTED_EVENT.remedy)
  })
})

describe('an event whose members are not what they should be', () => {
  test.each<[string, WorkflowEvent, Decision['command']]>([
    ['an action that is no text is none: plans', withAction(5), 'plan'],
    ['an empty action is none: plans', withAction(''), 'plan'],
    ['a branch that is no text is none: plans', merged({ base: { ref: 5 } }), 'plan'],
    [
      "an empty base branch is none, and the environment's counts: applies",
      merged({ base: { ref: '' } }, { baseRef: 'main' }),
      'apply',
    ],
    [
      "the event's base branch comes before the environment's: applies",
      merged({}, { baseRef: 'topic' }),
      'apply',
    ],
    [
      'a default branch that is no text is none: plans',
      push('refs/heads/7', { repository: { default_branch: 7 } }),
      'plan',
    ],
    ['a list in place of the repository holds none: plans', pushIn([REPOSITORY]), 'plan'],
    ['null in place of the repository holds none: plans', pushIn(null), 'plan'],
  ])('%s', (_, info, does) => {
    expect(decide(info, AUTO, TOKEN).command).toBe(does)
  })

  test.each([5, ''])('the action %j: the warning says that it is not known', (action) => {
    expect(planWarning(decide(withAction(action), AUTO, TOKEN))).toMatch(
      /^The event does not say whether the pull request was merged/,
    )
  })

  test('members that an event merely inherits are not its own', () => {
    const payload: unknown = Object.create({ pull_request: { number: 7 } })
    expect(getPullRequestNumber(event('pull_request', payload))).toBeUndefined()
  })
})

describe('O02, O03: pull requests without an identity', () => {
  const bot = 'dependabot[bot]'
  const strangers: readonly [string, object, Partial<WorkflowEvent>, RegExp][] = [
    ['a fork', fork, {}, /fork/],
    ['a fork by name only', { head: { repo: { full_name: 'x/r' } } }, {}, /fork/],
    ['a fork by its flag only', { head: { repo: { fork: true } } }, {}, /fork/],
    ['a deleted fork', { head: { repo: null } }, {}, /fork/],
    ['no head repository', { head: {} }, {}, /fork/],
    ['Dependabot', {}, { actor: bot }, /Dependabot/],
    ["Dependabot's, run again by a person", { user: { login: bot } }, {}, /Dependabot/],
  ]

  test.each(strangers)('%s: open is skipped and told why', (_, changes, info, why) => {
    const decision = decide(pull('opened', changes, info), AUTO, NOTHING)
    expect(decision).toMatchObject({ does: 'skip', notice: true })
    expect(decision.reason).toMatch(why)
    expect(decision.reason).not.toMatch(/pull_request_target|trust policy/)
  })

  test.each(strangers)('%s: merged is red', (_, changes, info, why) => {
    const error = refusal(() => decide(merged(changes, info), AUTO, NOTHING))
    expect(error.code).toBe('NO_IDENTITY_FOR_PULL_REQUEST')
    expect(error.message).toMatch(why)
    expect(error.advice).toContain('`push`')
    expect(`${error.message} ${error.advice}`).not.toMatch(/pull_request_target|trust policy/)
  })

  test.each(strangers)('%s: closed unmerged is skipped', (_, changes, info) => {
    expect(decide(pull('closed', changes, info), AUTO, NOTHING).command).toBe('skip')
  })

  test.each(strangers)('%s: a token or credentials decide, not the actor', (_, changes, info) => {
    for (const identity of [TOKEN, KEYS]) {
      expect(decide(pull('opened', changes, info), AUTO, identity).command).toBe('plan')
      expect(decide(merged({ ...changes, merged: true }, info), AUTO, identity).command).toBe(
        'apply',
      )
    }
  })

  test.each(strangers)(
    '%s: with a role nothing else is used, so that other credentials do not count',
    (_, changes, info) => {
      const both: TriggerInputs = { ...AUTO, hasRole: { apply: true, plan: true } }
      expect(decide(pull('opened', changes, info), both, KEYS).command).toBe('skip')
      expect(refusal(() => decide(merged(changes, info), both, KEYS)).code).toBe(
        'NO_IDENTITY_FOR_PULL_REQUEST',
      )
      // A role for plans alone leaves the apply to the credentials.
      const plans: TriggerInputs = { ...AUTO, hasRole: { apply: false, plan: true } }
      expect(decide(pull('opened', changes, info), plans, KEYS).command).toBe('skip')
      expect(decide(merged(changes, info), plans, KEYS).command).toBe('apply')
    },
  )

  test('a missing permission in the own repository is no fork: the run goes on and says so', () => {
    expect(decide(pull('opened'), AUTO, NOTHING).command).toBe('plan')
    expect(decide(merged(), AUTO, NOTHING).command).toBe('apply')
    expect(decide(push('refs/heads/main'), AUTO, NOTHING).command).toBe('apply')
    const inFork = { head: { repo: { id: 1, fork: true } } }
    expect(decide(pull('opened', inFork), AUTO, NOTHING).command).toBe('plan')
  })

  const main = { ref: 'main' }
  const opened = (pull_request: unknown, repository?: unknown): WorkflowEvent =>
    event('pull_request', { action: 'opened', repository, pull_request })
  const of = (head: object, base: object): object => ({
    head: { repo: head },
    base: { ...main, repo: base },
  })

  test.each<[string, WorkflowEvent, Decision['command']]>([
    ['no pull request in the event: of no fork', opened(undefined, REPOSITORY), 'plan'],
    [
      'the same id: of no fork, whatever the name',
      opened(of({ id: 1, full_name: 'a/b' }, { id: 1, full_name: 'o/r' })),
      'plan',
    ],
    [
      'another id: of a fork, whatever the name',
      opened(of({ id: 2, full_name: 'o/r' }, { id: 1, full_name: 'o/r' })),
      'skip',
    ],
    [
      'no id in the head: the name decides',
      opened(of({ full_name: 'o/r', fork: true }, { id: 1, full_name: 'o/r' })),
      'plan',
    ],
    [
      'no id in the base: the name decides',
      opened(of({ id: 1, full_name: 'o/r', fork: true }, { full_name: 'o/r' })),
      'plan',
    ],
    [
      'ids that are none: the name decides',
      opened(of({ id: null, full_name: 'o/r' }, { id: {}, full_name: 'o/r' })),
      'plan',
    ],
    ['nothing to compare, not flagged: of no fork', opened(of({ fork: false }, {})), 'plan'],
    ['nothing to compare, flagged: of a fork', opened(of({ fork: true }, {})), 'skip'],
    [
      'the base says nothing: the repository of the event is compared',
      opened({ head: { repo: { id: 1, fork: true } }, base: main }, REPOSITORY),
      'plan',
    ],
    [
      'the base says nothing, and the repository is another: of a fork',
      opened({ head: { repo: { id: 2 } }, base: main }, REPOSITORY),
      'skip',
    ],
    [
      "the base's repository comes before the event's",
      opened(of({ id: 1 }, { id: 1 }), { id: 2 }),
      'plan',
    ],
  ])('without an identity, %s', (_, info, does) => {
    expect(decide(info, AUTO, NOTHING).command).toBe(does)
  })

  test.each([
    ['a fork', merged(fork), 'A pull request from a fork was merged'],
    ['Dependabot', merged({}, { actor: bot }), 'A pull request by Dependabot was merged'],
  ])('%s: the refusal says whose merge it was, and how to make up for it', (_, info, whose) => {
    const { message, advice } = refusal(() => decide(info, AUTO, NOTHING))
    expect(message.startsWith(whose)).toBe(true)
    expect(advice).toContain('by hand (`workflow_dispatch`)')
  })

  test('O01: an identity is both variables, or any of the credentials', () => {
    const token = { ACTIONS_ID_TOKEN_REQUEST_URL: 'u', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 't' }
    expect(detectCredentials({})).toEqual(NOTHING)
    expect(detectCredentials(token)).toEqual(TOKEN)
    expect(detectCredentials({ ...token, ACTIONS_ID_TOKEN_REQUEST_URL: '' })).toEqual(NOTHING)
    expect(detectCredentials({ ...token, ACTIONS_ID_TOKEN_REQUEST_TOKEN: undefined })).toEqual(
      NOTHING,
    )
    for (const name of [
      'AWS_ACCESS_KEY_ID',
      'AWS_PROFILE',
      'AWS_WEB_IDENTITY_TOKEN_FILE',
      'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
      'AWS_CONTAINER_CREDENTIALS_FULL_URI',
    ]) {
      expect(detectCredentials({ [name]: 'x' })).toEqual(KEYS)
      expect(detectCredentials({ [name]: '' })).toEqual(NOTHING)
      expect(detectCredentials({ [name]: ' \n' })).toEqual(NOTHING)
    }
    expect(detectCredentials({ ...token, ACTIONS_ID_TOKEN_REQUEST_URL: ' ' })).toEqual(NOTHING)
  })
})

describe('E05: the event file', () => {
  const env = { GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: 'ev.json' }
  const contents = (text: string) => (): string => text

  test.each([
    ['empty', '', 'is empty'],
    ['blank', ' \n', 'is empty'],
    ['a byte order mark alone', '\uFEFF', 'is empty'],
    ['cut', '{"a":', 'does not hold JSON'],
    ['a mark that is not at the beginning', '{\uFEFF}', 'does not hold JSON'],
    ['null', 'null', 'does not hold a JSON object'],
    ['an array', '[]', 'does not hold a JSON object'],
    ['a text', '"x"', 'does not hold a JSON object'],
    ['a number', '5', 'does not hold a JSON object'],
    ['deep', '['.repeat(200_000), 'does not hold JSON'],
    ['huge and cut', `{"a":"${'x'.repeat(5_000_000)}`, 'does not hold JSON'],
  ])('%s: a warning, and the run goes on with a plan', (_, text, fault) => {
    const { event: info, warning } = readEvent(env, contents(text))
    expect(info.payload).toEqual({})
    expect(warning).toBe(`The event file (GITHUB_EVENT_PATH) ${fault}.`)
    expect(planWarning(decide(info, AUTO, TOKEN))).toMatch(/whether the pull request was merged/)
    expect(getPullRequestNumber(info)).toBeUndefined()
  })

  test('not set, missing, or a directory', () => {
    const throws = (): string => {
      throw Object.assign(new Error('EISDIR: /secret/path'), { code: 'EISDIR' })
    }
    expect(readEvent({}, throws).warning).toContain('is not set')
    expect(readEvent({ GITHUB_EVENT_PATH: '' }, throws).warning).toContain('is not set')
    expect(readEvent(env, throws).warning).toBe(
      'The event file (GITHUB_EVENT_PATH) could not be read.',
    )
  })

  test('a byte order mark and a huge file are read', () => {
    const text = JSON.stringify({ filler: 'x'.repeat(5_000_000), pull_request: { number: 7 } })
    const { event: info, warning } = readEvent(env, contents(`\uFEFF${text}`))
    expect(warning).toBeUndefined()
    expect(getPullRequestNumber(info)).toBe(7)
  })

  test('the rest comes from the environment; the ref from the event where that lacks it', () => {
    const all = {
      ...env,
      GITHUB_REF: 'refs/heads/x',
      GITHUB_SHA: 's',
      GITHUB_REPOSITORY: 'o/r',
      GITHUB_BASE_REF: 'b',
      GITHUB_ACTOR: 'a',
    }
    expect(readEvent(all, contents('{"ref":"refs/heads/y"}')).event).toEqual({
      name: 'pull_request',
      payload: { ref: 'refs/heads/y' },
      ref: 'refs/heads/x',
      sha: 's',
      repository: 'o/r',
      baseRef: 'b',
      actor: 'a',
    })
    const file = contents('{"ref":"refs/heads/y"}')
    expect(readEvent(env, file).event.ref).toBe('refs/heads/y')
    expect(readEvent({ ...env, GITHUB_REF: '' }, file).event.ref).toBe('refs/heads/y')
  })

  test('what neither the environment nor the file tells is empty', () => {
    expect(readEvent({ GITHUB_EVENT_PATH: 'ev.json' }, contents('{}'))).toEqual({
      event: { name: '', payload: {}, ref: '', sha: '', repository: '', baseRef: '', actor: '' },
    })
  })

  test.each([0, -1, 1.5, '7', null, 2 ** 60, NaN, undefined])('number %j is none', (number) => {
    expect(
      getPullRequestNumber(event('pull_request', { pull_request: { number } })),
    ).toBeUndefined()
  })
})

describe('L01: hostile events', () => {
  const hostile = '\r\n::add-mask::a\u2028##[error]z\u202E'

  test('text of an event forges no command', () => {
    const shown: string[] = []
    for (const info of [
      push(`refs/heads/${hostile}`),
      push(`refs/heads/${hostile}`, { deleted: true }),
      push('refs/heads/x', { repository: { default_branch: hostile } }),
      merged({ base: { ref: hostile } }),
    ]) {
      const decision = decide(info, AUTO, TOKEN)
      shown.push(decision.reason, 'warning' in decision ? (decision.warning ?? '') : '')
    }
    for (const info of [event(hostile), push(`refs/tags/${hostile}`), push(hostile)]) {
      shown.push(refusal(() => decide(info, AUTO, TOKEN)).message)
    }
    for (const text of shown) {
      expect(hasInvisible(text)).toBe(false)
      expect(text).not.toContain('##[')
      expect(text).not.toMatch(/^\s*::/)
    }
  })

  test('an event of any shape is decided or refused, and applies only as the table says', () => {
    const json = fc.jsonValue()
    const payload = fc.record(
      {
        action: fc.oneof(json, fc.constantFrom('closed', 'opened')),
        deleted: json,
        after: json,
        repository: fc.oneof(json, fc.constant(REPOSITORY)),
        pull_request: fc.oneof(
          json,
          fc.record(
            {
              merged: fc.oneof(json, fc.constant(true)),
              number: json,
              user: json,
              base: fc.oneof(json, fc.constant({ ref: 'main', repo: { id: 1 } })),
              head: fc.oneof(json, fc.constant({ repo: { id: 1 } })),
            },
            { requiredKeys: [] },
          ),
        ),
      },
      { requiredKeys: [] },
    )
    const name = fc.constantFrom('push', 'pull_request', 'merge_group', 'schedule', 'release')
    const ref = fc.constantFrom('refs/heads/main', 'refs/heads/x', 'refs/tags/v', '', 'main')
    const identity = fc.constantFrom(TOKEN, KEYS, NOTHING)
    fc.assert(
      fc.property(name, fc.oneof(json, payload), ref, identity, (kind, data, where, who) => {
        const info = readEvent(
          { GITHUB_EVENT_NAME: kind, GITHUB_EVENT_PATH: 'x', GITHUB_REF: where },
          () => JSON.stringify(data),
        ).event
        getPullRequestNumber(info)
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

describe('what a plan says of the merge', () => {
  const next = (info: WorkflowEvent, trigger: TriggerInputs = AUTO): string | undefined => {
    const decision = decide(info, trigger, TOKEN)
    return 'followUp' in decision ? decision.followUp : undefined
  }

  test('a merge into the default branch applies it', () => {
    expect(next(pull('opened'))).toBe('After the merge into "main", the run there applies this.')
  })

  test('a merge into a branch that apply-branches names applies it', () => {
    const base = { ref: 'release/1', repo: { id: 1, full_name: 'o/r' } }
    expect(next(pull('opened', { base }), { ...AUTO, applyBranches: ['release/*'] })).toBe(
      'After the merge into "release/1", the run there applies this.',
    )
  })

  test('a merge into any other branch does not', () => {
    const base = { ref: 'dev', repo: { id: 1, full_name: 'o/r' } }
    expect(next(pull('opened', { base }))).toBe(
      'A merge into "dev" will not apply this: `apply-branches` is empty, which means the default branch, "main".',
    )
    expect(next(pull('opened'), { ...AUTO, applyBranches: ['release/*'] })).toBe(
      'A merge into "main" will not apply this: `apply-branches` does not name it.',
    )
  })

  test('a merge queue says it of the branch that it merges into', () => {
    const merge_group = { base_ref: 'refs/heads/main' }
    expect(next(event('merge_group', { repository: REPOSITORY, merge_group }))).toBe(
      'After the merge into "main", the run there applies this.',
    )
  })

  test.each([
    ['mode: plan', pull('opened'), { ...AUTO, mode: 'plan' }],
    ['an event that does not name the branch', pull('opened', { base: {} }), AUTO],
    ['a merge queue of an unknown branch', event('merge_group'), AUTO],
  ] as const)('nothing is said under %s', (_, info, trigger) => {
    expect(next(info, trigger)).toBeUndefined()
  })
})

describe('the commit of a run', () => {
  const head = { ref: 'topic', sha: 'b'.repeat(40), repo: { id: 1, full_name: 'o/r' } }

  test("is the pull request's own, not the trial merge that GitHub makes of it", () => {
    expect(getCommit(pull('opened', { head }))).toBe('b'.repeat(40))
  })

  test('is the commit of the merge once it is merged', () => {
    expect(getCommit(merged({ head }))).toBe('a'.repeat(40))
  })

  test('is the pushed one', () => {
    expect(getCommit(push('refs/heads/main'))).toBe('a'.repeat(40))
  })

  test('may be one of SHA-256', () => {
    expect(getCommit(event('push', {}, { sha: 'c'.repeat(64) }))).toBe('c'.repeat(64))
  })

  test('is not known where the event gives something else', () => {
    expect(getCommit(event('push', {}, { sha: '' }))).toBeUndefined()
    expect(getCommit(pull('opened', { head: { sha: '../x' } }))).toBeUndefined()
  })

  test.each([
    ['too short', 'a'.repeat(39)],
    ['too long', 'a'.repeat(65)],
    ['with something before it', `/${'a'.repeat(40)}`],
    ['with something after it', `${'a'.repeat(40)}/`],
    ['in capitals', 'A'.repeat(40)],
  ])('is not known where it is %s', (_, sha) => {
    expect(getCommit(event('push', {}, { sha }))).toBeUndefined()
  })
})

describe('the branch of a ref', () => {
  test.each([
    ['refs/heads/main', 'main'],
    ['refs/heads/release/1', 'release/1'],
    ['refs/heads/refs/heads/x', 'refs/heads/x'],
    ['refs/heads/a\nb', 'a\nb'],
  ])('%j names the branch %j', (ref, branch) => {
    expect(getBranch(ref)).toBe(branch)
  })

  test.each(['', 'main', 'refs/heads/', 'refs/tags/v1', 'refs/pull/1/merge', 'x/refs/heads/main'])(
    '%j names none',
    (ref) => {
      expect(getBranch(ref)).toBeUndefined()
    },
  )
})
