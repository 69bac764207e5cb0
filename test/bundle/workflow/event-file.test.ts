import { expect } from 'vitest'

import { defaults } from '../../../emulator/emulator.ts'
import { pullRequest, push } from '../../../emulator/runner/events.ts'
import {
  createTestBed,
  runAction,
  runOnce,
  type RunActionOptions,
} from '../../support/run-action.ts'
import { scenarios } from '../../support/scenario.ts'
import { expectSuccess } from '../../support/step-result.ts'

scenarios<Pick<RunActionOptions, 'env' | 'eventFile'>>(
  'An event file that cannot be read lets a push only plan unless apply-branches names its branch, and never applies a pull request',
  {
    'no path': { env: { GITHUB_EVENT_PATH: undefined } },
    'no file': { env: { GITHUB_EVENT_PATH: '/nowhere/event.json' } },
    'a folder': { env: { GITHUB_EVENT_PATH: '/' } },
    'half a file': { eventFile: '{"a":' },
    'a list': { eventFile: '[]' },
    'text with a command': { eventFile: '"::error::x"' },
    'deep nesting': { eventFile: '['.repeat(200_000) },
  },
  async (file) => {
    const bed = await createTestBed()
    const plan = await runAction(bed, { ...file, with: { 'plan-role-to-assume': '' } })
    expectSuccess(plan, 'planned')
    expect(plan.annotations.map(({ title }) => title)).toEqual(['Event not read', 'Planned only'])

    const comment = await runAction(bed, {
      ...file,
      event: pullRequest(),
      with: { 'comment-on-pr': 'true' },
    })
    expectSuccess(comment, 'planned')
    const call = bed.emulator.calls('AssumeRoleWithWebIdentity').at(-1)
    expect(new URLSearchParams(call?.rawBody).get('RoleArn')).toBe(defaults.planRole)
    expect(bed.emulator.calls('CreateBackendStorage')).toEqual([])

    const apply = await runAction(bed, {
      ...file,
      with: { 'apply-branches': 'main', wait: 'false' },
    })
    expectSuccess(apply, 'started')
    expect(bed.emulator.calls('CreateBackendStorage')).toHaveLength(1)
  },
)

scenarios(
  'An event file that is unusual but valid is read',
  {
    'a byte order mark': `\uFEFF${JSON.stringify(push().payload)}`,
    '30 MB': JSON.stringify({ ...push().payload, commits: ['x'.repeat(30_000_000)] }),
    'members named as those of Object': `{"__proto__":{"x":1},"constructor":1,${JSON.stringify(push().payload).slice(1)}`,
  },
  async (eventFile) => {
    const { step } = await runOnce({ eventFile, with: { wait: 'false' } })
    expectSuccess(step, 'started')
    expect(step.annotations).toEqual([])
  },
)
