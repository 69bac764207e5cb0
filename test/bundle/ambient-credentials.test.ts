import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect } from 'vitest'

import {
  addRole,
  allowPolicy,
  defaults,
  readActions,
  writeActions,
} from '../../emulator/emulator.ts'
import { pullRequest } from '../../emulator/runner/events.ts'
import { runAction, createTestBed } from '../support/run-action.ts'
import {
  createSessionKeys,
  getSigners,
  credentialSources,
  withoutRole,
  withoutToken,
} from '../support/ambient-credentials.ts'
import {
  expectSuccess,
  expectSecretsMasked,
  expectFailure,
  getLog,
} from '../support/expect-result.ts'
import { createHome, toProfile } from '../support/home-folder.ts'
import { startMetadataService } from '../support/servers/metadata-service.ts'
import { scenario } from '../support/scenario.ts'
import { CAREFUL_SCALE } from '../support/time-scales.ts'
import { forEachCase } from '../support/for-each-case.ts'

describe('with a role, nothing but that role is used', () => {
  scenario('C01: not a profile, and nobody lectures about it', async () => {
    const world = await createTestBed()
    const keys = createSessionKeys(world)
    const others = createHome({ '.aws/credentials': toProfile(keys, 'other') })
    await forEachCase<{ name: string; folder: Record<string, string> }>(
      {
        'without any configuration': { name: 'ghost', folder: createHome() },
        'one that is not there': { name: 'ghost', folder: others },
        'one that is': { name: 'other', folder: others },
      },
      async ({ name, folder }) => {
        const end = await runAction(world, {
          event: pullRequest(),
          env: { AWS_PROFILE: name, ...folder },
        })
        expectSuccess(end, 'planned')
        expect(end.rawLines.join('\n')).not.toContain(name)
      },
    )
    expect(getSigners(world)).not.toContain(keys.accessKeyId)
  })

  scenario(
    'C03: not the instance’s own role, which is never asked, even where no token can be had',
    async () => {
      const world = await createTestBed()
      const metadata = await startMetadataService(createSessionKeys(world))
      const machine = {
        AWS_EC2_METADATA_DISABLED: undefined,
        AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url,
      }
      expectFailure(
        await runAction(world, { env: { ...machine, ...withoutToken } }),
        'MISSING_ID_TOKEN_PERMISSION',
      )
      expectSuccess(await runAction(world, { env: machine, with: { wait: 'false' } }), 'started')
      expect(metadata.requests).toEqual([])
    },
  )

  scenario('C04: not the keys that an earlier step left behind, nor empty ones', async () => {
    await forEachCase<Readonly<Record<string, string>>>(
      {
        left: {
          AWS_ACCESS_KEY_ID: 'ASIAEXAMPLEOLD000000',
          AWS_SECRET_ACCESS_KEY: 'old-secret',
          AWS_SESSION_TOKEN: 'old-session-token',
        },
        empty: { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_SESSION_TOKEN: '' },
        'a web identity file': {
          AWS_WEB_IDENTITY_TOKEN_FILE: '/nowhere/token',
          AWS_ROLE_ARN: 'arn:aws:iam::444455556666:role/other',
        },
        'a container': { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:9/credentials' },
      },
      async (env) => {
        const world = await createTestBed()
        expectSuccess(await runAction(world, { env, with: { wait: 'false' } }), 'started')
        const [signer, ...others] = getSigners(world)
        expect(others).toEqual([])
        expect(signer).toMatch(/^ASIA/)
        expect(signer).not.toBe('ASIAEXAMPLEOLD000000')
        expect(world.emulator.state.credentials.get(signer ?? '')?.roleArn).toBe(defaults.applyRole)
      },
    )
  })
})

describe('without a role', () => {
  scenario(
    'the SDK’s default chain serves, the source is named, and its keys are masked',
    async () => {
      await forEachCase(credentialSources, async ({ source, env }) => {
        const world = await createTestBed()
        const keys = createSessionKeys(world)
        const end = await runAction(world, {
          with: withoutRole,
          env: { ...withoutToken, ...(await env(keys)) },
        })
        expectSuccess(end, 'started')
        expect(getLog(end)).toContain(`Using ${source}, because no role is set.`)
        expect(getSigners(world)).toEqual([keys.accessKeyId])
        expectSecretsMasked(end, [keys.secretAccessKey, keys.sessionToken])
        expect(world.emulator.calls('token')).toEqual([])
      })
    },
  )

  scenario(
    'a web identity file serves, by way of the same STS, whose trouble may pass',
    async () => {
      const world = await createTestBed({}, CAREFUL_SCALE)
      const { emulator } = world
      emulator.injectFault({ operation: 'AssumeRoleWithWebIdentity', kind: 'status', status: 503 })
      const {
        ACTIONS_ID_TOKEN_REQUEST_URL: url = '',
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer = '',
      } = emulator.env
      const answer = await fetch(`${url}&audience=${defaults.audience}`, {
        headers: { authorization: `Bearer ${bearer}` },
      })
      const token: unknown = Reflect.get(Object(await answer.json()), 'value')
      if (typeof token !== 'string') throw new Error('no token')
      addRole(emulator.state, {
        arn: defaults.applyRole,
        trust: emulator.state.roles.get(defaults.applyRole)?.trust ?? { Statement: [] },
        policies: [allowPolicy([...readActions, ...writeActions])],
      })
      const folder = createHome({ 'token.jwt': token })
      const end = await runAction(world, {
        with: withoutRole,
        env: {
          ...withoutToken,
          ...folder,
          AWS_WEB_IDENTITY_TOKEN_FILE: join(folder.HOME, 'token.jwt'),
          AWS_ROLE_ARN: defaults.applyRole,
        },
      })
      expectSuccess(end, 'started')
      expect(getLog(end)).toContain('the role and token file of AWS_WEB_IDENTITY_TOKEN_FILE')
      expect(emulator.calls('AssumeRoleWithWebIdentity')).toHaveLength(2)
    },
  )

  scenario(
    'C05: an expression that came out empty is an error where the job could mint a token',
    async () => {
      const world = await createTestBed()
      const keys = createSessionKeys(world)
      const metadata = await startMetadataService(keys)
      const env = {
        ...createHome({ '.aws/credentials': toProfile(keys) }),
        AWS_ACCESS_KEY_ID: '',
        AWS_EC2_METADATA_DISABLED: undefined,
        AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url,
      }
      const apply = expectFailure(await runAction(world, { env, with: withoutRole }), 'EMPTY_ROLE')
      expect(apply).toContain('role-to-assume')
      expect(apply).toMatch(/secret or variable/)
      const plan = expectFailure(
        await runAction(world, { env, with: withoutRole, event: pullRequest() }),
        'EMPTY_ROLE',
      )
      expect(plan).toContain('Neither plan-role-to-assume nor role-to-assume')
      expect(world.emulator.requests).toEqual([])
      expect(metadata.requests).toEqual([])
    },
  )

  scenario(
    'C05: without a token, the shared configuration serves, and the log says so',
    async () => {
      const world = await createTestBed()
      const keys = createSessionKeys(world)
      const end = await runAction(world, {
        with: withoutRole,
        env: { ...withoutToken, ...createHome({ '.aws/credentials': toProfile(keys) }) },
      })
      expectSuccess(end, 'started')
      expect(getLog(end)).toContain('Uses a profile of the shared AWS configuration')
    },
  )

  scenario('credentials that cannot be had have words of their own', async () => {
    const startUrl = 'https://example.awsapps.com/start'
    const login = {
      '.aws/config': `[profile p]\nsso_start_url = ${startUrl}\nsso_region = eu-west-1\nsso_account_id = 111122223333\nsso_role_name = r\n`,
      [`.aws/sso/cache/${createHash('sha1').update(startUrl).digest('hex')}.json`]: JSON.stringify({
        accessToken: 'access-token-of-a-login',
        expiresAt: '2020-01-01T00:00:00Z',
      }),
    }
    await forEachCase<{
      code: Parameters<typeof expectFailure>[1]
      says: RegExp
      env: Record<string, string | undefined>
    }>(
      {
        'nothing anywhere': { code: 'NO_CREDENTIALS', says: /no usable credentials/, env: {} },
        'a profile that is not there': {
          code: 'NO_CREDENTIALS',
          says: /ghost/,
          env: {
            AWS_PROFILE: 'ghost',
            ...createHome({ '.aws/config': '[profile other]\nregion = x\n' }),
          },
        },
        'a file that is none': {
          code: 'NO_CREDENTIALS',
          says: /profile: \[p\]/,
          env: { AWS_PROFILE: 'p', ...createHome({ '.aws/config': '\u0000\u0001]][[\n===' }) },
        },
        'half a key': {
          code: 'NO_CREDENTIALS',
          says: /Unable to find environment variable credentials/,
          env: { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE000000000' },
        },
        'a process that fails': {
          code: 'NO_CREDENTIALS',
          says: /Command failed: false/,
          env: {
            AWS_PROFILE: 'association',
            ...createHome({ '.aws/config': '[profile association]\ncredential_process = false\n' }),
          },
        },
        'an expired login': {
          code: 'CREDENTIALS_EXPIRED',
          says: /SSO session associated with this profile has expired/,
          env: { AWS_PROFILE: 'p', ...createHome(login) },
        },
        'a token file that is not there': {
          code: 'NO_CREDENTIALS',
          says: /nowhere/,
          env: {
            AWS_WEB_IDENTITY_TOKEN_FILE: '/nowhere/token',
            AWS_ROLE_ARN: defaults.applyRole,
          },
        },
      },
      async ({ code, says, env }) => {
        const world = await createTestBed()
        const end = await runAction(world, { with: withoutRole, env: { ...withoutToken, ...env } })
        expect(expectFailure(end, code)).toMatch(says)
        expect(world.emulator.calls('GetBackendStorage')).toEqual([])
      },
    )
  })

  scenario('expired and refused keys have words of their own', async () => {
    await forEachCase<{ code: Parameters<typeof expectFailure>[1]; name: string }>(
      {
        expired: { code: 'CREDENTIALS_EXPIRED', name: 'ExpiredTokenException' },
        unknown: { code: 'CREDENTIALS_REFUSED', name: 'UnrecognizedClientException' },
        'badly signed': { code: 'CREDENTIALS_REFUSED', name: 'InvalidSignatureException' },
      },
      async ({ code, name }) => {
        const world = await createTestBed({}, CAREFUL_SCALE)
        world.emulator.injectFault({
          operation: 'GetBackendStorage',
          kind: 'status',
          status: 403,
          name,
          times: 'always',
        })
        const end = await runAction(world, {
          with: withoutRole,
          env: { ...withoutToken, ...world.emulator.ambientEnv },
        })
        expect(expectFailure(end, code)).toContain(name)
        expect(world.emulator.calls('GetBackendStorage').length).toBeLessThanOrEqual(2)
        expect(world.emulator.calls('CreateBackendStorage')).toEqual([])
      },
    )
  })
})
