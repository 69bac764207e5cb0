/** Every secret of a run is masked, and appears in nothing that the run leaves behind. */
import { expect, it } from 'vitest'

import { addRole, defaults, githubTrustPolicy } from '../../emulator/emulator.ts'
import type { StepResult } from '../../emulator/runner/step.ts'
import { pullRequest } from '../../emulator/runner/events.ts'
import {
  runAction,
  createTestBed,
  type RunActionOptions,
  type TestBed,
} from '../support/run-action.ts'

const debug = { RUNNER_DEBUG: '1', ACTIONS_STEP_DEBUG: 'true' }
const bearerOf = ({ emulator }: TestBed): string =>
  emulator.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? ''

/** Everything that a run can leave behind, except the commands that mask. */
const output = (end: StepResult): string =>
  [
    ...end.rawLines.filter((line) => !line.startsWith('::add-mask::')),
    end.summary,
    end.leftovers,
    JSON.stringify(end.outputs),
    JSON.stringify(end.annotations),
  ].join('\n')

type Case = Readonly<{
  title: string
  prepare?: (stage: TestBed) => void
  scenario?: RunActionOptions
  expected: Readonly<Record<string, string>>
}>

const cases: readonly Case[] = [
  { title: 'A run that creates reveals no secret', expected: { result: 'created' } },
  {
    title: 'A run that plans and comments reveals no secret',
    scenario: { event: pullRequest(), with: { 'comment-on-pr': 'true' } },
    expected: { result: 'planned' },
  },
  {
    title: 'A run whose role does not trust it reveals no secret',
    prepare: ({ emulator }) => {
      addRole(emulator.state, { arn: defaults.applyRole, trust: githubTrustPolicy(['repo:o/r:x']) })
    },
    expected: { 'error-code': 'ROLE_REFUSED' },
  },
  {
    title: 'A run whose request is echoed by the server reveals no secret',
    prepare: (testBed) => {
      testBed.emulator.injectFault({
        operation: 'CreateBackendStorage',
        kind: 'status',
        status: 400,
        message: `You sent ${bearerOf(testBed)}\r\n::error::${bearerOf(testBed)}`,
      })
    },
    expected: { 'error-code': 'BAD_REQUEST' },
  },
]

it.each(cases)('$title', async ({ prepare, scenario, expected }) => {
  const testBed = await createTestBed({ rules: { jobMs: 0 } })
  prepare?.(testBed)
  const { emulator } = testBed
  const end = await runAction(testBed, { ...scenario, env: debug })
  expect(end.outputs).toMatchObject(expected)

  const sessions = [...emulator.state.credentials.values()].filter(({ roleArn }) => roleArn)
  expect(end.masks).toEqual(
    expect.arrayContaining([
      bearerOf(testBed),
      ...sessions.flatMap(({ accessKeyId, secretAccessKey, sessionToken = '' }) => [
        ...[accessKeyId, secretAccessKey, sessionToken],
      ]),
      ...(scenario?.with?.['comment-on-pr'] === 'true' ? [emulator.githubToken] : []),
    ]),
  )
  // The emulator does not keep the OIDC tokens that it issues.
  expect(end.masks.filter((mask) => /^[\w-]+\.[\w-]+\.[\w-]+$/.test(mask))).not.toEqual([])

  const text = output(end) + JSON.stringify([...emulator.state.github.comments])
  expect(end.masks.filter((mask) => text.includes(mask))).toEqual([])
  expect(end.leftovers).toBe('')
  expect(text).not.toMatch(/\bBearer |AWS4-HMAC-SHA256|authorization:/i)
  // The debug log was on.
  expect(text).toContain('::debug::')
})
