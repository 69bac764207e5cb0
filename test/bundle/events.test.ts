import { describe, expect, it } from 'vitest'

import { addStorage, type Emulator } from '../../emulator/emulator.ts'
import { isObject } from '../../emulator/lib/validation.ts'
import {
  workflowDispatch,
  mergeGroup,
  mergedPullRequest,
  pullRequest,
  push,
  pushTag,
  schedule,
  type WorkflowEvent,
} from '../../emulator/runner/events.ts'
import {
  runAction,
  createTestBed,
  type RunActionOptions,
  type TestBed,
} from '../support/run-action.ts'
import { sampleCases } from '../support/sampling.ts'
import { trustEvents } from '../support/role-trust.ts'

/** An event that the table has no row of its own for. */
const other = (name: string, payload: object = {}): WorkflowEvent => ({
  ...push(),
  name,
  payload: { ...push().payload, ...payload },
})

const deleted: WorkflowEvent = {
  ...push('topic'),
  payload: { ...push('topic').payload, deleted: true, after: '0'.repeat(40) },
}

/** Calls that change the backend, as they arrived at it. */
const mutations = ({ emulator }: TestBed): number =>
  emulator.state.counters.create.received + emulator.state.counters.update.received

type Fate = 'apply' | 'plan' | 'skip' | 'red'

/** How a step ends that asks for a storage which is not there, and does not wait for its job. */
const FATES: Readonly<Record<Fate, object>> = {
  apply: { exitCode: 0, result: 'started', mutations: 1 },
  plan: { exitCode: 0, result: 'planned', mutations: 0 },
  skip: { exitCode: 0, result: 'skipped', mutations: 0 },
  red: { exitCode: 1, result: 'failed', mutations: 0 },
}

async function fateOf(
  event: WorkflowEvent,
  scenario: RunActionOptions = {},
): Promise<Readonly<{ end: Awaited<ReturnType<typeof runAction>>; fate: object; world: TestBed }>> {
  const world = await createTestBed()
  trustEvents(world, event)
  const end = await runAction(world, {
    event,
    ...scenario,
    with: { wait: 'false', ...scenario.with },
  })
  const { exitCode, outputs } = end
  return { end, world, fate: { exitCode, result: outputs['result'], mutations: mutations(world) } }
}

const onRelease = { with: { 'apply-branches': 'main, release/*' } }

describe('under mode: auto', () => {
  type Row = readonly [what: string, event: WorkflowEvent, fate: Fate, scenario?: RunActionOptions]
  const table: readonly Row[] = [
    ['a push to the default branch', push(), 'apply'],
    ['a push to a branch that apply-branches names', push('release/1'), 'apply', onRelease],
    ['a push to a branch that it does not name', push('release/1/hotfix'), 'plan', onRelease],
    ['a push to another branch', push('topic'), 'plan'],
    ['a push that deletes a branch', deleted, 'skip'],
    ['a merge into the default branch', mergedPullRequest(), 'apply'],
    [
      'a merge into a branch that apply-branches names',
      mergedPullRequest({ base: 'release/1' }),
      'apply',
      onRelease,
    ],
    ['a merge into another branch', mergedPullRequest({ base: 'topic' }), 'plan'],
    ['E03: a run by hand', workflowDispatch(), 'apply'],
    ['a run by hand on another branch', workflowDispatch('topic'), 'apply'],
    ['E03: a run by the API', other('repository_dispatch', { action: 'deploy' }), 'apply'],
    ['E03: a run by the clock', schedule(), 'apply'],
    ['an open pull request', pullRequest(), 'plan'],
    ['new commits of a pull request', pullRequest({ action: 'synchronize' }), 'plan'],
    ['a pull request into another branch', pullRequest({ base: 'topic' }), 'plan'],
    ['E02: a merge queue', mergeGroup(), 'plan'],
    ['E01: a pull request closed unmerged', pullRequest({ action: 'closed' }), 'skip'],
    ['an open pull request of a fork', pullRequest({ from: 'fork' }), 'skip'],
    ['an open pull request by Dependabot', pullRequest({ from: 'dependabot' }), 'skip'],
    ['a fork closed unmerged', pullRequest({ from: 'fork', action: 'closed' }), 'skip'],
    ['a merged pull request of a fork', mergedPullRequest({ from: 'fork' }), 'red'],
    ['a merged pull request by Dependabot', mergedPullRequest({ from: 'dependabot' }), 'red'],
    ['a push of a tag', pushTag(), 'red'],
    ['a release', other('release', { action: 'published' }), 'red'],
    ['pull_request_target', other('pull_request_target'), 'red'],
    ['an event that nobody has heard of yet', other('brand_new'), 'red'],
  ]

  it.each(
    sampleCases(table).map(([what, event, fate, scenario]) => ({ what, event, fate, scenario })),
  )('$what', async ({ event, fate, scenario }) => {
    const got = await fateOf(event, scenario)
    expect(got.fate).toEqual(FATES[fate])
    if (fate === 'skip' || fate === 'red') expect(got.world.emulator.requests).toEqual([])
  })

  describe('E01: a pull request that was closed', () => {
    it.each([
      ['false', { merged: false }],
      ['null', { merged: null }],
      ['the text "false"', { merged: 'false' }],
      ['the text "true"', { merged: 'true' }],
      ['missing', { merged: undefined }],
    ])('is skipped with a notice where `merged` is %s', async (_, given) => {
      const event = pullRequest({ action: 'closed' })
      const whole = event.payload['pull_request']
      if (!isObject(whole)) throw new Error('no pull request in the event')
      const payload = { ...event.payload, pull_request: { ...whole, ...given } }
      const { end, fate, world } = await fateOf({ ...event, payload })
      expect(fate).toEqual(FATES.skip)
      expect(end.annotations).toMatchObject([{ level: 'notice', title: 'Skipped' }])
      expect(end.annotations[0]?.message).toContain('closed without')
      expect(end.outputs).toMatchObject({ ready: '', changed: '', 'error-code': '' })
      expect(world.emulator.requests).toEqual([])
    })
  })

  describe('an event that brings next to nothing', () => {
    const bare = { 'apply-branches': 'main' }
    it.each([
      ['E02: a merge queue', mergeGroup(), { merge_group: {} }, 'plan'],
      ['E02: a merge queue without its own part', mergeGroup(), {}, 'plan'],
      ['E03: a run by hand', workflowDispatch(), {}, 'apply'],
      ['E03: a run by hand without inputs', workflowDispatch(), { inputs: null }, 'apply'],
      ['E03: a run by the clock', schedule(), { schedule: '0 4 * * 1' }, 'apply'],
      ['E03: a run by the API', other('repository_dispatch'), {}, 'apply'],
      ['E03: a push', push(), {}, 'apply'],
    ] as const)('is no less than it is: %s', async (_, event, payload, fate) => {
      const got = await fateOf({ ...event, payload }, { with: bare })
      expect(got.fate).toEqual(FATES[fate])
      expect(got.end.annotations.filter(({ level }) => level === 'error')).toEqual([])
    })

    it('is planned where it is a push and the default branch is not known, with a warning', async () => {
      const { end, fate } = await fateOf({ ...push(), payload: {} })
      expect(fate).toEqual(FATES.plan)
      expect(end.annotations).toMatchObject([{ level: 'warning', title: 'Planned only' }])
    })
  })

  it('a plan where people expect an apply warns, and names apply-branches', async () => {
    const { end } = await fateOf(push('topic'))
    expect(end.annotations).toEqual([
      {
        level: 'warning',
        title: 'Planned only',
        message:
          'This run only plans, after a push to "topic": `apply-branches` is empty, which means the default branch, "main". To apply there, add the branch to `apply-branches`.',
      },
    ])
  })

  it.each([
    [
      'fork',
      /^The pull request comes from a fork, .* applied after the merge, by the run on `push`\.$/,
    ],
    ['dependabot', /by Dependabot, .* applied after the merge, by the run on `push`\.$/],
  ] as const)('a skipped %s is told why, once', async (from, message) => {
    const { end } = await fateOf(pullRequest({ from }))
    const [annotation, ...more] = end.annotations
    expect(annotation).toMatchObject({ level: 'notice', title: 'Skipped' })
    expect(annotation?.message).toMatch(message)
    expect(more).toEqual([])
  })

  it('a merged fork is told to use push', async () => {
    const { end } = await fateOf(mergedPullRequest({ from: 'fork' }))
    expect(end.outputs['error-code']).toBe('NO_IDENTITY_FOR_PULL_REQUEST')
    expect(end.annotations).toMatchObject([{ level: 'error' }])
    expect(end.annotations[0]?.message).toContain('Trigger the workflow on `push`')
  })
})

describe('what the run does is decided before the other inputs are judged', () => {
  const empty = {
    'app-id': '',
    'backend-environment-name': '',
    'resource-name': '',
    'authenticated-permissions': '',
    'aws-region': '',
    'role-to-assume': '',
    'plan-role-to-assume': '',
    'github-token': '',
  }

  it.each([
    ['a fork, whose secrets are empty', pullRequest({ from: 'fork' })],
    ['a pull request closed unmerged', pullRequest({ action: 'closed' })],
  ])('%s', async (_, event) => {
    const { fate } = await fateOf(event, { with: empty })
    expect(fate).toEqual(FATES.skip)
  })

  it('but a merged fork is red for what it is', async () => {
    const { end } = await fateOf(mergedPullRequest({ from: 'fork' }), { with: empty })
    expect(end.outputs['error-code']).toBe('NO_IDENTITY_FOR_PULL_REQUEST')
  })
})

describe('the missing token decides, not the actor', () => {
  it('a fork whose run has other credentials is planned', async () => {
    const world = await createTestBed()
    const end = await runAction(world, {
      event: pullRequest({ from: 'fork' }),
      with: { 'role-to-assume': '', 'plan-role-to-assume': '' },
      env: world.emulator.ambientEnv,
    })
    expect(end.outputs['result']).toBe('planned')
  })

  it.each(['fork', 'dependabot'] as const)(
    'keys in the environment do not help a %s where a role is set, since nothing else is used then',
    async (from) => {
      const world = await createTestBed()
      const { ambientEnv: env } = world.emulator
      const open = await runAction(world, { event: pullRequest({ from }), env })
      expect(open.outputs['result']).toBe('skipped')
      expect(open.exitCode).toBe(0)
      const merged = await runAction(world, { event: mergedPullRequest({ from }), env })
      expect(merged.outputs['error-code']).toBe('NO_IDENTITY_FOR_PULL_REQUEST')
      expect(world.emulator.requests).toEqual([])
    },
  )

  it('a run by Dependabot that may mint tokens is planned', async () => {
    const event = { ...pullRequest({ from: 'dependabot' }), trusted: true }
    expect((await fateOf(event)).fate).toEqual(FATES.plan)
  })

  it('a missing permission elsewhere is red', async () => {
    const { end, fate } = await fateOf({ ...push(), trusted: false })
    expect(fate).toEqual(FATES.red)
    expect(end.outputs['error-code']).toBe('MISSING_ID_TOKEN_PERMISSION')
  })
})

describe('a forced mode', () => {
  it.each([
    ['plan', 'a push to the default branch', push(), 'plan'],
    ['plan', 'a tag', pushTag(), 'plan'],
    ['plan', 'a merged pull request', mergedPullRequest(), 'plan'],
    ['apply', 'an open pull request', pullRequest(), 'apply'],
    ['apply', 'a release', other('release'), 'apply'],
    ['apply', 'a push to another branch', push('topic'), 'apply'],
  ] as const)('mode: %s on %s', async (mode, _, event, fate) => {
    expect((await fateOf(event, { with: { mode } })).fate).toEqual(FATES[fate])
  })
})

describe('an event that cannot be read', () => {
  it.each([
    ['is empty', ''],
    ['is cut short', '{"action":'],
    ['is no object', '[]'],
  ])('%s: the run only plans, and says why', async (_, eventFile) => {
    const { end, fate } = await fateOf(mergedPullRequest(), { eventFile })
    expect(fate).toEqual(FATES.plan)
    expect(end.annotations.map(({ title }) => title)).toEqual(['Event not read', 'Planned only'])
  })
})

describe('a plan whose apply would be refused is red on the pull request already', () => {
  const media = (emulator: Emulator, given: Readonly<Record<string, unknown>> = {}): void => {
    addStorage(emulator.environment(), { resourceName: 'media', ...given })
  }

  it.each([
    ['a difference under match', 'STORAGE_DIFFERS', media, {}],
    [
      'a bucket that cannot change',
      'BUCKET_FIXED',
      (emulator: Emulator) => {
        media(emulator, { bucketName: 'acme-media' })
      },
      { 'bucket-name': 'acme-files', 'if-exists': 'update' },
    ],
    [
      'a storage of another name',
      'OTHER_STORAGE',
      (emulator: Emulator) => {
        addStorage(emulator.environment(), { resourceName: 'uploads' })
      },
      {},
    ],
    ['any storage under fail', 'STORAGE_EXISTS', media, { 'if-exists': 'fail' }],
  ] as const)('%s', async (_, code, arrange, given) => {
    const world = await createTestBed()
    arrange(world.emulator)
    const end = await runAction(world, { event: pullRequest(), with: given })
    expect(end.exitCode).toBe(1)
    expect(end.outputs).toMatchObject({ result: 'failed', 'error-code': code, ready: '' })
    expect(end.annotations.map(({ level }) => level)).toEqual(['error'])
    expect(mutations(world)).toBe(0)
  })

  it.each([
    ['environment', 'ENVIRONMENT_NOT_FOUND', { 'backend-environment-name': 'staging' }],
    ['auth resource', 'AUTH_MISSING', {}],
  ] as const)(
    'but a missing %s is a warning there, since the merge may bring it, and red after it',
    async (_, code, given) => {
      const world = await createTestBed()
      world.emulator.environment().auth = false
      const planned = await runAction(world, { event: pullRequest(), with: given })
      expect(planned.exitCode).toBe(0)
      expect(planned.outputs['result']).toBe('planned')
      expect(planned.annotations).toMatchObject([
        { level: 'warning', title: 'The apply would fail as things are' },
      ])

      const applied = await runAction(world, { event: push(), with: given })
      expect(applied.exitCode).toBe(1)
      expect(applied.outputs['error-code']).toBe(code)
      expect(mutations(world)).toBe(0)
    },
  )
})
