import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'

import { defaults, type Emulator, type Fault, type FaultOrder } from '../../emulator/emulator.ts'
import { isObject } from '../../emulator/shape.ts'
import { mergedPullRequest, pullRequest } from '../../emulator/workflow/events.ts'
import { runAction, stage, type Scenario } from '../kit/action.ts'
import { expectGreen, expectHidden, expectRed } from '../kit/ends.ts'
import { checkOutputs } from '../kit/harmless.ts'
import { home } from '../kit/home.ts'
import { CALM } from '../kit/pace.ts'
import { scenario } from '../kit/scope.ts'
import { forEachVariant } from '../kit/variants.ts'

const debug = { RUNNER_DEBUG: '1', ACTIONS_STEP_DEBUG: 'true' }

/** Everything that an emulator has handed out and that nobody may see. */
function secretsOf(emulator: Emulator): readonly string[] {
  const tokens = emulator.calls('token').flatMap(({ answer }) => {
    const parsed: unknown = JSON.parse(answer ?? '{}')
    return isObject(parsed) && typeof parsed['value'] === 'string' ? [parsed['value']] : []
  })
  const sessions = [...emulator.world.credentials.values()].filter(
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
const refusal = (operation: FaultOrder['operation'], status: number): FaultOrder => ({
  operation,
  kind: 'status',
  status,
  message: 'no',
  headers: { authorization: 'AWS4-HMAC-SHA256 Credential=x', 'x-echo': 'Bearer x' },
})

describe('C07: secrets, with debug logging on', () => {
  scenario('are seen nowhere, whatever way the run ends, and are all masked', async () => {
    await forEachVariant<{
      scenario?: Scenario
      refusals?: readonly FaultOrder[]
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
        const world = await stage({ rules: { jobMs: 5_000 } }, CALM)
        for (const order of refusals) world.emulator.orderFault(order)
        const end = await runAction(world, { ...scenario, env: debug })
        const secrets = secretsOf(world.emulator)
        expect(secrets.length).toBeGreaterThanOrEqual(2 + 3 * sessions)
        expectHidden(end, secrets)
        expect(end.leftovers).toBe('')
        expect(end.raw.some((line) => line.startsWith('::debug::'))).toBe(true)
        const open = end.raw.filter((line) => !line.startsWith('::add-mask::')).join('\n')
        expect(open).not.toMatch(/bearer|authorization|AWS4-HMAC/i)
      },
    )
  })

  scenario('are cut out of what a server says, though it repeats them', async () => {
    const world = await stage({}, CALM)
    const { emulator } = world
    const requestToken = emulator.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? ''
    // The emulator's long-term key stands for one that was minted; the run has it from its environment.
    const { secretAccessKey, accessKeyId } = emulator.world.user
    const echo = `You sent ${requestToken} and ${secretAccessKey}, and ${encodeURIComponent(secretAccessKey)}`
    emulator.orderFault({
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
    expect(expectRed(end, 'BAD_REQUEST')).toContain('and ***, and')
    expectHidden(end, [secretAccessKey, accessKeyId])
  })

  scenario('are cut out of the refusals of STS and of the token service', async () => {
    await forEachVariant<{ operation: 'token' | 'AssumeRoleWithWebIdentity'; fault: Fault }>(
      {
        'the token service': { operation: 'token', fault: { kind: 'status', status: 403 } },
        STS: {
          operation: 'AssumeRoleWithWebIdentity',
          fault: { kind: 'status', status: 403, message: 'no', headers: { 'x-echo': 'Bearer x' } },
        },
      },
      async ({ operation, fault }) => {
        const world = await stage({}, CALM)
        const { emulator } = world
        const requestToken = emulator.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? ''
        const echoing =
          fault.kind === 'status'
            ? { ...fault, message: `The request token is ${requestToken}` }
            : fault
        emulator.orderFault({ operation, ...echoing, times: 'always' })
        const end = await runAction(world, { env: debug })
        expectRed(end, operation === 'token' ? 'TOKEN_UNAVAILABLE' : 'ROLE_REFUSED')
        expectHidden(end, secretsOf(emulator))
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
    await forEachVariant<Scenario>(
      {
        'keys beside a role': { with: { wait: 'false' } },
        'a run that is skipped': { event: pullRequest({ from: 'fork' }) },
        'a token beside inputs that are refused': { with: { 'app-id': '' } },
      },
      async (given) => {
        const world = await stage()
        const bearer = world.emulator.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? ''
        const end = await runAction(world, { ...given, env: { ...debug, ...keys } })
        const minted = given.event === undefined ? [bearer] : []
        expectHidden(end, [keys.AWS_SECRET_ACCESS_KEY, keys.AWS_SESSION_TOKEN, ...minted])
        expect(end.masks).not.toContain(keys.AWS_ACCESS_KEY_ID)
      },
    )
  })
})

describe('what is no secret', () => {
  scenario('C09, P04: is not masked, or outputs would be dropped between jobs', async () => {
    const world = await stage({ rules: { jobMs: 5_000 } }, CALM)
    const end = await runAction(world, { env: debug })

    expectGreen(end, 'created')
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
    const world = await stage()
    const own = home()
    const temporary = home()
    const end = await runAction(world, {
      with: { wait: 'false' },
      env: { ...own, RUNNER_TEMP: temporary.HOME, TMPDIR: temporary.HOME },
    })
    expectGreen(end, 'started')
    checkOutputs(end.outputs)
    expectHidden(end, secretsOf(world.emulator))
    expect(end.leftovers).toBe('')
    expect(end.raw.filter((line) => /^::(?:save-state|set-env|add-path)/.test(line))).toEqual([])
    expect([own.HOME, temporary.HOME].flatMap((folder) => readdirSync(folder))).toEqual([])
  })

  scenario('C08: a step that leaves something behind would be noticed', async () => {
    await forEachVariant<{ code: string; noticed: string }>(
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
        const { HOME } = home({ 'step.mjs': `import fs from 'node:fs'\n${code}\n` })
        const end = await runAction(await stage(), { bundle: join(HOME, 'step.mjs') })
        expect(end.leftovers).toContain(noticed)
      },
    )
  })
})
