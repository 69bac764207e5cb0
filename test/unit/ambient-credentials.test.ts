import { createHash } from 'node:crypto'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'

import type { ActionError } from '../../src/errors/action-error.ts'
import { createHome } from '../support/home-folder.ts'
import { runInProcess } from '../support/run-in-process.ts'
import { startForwardProxy } from '../support/servers/forward-proxy.ts'
import { findClosedPort } from '../support/servers/loopback-server.ts'

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

/** The error of a run that has nothing but a profile. */
async function errorWith(
  profile: string,
  more: Readonly<Record<string, string>>,
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
    ...more,
  }
  // The SDK reads these by itself.
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

describe('where the SDK cannot get through to its own sources of credentials', () => {
  test.each(['role', 'login'])('a proxy that is not there is named: %s', async (profile) => {
    const proxy = `127.0.0.1:${await findClosedPort()}`
    const { code, advice } = await errorWith(profile, { https_proxy: `http://${proxy}` })
    expect(code).toBe('NO_CREDENTIALS')
    expect(advice).toBe(
      `Check https_proxy: requests go through the proxy ${proxy} because of it, and the runner does not get through.`,
    )
  })

  test.each([
    ['role', 'sts.eu-west-1.amazonaws.com'],
    ['login', 'portal.sso.us-east-1.amazonaws.com'],
  ])('a proxy that refuses is named, with the host: %s', async (profile, host) => {
    const proxy = await startForwardProxy({ resolve: () => 0, failure: 'refuse' })
    const { code, advice } = await errorWith(profile, { HTTPS_PROXY: proxy.url })
    expect(code).toBe('NO_CREDENTIALS')
    expect(advice).toMatch(/of HTTPS_PROXY answers and does not connect to /)
    expect(advice).toContain(` ${host}. Let it,`)
    expect(new Set(proxy.requests.map((each) => each.host))).toEqual(new Set([host]))
  })

  test('a custom endpoint is named', async () => {
    const { advice } = await errorWith('role', {
      AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${await findClosedPort()}`,
    })
    expect(advice).toMatch(/^Check AWS_ENDPOINT_URL_STS: requests go to 127/)
  })
})

test('a login is not shown to a host that nobody has allowed', async () => {
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
