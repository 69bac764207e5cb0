/** Proxies, as companies have them. */
import { expect } from 'vitest'
import { pullRequest } from '../../../emulator/runner/events.ts'
import type { StepResult } from '../../../emulator/runner/step.ts'
import type { ErrorCode } from '../../../src/errors/catalog.ts'
import { createNetworkGuard } from '../../support/network-guard.ts'
import { preloadArguments } from '../../support/preload.ts'
import { createTestBed, runAction, runOnce, withoutRole } from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import type { ForwardProxyOptions } from '../../support/servers/forward-proxy.ts'
import { findClosedPort } from '../../support/servers/loopback-server.ts'
import {
  expectFailure,
  expectSecretsMasked,
  expectSuccess,
  getLog,
} from '../../support/step-result.ts'
import {
  authority,
  customEndpoints,
  HOSTS,
  type Scheme,
  startProxy,
  useHosts,
  writeTempFile,
} from './hosts.ts'

scenarios<Readonly<{ scheme: Scheme; variable: string; withoutScheme?: true }>>(
  'A proxy gets the requests for the token, STS, Amplify and GitHub',
  {
    HTTP_PROXY: { scheme: 'http', variable: 'HTTP_PROXY' },
    https_proxy: { scheme: 'https', variable: 'https_proxy' },
    'HTTPS_PROXY without a scheme': {
      scheme: 'https',
      variable: 'HTTPS_PROXY',
      withoutScheme: true,
    },
  },
  async ({ scheme, variable, withoutScheme }) => {
    const bed = await createTestBed({ scale: 1 })
    const guard = createNetworkGuard()
    const proxy = await startProxy(bed)
    const step = await runAction(bed, {
      event: pullRequest(),
      with: { ...customEndpoints, 'comment-on-pr': 'true' },
      guard,
      env: {
        ...useHosts(scheme),
        [variable]: withoutScheme === true ? `127.0.0.1:${proxy.port}` : proxy.url,
        NODE_EXTRA_CA_CERTS: writeTempFile(authority.cert),
      },
    })
    expectSuccess(step, 'planned')
    expect(new Set(proxy.requests.map(({ host }) => host))).toEqual(new Set(HOSTS))
    const form = scheme === 'http' ? 'absolute' : 'tunnel'
    expect(new Set(proxy.requests.map((request) => request.form))).toEqual(new Set([form]))
    expect(bed.emulator.calls('createComment')).toHaveLength(1)
    expect(guard.attempts()).toEqual([])
    expect(getLog(step)).toContain('Requests go to amplify.fake.test')
  },
)

scenarios<Readonly<{ variable: string; value: string }>>(
  'A proxy gets no request for a host of NO_PROXY',
  {
    'a suffix': { variable: 'NO_PROXY', value: '.fake.test' },
    'a domain': { variable: 'NO_PROXY', value: 'other.test, Fake.test' },
    'each host': { variable: 'no_proxy', value: HOSTS.join(',') },
  },
  async ({ variable, value }) => {
    const bed = await createTestBed({ scale: 1 })
    const proxy = await startProxy(bed)
    const hosts = useHosts('http', `:${bed.emulator.port}`)
    const step = await runAction(bed, {
      event: pullRequest(),
      with: customEndpoints,
      guard: createNetworkGuard(Object.fromEntries(HOSTS.map((host) => [host, {}]))),
      env: { ...hosts, HTTP_PROXY: proxy.url, [variable]: value },
    })
    expectSuccess(step, 'planned')
    expect(proxy.requests).toEqual([])
  },
)

scenario('A proxy gets no request for an endpoint on this machine', async () => {
  const bed = await createTestBed()
  const proxy = await startProxy(bed)
  const localhost = `http://localhost:${bed.emulator.port}`
  const step = await runAction(bed, {
    event: pullRequest(),
    with: { 'comment-on-pr': 'true' },
    env: {
      AWS_ENDPOINT_URL_STS: localhost,
      ACTIONS_ID_TOKEN_REQUEST_URL: `${localhost}/idtoken?api-version=2.0`,
      HTTP_PROXY: proxy.url,
      HTTPS_PROXY: proxy.url,
      http_proxy: proxy.url,
      NO_PROXY: 'other.test',
    },
  })
  expectSuccess(step, 'planned')
  expect(bed.emulator.calls('createComment')).toHaveLength(1)
  expect(proxy.requests).toEqual([])
})

scenarios<Readonly<{ hosts: Record<string, string> }>>(
  'A proxy that this version of Node.js cannot use is an error that names the runner, and is not bypassed',
  {
    'for the token': { hosts: useHosts('http') },
    'for STS': { hosts: { AWS_ENDPOINT_URL_STS: 'http://sts.fake.test' } },
    'for Amplify': { hosts: { AWS_ENDPOINT_URL_AMPLIFYBACKEND: 'http://amplify.fake.test' } },
  },
  async ({ hosts }) => {
    const bed = await createTestBed({ scale: 1 })
    const proxy = await startProxy(bed)
    const guard = createNetworkGuard(Object.fromEntries(HOSTS.map((host) => [host, {}])))
    const step = await runAction(bed, {
      event: pullRequest(),
      with: { ...customEndpoints, 'comment-on-pr': 'true' },
      guard,
      nodeArguments: preloadArguments('preload/node-version.ts'),
      env: {
        ...hosts,
        GITHUB_API_URL: 'http://github.fake.test/api/v3',
        HTTP_PROXY: proxy.url,
        FAKE_NODE_VERSION: '24.4.1',
      },
    })
    const message = expectFailure(step, 'RUNNER_TOO_OLD')
    expect(message).toMatch(/HTTP_PROXY.*24\.4\.1/s)
    expect(message).toContain('2.328.0')
    expect(proxy.requests).toEqual([])
    expect(guard.attempts()).toEqual([])
  },
)

scenarios<Readonly<{ password: string; written: string; scheme: Scheme }>>(
  'A proxy gets its password, which is masked and shown nowhere',
  {
    escaped: { password: 'p@ss:w/rd#1', written: 'p%40ss%3Aw%2Frd%231', scheme: 'https' },
    'an @ as it is': { password: 'p@sswrd', written: 'p@sswrd', scheme: 'https' },
    'a percent sign as it is': { password: '100%sure', written: '100%sure', scheme: 'http' },
  },
  async ({ password, written, scheme }) => {
    const bed = await createTestBed()
    const run = async (expected: string): Promise<StepResult> => {
      const proxy = await startProxy(bed, { credentials: { user: 'builder', password: expected } })
      return runAction(bed, {
        event: pullRequest(),
        with: customEndpoints,
        env: {
          ...useHosts(scheme),
          [`${scheme}_proxy`.toUpperCase()]: `http://builder:${written}@127.0.0.1:${proxy.port}`,
          NODE_EXTRA_CA_CERTS: writeTempFile(authority.cert),
          RUNNER_DEBUG: '1',
        },
      })
    }
    const accepted = await run(password)
    expectSuccess(accepted, 'planned')
    const rejected = await run('another password')
    expect(expectFailure(rejected, 'TOKEN_UNAVAILABLE')).toContain('407')
    for (const step of [accepted, rejected]) expectSecretsMasked(step, [password, written])
  },
)

type BadProxy = Readonly<{
  /** The call that goes through the proxy. */
  call: 'token' | 'STS' | 'Amplify'
  /** Where the variable leads to: this host, or a proxy with these options; a closed port by default. */
  host?: string
  proxy?: Omit<ForwardProxyOptions, 'resolve'>
}>

const unknownHost = { host: 'proxy.invalid:3128' }

const otherPassword = {
  proxy: { credentials: { user: 'builder', password: 'another password' } },
}

const CALL_CODES = {
  token: 'TOKEN_UNAVAILABLE',
  STS: 'STS_UNAVAILABLE',
  Amplify: 'HOST_UNREACHABLE',
} as const satisfies Record<string, ErrorCode>

scenarios<BadProxy>(
  'A proxy that cannot be used is named with its variable in the error and the log, without its password',
  {
    'an unknown host, for STS': { call: 'STS', ...unknownHost },
    'an unknown host, for Amplify': { call: 'Amplify', ...unknownHost },
    'an unknown host, for the token': { call: 'token', ...unknownHost },
    'a closed port': { call: 'STS' },
    'another password, in a tunnel': { call: 'STS', ...otherPassword },
    'another password, in a request': { call: 'token', ...otherPassword },
    'a refused tunnel to STS': { call: 'STS', proxy: { failure: 'refuse' } },
    'a refused tunnel to Amplify': { call: 'Amplify', proxy: { failure: 'refuse' } },
  },
  async ({ call, host, proxy }) => {
    const bed = await createTestBed()
    const port = proxy === undefined ? await findClosedPort() : (await startProxy(bed, proxy)).port
    const address = host ?? `127.0.0.1:${port}`
    const variable = call === 'token' ? 'HTTP_PROXY' : 'HTTPS_PROXY'
    const step = await runAction(bed, {
      with: { ...customEndpoints, ...(call === 'Amplify' ? withoutRole : {}) },
      guard: createNetworkGuard(),
      env: {
        ...(call === 'Amplify' ? bed.emulator.ambientEnv : {}),
        ...(call === 'token' ? useHosts('http') : { AWS_ENDPOINT_URL: undefined }),
        [variable]: `http://builder:example-password@${address}`,
      },
    })
    const message = expectFailure(step, CALL_CODES[call])
    expect(message).toContain(variable)
    expect(message).toContain(address)
    expect(message).not.toMatch(/region/)
    expect(step.log.filter((line) => line.includes(`proxy ${address}`))).not.toEqual([])
    // What a proxy has decided is final.
    if (proxy !== undefined) expect(getLog(step)).not.toContain('Next attempt')
    expectSecretsMasked(step, ['example-password'])
    expect(bed.emulator.calls('GetBackendStorage')).toEqual([])
  },
)

scenarios<Readonly<{ failure: 'refuse' | 'hang' | 'cut'; scheme: Scheme }>>(
  'A proxy that does not forward is an error that names the host',
  {
    '403': { failure: 'refuse', scheme: 'http' },
    'no response': { failure: 'hang', scheme: 'https' },
    'a reset': { failure: 'cut', scheme: 'https' },
  },
  async ({ failure, scheme }) => {
    const bed = await createTestBed()
    const proxy = await startProxy(bed, { failure })
    const step = await runAction(bed, {
      with: customEndpoints,
      env: { ...useHosts(scheme), [`${scheme}_proxy`]: proxy.url },
    })
    const message = expectFailure(step, 'TOKEN_UNAVAILABLE')
    expect(message).toMatch(/token\.fake\.test.*proxy/s)
    expect(message).toContain(`${scheme}_proxy`)
    expect(proxy.requests.length).toBeGreaterThan(0)
    expect(bed.emulator.requests).toEqual([])
  },
)

scenarios<Readonly<{ variable: string; value: string }>>(
  'A malformed proxy is rejected by the name of its variable, and not shown when it may contain a password',
  {
    'another protocol': { variable: 'HTTPS_PROXY', value: 'socks5://127.0.0.1:1080' },
    'white space': { variable: 'http_proxy', value: 'http://bad host:3128' },
    'an unescaped password': {
      variable: 'HTTPS_PROXY',
      value: 'http://builder:example#password@127.0.0.1:3128',
    },
  },
  async ({ variable, value }) => {
    const { step, emulator } = await runOnce({ env: { [variable]: value } })
    const message = expectFailure(step, 'INVALID_INPUT')
    expect(message).toContain(variable)
    expect(message.includes(value)).toBe(!value.includes('@'))
    expect(getLog(step)).not.toMatch(/example.password/)
    expect(emulator.requests).toEqual([])
  },
)

scenario(
  'A host that NO_PROXY excepts from the proxy and that is not found leads to NO_PROXY',
  async () => {
    const { step } = await runOnce({
      guard: createNetworkGuard(),
      env: {
        AWS_ENDPOINT_URL: undefined,
        HTTPS_PROXY: 'http://proxy.invalid:3128',
        NO_PROXY: 'amazonaws.com',
      },
    })
    const message = expectFailure(step, 'STS_UNAVAILABLE')
    expect(message).toMatch(/NO_PROXY.*HTTPS_PROXY/s)
    expect(message).not.toContain('spelling')
  },
)

scenario('ALL_PROXY, which is not read, is named when a host is not found', async () => {
  const { step } = await runOnce({
    guard: createNetworkGuard(),
    env: { AWS_ENDPOINT_URL: undefined, ALL_PROXY: 'http://proxy.invalid:3128' },
  })
  expect(expectFailure(step, 'STS_UNAVAILABLE')).toMatch(/ALL_PROXY is not read.*HTTPS_PROXY/s)
})
