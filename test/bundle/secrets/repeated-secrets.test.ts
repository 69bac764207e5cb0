/** Secrets that a service repeats in its responses. */
import { join } from 'node:path'
import { expect } from 'vitest'

import { defaults, type FaultSpec } from '../../../emulator/emulator.ts'
import { pullRequest } from '../../../emulator/runner/events.ts'
import { requestToken } from '../../support/emulator-requests.ts'
import { createHome } from '../../support/home-folder.ts'
import { renderMarkdown } from '../../support/rendered-markdown.ts'
import {
  createTestBed,
  runAction,
  runOnce,
  withoutIdToken,
  withoutRole,
} from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { expectFailure, expectSecretsMasked } from '../../support/step-result.ts'
import { earlierKeys, getRequestToken, getSecrets } from './secrets-of-runs.ts'

const debug = { RUNNER_DEBUG: '1', ACTIONS_STEP_DEBUG: 'true' }

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
