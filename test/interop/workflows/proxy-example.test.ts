/**
 * The example for runners behind a proxy. Every host has a name that only the proxy can resolve, and is
 * reached over TLS, with a certificate of the company's own authority.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect } from 'vitest'

import type { Emulator } from '../../../emulator/emulator.ts'
import { pullRequest, push } from '../../../emulator/runner/events.ts'
import { createCertificateAuthority } from '../../support/servers/certificate-authority.ts'
import { startForwardProxy, type ForwardProxy } from '../../support/servers/forward-proxy.ts'
import { scenario } from '../../support/scenario.ts'
import { startTlsTerminator } from '../../support/servers/tls-terminator.ts'
import { readExample, replaceAll } from '../../workflows/workflow-files.ts'
import { startForAct, temporaryFolder } from './act.ts'
import {
  configuredPermissions,
  countWrites,
  expectRun,
  permissionsIn,
  runExample,
} from './example-runs.ts'

const name = 'behind-a-proxy.yml'

const hosts = {
  token: 'token.actions.test',
  sts: 'sts.eu-west-1.amazonaws.com',
  amplify: 'amplifybackend.eu-west-1.amazonaws.com',
  github: 'github.corp.test',
}

const authority = createCertificateAuthority('Corporation')

type ProxiedNetwork = Readonly<{
  emulator: Emulator
  proxy: ForwardProxy
  /** The example with this proxy and this authority in place of its own, and a comment. */
  text: string
  env: Readonly<Record<string, string>>
}>

/** A network in which all hosts are reached through the proxy only. */
async function startProxiedNetwork(): Promise<ProxiedNetwork> {
  const emulator = await startForAct()
  const tls = await startTlsTerminator(emulator.port, authority.issue(Object.values(hosts)))
  const proxy = await startForwardProxy({ resolve: () => tls.port })
  const certificate = join(temporaryFolder(), 'ca.pem')
  writeFileSync(certificate, authority.cert)
  const text = replaceAll(readExample(name), {
    'http://proxy.example.com:3128': proxy.url,
    '/etc/ssl/certs/corp-ca.pem': certificate,
    'id-token: write\n': 'id-token: write\n      pull-requests: write\n',
    'resource-name: media\n': 'resource-name: media\n          comment-on-pr: true\n',
  })
  const env = {
    // Empty is as good as absent: the SDK's own endpoints are called.
    AWS_ENDPOINT_URL: '',
    ACTIONS_ID_TOKEN_REQUEST_URL: `https://${hosts.token}/idtoken?api-version=2.0`,
    GITHUB_API_URL: `https://${hosts.github}/api/v3`,
    GITHUB_GRAPHQL_URL: `https://${hosts.github}/api/graphql`,
  }
  return { emulator, proxy, text, env }
}

const proxiedHosts = ({ requests }: ForwardProxy): readonly string[] =>
  [...new Set(requests.map(({ form, host }) => `${form} ${host}`))].sort()

const tunnels = (...names: readonly string[]): readonly string[] =>
  names.map((host) => `tunnel ${host}`).sort()

scenario(`${name} plans on a pull request, with every request through the proxy`, async () => {
  const { emulator, proxy, text, env } = await startProxiedNetwork()
  const run = await runExample(emulator, name, pullRequest(), { text, env })
  expectRun(run, 'success', { result: 'planned' })
  expect(countWrites(emulator)).toBe(0)
  expect(emulator.calls('createComment')).toHaveLength(1)
  expect(proxiedHosts(proxy)).toEqual(tunnels(...Object.values(hosts)))
})

scenario(
  `${name} creates the storage on a push, with every request through the proxy`,
  async () => {
    const { emulator, proxy, text, env } = await startProxiedNetwork()
    const run = await runExample(emulator, name, push(), { text, env })
    expectRun(run, 'success', { result: 'created' })
    expect(permissionsIn(emulator)).toEqual(configuredPermissions)
    expect(proxiedHosts(proxy)).toEqual(tunnels(...Object.values(hosts)))
  },
)
