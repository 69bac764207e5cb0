/** One event of each kind on the bundle; test/unit/workflow/decide.test.ts has the whole table. */
import { expect } from 'vitest'

import {
  mergedPullRequest,
  mergeGroup,
  pullRequest,
  push,
  pushTag,
  schedule,
  workflowDispatch,
  type WorkflowEvent,
} from '../../../emulator/runner/events.ts'
import type { ErrorCode } from '../../../src/errors/catalog.ts'
import { addMedia, countMutations, trustEvents } from '../../support/emulator-state.ts'
import {
  createTestBed,
  runAction,
  runOnce,
  withoutRole,
  type RunActionOptions,
  type SingleRunOptions,
} from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { expectFailure, expectSuccess } from '../../support/step-result.ts'

type Expected = 'started' | 'planned' | 'skipped' | ErrorCode
type Row = Readonly<{ event: WorkflowEvent; expected: Expected; with?: RunActionOptions['with'] }>

scenarios<Row>(
  'A run does what the table of events says',
  {
    'a push to a branch of apply-branches': {
      ...{ event: push('release/1'), expected: 'started' },
      with: { 'apply-branches': 'main, release/*' },
    },
    'a push to a branch that only begins like one': {
      ...{ event: push('release/1/hotfix'), expected: 'planned' },
      with: { 'apply-branches': 'main, release/*' },
    },
    'a push that deletes a branch': {
      event: {
        ...push('topic'),
        payload: { ...push('topic').payload, deleted: true, after: '0'.repeat(40) },
      },
      expected: 'skipped',
    },
    'a merge into another branch': {
      event: mergedPullRequest({ base: 'topic' }),
      expected: 'planned',
    },
    'a manual run on the default branch': { event: workflowDispatch(), expected: 'started' },
    'a manual run on another branch': { event: workflowDispatch('topic'), expected: 'planned' },
    'a manual run on a tag': {
      event: { ...workflowDispatch(), ref: 'refs/tags/v1' },
      expected: 'UNSUPPORTED_EVENT',
    },
    'a pull request of a fork that was merged into another branch': {
      event: mergedPullRequest({ from: 'fork', base: 'topic' }),
      expected: 'skipped',
    },
    schedule: { event: schedule(), expected: 'started' },
    merge_group: { event: mergeGroup(), expected: 'planned' },
    'an open pull request by Dependabot': {
      event: pullRequest({ from: 'dependabot' }),
      expected: 'skipped',
    },
    'a Dependabot run that can request tokens': {
      event: { ...pullRequest({ from: 'dependabot' }), trusted: true },
      expected: 'planned',
    },
    'a tag': { event: pushTag(), expected: 'UNSUPPORTED_EVENT' },
    pull_request_target: {
      event: { ...push(), name: 'pull_request_target' },
      expected: 'UNSUPPORTED_EVENT',
    },
    'mode: plan on a push': { event: push(), expected: 'planned', with: { mode: 'plan' } },
    'mode: apply on a pull request': {
      ...{ event: pullRequest(), expected: 'started' },
      with: { mode: 'apply' },
    },
  },
  async ({ event, expected, with: inputs = {} }) => {
    const { step, emulator } = await runOnce({
      event,
      with: { wait: 'false', ...inputs },
      setUp: (on) => {
        trustEvents(on, event)
      },
    })
    if (expected === 'started' || expected === 'planned' || expected === 'skipped')
      expectSuccess(step, expected)
    else expectFailure(step, expected)
    expect(countMutations(emulator)).toBe(expected === 'started' ? 1 : 0)
    if (expected !== 'started' && expected !== 'planned') expect(emulator.requests).toEqual([])
  },
)

scenarios(
  'A run that skips does not check the other inputs, whose secrets may be empty',
  {
    'a fork': pullRequest({ from: 'fork' }),
    'a pull request closed without a merge': pullRequest({ action: 'closed' }),
  },
  async (event) => {
    const { step, emulator } = await runOnce({
      event,
      with: {
        ...{ ...withoutRole, 'app-id': '', 'backend-environment-name': '', 'resource-name': '' },
        ...{ 'authenticated-permissions': '', 'aws-region': '', 'github-token': '' },
      },
    })
    expectSuccess(step, 'skipped', { changed: '', ready: '' })
    expect(step.annotations).toMatchObject([{ level: 'notice', title: 'Skipped' }])
    expect(emulator.requests).toEqual([])
  },
)

scenarios(
  'Credentials in the environment let a fork plan only where no role is set',
  { 'no role': 'planned', 'a role': 'skipped' },
  async (result) => {
    const bed = await createTestBed()
    const step = await runAction(bed, {
      event: pullRequest({ from: 'fork' }),
      env: bed.emulator.ambientEnv,
      ...(result === 'planned' ? { with: withoutRole } : {}),
    })
    expectSuccess(step, result)
  },
)

scenario(
  'With mode: apply, a run for a fork without credentials names forks before anything else',
  async () => {
    const bed = await createTestBed()
    const step = await runAction(bed, {
      event: pullRequest({ from: 'fork' }),
      with: { ...withoutRole, mode: 'apply' },
    })
    const message = expectFailure(step, 'NO_CREDENTIALS')
    expect(message).toMatch(/fork.*mode: auto/s)
  },
)

scenarios<SingleRunOptions & Readonly<{ code: ErrorCode }>>(
  'A plan fails on the pull request when its apply would be rejected',
  {
    'a storage that differs': {
      code: 'STORAGE_DIFFERS',
      setUp: (emulator) => addMedia(emulator),
    },
    'a bucket that cannot change': {
      code: 'BUCKET_FIXED',
      with: { 'bucket-name': 'acme-files', 'if-exists': 'update' },
      setUp: (emulator) => addMedia(emulator, { bucketName: 'acme-media' }),
    },
    'a storage with if-exists: fail': {
      code: 'STORAGE_EXISTS',
      with: { 'if-exists': 'fail' },
      setUp: (emulator) => addMedia(emulator),
    },
  },
  async ({ code, ...given }) => {
    const { step, emulator } = await runOnce({ ...given, event: pullRequest() })
    expectFailure(step, code)
    expect(countMutations(emulator)).toBe(0)
  },
)

scenarios<Readonly<Record<string, string>>>(
  'A plan warns about what the merge may bring, and the apply fails without it',
  {
    ENVIRONMENT_NOT_FOUND: { 'backend-environment-name': 'staging' },
    AUTH_MISSING: {},
  },
  async (inputs, code) => {
    const bed = await createTestBed()
    bed.emulator.environment().auth = false
    const planned = await runAction(bed, { event: pullRequest(), with: inputs })
    expectSuccess(planned, 'planned')
    expect(planned.annotations.map(({ level }) => level)).toEqual(['warning'])

    const applied = await runAction(bed, { with: inputs })
    expect(applied.outputs).toMatchObject({ result: 'failed', 'error-code': code })
    expect(applied.exitCode).toBe(1)
    expect(countMutations(bed.emulator)).toBe(0)
  },
)

scenario('A push to a branch that is not applied warns and names apply-branches', async () => {
  const event = push('topic')
  const { step } = await runOnce({
    event,
    setUp: (emulator) => {
      trustEvents(emulator, event)
    },
  })
  expectSuccess(step, 'planned')
  expect(step.annotations).toMatchObject([{ level: 'warning', title: 'Planned only' }])
  expect(step.annotations[0]?.message).toContain('`apply-branches`')
})
