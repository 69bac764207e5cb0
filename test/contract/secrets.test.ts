/** No secret of a run is anywhere but in its masks: not in log, summary, outputs or another file of the step. */
import { describe, expect, it } from 'vitest'

import { addRole, defaults, githubTrustPolicy } from '../../emulator/emulator.ts'
import type { StepResult } from '../../emulator/runner/step.ts'
import { pullRequest } from '../../emulator/runner/events.ts'
import {
  FAST_SCALE,
  runAction,
  createTestBed,
  type RunActionOptions,
  type TestBed,
} from '../support/run-action.ts'

const debug = { RUNNER_DEBUG: '1', ACTIONS_STEP_DEBUG: 'true' }

async function run(world: TestBed, scenario: RunActionOptions = {}): Promise<StepResult> {
  return await runAction(world, { ...scenario, env: { ...debug, ...scenario.env } })
}

/** Everything that a run could leave behind, but for the commands that mask. */
const left = (end: StepResult): string =>
  [
    ...end.rawLines.filter((line) => !line.startsWith('::add-mask::')),
    end.summary,
    end.leftovers,
    JSON.stringify(end.outputs),
    JSON.stringify(end.annotations),
  ].join('\n')

function expectNoSecretIn(end: StepResult, { emulator }: TestBed): void {
  const secrets = [
    emulator.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? '',
    ...[...emulator.state.credentials.values()]
      .filter(({ roleArn }) => roleArn !== undefined)
      .flatMap((credential) => [
        credential.accessKeyId,
        credential.secretAccessKey,
        credential.sessionToken ?? '',
      ]),
  ]
  // What was masked includes the tokens, which the emulator does not keep.
  expect(end.masks).toEqual(expect.arrayContaining(secrets))
  expect(end.masks.filter((mask) => /^[\w-]+\.[\w-]+\.[\w-]+$/.test(mask)).length).toBeGreaterThan(
    0,
  )
  const text = left(end)
  expect(end.masks.filter((mask) => text.includes(mask))).toEqual([])
  expect(end.leftovers).toBe('')
  expect(text).not.toMatch(/\bBearer |AWS4-HMAC-SHA256|authorization:/i)
  // The debug log is there indeed.
  expect(text).toContain('::debug::')
}

describe('no secret is left behind by a run', () => {
  it('that creates', async () => {
    const world = await createTestBed({ rules: { jobMs: 0 } }, FAST_SCALE)
    const end = await run(world)
    expect(end.outputs['result']).toBe('created')
    expectNoSecretIn(end, world)
  })

  it('that plans and comments', async () => {
    const world = await createTestBed({}, FAST_SCALE)
    const end = await run(world, { event: pullRequest(), with: { 'comment-on-pr': 'true' } })
    expect(end.outputs['result']).toBe('planned')
    expect(end.masks).toContain(world.emulator.githubToken)
    expectNoSecretIn(end, world)
    const comments = JSON.stringify([...world.emulator.state.github.comments])
    expect(end.masks.filter((mask) => comments.includes(mask))).toEqual([])
  })

  it('whose role is refused', async () => {
    const world = await createTestBed({}, FAST_SCALE)
    addRole(world.emulator.state, {
      arn: defaults.applyRole,
      trust: githubTrustPolicy(['repo:o/r:x']),
    })
    const end = await run(world)
    expect(end.outputs['error-code']).toBe('ROLE_REFUSED')
    expectNoSecretIn(end, world)
  })

  it('that meets a server which repeats what it was sent', async () => {
    const world = await createTestBed({}, FAST_SCALE)
    const bearer = world.emulator.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? ''
    world.emulator.injectFault({
      operation: 'CreateBackendStorage',
      kind: 'status',
      status: 400,
      message: `You sent ${bearer}\r\n::error::${bearer}`,
    })
    const end = await run(world)
    expect(end.outputs['error-code']).toBe('BAD_REQUEST')
    expectNoSecretIn(end, world)
  })
})
