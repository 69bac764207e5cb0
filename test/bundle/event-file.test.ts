import { describe, expect } from 'vitest'

import { defaults } from '../../emulator/emulator.ts'
import { pullRequest, push } from '../../emulator/runner/events.ts'
import { runAction, createTestBed, type RunActionOptions } from '../support/run-action.ts'
import { expectSuccess } from '../support/expect-result.ts'
import { scenario } from '../support/scenario.ts'
import { forEachCase } from '../support/for-each-case.ts'

/** Event files that say nothing, and what is said of them. */
const mute: Readonly<
  Record<string, { scenario: Pick<RunActionOptions, 'env' | 'eventFile'>; says: string }>
> = {
  'no path': { scenario: { env: { GITHUB_EVENT_PATH: undefined } }, says: 'is not set' },
  'an empty path': { scenario: { env: { GITHUB_EVENT_PATH: '' } }, says: 'is not set' },
  'no file': {
    scenario: { env: { GITHUB_EVENT_PATH: '/nowhere/event.json' } },
    says: 'could not be read',
  },
  'a folder': { scenario: { env: { GITHUB_EVENT_PATH: '/' } }, says: 'could not be read' },
  'an empty file': { scenario: { eventFile: '' }, says: 'is empty' },
  'half a file': { scenario: { eventFile: '{"a":' }, says: 'does not hold JSON' },
  null: { scenario: { eventFile: 'null' }, says: 'does not hold a JSON object' },
  'a list': { scenario: { eventFile: '[]' }, says: 'does not hold a JSON object' },
  'a text': { scenario: { eventFile: '"::error::x"' }, says: 'does not hold a JSON object' },
  'deep nesting': {
    scenario: { eventFile: '['.repeat(200_000) },
    says: 'does not hold JSON',
  },
}

const withText = {
  'a byte order mark': `\uFEFF${JSON.stringify(push().payload)}`,
  'a huge event': JSON.stringify({ ...push().payload, commits: ['x'.repeat(30_000_000)] }),
  'members named as those of Object': `{"__proto__":{"x":1},"constructor":1,${JSON.stringify(push().payload).slice(1)}`,
}

describe('E05: an event file that tells nothing', () => {
  scenario(
    'lets a push plan only, or apply where the branch is named, with a warning',
    async () => {
      await forEachCase(mute, async ({ scenario, says }) => {
        const world = await createTestBed()
        const plan = await runAction(world, { ...scenario, with: { 'plan-role-to-assume': '' } })
        expectSuccess(plan, 'planned')
        expect(plan.annotations.map(({ title }) => title)).toEqual([
          'Event not read',
          'Planned only',
        ])
        expect(plan.annotations[0]?.message).toContain(says)

        const apply = await runAction(world, {
          ...scenario,
          with: { 'apply-branches': 'main', wait: 'false' },
        })
        expectSuccess(apply, 'started')
        expect(world.emulator.calls('CreateBackendStorage')).toHaveLength(1)
      })
    },
  )

  scenario('lets a pull request plan only, and at most the comment on it is lost', async () => {
    await forEachCase(mute, async ({ scenario }) => {
      const world = await createTestBed()
      const end = await runAction(world, {
        ...scenario,
        event: pullRequest(),
        with: { 'comment-on-pr': 'true' },
      })
      expectSuccess(end, 'planned')
      expect(end.annotations.every(({ level }) => level === 'warning')).toBe(true)
      expect(world.emulator.calls('CreateBackendStorage')).toEqual([])
      const call = world.emulator.calls('AssumeRoleWithWebIdentity')[0]
      expect(new URLSearchParams(call?.rawBody).get('RoleArn')).toBe(defaults.planRole)
    })
  })
})

describe('E05: an event file that is odd and whole', () => {
  scenario('is read', async () => {
    await forEachCase(withText, async (eventFile) => {
      const world = await createTestBed()
      const end = await runAction(world, { eventFile, with: { wait: 'false' } })
      expectSuccess(end, 'started')
      expect(end.annotations).toEqual([])
    })
  })
})
