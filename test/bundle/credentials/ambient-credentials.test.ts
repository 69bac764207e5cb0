import { join } from 'node:path'
import { expect } from 'vitest'

import { addRole, defaults } from '../../../emulator/emulator.ts'
import {
  createSessionKeys,
  credentialSources,
  getSigners,
  runWithSource,
} from '../../support/ambient-credentials.ts'
import { requestToken } from '../../support/emulator-requests.ts'
import { createHome, toProfile } from '../../support/home-folder.ts'
import {
  createTestBed,
  runAction,
  runOnce,
  withoutIdToken,
  withoutRole,
} from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { startMetadataService, type Keys } from '../../support/servers/metadata-service.ts'
import {
  expectFailure,
  expectSecretsMasked,
  expectSuccess,
  getLog,
} from '../../support/step-result.ts'

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
