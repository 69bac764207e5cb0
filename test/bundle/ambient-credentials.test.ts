import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect } from 'vitest'

import { addRole, allow, defaults, readActions, writeActions } from '../../emulator/emulator.ts'
import { pullRequest } from '../../emulator/workflow/events.ts'
import { runAction, stage } from '../kit/action.ts'
import { sessionKeys, signers, sources, withoutRole, withoutToken } from '../kit/ambient.ts'
import { expectGreen, expectHidden, expectRed, logOf } from '../kit/ends.ts'
import { home, profile } from '../kit/home.ts'
import { startMetadata } from '../kit/metadata.ts'
import { scenario } from '../kit/scope.ts'
import { CALM } from '../kit/pace.ts'
import { forEachVariant } from '../kit/variants.ts'

describe('with a role, nothing but that role is used', () => {
  scenario('C01: not a profile, and nobody lectures about it', async () => {
    const world = await stage()
    const keys = sessionKeys(world)
    const others = home({ '.aws/credentials': profile(keys, 'other') })
    await forEachVariant<{ name: string; folder: Record<string, string> }>(
      {
        'without any configuration': { name: 'ghost', folder: home() },
        'one that is not there': { name: 'ghost', folder: others },
        'one that is': { name: 'other', folder: others },
      },
      async ({ name, folder }) => {
        const end = await runAction(world, {
          event: pullRequest(),
          env: { AWS_PROFILE: name, ...folder },
        })
        expectGreen(end, 'planned')
        expect(end.raw.join('\n')).not.toContain(name)
      },
    )
    expect(signers(world)).not.toContain(keys.accessKeyId)
  })

  scenario(
    'C03: not the instance’s own role, which is never asked, even where no token can be had',
    async () => {
      const world = await stage()
      const metadata = await startMetadata(sessionKeys(world))
      const machine = {
        AWS_EC2_METADATA_DISABLED: undefined,
        AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url,
      }
      expectRed(
        await runAction(world, { env: { ...machine, ...withoutToken } }),
        'MISSING_ID_TOKEN_PERMISSION',
      )
      expectGreen(await runAction(world, { env: machine, with: { wait: 'false' } }), 'started')
      expect(metadata.requests).toEqual([])
    },
  )

  scenario('C04: not the keys that an earlier step left behind, nor empty ones', async () => {
    await forEachVariant<Readonly<Record<string, string>>>(
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
        const world = await stage()
        expectGreen(await runAction(world, { env, with: { wait: 'false' } }), 'started')
        const [signer, ...others] = signers(world)
        expect(others).toEqual([])
        expect(signer).toMatch(/^ASIA/)
        expect(signer).not.toBe('ASIAEXAMPLEOLD000000')
        expect(world.emulator.world.credentials.get(signer ?? '')?.roleArn).toBe(defaults.applyRole)
      },
    )
  })
})

describe('without a role', () => {
  scenario(
    'the SDK’s default chain serves, the source is named, and its keys are masked',
    async () => {
      await forEachVariant(sources, async ({ source, env }) => {
        const world = await stage()
        const keys = sessionKeys(world)
        const end = await runAction(world, {
          with: withoutRole,
          env: { ...withoutToken, ...(await env(keys)) },
        })
        expectGreen(end, 'started')
        expect(logOf(end)).toContain(`Uses ${source}, since no role is set.`)
        expect(signers(world)).toEqual([keys.accessKeyId])
        expectHidden(end, [keys.secretAccessKey, keys.sessionToken])
        expect(world.emulator.calls('token')).toEqual([])
      })
    },
  )

  scenario(
    'a web identity file serves, by way of the same STS, whose trouble may pass',
    async () => {
      const world = await stage({}, CALM)
      const { emulator } = world
      emulator.orderFault({ operation: 'AssumeRoleWithWebIdentity', kind: 'status', status: 503 })
      const {
        ACTIONS_ID_TOKEN_REQUEST_URL: url = '',
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer = '',
      } = emulator.env
      const answer = await fetch(`${url}&audience=${defaults.audience}`, {
        headers: { authorization: `Bearer ${bearer}` },
      })
      const token: unknown = Reflect.get(Object(await answer.json()), 'value')
      if (typeof token !== 'string') throw new Error('no token')
      addRole(emulator.world, {
        arn: defaults.applyRole,
        trust: emulator.world.roles.get(defaults.applyRole)?.trust ?? { Statement: [] },
        policies: [allow([...readActions, ...writeActions])],
      })
      const folder = home({ 'token.jwt': token })
      const end = await runAction(world, {
        with: withoutRole,
        env: {
          ...withoutToken,
          ...folder,
          AWS_WEB_IDENTITY_TOKEN_FILE: join(folder.HOME, 'token.jwt'),
          AWS_ROLE_ARN: defaults.applyRole,
        },
      })
      expectGreen(end, 'started')
      expect(logOf(end)).toContain('the role and token file of AWS_WEB_IDENTITY_TOKEN_FILE')
      expect(emulator.calls('AssumeRoleWithWebIdentity')).toHaveLength(2)
    },
  )

  scenario(
    'C05: an expression that came out empty is an error where the job could mint a token',
    async () => {
      const world = await stage()
      const keys = sessionKeys(world)
      const metadata = await startMetadata(keys)
      const env = {
        ...home({ '.aws/credentials': profile(keys) }),
        AWS_ACCESS_KEY_ID: '',
        AWS_EC2_METADATA_DISABLED: undefined,
        AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url,
      }
      const apply = expectRed(await runAction(world, { env, with: withoutRole }), 'EMPTY_ROLE')
      expect(apply).toContain('role-to-assume')
      expect(apply).toMatch(/secret or variable/)
      const plan = expectRed(
        await runAction(world, { env, with: withoutRole, event: pullRequest() }),
        'EMPTY_ROLE',
      )
      expect(plan).toContain('Neither plan-role-to-assume nor role-to-assume')
      expect(world.emulator.received).toEqual([])
      expect(metadata.requests).toEqual([])
    },
  )

  scenario(
    'C05: without a token, the shared configuration serves, and the log says so',
    async () => {
      const world = await stage()
      const keys = sessionKeys(world)
      const end = await runAction(world, {
        with: withoutRole,
        env: { ...withoutToken, ...home({ '.aws/credentials': profile(keys) }) },
      })
      expectGreen(end, 'started')
      expect(logOf(end)).toContain('Uses a profile of the shared AWS configuration')
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
    await forEachVariant<{
      code: Parameters<typeof expectRed>[1]
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
            ...home({ '.aws/config': '[profile other]\nregion = x\n' }),
          },
        },
        'a file that is none': {
          code: 'NO_CREDENTIALS',
          says: /profile: \[p\]/,
          env: { AWS_PROFILE: 'p', ...home({ '.aws/config': '\u0000\u0001]][[\n===' }) },
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
            ...home({ '.aws/config': '[profile association]\ncredential_process = false\n' }),
          },
        },
        'an expired login': {
          code: 'CREDENTIALS_EXPIRED',
          says: /SSO session associated with this profile has expired/,
          env: { AWS_PROFILE: 'p', ...home(login) },
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
        const world = await stage()
        const end = await runAction(world, { with: withoutRole, env: { ...withoutToken, ...env } })
        expect(expectRed(end, code)).toMatch(says)
        expect(world.emulator.calls('GetBackendStorage')).toEqual([])
      },
    )
  })

  scenario('expired and refused keys have words of their own', async () => {
    await forEachVariant<{ code: Parameters<typeof expectRed>[1]; name: string }>(
      {
        expired: { code: 'CREDENTIALS_EXPIRED', name: 'ExpiredTokenException' },
        unknown: { code: 'CREDENTIALS_REFUSED', name: 'UnrecognizedClientException' },
        'badly signed': { code: 'CREDENTIALS_REFUSED', name: 'InvalidSignatureException' },
      },
      async ({ code, name }) => {
        const world = await stage({}, CALM)
        world.emulator.orderFault({
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
        expect(expectRed(end, code)).toContain(name)
        expect(world.emulator.calls('GetBackendStorage').length).toBeLessThanOrEqual(2)
        expect(world.emulator.calls('CreateBackendStorage')).toEqual([])
      },
    )
  })
})
