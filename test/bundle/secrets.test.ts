/** Secrets are in no line, output, summary or file that a step leaves behind. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'

import { defaults, type Emulator, type FaultSpec } from '../../emulator/emulator.ts'
import { isObject } from '../../emulator/lib/validation.ts'
import { mergedPullRequest, pullRequest } from '../../emulator/runner/events.ts'
import { requestToken } from '../support/emulator-requests.ts'
import { createHome } from '../support/home-folder.ts'
import { checkOutputs } from '../support/injection-checks.ts'
import { renderMarkdown } from '../support/rendered-markdown.ts'
import {
  createTestBed,
  runAction,
  runOnce,
  withoutIdToken,
  withoutRole,
  type RunActionOptions,
} from '../support/run-action.ts'
import { scenario, scenarios } from '../support/scenario.ts'
import { expectFailure, expectSecretsMasked, expectSuccess } from '../support/step-result.ts'

const debug = { RUNNER_DEBUG: '1', ACTIONS_STEP_DEBUG: 'true' }

const getRequestToken = ({ env }: Emulator): string => env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? ''

/** Every secret that an emulator has handed out. */
function getSecrets(emulator: Emulator): readonly string[] {
  const tokens = emulator.calls('token').flatMap(({ responseBody }) => {
    const parsed: unknown = JSON.parse(responseBody ?? '{}')
    return isObject(parsed) && typeof parsed['value'] === 'string' ? [parsed['value']] : []
  })
  const sessions = [...emulator.state.credentials.values()].filter(
    ({ roleArn }) => roleArn !== undefined,
  )
  return [
    getRequestToken(emulator),
    ...tokens,
    ...sessions.flatMap(({ accessKeyId, secretAccessKey, sessionToken = '' }) => [
      accessKeyId,
      secretAccessKey,
      sessionToken,
    ]),
  ]
}

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

scenario('Secrets that the backend repeats are cut out of its message', async () => {
  const { step, emulator } = await runOnce({
    with: withoutRole,
    env: ({ ambientEnv }) => ({ ...debug, ...ambientEnv }),
    setUp: (on) => {
      const { secretAccessKey: key } = on.state.user
      return on.injectFault({
        ...{ operation: 'GetBackendStorage', kind: 'status', status: 400, times: 'always' },
        message: `You sent ${getRequestToken(on)} and ${key}, and ${encodeURIComponent(key)}`,
      })
    },
  })
  expect(expectFailure(step, 'BAD_REQUEST')).toContain('and ***, and')
  const { secretAccessKey, accessKeyId } = emulator.state.user
  expectSecretsMasked(step, [secretAccessKey, accessKeyId])
})

scenarios<'TOKEN_UNAVAILABLE' | 'ROLE_REFUSED'>(
  'Secrets that a token service or STS repeats are cut out of its message',
  { token: 'TOKEN_UNAVAILABLE', AssumeRoleWithWebIdentity: 'ROLE_REFUSED' },
  async (code) => {
    const operation = code === 'ROLE_REFUSED' ? 'AssumeRoleWithWebIdentity' : 'token'
    const { step, emulator } = await runOnce({
      env: debug,
      setUp: (on) =>
        on.injectFault({
          ...{ operation, kind: 'status', status: 403, times: 'always' },
          message: `The request token is ${getRequestToken(on)}`,
        }),
    })
    expectFailure(step, code)
    expectSecretsMasked(step, getSecrets(emulator))
  },
)

scenarios<number>(
  'A web identity token that STS repeats is shown nowhere, even where a text is cut',
  { 'at the start': 0, 'across the end': 250 },
  async (offset) => {
    const bed = await createTestBed()
    const token = await requestToken(bed.emulator)
    bed.emulator.injectFault({
      ...{ operation: 'AssumeRoleWithWebIdentity', kind: 'status', status: 400, times: 'always' },
      message: `${'x'.repeat(offset)} ${token} is bad, and so is ${encodeURIComponent(token)}`,
    })
    const home = createHome({ 'token.jwt': token })
    const step = await runAction(bed, {
      with: withoutRole,
      env: {
        ...{ ...debug, ...withoutIdToken, ...home, AWS_ROLE_ARN: defaults.applyRole },
        AWS_WEB_IDENTITY_TOKEN_FILE: join(home.HOME, 'token.jwt'),
      },
    })
    expect(expectFailure(step, 'NO_CREDENTIALS')).toContain('***')
    expectSecretsMasked(step, [token])
    const open = step.rawLines.filter((line) => !line.startsWith('::add-mask::'))
    for (const text of [...open, ...Object.values(step.outputs), step.summary]) {
      expect(text).not.toContain(token.slice(0, 12))
    }
  },
)

const earlierKeys = {
  AWS_ACCESS_KEY_ID: 'AKIAEXAMPLEEXAMPLE12',
  AWS_SECRET_ACCESS_KEY: 'a-secret-of-an-earlier-step',
  AWS_SESSION_TOKEN: 'a-session-of-an-earlier-step',
  AWS_CONTAINER_AUTHORIZATION_TOKEN: 'a-token-for-a-container',
}

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

scenario('A step leaves nothing but its outputs to the steps that follow', async () => {
  const own = createHome()
  const temporary = createHome()
  const { step, emulator } = await runOnce({
    with: { wait: 'false' },
    env: { ...own, RUNNER_TEMP: temporary.HOME, TMPDIR: temporary.HOME },
  })
  expectSuccess(step, 'started')
  checkOutputs(step.outputs)
  expectSecretsMasked(step, getSecrets(emulator))
  expect(step.leftovers).toBe('')
  expect(step.rawLines.filter((line) => /^::(?:save-state|set-env|add-path)/.test(line))).toEqual(
    [],
  )
  expect([own.HOME, temporary.HOME].flatMap((folder) => readdirSync(folder))).toEqual([])
})

scenarios<Readonly<{ code: string; leftover: string }>>(
  'The tests notice what a step leaves behind',
  {
    'a file in the working directory': {
      code: "fs.writeFileSync('token.txt', 'a-token')",
      leftover: 'token.txt: a-token',
    },
    'a folder in its home': {
      code: 'fs.mkdirSync(`${process.env.HOME}/.aws`)',
      leftover: '.aws: ',
    },
    'a file next to those of the runner': {
      code: 'fs.writeFileSync(`${process.env.GITHUB_OUTPUT}.old`, "a-token")',
      leftover: 'github_output.old: a-token',
    },
    'a changed event file': {
      code: "fs.appendFileSync(process.env.GITHUB_EVENT_PATH, 'a-token')",
      leftover: '}a-token',
    },
    'a variable for later steps': {
      code: "fs.appendFileSync(process.env.GITHUB_ENV, 'TOKEN=a-token')",
      leftover: '{"TOKEN":"a-token"}',
    },
  },
  async ({ code, leftover }) => {
    const { HOME } = createHome({ 'step.mjs': `import fs from 'node:fs'\n${code}\n` })
    const { step } = await runOnce({ bundle: join(HOME, 'step.mjs') })
    expect(step.leftovers).toContain(leftover)
  },
)

scenarios<FaultSpec['operation']>(
  'A secret in the host of a redirect is not shown, in lower case either',
  { 'of the backend': 'GetBackendStorage', 'of GitHub': 'listComments' },
  async (operation) => {
    const secret = earlierKeys.AWS_SESSION_TOKEN.toUpperCase()
    const { step } = await runOnce({
      event: pullRequest(),
      with: { 'comment-on-pr': 'true', 'max-attempts': '1' },
      env: { ...debug, ...earlierKeys, AWS_SESSION_TOKEN: secret },
      faults: [
        {
          ...{ operation, kind: 'redirect', times: 'always' },
          location: `https://${secret}.example.test/`,
        },
      ],
    })
    const open = step.rawLines.filter((line) => !line.startsWith('::add-mask::'))
    const text = [...open, ...Object.values(step.outputs), step.summary].join('\n')
    expect(text).toContain('***.example.test')
    expect(text.toLowerCase()).not.toContain(secret.toLowerCase())
  },
)

/** The forms in which a service may repeat a secret. */
const forms: Readonly<Record<string, (secret: string) => string>> = {
  plain: (secret) => secret,
  'percent-encoded': (secret) =>
    secret.replace(/\W|[a-f]/g, (each) => `%${each.charCodeAt(0).toString(16)}`),
  'HTML-escaped': (secret) => secret.replace(/./g, (each) => `&#${each.charCodeAt(0)};`),
  Base64: (secret) => Buffer.from(`x${secret}`).toString('base64'),
  'interrupted by tags': (secret) => secret.match(/.{1,7}/g)?.join('<wbr>') ?? '',
  'where a text is cut': (secret) => `${'x'.repeat(20)}${secret}`,
}

/** A text without what may separate the characters of a word, and decoded. */
const squash = (text: string): string =>
  renderMarkdown(text)
    .text.replace(/<wbr>|[\s`*]/g, '')
    .replace(/&#(\d+);/g, (_, decimal: string) => String.fromCharCode(Number(decimal)))
    .replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

scenarios(
  'A secret that the service returns in every member is in no output, summary, comment or line',
  forms,
  async (toForm) => {
    const { step, emulator } = await runOnce({
      event: pullRequest(),
      with: { ...withoutRole, 'comment-on-pr': 'true', 'if-exists': 'update' },
      env: ({ ambientEnv }) => ({ ...debug, ...ambientEnv }),
      setUp: (on) => {
        const echoed = toForm(on.state.user.secretAccessKey)
        const permissions = { authenticated: [echoed, 'READ'], unAuthenticated: [] }
        on.injectFault({
          ...{ operation: 'GetBackendStorage', kind: 'body', times: 'always' },
          headers: { 'x-amzn-requestid': echoed },
          body: JSON.stringify({
            ...{ appId: defaults.appId, backendEnvironmentName: 'prod', resourceName: 'media' },
            resourceConfig: { bucketName: echoed, serviceName: 'S3', permissions },
          }),
        })
      },
    })
    expect(step.outputs['changes']).toContain('***')
    const { secretAccessKey: secret } = emulator.state.user
    const comments = emulator.state.github.comments.map(({ body }) => body)
    expect(comments).toHaveLength(1)
    expectSecretsMasked(step, [secret])
    const open = step.rawLines.filter((line) => !line.startsWith('::add-mask::'))
    for (const text of [...open, ...Object.values(step.outputs), step.summary, ...comments]) {
      for (const part of [text, squash(text), Buffer.from(squash(text), 'base64').toString()]) {
        expect(part).not.toContain(secret.slice(0, 12))
        expect(part).not.toContain(secret.slice(-12))
      }
    }
  },
)
