/** Secrets are in no line, output or summary of a run. */
import { expect } from 'vitest'

import { defaults, type FaultSpec } from '../../../emulator/emulator.ts'
import { mergedPullRequest, pullRequest } from '../../../emulator/runner/events.ts'
import { runOnce, type RunActionOptions } from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { expectSecretsMasked, expectSuccess } from '../../support/step-result.ts'
import { earlierKeys, getRequestToken, getSecrets } from './secrets-of-runs.ts'

const debug = { RUNNER_DEBUG: '1', ACTIONS_STEP_DEBUG: 'true' }

/** An error whose headers repeat those of a request. */
const echo = (operation: FaultSpec['operation'], status: number): FaultSpec => ({
  operation,
  kind: 'status',
  status,
  message: 'no',
  headers: { authorization: 'AWS4-HMAC-SHA256 Credential=x', 'x-echo': 'Bearer x' },
})

scenarios<Readonly<{ run?: RunActionOptions; faults?: readonly FaultSpec[]; sessions?: number }>>(
  'With debug logging on, all secrets of a run are masked and shown nowhere',
  {
    'an apply': {},
    'errors of the backend': {
      faults: [echo('CreateBackendStorage', 403), echo('GetBackendStorage', 500)],
    },
    'an error during the wait': { faults: [echo('GetBackendJob', 403)] },
    'a merge with a comment': {
      run: { event: mergedPullRequest(), with: { 'comment-on-pr': 'true' } },
      sessions: 0,
    },
    'a plan': { run: { event: pullRequest() } },
  },
  async ({ run = {}, faults = [], sessions = 1 }) => {
    const { step, emulator } = await runOnce({
      ...run,
      faults,
      rules: { jobMs: 5_000 },
      env: debug,
    })
    const secrets = getSecrets(emulator)
    expect(secrets.length).toBeGreaterThanOrEqual(2 + 3 * sessions)
    expectSecretsMasked(step, secrets)
    expect(step.masks).toContain(emulator.githubToken)
    expect(step.leftovers).toBe('')
    expect(step.rawLines.some((line) => line.startsWith('::debug::'))).toBe(true)
    const open = step.rawLines.filter((line) => !line.startsWith('::add-mask::')).join('\n')
    expect(open).not.toMatch(/bearer|authorization|AWS4-HMAC/i)
  },
)

scenarios<RunActionOptions>(
  'Secrets of the environment that a run does not use are masked, and the id of a key is not',
  {
    'keys beside a role': { with: { wait: 'false' } },
    'a skipped run': { event: pullRequest({ from: 'fork' }) },
    'invalid inputs': { with: { 'app-id': '' } },
  },
  async (given) => {
    const { step, emulator } = await runOnce({ ...given, env: { ...debug, ...earlierKeys } })
    const requestTokens = given.event === undefined ? [getRequestToken(emulator)] : []
    expectSecretsMasked(step, [
      earlierKeys.AWS_SECRET_ACCESS_KEY,
      earlierKeys.AWS_SESSION_TOKEN,
      earlierKeys.AWS_CONTAINER_AUTHORIZATION_TOKEN,
      ...requestTokens,
    ])
    expect(step.masks).not.toContain(earlierKeys.AWS_ACCESS_KEY_ID)
  },
)

scenario('Only secrets are masked, since a runner drops masked outputs', async () => {
  const { step, emulator } = await runOnce({ rules: { jobMs: 1_000 }, env: debug })
  expectSuccess(step, 'created')
  const known = new Set([...getSecrets(emulator), emulator.githubToken])
  expect(step.masks.filter((mask) => !known.has(mask))).toEqual([])
  const { accountId, applyRole, region, appId } = defaults
  const names = [accountId, applyRole, region, appId, 'octo-org-octo-app-1234567890']
  const open = [...Object.values(step.outputs), ...names].join('\n')
  expect(step.masks.filter((mask) => open.includes(mask))).toEqual([])
})
