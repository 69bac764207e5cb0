/** Credentials of the environment that are missing, cannot be resolved or are rejected. */
import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import { pullRequest } from '../../../emulator/runner/events.ts'
import type { ErrorCode } from '../../../src/errors/catalog.ts'
import { createSessionKeys } from '../../support/ambient-credentials.ts'
import { createHome, toProfile } from '../../support/home-folder.ts'
import {
  createTestBed,
  runAction,
  runOnce,
  withoutIdToken,
  withoutRole,
} from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { startSilentServer } from '../../support/servers/loopback-server.ts'
import { startMetadataService } from '../../support/servers/metadata-service.ts'
import { expectFailure } from '../../support/step-result.ts'

const ambientOnly = { ...withoutRole, wait: 'false' } as const

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
