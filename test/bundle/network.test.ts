/** Proxies, certificate authorities, names and connections, as companies have them. */
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { expect } from 'vitest'

import type { Fault, FaultSpec } from '../../emulator/emulator.ts'
import { pullRequest } from '../../emulator/runner/events.ts'
import type { StepResult } from '../../emulator/runner/step.ts'
import type { ErrorCode } from '../../src/errors/catalog.ts'
import { getJobId } from '../support/emulator-state.ts'
import { createHome } from '../support/home-folder.ts'
import { createNetworkGuard } from '../support/network-guard.ts'
import { preloadArguments } from '../support/preload.ts'
import {
  createTestBed,
  runAction,
  runOnce,
  withoutRole,
  type TestBed,
} from '../support/run-action.ts'
import { scenario, scenarios } from '../support/scenario.ts'
import { createCertificateAuthority } from '../support/servers/certificate-authority.ts'
import { startForwardProxy, type ForwardProxyOptions } from '../support/servers/forward-proxy.ts'
import { findClosedPort, forwardRequest, listenInTest } from '../support/servers/loopback-server.ts'
import { startTlsTerminator } from '../support/servers/tls-terminator.ts'
import {
  expectFailure,
  expectSecretsMasked,
  expectSuccess,
  getAnnotations,
  getLog,
} from '../support/step-result.ts'

/** The four hosts of a run, by names that only a proxy knows. */
const HOSTS = ['token.fake.test', 'sts.fake.test', 'amplify.fake.test', 'github.fake.test'] as const

const CREATE = 'CreateBackendStorage'

const authority = createCertificateAuthority()

/** The path of a file with this text, which is deleted after the test. */
const writeTempFile = (text: string): string => join(createHome({ file: text }).HOME, 'file')

type Scheme = 'http' | 'https'

/** The variables that lead all requests of a run to the four hosts. */
function useHosts(scheme: Scheme, port = ''): Record<string, string> {
  const [token = '', sts = '', amplify = '', github = ''] = HOSTS.map(
    (host) => `${scheme}://${host}${port}`,
  )
  return {
    ACTIONS_ID_TOKEN_REQUEST_URL: `${token}/idtoken?api-version=2.0`,
    AWS_ENDPOINT_URL_STS: sts,
    AWS_ENDPOINT_URL_AMPLIFYBACKEND: amplify,
    GITHUB_API_URL: `${github}/api/v3`,
    GITHUB_GRAPHQL_URL: `${github}/api/graphql`,
  }
}

const customEndpoints = { 'allow-custom-endpoints': 'true', 'max-attempts': '2' } as const

/** A proxy behind which all hosts are the emulator, over TLS in a tunnel. */
async function startProxy(
  { emulator }: TestBed,
  options: Omit<ForwardProxyOptions, 'resolve'> = {},
): ReturnType<typeof startForwardProxy> {
  const tls = await startTlsTerminator(emulator.port, authority.issue(['*.fake.test']))
  return startForwardProxy({
    ...options,
    resolve: (_, tunnel) => (tunnel ? tls.port : emulator.port),
  })
}

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

/** A test bed behind TLS, with a certificate of the private authority for these hosts. */
async function createTlsTestBed(
  hosts: readonly string[] = ['localhost'],
): Promise<Readonly<{ bed: TestBed; url: string; handshakes: readonly string[] }>> {
  const bed = await createTestBed()
  const { port, handshakes } = await startTlsTerminator(bed.emulator.port, authority.issue(hosts))
  return { bed, url: `https://localhost:${port}`, handshakes }
}

scenario('NODE_EXTRA_CA_CERTS makes a run trust a private certificate authority', async () => {
  const { bed, url, handshakes } = await createTlsTestBed()
  const step = await runAction(bed, {
    with: { wait: 'false' },
    env: {
      AWS_ENDPOINT_URL: url,
      ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/idtoken?api-version=2.0`,
      NODE_EXTRA_CA_CERTS: writeTempFile(authority.cert),
    },
  })
  expectSuccess(step, 'started')
  expect(handshakes.length).toBeGreaterThan(0)
})

scenarios<Readonly<{ hosts?: readonly string[]; env: () => Record<string, string> }>>(
  'A certificate that is not trusted is an error that names NODE_EXTRA_CA_CERTS, and is not retried',
  {
    'no variable': { env: () => ({}) },
    'the variables of other tools': {
      env: () => {
        const path = writeTempFile(authority.cert)
        return { AWS_CA_BUNDLE: path, SSL_CERT_FILE: path, REQUESTS_CA_BUNDLE: path }
      },
    },
    'a missing file': { env: () => ({ NODE_EXTRA_CA_CERTS: '/nowhere/ca.pem' }) },
    'another authority': {
      env: () => ({
        NODE_EXTRA_CA_CERTS: writeTempFile(createCertificateAuthority('Other').cert),
      }),
    },
    'another host': {
      hosts: ['other.example'],
      env: () => ({ NODE_EXTRA_CA_CERTS: writeTempFile(authority.cert) }),
    },
  },
  async ({ hosts, env }) => {
    const { bed, url } = await createTlsTestBed(hosts)
    const step = await runAction(bed, { env: { ...env(), AWS_ENDPOINT_URL: url } })
    const message = expectFailure(step, 'TLS_FAILED')
    expect(message).toContain('NODE_EXTRA_CA_CERTS')
    if (hosts === undefined) expect(message).toMatch(/NODE_USE_SYSTEM_CA=1|no such file/)
    expect(message).not.toContain('--use-system-ca')
    expect(getLog(step)).not.toMatch(/AssumeRoleWithWebIdentity .*Next attempt|TLS_REJECT/)
    expect(bed.emulator.calls('AssumeRoleWithWebIdentity')).toEqual([])
  },
)

scenarios<ErrorCode>(
  'A certificate of one service that is not trusted is an error that names NODE_EXTRA_CA_CERTS',
  {
    ACTIONS_ID_TOKEN_REQUEST_URL: 'TOKEN_UNAVAILABLE',
    AWS_ENDPOINT_URL_AMPLIFYBACKEND: 'TLS_FAILED',
  },
  async (code, variable) => {
    const { bed, url } = await createTlsTestBed()
    const path = code === 'TOKEN_UNAVAILABLE' ? '/idtoken?api-version=2.0' : ''
    const step = await runAction(bed, { env: { [variable]: `${url}${path}` } })
    expect(expectFailure(step, code)).toContain('NODE_EXTRA_CA_CERTS')
    expect(bed.emulator.calls('CreateBackendStorage')).toEqual([])
  },
)

scenarios<() => string>(
  'A file of certificates that is missing or no certificate is a warning, and named in the error again',
  { missing: () => '/nowhere/ca.pem', 'something else': () => writeTempFile('no certificate') },
  async (file) => {
    const { bed, url } = await createTlsTestBed()
    const path = file()
    const step = await runAction(bed, {
      env: { NODE_EXTRA_CA_CERTS: path, AWS_ENDPOINT_URL: url },
    })
    expect(expectFailure(step, 'TLS_FAILED')).toContain(path)
    const [warning] = getAnnotations(step, 'warning')
    expect(warning?.message).toMatch(/NODE_EXTRA_CA_CERTS/)
    expect(warning?.message).toContain(path)
  },
)

scenario('A certificate that is not trusted behind a proxy leads to the proxy, too', async () => {
  const bed = await createTestBed()
  const proxy = await startProxy(bed)
  const step = await runAction(bed, {
    with: customEndpoints,
    env: { AWS_ENDPOINT_URL_STS: 'https://sts.fake.test', HTTPS_PROXY: proxy.url },
  })
  const message = expectFailure(step, 'TLS_FAILED')
  for (const word of ['HTTPS_PROXY', 'NODE_EXTRA_CA_CERTS', 'sts.fake.test'])
    expect(message).toContain(word)
})

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

scenarios<ErrorCode>(
  'A host that does not speak TLS is named with its port and the variable, and not tried again',
  {
    AWS_ENDPOINT_URL_STS: 'STS_UNAVAILABLE',
    AWS_ENDPOINT_URL_AMPLIFYBACKEND: 'HOST_UNREACHABLE',
    ACTIONS_ID_TOKEN_REQUEST_URL: 'TOKEN_UNAVAILABLE',
  },
  async (code, variable) => {
    const bed = await createTestBed()
    const { port } = bed.emulator
    const step = await runAction(bed, { env: { [variable]: `https://localhost:${port}/` } })
    const message = expectFailure(step, code)
    expect(message).toContain(`localhost:${port} answers without TLS`)
    // The runner sets this one, and no setting of the workflow changes it.
    expect(message.includes(variable)).toBe(code !== 'TOKEN_UNAVAILABLE')
    expect(getLog(step)).not.toMatch(/SSL routines|openssl|Next attempt/)
  },
)

scenario(
  'A proxy that does not speak TLS, although its variable says so, is named and not tried again',
  async () => {
    const bed = await createTestBed()
    const proxy = await startProxy(bed)
    const step = await runAction(bed, {
      with: customEndpoints,
      env: { ...useHosts('https'), HTTPS_PROXY: `https://127.0.0.1:${proxy.port}` },
    })
    const message = expectFailure(step, 'TOKEN_UNAVAILABLE')
    expect(message).toContain(`127.0.0.1:${proxy.port} answers without TLS`)
    expect(message).toContain('HTTPS_PROXY')
    expect(getLog(step)).not.toMatch(/SSL routines|Next attempt/)
  },
)

type Answer = Readonly<{ operation: FaultSpec['operation']; code: ErrorCode; fault: Fault }>

const page = (status: number): Fault => ({ kind: 'html', status })
const text = (status: number): Fault => ({
  kind: 'body',
  status,
  contentType: 'text/plain',
  body: 'Blocked by policy',
})

scenarios<Answer>(
  'An answer of something between the runner and the service is told as such, with its status',
  {
    'a page to STS': {
      operation: 'AssumeRoleWithWebIdentity',
      code: 'STS_REQUEST_REFUSED',
      fault: page(403),
    },
    'a text to STS': {
      operation: 'AssumeRoleWithWebIdentity',
      code: 'STS_REQUEST_REFUSED',
      fault: text(413),
    },
    'a page to Amplify': {
      operation: 'GetBackendStorage',
      code: 'REQUEST_REFUSED',
      fault: page(451),
    },
    'a page that is not found': {
      operation: 'GetBackendStorage',
      code: 'REQUEST_REFUSED',
      fault: page(404),
    },
    'a text to Amplify': {
      operation: 'GetBackendStorage',
      code: 'REQUEST_REFUSED',
      fault: text(403),
    },
    'a page for the token': { operation: 'token', code: 'TOKEN_UNAVAILABLE', fault: page(403) },
  },
  async ({ operation, code, fault }) => {
    const { step, emulator } = await runOnce({ faults: [{ operation, ...fault, times: 'always' }] })
    const message = expectFailure(step, code)
    expect(message).toMatch(/between the runner and AWS/)
    expect(message).toContain('status' in fault ? String(fault.status) : '')
    expect(message).not.toMatch(/JSON|Unexpected token|<html/i)
    expect(emulator.calls(operation)).toHaveLength(1)
    expect(emulator.calls(CREATE)).toEqual([])
  },
)

scenarios<Readonly<{ operation: FaultSpec['operation']; code: ErrorCode }>>(
  'A redirect shows the host that it leads to, is not followed, and is final',
  {
    'of STS': { operation: 'AssumeRoleWithWebIdentity', code: 'STS_REQUEST_REFUSED' },
    'of Amplify': { operation: 'GetBackendStorage', code: 'REQUEST_REFUSED' },
    'of a create': { operation: CREATE, code: 'REQUEST_REFUSED' },
    'of the token': { operation: 'token', code: 'TOKEN_UNAVAILABLE' },
  },
  async ({ operation, code }) => {
    const guard = createNetworkGuard()
    const location = 'https://login.fake.test/portal?token=example-token'
    const { step, emulator } = await runOnce({
      guard,
      faults: [{ operation, kind: 'redirect', location, times: 'always' }],
    })
    const message = expectFailure(step, code)
    expect(message).toContain('login.fake.test')
    expect(message).toMatch(/between the runner and AWS/)
    expect(emulator.calls(operation)).toHaveLength(1)
    expect(message).not.toContain('example-token')
    expect(guard.attempts()).toEqual([])
  },
)

scenario('NODE_TLS_REJECT_UNAUTHORIZED=0 is rejected before any request', async () => {
  const bed = await createTestBed()
  const step = await runAction(bed, { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } })
  expect(expectFailure(step, 'INVALID_INPUT')).toContain('NODE_TLS_REJECT_UNAUTHORIZED')
  expect(bed.emulator.requests).toEqual([])
  const strict = await runAction(bed, { env: { NODE_TLS_REJECT_UNAUTHORIZED: '1' } })
  expectSuccess(strict, 'created')
})

scenario('A name that does not resolve for a while is looked up again by every call', async () => {
  const { step, emulator } = await runOnce({
    with: { 'allow-custom-endpoints': 'true', wait: 'false' },
    guard: createNetworkGuard(Object.fromEntries(HOSTS.map((host) => [host, { again: 2 }]))),
    env: ({ port }) => useHosts('http', `:${port}`),
  })
  expectSuccess(step, 'started')
  for (const call of ['token request', 'AssumeRoleWithWebIdentity', 'GetBackendStorage'])
    expect(getLog(step)).toMatch(new RegExp(`${call} failed \\(attempt 2 of \\d\\): EAI_AGAIN`))
  expect(emulator.calls(CREATE)).toHaveLength(1)
})

const stsLink = 'vpce-1.sts.eu-west-1.vpce.amazonaws.com'
const amplifyLink = 'vpce-1.amplifybackend.eu-west-1.vpce.amazonaws.com'

scenarios<Readonly<{ code: ErrorCode; host: string }>>(
  'A configured host that is not found is reported with its variable, and not with the region',
  {
    AWS_ENDPOINT_URL_STS: { code: 'STS_UNAVAILABLE', host: stsLink },
    AWS_ENDPOINT_URL_AMPLIFYBACKEND: { code: 'HOST_UNREACHABLE', host: amplifyLink },
    AWS_ENDPOINT_URL: { code: 'STS_UNAVAILABLE', host: stsLink },
  },
  async ({ code, host }, variable) => {
    const { step } = await runOnce({
      guard: createNetworkGuard(),
      env: { [variable]: `https://${host}` },
    })
    const message = expectFailure(step, code)
    expect(message).toContain(variable)
    expect(message).toContain(host)
    expect(message).not.toMatch(/\bregion\b/)
  },
)

scenarios<ErrorCode>(
  'When no address of a host accepts connections, the error names each of them',
  {
    ACTIONS_ID_TOKEN_REQUEST_URL: 'TOKEN_UNAVAILABLE',
    AWS_ENDPOINT_URL_STS: 'STS_UNAVAILABLE',
    AWS_ENDPOINT_URL_AMPLIFYBACKEND: 'HOST_UNREACHABLE',
  },
  async (code, variable) => {
    const port = await findClosedPort()
    const { step } = await runOnce({
      with: customEndpoints,
      guard: createNetworkGuard({ 'dead.fake.test': { addresses: ['::1', '127.0.0.1'] } }),
      env: { [variable]: `http://dead.fake.test:${port}/` },
    })
    const message = expectFailure(step, code)
    expect(message).toContain(`ECONNREFUSED ::1:${port}`)
    expect(message).toContain(`ECONNREFUSED 127.0.0.1:${port}`)
  },
)

/** Runs in real time with an STS that has these addresses, one of which connects late. */
async function runWithSlowAddress(
  addresses: readonly string[],
  slow: string,
  ms: number,
): Promise<StepResult> {
  const { step } = await runOnce({
    scale: 1,
    with: { 'allow-custom-endpoints': 'true', wait: 'false', 'max-attempts': '1' },
    guard: createNetworkGuard({ 'sts.fake.test': { addresses } }),
    nodeArguments: preloadArguments('preload/slow-connect.ts'),
    env: ({ port }) => ({
      AWS_ENDPOINT_URL_STS: `http://sts.fake.test:${port}`,
      SLOW_ADDRESS: slow,
      SLOW_MS: String(ms),
    }),
  })
  return step
}

scenarios(
  'A distant address may take longer to connect than the default of Node, also beside a dead one',
  { 'the dead address last': ['127.0.0.1', '::1'], 'the dead address first': ['::1', '127.0.0.1'] },
  async (addresses) => {
    const step = await runWithSlowAddress(addresses, '127.0.0.1', 300)
    expectSuccess(step, 'started')
    expect(getLog(step)).not.toContain('Next attempt')
  },
)

scenario('An address that connects too late is named beside one that refuses', async () => {
  const step = await runWithSlowAddress(['127.0.0.2', '::1'], '127.0.0.2', 20_000)
  expect(expectFailure(step, 'STS_UNAVAILABLE')).toMatch(
    /ETIMEDOUT 127\.0\.0\.2:\d+; .*ECONNREFUSED ::1:\d+/,
  )
})

// The fault table has the other forms.
scenarios<Fault>(
  'A create with a malformed response is sent again once it is known to have had no effect',
  {
    'a reset while it is sent': { kind: 'reset', unread: true },
    'an empty 503': { kind: 'empty', status: 503 },
    'a 204': { kind: 'empty', status: 204 },
    null: { kind: 'body', body: 'null' },
    'members in capitals': { kind: 'body', body: '{"JobId":"a","Status":"COMPLETED"}' },
    'a job id that is a path': { kind: 'body', body: '{"jobId":"../../x","status":"RUNNING"}' },
  },
  async (fault) => {
    const { step, emulator } = await runOnce({
      rules: { jobMs: 1_000 },
      faults: [{ operation: CREATE, ...fault }],
    })
    expectSuccess(step, 'created')
    expect(emulator.calls(CREATE)).toHaveLength(2)
    expect(emulator.state.counters.create.executed).toBe(1)
    const polled = emulator.calls('GetBackendJob').map(({ path }) => path.split('/').at(-1))
    expect(new Set(polled)).toEqual(new Set([getJobId(emulator)]))
  },
)

scenario('A page of a gateway is reported as such, and not as malformed JSON', async () => {
  const { step } = await runOnce({
    with: { 'max-attempts': '1' },
    faults: [{ operation: CREATE, kind: 'html', status: 502, times: 'always' }],
  })
  const message = expectFailure(step, 'SERVICE_ERROR')
  expect(message).toContain('502')
  expect(message).not.toMatch(/Unexpected token|SyntaxError/)
})

type NullBody = Readonly<{
  operation: FaultSpec['operation']
  body?: string
  /** What ends the run; the list of jobs is not needed. */
  code?: ErrorCode
  result?: string
}>

scenarios<NullBody>(
  'A body of null is a malformed response, and never an error inside the SDK',
  {
    'the first read': { operation: 'GetBackendStorage', code: 'UNREADABLE_RESPONSE' },
    'the poll': { operation: 'GetBackendJob', code: 'TIMED_OUT', result: 'timed-out' },
    'the list of jobs': { operation: 'ListBackendJobs', body: '{"jobs":[null]}' },
  },
  async ({ operation, body = 'null', code, result = 'failed' }) => {
    const { step } = await runOnce({
      rules: { jobMs: 1_000 },
      with: { 'max-attempts': '2', 'timeout-in-minutes': '1' },
      env: { RUNNER_DEBUG: '1' },
      faults: [
        { operation: CREATE, kind: 'reset', when: 'after' },
        { operation, kind: 'body', body, times: 'always' },
      ],
    })
    if (code === undefined) expect(step.outputs['ready'] === 'true').toBe(step.exitCode === 0)
    else expectFailure(step, code, { result })
    expect(`${step.rawLines.join('\n')}${step.summary}`).not.toMatch(
      /Cannot read|TypeError|INTERNAL_ERROR|\$response|[Dd]eserializ/,
    )
  },
)

scenarios<number>(
  'A run on a runner whose clock is wrong creates the storage',
  {
    'four and a half minutes slow': -4.5,
    'four and a half minutes fast': 4.5,
    'fourteen minutes slow': -14,
    'fourteen minutes fast': 14,
  },
  async (minutes) => {
    const bed = await createTestBed({ scale: 5 })
    // An earlier origin of the scaled time makes it later by four times as much.
    const origin = Number(bed.clock.env['CLOCK_ORIGIN']) - (minutes * 60_000) / 4
    const step = await runAction(bed, { env: { CLOCK_ORIGIN: String(origin) } })
    expectSuccess(step, 'created', { ready: 'true' })
    expect(bed.emulator.state.counters.create.executed).toBe(1)
  },
)

scenario(
  'A server that closes kept connections when they are used again costs one attempt',
  async () => {
    const { emulator, clock } = await createTestBed()
    const used = new WeakSet<Socket>()
    const server = createServer((request, response) => {
      const { socket, url: path = '/' } = request
      if (used.has(socket)) {
        socket.destroy()
        return
      }
      used.add(socket)
      forwardRequest(
        request,
        response,
        { port: Number(new URL(emulator.url).port), path },
        (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers)
          answer.pipe(response)
        },
      )
    })
    const url = `http://127.0.0.1:${await listenInTest(server)}`
    const env = Object.fromEntries(
      Object.entries(emulator.env).map(([name, text]) => [
        name,
        text.replaceAll(emulator.url, url),
      ]),
    )
    const step = await runAction({ emulator, clock }, { env })
    expectSuccess(step, 'created', { ready: 'true' })
    expect(getLog(step).match(/ failed /g)).toHaveLength(1)
  },
)

scenario(
  'A response to a create that is too large is not read, and the create is not repeated',
  async () => {
    const body = `{"jobId":"job-1","padding":"${'x'.repeat(5_000_000)}"}`
    const { step, emulator } = await runOnce({
      faults: [{ operation: CREATE, kind: 'body', body, when: 'after' }],
    })
    expectSuccess(step, 'created', { ready: 'true', 'job-id': getJobId(emulator) })
    expect(getLog(step)).toContain('larger than 4 MiB')
    expect(emulator.calls(CREATE)).toHaveLength(1)
  },
)
