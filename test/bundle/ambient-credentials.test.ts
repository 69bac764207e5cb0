import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { expect } from 'vitest'

import { addRole, defaults } from '../../emulator/emulator.ts'
import { pullRequest } from '../../emulator/runner/events.ts'
import type { ErrorCode } from '../../src/errors/catalog.ts'
import {
  createSessionKeys,
  credentialSources,
  getSigners,
  runWithSource,
} from '../support/ambient-credentials.ts'
import { requestToken } from '../support/emulator-requests.ts'
import { createHome, toProfile } from '../support/home-folder.ts'
import {
  createTestBed,
  runAction,
  runOnce,
  withoutIdToken,
  withoutRole,
} from '../support/run-action.ts'
import { scenario, scenarios } from '../support/scenario.ts'
import { startSilentServer } from '../support/servers/loopback-server.ts'
import { startMetadataService, type Keys } from '../support/servers/metadata-service.ts'
import {
  expectFailure,
  expectSecretsMasked,
  expectSuccess,
  getLog,
} from '../support/step-result.ts'

const ambientOnly = { ...withoutRole, wait: 'false' } as const

scenario(
  'A run with a role never asks the instance metadata service, even when it gets no token',
  async () => {
    const bed = await createTestBed()
    const metadata = await startMetadataService(createSessionKeys(bed))
    const env = {
      AWS_EC2_METADATA_DISABLED: undefined,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url,
    }
    const failed = await runAction(bed, { env: { ...env, ...withoutIdToken } })
    expectFailure(failed, 'MISSING_ID_TOKEN_PERMISSION')
    expectSuccess(await runAction(bed, { env, with: { wait: 'false' } }), 'started')
    expect(metadata.requests).toEqual([])
  },
)

scenarios<(keys: Keys) => Readonly<Record<string, string>>>(
  'A run with a role signs with the session of that role, whatever credentials the environment has',
  {
    'keys of an earlier step': () => ({
      AWS_ACCESS_KEY_ID: 'ASIAEXAMPLEOLD000000',
      AWS_SECRET_ACCESS_KEY: 'old-secret',
      AWS_SESSION_TOKEN: 'old-session-token',
    }),
    'a missing profile': () => ({ AWS_PROFILE: 'ghost' }),
    'a profile': (keys) => ({
      AWS_PROFILE: 'other',
      ...createHome({ '.aws/credentials': toProfile(keys, 'other') }),
    }),
    'a web identity file and a container': () => ({
      AWS_WEB_IDENTITY_TOKEN_FILE: '/nowhere/token',
      AWS_ROLE_ARN: 'arn:aws:iam::444455556666:role/other',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:9/credentials',
    }),
  },
  async (env) => {
    const bed = await createTestBed()
    const variables = env(createSessionKeys(bed))
    const step = await runAction(bed, { env: variables, with: { wait: 'false' } })
    expectSuccess(step, 'started')
    const { credentials } = bed.emulator.state
    expect(getSigners(bed).map((key) => credentials.get(key ?? '')?.roleArn)).toEqual([
      defaults.applyRole,
    ])
    expect(step.rawLines.join('\n')).not.toContain(variables['AWS_PROFILE'] ?? 'AWS_PROFILE')
  },
)

scenarios(
  'A run without a role uses the default credential chain, names the source and masks the keys',
  credentialSources,
  async (source) => {
    const { bed, step, keys } = await runWithSource(source)
    expectSecretsMasked(step, [keys.secretAccessKey, keys.sessionToken])
    expect(bed.emulator.calls('token')).toEqual([])
  },
)

scenario(
  'A run without a role assumes the role of AWS_WEB_IDENTITY_TOKEN_FILE, and retries when STS fails',
  async () => {
    const bed = await createTestBed()
    const { emulator } = bed
    emulator.injectFault({ operation: 'AssumeRoleWithWebIdentity', kind: 'status', status: 503 })
    const token = await requestToken(emulator)
    addRole(emulator.state, {
      arn: defaults.applyRole,
      trust: emulator.state.roles.get(defaults.applyRole)?.trust ?? { Statement: [] },
    })
    const home = createHome({ 'token.jwt': token })
    const step = await runAction(bed, {
      with: ambientOnly,
      env: {
        ...withoutIdToken,
        ...home,
        AWS_WEB_IDENTITY_TOKEN_FILE: join(home.HOME, 'token.jwt'),
        AWS_ROLE_ARN: defaults.applyRole,
      },
    })
    expectSuccess(step, 'started')
    expect(getLog(step)).toContain('AWS_WEB_IDENTITY_TOKEN_FILE')
    expect(emulator.calls('AssumeRoleWithWebIdentity')).toHaveLength(2)
  },
)

scenario('An empty role is an error in a job that can request a token', async () => {
  const bed = await createTestBed()
  const keys = createSessionKeys(bed)
  const metadata = await startMetadataService(keys)
  const env = {
    ...createHome({ '.aws/credentials': toProfile(keys) }),
    AWS_ACCESS_KEY_ID: '',
    AWS_EC2_METADATA_DISABLED: undefined,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url,
  }
  const apply = await runAction(bed, { env, with: ambientOnly })
  expect(expectFailure(apply, 'EMPTY_ROLE')).toContain('role-to-assume')
  const plan = await runAction(bed, { env, with: ambientOnly, event: pullRequest() })
  expect(expectFailure(plan, 'EMPTY_ROLE')).toContain('plan-role-to-assume')
  expect(bed.emulator.requests).toEqual([])
  expect(metadata.requests).toEqual([])
})

/** The files of an expired login of IAM Identity Center. */
function expiredLogin(): Record<string, string> {
  const startUrl = 'https://example.awsapps.com/start'
  const cacheFile = createHash('sha1').update(startUrl).digest('hex')
  return {
    '.aws/config': `[profile p]\nsso_start_url = ${startUrl}\nsso_region = eu-west-1\nsso_account_id = 111122223333\nsso_role_name = r\n`,
    [`.aws/sso/cache/${cacheFile}.json`]: JSON.stringify({
      accessToken: 'access-token-of-a-login',
      expiresAt: '2020-01-01T00:00:00Z',
    }),
  }
}

const inProfile = (files: Record<string, string>): Record<string, string> => ({
  AWS_PROFILE: 'p',
  ...createHome(files),
})

scenarios<Readonly<{ code?: ErrorCode; detail: RegExp; env: () => Record<string, string> }>>(
  'Credentials that cannot be resolved are an error that shows what the SDK found',
  {
    'nothing anywhere': { detail: /credentials/, env: () => ({}) },
    'a missing profile': {
      detail: /ghost/,
      env: () => ({ AWS_PROFILE: 'ghost', ...createHome({ '.aws/config': '[profile other]' }) }),
    },
    'half a pair of keys': {
      detail: /AWS_SECRET_ACCESS_KEY/,
      env: () => ({ AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE000000000' }),
    },
    'the other half of a pair of keys': {
      detail: /AWS_ACCESS_KEY_ID/,
      env: () => ({ AWS_SECRET_ACCESS_KEY: 'example-secret-access-key' }),
    },
    'keys of blanks': {
      detail: /AWS_ACCESS_KEY_ID.*AWS_SECRET_ACCESS_KEY/,
      env: () => ({ AWS_ACCESS_KEY_ID: ' ', AWS_SECRET_ACCESS_KEY: '\n' }),
    },
    'keys of a session without its token': {
      detail: /AWS_SESSION_TOKEN/,
      env: () => ({
        AWS_ACCESS_KEY_ID: 'ASIAEXAMPLE000000000',
        AWS_SECRET_ACCESS_KEY: 'example-secret-access-key',
        AWS_SESSION_TOKEN: ' ',
      }),
    },
    'a line end inside a key': {
      detail: /AWS_SECRET_ACCESS_KEY/,
      env: () => ({
        AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE000000000',
        AWS_SECRET_ACCESS_KEY: 'example-secret\naccess-key',
      }),
    },
    'a profile that is missing, and keys that it overrides': {
      detail: /ghost.*AWS_PROFILE.*AWS_ACCESS_KEY_ID/s,
      env: () => ({
        AWS_PROFILE: 'ghost',
        AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE000000000',
        AWS_SECRET_ACCESS_KEY: 'example-secret-access-key',
        ...createHome({ '.aws/config': '[profile other]' }),
      }),
    },
    'a process that fails': {
      detail: /credential_process of the profile "p"/,
      env: () => inProfile({ '.aws/config': '[profile p]\ncredential_process = false\n' }),
    },
    'an expired login': {
      code: 'CREDENTIALS_EXPIRED',
      detail: /SSO session associated with this profile has expired/,
      env: () => inProfile(expiredLogin()),
    },
  },
  async ({ code = 'NO_CREDENTIALS', detail, env }) => {
    const { step, emulator } = await runOnce({
      with: ambientOnly,
      env: { ...withoutIdToken, ...env() },
    })
    expect(expectFailure(step, code)).toMatch(detail)
    expect(emulator.requests).toEqual([])
    expect(step.stderrLines).toEqual([])
  },
)

scenario('Nothing of a process that fails is published, only the name of its profile', async () => {
  const { step } = await runOnce({
    with: ambientOnly,
    env: {
      ...withoutIdToken,
      RUNNER_DEBUG: '1',
      ...inProfile({
        '.aws/config':
          '[profile p]\ncredential_process = sh -c "echo output-of-the-process; echo error-of-the-process >&2; exit 3"\n',
      }),
    },
  })
  expect(expectFailure(step, 'NO_CREDENTIALS')).toContain('"p"')
  const published = [...step.rawLines, step.summary, ...Object.values(step.outputs)].join('\n')
  expect(published).not.toMatch(/(?:output|error)-of-the-process|echo|exit 3/)
})

scenarios<Readonly<Record<string, string>>>(
  'White space around keys of the environment is ignored',
  { 'line ends': { end: '\n' }, blanks: { start: ' ', end: '\t' } },
  async ({ start = '', end = '' }) => {
    const bed = await createTestBed()
    const keys = createSessionKeys(bed)
    const around = (text: string): string => `${start}${text}${end}`
    const step = await runAction(bed, {
      with: ambientOnly,
      env: {
        ...withoutIdToken,
        AWS_ACCESS_KEY_ID: around(keys.accessKeyId),
        AWS_SECRET_ACCESS_KEY: around(keys.secretAccessKey),
        AWS_SESSION_TOKEN: around(keys.sessionToken),
      },
    })
    expectSuccess(step, 'started')
    expect(getSigners(bed)).toEqual([keys.accessKeyId])
    expect(getLog(step)).toContain('AWS_SECRET_ACCESS_KEY')
    expectSecretsMasked(step, [keys.secretAccessKey, keys.sessionToken])
  },
)

scenario('Keys that a profile overrides are named in the log', async () => {
  const bed = await createTestBed()
  const keys = createSessionKeys(bed)
  const step = await runAction(bed, {
    with: ambientOnly,
    env: {
      ...withoutIdToken,
      AWS_PROFILE: 'p',
      AWS_ACCESS_KEY_ID: 'AKIAEXAMPLEOTHER0000',
      AWS_SECRET_ACCESS_KEY: 'example-secret-of-another-user',
      ...createHome({ '.aws/credentials': toProfile(keys, 'p') }),
    },
  })
  expectSuccess(step, 'started')
  expect(getSigners(bed)).toEqual([keys.accessKeyId])
  expect(getLog(step)).toMatch(/AWS_PROFILE.*AWS_ACCESS_KEY_ID/)
})

scenario('With a role and a token, leftover keys that cannot work are ignored', async () => {
  const { step } = await runOnce({
    with: { wait: 'false' },
    env: { AWS_ACCESS_KEY_ID: 'ASIAEXAMPLE000000000\n', AWS_PROFILE: '' },
  })
  expectSuccess(step, 'started')
  expect(getLog(step)).not.toContain('AWS_ACCESS_KEY_ID')
})

scenario('Keys, a role and no token are an error that says both ways out', async () => {
  const { step, emulator } = await runOnce({
    env: ({ ambientEnv }) => ({ ...withoutIdToken, ...ambientEnv }),
  })
  const message = expectFailure(step, 'MISSING_ID_TOKEN_PERMISSION')
  for (const word of ['id-token: write', 'AWS_ACCESS_KEY_ID', 'role-to-assume', 'empty'])
    expect(message).toContain(word)
  expect(emulator.requests).toEqual([])
})

scenarios<
  Readonly<{ words: readonly string[]; env: (url: string) => Record<string, string | undefined> }>
>(
  'A service for credentials that does not respond is named with its variable',
  {
    'of the instance': {
      words: ['instance metadata service', 'AWS_EC2_METADATA_SERVICE_ENDPOINT', 'hop limit'],
      env: (url) => ({
        AWS_EC2_METADATA_DISABLED: undefined,
        AWS_EC2_METADATA_SERVICE_ENDPOINT: url,
      }),
    },
    'of the container': {
      words: ['AWS_CONTAINER_CREDENTIALS_FULL_URI', '127.0.0.1'],
      env: (url) => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/credentials` }),
    },
  },
  async ({ words, env }) => {
    const { url } = await startSilentServer()
    const { step, emulator } = await runOnce({
      with: ambientOnly,
      env: { ...withoutIdToken, ...env(url) },
    })
    const message = expectFailure(step, 'NO_CREDENTIALS')
    for (const word of words) expect(message).toContain(word)
    expect(message).not.toMatch(/TimeoutError|TimeoutError from|@aws-sdk|providers/)
    expect(step.stderrLines).toEqual([])
    expect(emulator.requests).toEqual([])
  },
)

scenarios<ErrorCode>(
  'Keys that the service rejects are an error with the name that the service gives',
  {
    ExpiredTokenException: 'CREDENTIALS_EXPIRED',
    InvalidSignatureException: 'CREDENTIALS_REFUSED',
  },
  async (code, name) => {
    const { step, emulator } = await runOnce({
      with: ambientOnly,
      env: ({ ambientEnv }) => ({ ...withoutIdToken, ...ambientEnv }),
      faults: [
        { operation: 'GetBackendStorage', kind: 'status', status: 403, name, times: 'always' },
      ],
    })
    expect(expectFailure(step, code)).toContain(name)
    expect(emulator.calls('GetBackendStorage').length).toBeLessThanOrEqual(2)
    expect(emulator.calls('CreateBackendStorage')).toEqual([])
  },
)
