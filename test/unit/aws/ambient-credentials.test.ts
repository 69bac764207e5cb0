import { createHash } from 'node:crypto'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'

import type { ActionError } from '../../../src/errors/action-error.ts'
import { createHome } from '../../support/home-folder.ts'
import { runInProcess } from '../../support/run-in-process.ts'
import { startForwardProxy } from '../../support/servers/forward-proxy.ts'
import { findClosedPort } from '../../support/servers/loopback-server.ts'

const CONFIG = `[profile role]
role_arn = arn:aws:iam::111122223333:role/r
source_profile = keys
[profile keys]
aws_access_key_id = AKIAEXAMPLE000000000
aws_secret_access_key = example-secret
[profile login]
sso_session = session
sso_account_id = 111122223333
sso_role_name = r
[sso-session session]
sso_region = us-east-1
sso_start_url = https://example.awsapps.com/start
`

/** The error of a run whose only source of credentials is a profile. */
async function errorWith(
  profile: string,
  variables: Readonly<Record<string, string>>,
): Promise<ActionError> {
  const cached = `.aws/sso/cache/${createHash('sha1').update('session').digest('hex')}.json`
  const folder = createHome({
    '.aws/config': CONFIG,
    [cached]: JSON.stringify({
      accessToken: 'access-token-of-a-login',
      expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    }),
  })
  const env = {
    ...folder,
    AWS_PROFILE: profile,
    AWS_CONFIG_FILE: join(folder.HOME, '.aws/config'),
    AWS_SHARED_CREDENTIALS_FILE: join(folder.HOME, '.aws/credentials'),
    ...variables,
  }
  // The SDK reads the variables of the process.
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  const { outcome } = await runInProcess({
    with: { 'role-to-assume': '', 'plan-role-to-assume': '' },
    env,
  })
  if (!('error' in outcome)) throw new Error(outcome.result)
  return outcome.error
}

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

describe('A connection of the SDK that fails while it searches for credentials', () => {
  test.each(['role', 'login'])(
    'A proxy that cannot be reached is named for the profile "%s"',
    async (profile) => {
      const proxy = `127.0.0.1:${await findClosedPort()}`
      const { code, advice } = await errorWith(profile, { https_proxy: `http://${proxy}` })
      expect(code).toBe('NO_CREDENTIALS')
      expect(advice).toMatch(/^Check https_proxy: /)
      expect(advice).toContain(proxy)
    },
  )

  test.each([
    ['role', 'sts.eu-west-1.amazonaws.com'],
    ['login', 'portal.sso.us-east-1.amazonaws.com'],
  ])(
    'A proxy that refuses the tunnel is named with the host for the profile "%s": %s',
    async (profile, host) => {
      const proxy = await startForwardProxy({ resolve: () => 0, failure: 'refuse' })
      const { code, advice } = await errorWith(profile, { HTTPS_PROXY: proxy.url })
      expect(code).toBe('NO_CREDENTIALS')
      expect(advice).toMatch(/from HTTPS_PROXY refuses to connect to /)
      expect(advice).toContain(` ${host}. Allow the host`)
      expect(new Set(proxy.requests.map((request) => request.host))).toEqual(new Set([host]))
    },
  )

  test('A custom endpoint is named', async () => {
    const { advice } = await errorWith('role', {
      AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${await findClosedPort()}`,
    })
    expect(advice).toMatch(/^Check AWS_ENDPOINT_URL_STS: it sends requests to 127/)
  })
})

test('A login is not sent to a custom endpoint that is not allowed', async () => {
  const connect = vi.spyOn(Socket.prototype, 'connect').mockImplementation(() => {
    throw new Error('the network was touched')
  })
  const { code, message } = await errorWith('login', {
    AWS_ENDPOINT_URL_SSO: 'http://192.0.2.2:4599',
  })
  expect(code).toBe('ENDPOINT_REFUSED')
  expect(message).toContain('http://192.0.2.2:4599')
  expect(connect).not.toHaveBeenCalled()
})
