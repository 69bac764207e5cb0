import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'

import { defaults, type Emulator, type Fault, type FaultSpec } from '../../emulator/emulator.ts'
import { isObject } from '../../emulator/lib/validation.ts'
import { mergedPullRequest, pullRequest } from '../../emulator/runner/events.ts'
import { runAction, createTestBed, type RunActionOptions } from '../support/run-action.ts'
import { expectSuccess, expectSecretsMasked, expectFailure } from '../support/expect-result.ts'
import { checkOutputs } from '../support/injection-checks.ts'
import { createHome } from '../support/home-folder.ts'
import { CAREFUL_SCALE } from '../support/time-scales.ts'
import { scenario } from '../support/scenario.ts'
import { forEachCase } from '../support/for-each-case.ts'

const debug = { RUNNER_DEBUG: '1', ACTIONS_STEP_DEBUG: 'true' }

/** Everything that an emulator has handed out and that nobody may see. */
function secretsOf(emulator: Emulator): readonly string[] {
  const tokens = emulator.calls('token').flatMap(({ responseBody }) => {
    const parsed: unknown = JSON.parse(responseBody ?? '{}')
    return isObject(parsed) && typeof parsed['value'] === 'string' ? [parsed['value']] : []
  })
  const sessions = [...emulator.state.credentials.values()].filter(
    ({ roleArn }) => roleArn !== undefined,
  )
  return [
    emulator.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? '',
    ...tokens,
    ...sessions.flatMap(({ accessKeyId, secretAccessKey, sessionToken = '' }) => [
      accessKeyId,
      secretAccessKey,
      sessionToken,
    ]),
  ]
}

/** A refusal whose head repeats what a request has in its own. */
const refusal = (operation: FaultSpec['operation'], status: number): FaultSpec => ({
  operation,
  kind: 'status',
  status,
  message: 'no',
  headers: { authorization: 'AWS4-HMAC-SHA256 Credential=x', 'x-echo': 'Bearer x' },
})

describe('C07: secrets, with debug logging on', () => {
  scenario('are seen nowhere, whatever way the run ends, and are all masked', async () => {
    await forEachCase<{
      scenario?: RunActionOptions
      refusals?: readonly FaultSpec[]
      sessions: number
    }>(
      {
        'an apply': { sessions: 1 },
        'a refusal of the backend': {
          sessions: 1,
          refusals: [refusal('CreateBackendStorage', 403), refusal('GetBackendStorage', 500)],
        },
        'a refusal in the middle of the wait': {
          sessions: 1,
          refusals: [refusal('GetBackendJob', 403)],
        },
        'a merge with a comment': {
          scenario: { event: mergedPullRequest(), with: { 'comment-on-pr': 'true' } },
          sessions: 0,
        },
        'a plan': { scenario: { event: pullRequest() }, sessions: 1 },
      },
      async ({ scenario = {}, refusals = [], sessions }) => {
        const world = await createTestBed({ rules: { jobMs: 5_000 } }, CAREFUL_SCALE)
        for (const order of refusals) world.emulator.injectFault(order)
        const end = await runAction(world, { ...scenario, env: debug })
        const secrets = secretsOf(world.emulator)
        expect(secrets.length).toBeGreaterThanOrEqual(2 + 3 * sessions)
        expectSecretsMasked(end, secrets)
        expect(end.leftovers).toBe('')
        expect(end.rawLines.some((line) => line.startsWith('::debug::'))).toBe(true)
        const open = end.rawLines.filter((line) => !line.startsWith('::add-mask::')).join('\n')
        expect(open).not.toMatch(/bearer|authorization|AWS4-HMAC/i)
      },
    )
  })

  scenario('are cut out of what a server says, though it repeats them', async () => {
    const world = await createTestBed({}, CAREFUL_SCALE)
    const { emulator } = world
    const requestToken = emulator.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? ''
    // The emulator's long-term key stands for one that was minted; the run has it from its environment.
    const { secretAccessKey, accessKeyId } = emulator.state.user
    const echo = `You sent ${requestToken} and ${secretAccessKey}, and ${encodeURIComponent(secretAccessKey)}`
    emulator.injectFault({
      operation: 'GetBackendStorage',
      kind: 'status',
      status: 400,
      message: echo,
      times: 'always',
    })
    const end = await runAction(world, {
      with: { 'role-to-assume': '', 'plan-role-to-assume': '' },
      env: { ...debug, ...emulator.ambientEnv },
    })
    expect(expectFailure(end, 'BAD_REQUEST')).toContain('and ***, and')
    expectSecretsMasked(end, [secretAccessKey, accessKeyId])
  })

  scenario('are cut out of the refusals of STS and of the token service', async () => {
    await forEachCase<{ operation: 'token' | 'AssumeRoleWithWebIdentity'; fault: Fault }>(
      {
        'the token service': { operation: 'token', fault: { kind: 'status', status: 403 } },
        STS: {
          operation: 'AssumeRoleWithWebIdentity',
          fault: { kind: 'status', status: 403, message: 'no', headers: { 'x-echo': 'Bearer x' } },
        },
      },
      async ({ operation, fault }) => {
        const world = await createTestBed({}, CAREFUL_SCALE)
        const { emulator } = world
        const requestToken = emulator.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? ''
        const echoing =
          fault.kind === 'status'
            ? { ...fault, message: `The request token is ${requestToken}` }
            : fault
        emulator.injectFault({ operation, ...echoing, times: 'always' })
        const end = await runAction(world, { env: debug })
        expectFailure(end, operation === 'token' ? 'TOKEN_UNAVAILABLE' : 'ROLE_REFUSED')
        expectSecretsMasked(end, secretsOf(emulator))
      },
    )
  })
})

describe('secrets of the environment that the run itself has no use for', () => {
  const keys = {
    AWS_ACCESS_KEY_ID: 'AKIAEXAMPLEEXAMPLE12',
    AWS_SECRET_ACCESS_KEY: 'a-secret-of-an-earlier-step',
    AWS_SESSION_TOKEN: 'a-session-of-an-earlier-step',
  }

  scenario('are masked all the same, and the id of a key is not', async () => {
    await forEachCase<RunActionOptions>(
      {
        'keys beside a role': { with: { wait: 'false' } },
        'a run that is skipped': { event: pullRequest({ from: 'fork' }) },
        'a token beside inputs that are refused': { with: { 'app-id': '' } },
      },
      async (given) => {
        const world = await createTestBed()
        const bearer = world.emulator.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? ''
        const end = await runAction(world, { ...given, env: { ...debug, ...keys } })
        const minted = given.event === undefined ? [bearer] : []
        expectSecretsMasked(end, [keys.AWS_SECRET_ACCESS_KEY, keys.AWS_SESSION_TOKEN, ...minted])
        expect(end.masks).not.toContain(keys.AWS_ACCESS_KEY_ID)
      },
    )
  })
})

describe('what is no secret', () => {
  scenario('C09, P04: is not masked, or outputs would be dropped between jobs', async () => {
    const world = await createTestBed({ rules: { jobMs: 5_000 } }, CAREFUL_SCALE)
    const end = await runAction(world, { env: debug })

    expectSuccess(end, 'created')
    const known = new Set([...secretsOf(world.emulator), world.emulator.githubToken])
    expect(end.masks.filter((mask) => !known.has(mask))).toEqual([])
    const open = [
      ...Object.values(end.outputs),
      defaults.accountId,
      defaults.applyRole,
      defaults.region,
      defaults.appId,
      'octo-org-octo-app-1234567890',
    ]
    for (const mask of end.masks) {
      expect(open.filter((text) => text !== '' && text.includes(mask))).toEqual([])
    }
  })

  scenario('C08: nothing is left behind for the steps that follow, but the outputs', async () => {
    const world = await createTestBed()
    const own = createHome()
    const temporary = createHome()
    const end = await runAction(world, {
      with: { wait: 'false' },
      env: { ...own, RUNNER_TEMP: temporary.HOME, TMPDIR: temporary.HOME },
    })
    expectSuccess(end, 'started')
    checkOutputs(end.outputs)
    expectSecretsMasked(end, secretsOf(world.emulator))
    expect(end.leftovers).toBe('')
    expect(end.rawLines.filter((line) => /^::(?:save-state|set-env|add-path)/.test(line))).toEqual(
      [],
    )
    expect([own.HOME, temporary.HOME].flatMap((folder) => readdirSync(folder))).toEqual([])
  })

  scenario('C08: a step that leaves something behind would be noticed', async () => {
    await forEachCase<{ code: string; noticed: string }>(
      {
        'a file in the working directory': {
          code: "fs.writeFileSync('token.txt', 'a-token')",
          noticed: 'token.txt: a-token',
        },
        'a folder of its home': {
          code: 'fs.mkdirSync(`${process.env.HOME}/.aws`)',
          noticed: '.aws: ',
        },
        'a file beside those of the runner': {
          code: 'fs.writeFileSync(`${process.env.GITHUB_OUTPUT}.old`, "a-token")',
          noticed: 'github_output.old: a-token',
        },
        'more in the event than there was': {
          code: "fs.appendFileSync(process.env.GITHUB_EVENT_PATH, 'a-token')",
          noticed: '}a-token',
        },
        'a variable for later steps': {
          code: "fs.appendFileSync(process.env.GITHUB_ENV, 'TOKEN=a-token')",
          noticed: '{"TOKEN":"a-token"}',
        },
      },
      async ({ code, noticed }) => {
        const { HOME } = createHome({ 'step.mjs': `import fs from 'node:fs'\n${code}\n` })
        const end = await runAction(await createTestBed(), { bundle: join(HOME, 'step.mjs') })
        expect(end.leftovers).toContain(noticed)
      },
    )
  })
})
