/** Proxies, certificate authorities, names and connections, as companies have them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'

import type { Emulator, Fault, FaultSpec } from '../../emulator/emulator.ts'
import { pullRequest } from '../../emulator/runner/events.ts'
import type { StepResult } from '../../emulator/runner/step.ts'
import type { ErrorCode } from '../../src/errors/catalog.ts'
import { getJobId } from '../support/emulator-state.ts'
import { createNetworkGuard } from '../support/network-guard.ts'
import { preloadArguments } from '../support/preload.ts'
import {
  createTestBed,
  runAction,
  runOnce,
  withoutRole,
  type TestBed,
} from '../support/run-action.ts'
import { addCleanup, scenario, scenarios } from '../support/scenario.ts'
import { createCertificateAuthority } from '../support/servers/certificate-authority.ts'
import {
  startForwardProxy,
  type ForwardProxyOptions,
  type ProxyFailure,
} from '../support/servers/forward-proxy.ts'
import { findClosedPort } from '../support/servers/loopback-server.ts'
import { startTlsTerminator } from '../support/servers/tls-terminator.ts'
import {
  expectFailure,
  expectSecretsMasked,
  expectSuccess,
  getLog,
} from '../support/step-result.ts'

/** The four hosts of a run, by names that only a proxy knows. */
const HOSTS = ['token.fake.test', 'sts.fake.test', 'amplify.fake.test', 'github.fake.test'] as const

const authority = createCertificateAuthority()

/** Writes a file that is deleted after the test. */
function writeTempFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'network-'))
  addCleanup(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  writeFileSync(join(folder, 'file'), text)
  return join(folder, 'file')
}

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
      nodeArguments: guard.nodeArguments,
      env: {
        ...useHosts(scheme),
        ...guard.env,
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

scenarios(
  'A proxy gets no request for a host of NO_PROXY',
  { NO_PROXY: '.fake.test', no_proxy: HOSTS.join(',') },
  async (value, variable) => {
    const bed = await createTestBed({ scale: 1 })
    const guard = createNetworkGuard(Object.fromEntries(HOSTS.map((host) => [host, {}])))
    const proxy = await startProxy(bed)
    const step = await runAction(bed, {
      event: pullRequest(),
      with: customEndpoints,
      nodeArguments: guard.nodeArguments,
      env: {
        ...useHosts('http', `:${bed.emulator.port}`),
        ...guard.env,
        HTTP_PROXY: proxy.url,
        [variable]: value,
      },
    })
    expectSuccess(step, 'planned')
    expect(proxy.requests).toEqual([])
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

scenarios<Readonly<{ failure: ProxyFailure; scheme: Scheme }>>(
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
      event: pullRequest(),
      with: customEndpoints,
      env: { ...useHosts(scheme), [`${scheme}_proxy`]: proxy.url },
    })
    const message = expectFailure(step, 'TOKEN_UNAVAILABLE')
    expect(message).toContain('token.fake.test')
    expect(message).toMatch(/proxy/)
    expect(proxy.requests.length).toBeGreaterThan(0)
    expect(bed.emulator.requests).toEqual([])
  },
)

type BadProxy = Readonly<{
  code: ErrorCode
  variable: string
  /** Where the variable leads to: this host, a port on which nothing listens, or a proxy that fails so. */
  host?: string
  closed?: true
  proxy?: Omit<ForwardProxyOptions, 'resolve'>
  ambient?: true
  env?: Readonly<Record<string, string | undefined>>
}>

const otherPassword = { credentials: { user: 'builder', password: 'another password' } }
const awsEndpoints = { AWS_ENDPOINT_URL: undefined }

scenarios<BadProxy>(
  'A proxy that cannot be used is named with its variable in the error and the log, without its password',
  {
    'an unknown host, for STS': {
      code: 'STS_UNAVAILABLE',
      variable: 'HTTPS_PROXY',
      host: 'proxy.invalid:3128',
      env: awsEndpoints,
    },
    'an unknown host, for Amplify': {
      code: 'HOST_UNREACHABLE',
      variable: 'https_proxy',
      host: 'proxy.invalid:3128',
      ambient: true,
      env: awsEndpoints,
    },
    'an unknown host, for the token': {
      code: 'TOKEN_UNAVAILABLE',
      variable: 'HTTP_PROXY',
      host: 'proxy.invalid:3128',
      env: useHosts('http'),
    },
    'a closed port': {
      code: 'STS_UNAVAILABLE',
      variable: 'HTTPS_PROXY',
      closed: true,
      env: awsEndpoints,
    },
    'another password, in a tunnel': {
      code: 'STS_UNAVAILABLE',
      variable: 'HTTPS_PROXY',
      proxy: otherPassword,
      env: awsEndpoints,
    },
    'another password, in a request': {
      code: 'TOKEN_UNAVAILABLE',
      variable: 'HTTP_PROXY',
      proxy: otherPassword,
      env: useHosts('http'),
    },
    'a refused tunnel to STS': {
      code: 'STS_UNAVAILABLE',
      variable: 'HTTPS_PROXY',
      proxy: { failure: 'refuse' },
      env: awsEndpoints,
    },
    'a refused tunnel to Amplify': {
      code: 'HOST_UNREACHABLE',
      variable: 'HTTPS_PROXY',
      proxy: { failure: 'refuse' },
      ambient: true,
      env: awsEndpoints,
    },
  },
  async ({ code, variable, host, closed, proxy, ambient, env }) => {
    const bed = await createTestBed()
    const guard = createNetworkGuard()
    const port = closed === true ? await findClosedPort() : (await startProxy(bed, proxy)).port
    const address = host ?? `127.0.0.1:${port}`
    const step = await runAction(bed, {
      with: { ...customEndpoints, ...(ambient === true ? withoutRole : {}) },
      nodeArguments: guard.nodeArguments,
      env: {
        ...(ambient === true ? bed.emulator.ambientEnv : {}),
        ...env,
        ...guard.env,
        [variable]: `http://builder:example-password@${address}`,
      },
    })
    const message = expectFailure(step, code)
    expect(message).toContain(variable)
    expect(message).toContain(address)
    expect(message).not.toMatch(/region/)
    expect(step.log.filter((line) => line.includes(`proxy ${address}`))).not.toEqual([])
    expectSecretsMasked(step, ['example-password'])
  },
)

scenarios<Readonly<{ variable: string; value: string }>>(
  'A malformed proxy is rejected by the name of its variable, and not shown when it may contain a password',
  {
    'another protocol': { variable: 'HTTPS_PROXY', value: 'socks5://127.0.0.1:1080' },
    'white space': { variable: 'http_proxy', value: 'http://bad host:3128' },
    'a port out of range': {
      variable: 'https_proxy',
      value: 'http://builder:example-password@127.0.0.1:99999',
    },
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
    expect(expectFailure(step, 'TLS_FAILED')).toContain('NODE_EXTRA_CA_CERTS')
    expect(getLog(step)).not.toContain('Next attempt')
    expect(getLog(step)).not.toContain('NODE_TLS_REJECT_UNAUTHORIZED')
    expect(bed.emulator.calls('token')).toHaveLength(1)
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

scenario('NODE_TLS_REJECT_UNAUTHORIZED=0 is rejected before any request', async () => {
  const bed = await createTestBed()
  const step = await runAction(bed, { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } })
  expect(expectFailure(step, 'INVALID_INPUT')).toContain('NODE_TLS_REJECT_UNAUTHORIZED')
  expect(bed.emulator.requests).toEqual([])
  const strict = await runAction(bed, { env: { NODE_TLS_REJECT_UNAUTHORIZED: '1' } })
  expectSuccess(strict, 'created')
})

scenario('A name that does not resolve for a while is looked up again by every call', async () => {
  const bed = await createTestBed()
  const guard = createNetworkGuard(Object.fromEntries(HOSTS.map((host) => [host, { again: 2 }])))
  const step = await runAction(bed, {
    with: { 'allow-custom-endpoints': 'true', wait: 'false' },
    nodeArguments: guard.nodeArguments,
    env: { ...useHosts('http', `:${bed.emulator.port}`), ...guard.env },
  })
  expectSuccess(step, 'started')
  for (const call of ['token request', 'AssumeRoleWithWebIdentity', 'GetBackendStorage'])
    expect(getLog(step)).toMatch(new RegExp(`${call} failed \\(attempt 2 of \\d\\): EAI_AGAIN`))
  expect(bed.emulator.calls('CreateBackendStorage')).toHaveLength(1)
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
    const bed = await createTestBed()
    const guard = createNetworkGuard()
    const step = await runAction(bed, {
      nodeArguments: guard.nodeArguments,
      env: { [variable]: `https://${host}`, ...guard.env },
    })
    const message = expectFailure(step, code)
    expect(message).toContain(variable)
    expect(message).toContain(host)
    expect(message).not.toMatch(/\bregion\b/)
  },
)

scenarios<Readonly<{ variable: string; code: ErrorCode }>>(
  'When no address of a host accepts connections, the error names each of them',
  {
    'the token service': { variable: 'ACTIONS_ID_TOKEN_REQUEST_URL', code: 'TOKEN_UNAVAILABLE' },
    STS: { variable: 'AWS_ENDPOINT_URL_STS', code: 'STS_UNAVAILABLE' },
    Amplify: { variable: 'AWS_ENDPOINT_URL_AMPLIFYBACKEND', code: 'HOST_UNREACHABLE' },
  },
  async ({ variable, code }) => {
    const port = await findClosedPort()
    const guard = createNetworkGuard({ 'dead.fake.test': { addresses: ['::1', '127.0.0.1'] } })
    const { step } = await runOnce({
      with: customEndpoints,
      nodeArguments: guard.nodeArguments,
      env: { [variable]: `http://dead.fake.test:${port}/`, ...guard.env },
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
  const bed = await createTestBed({ scale: 1 })
  const guard = createNetworkGuard({ 'sts.fake.test': { addresses } })
  return runAction(bed, {
    with: { 'allow-custom-endpoints': 'true', wait: 'false', 'max-attempts': '1' },
    nodeArguments: [...guard.nodeArguments, ...preloadArguments('preload/slow-connect.ts')],
    env: {
      ...guard.env,
      AWS_ENDPOINT_URL_STS: `http://sts.fake.test:${bed.emulator.port}`,
      SLOW_ADDRESS: slow,
      SLOW_MS: String(ms),
    },
  })
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

const CREATE = 'CreateBackendStorage'

scenarios<Fault>(
  'A create whose response is lost after it took effect is found, and not sent again',
  {
    'a reset': { kind: 'reset' },
    'a close': { kind: 'close' },
    'no response': { kind: 'stall' },
    'a truncated response': { kind: 'truncated', chunked: true },
  },
  async (fault) => {
    const { step, emulator } = await runOnce({
      rules: { jobMs: 10_000 },
      faults: [{ operation: CREATE, ...fault, when: 'after' }],
    })
    expectSuccess(step, 'created', { 'job-id': getJobId(emulator) })
    expect(emulator.calls(CREATE)).toHaveLength(1)
    expect(emulator.state.counters.create.executed).toBe(1)
  },
)

scenarios<Fault>(
  'A create with a malformed response is sent again once it is known to have had no effect',
  {
    'a reset while it is sent': { kind: 'reset', unread: true },
    'a close while it is sent': { kind: 'close', unread: true },
    'a 502 with a page': { kind: 'html', status: 502 },
    'an empty 503': { kind: 'empty', status: 503 },
    'an empty 200': { kind: 'empty' },
    'a 204': { kind: 'empty', status: 204 },
    'a page with 200': { kind: 'html', status: 200 },
    'no job id': { kind: 'body', body: '{}' },
    'a list': { kind: 'body', body: '[]' },
    null: { kind: 'body', body: 'null' },
    'members in capitals': { kind: 'body', body: '{"JobId":"a","Status":"COMPLETED"}' },
    'a job id that is a path': { kind: 'body', body: '{"jobId":"../../x","status":"RUNNING"}' },
  },
  async (fault) => {
    const { step, emulator } = await runOnce({
      rules: { jobMs: 10_000 },
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
  expected: (step: StepResult, emulator: Emulator) => void
  with?: Readonly<Record<string, string>>
  faults?: readonly FaultSpec[]
}>

const loseResponse: FaultSpec = { operation: CREATE, kind: 'reset', when: 'after' }

scenarios<NullBody>(
  'A body of null is a malformed response, and never an error inside the SDK',
  {
    'the first read': {
      operation: 'GetBackendStorage',
      expected: (step) => {
        expectFailure(step, 'UNREADABLE_RESPONSE')
      },
    },
    'the create': {
      operation: CREATE,
      with: { 'max-attempts': '1' },
      expected: (step) => {
        expectFailure(step, 'UNREADABLE_RESPONSE')
      },
    },
    'the poll': {
      operation: 'GetBackendJob',
      with: { 'timeout-in-minutes': '1' },
      expected: (step, emulator) => {
        expectFailure(step, 'TIMED_OUT', { result: 'timed-out', 'job-id': getJobId(emulator) })
      },
    },
    'the list of jobs': {
      operation: 'ListBackendJobs',
      body: '{"jobs":[null]}',
      faults: [loseResponse],
      expected: (step) => {
        expect(step.outputs['ready'] === 'true').toBe(step.exitCode === 0)
      },
    },
  },
  async ({ operation, body = 'null', expected, faults = [], ...given }) => {
    const { step, emulator } = await runOnce({
      rules: { jobMs: 10_000 },
      with: { 'max-attempts': '2', ...given.with },
      env: { RUNNER_DEBUG: '1' },
      faults: [...faults, { operation, kind: 'body', body, times: 'always' }],
    })
    expected(step, emulator)
    expect(`${step.rawLines.join('\n')}${step.summary}`).not.toMatch(
      /Cannot read|TypeError|INTERNAL_ERROR|\$response|[Dd]eserializ/,
    )
  },
)

scenario(
  'A create that never gets a response is looked for, and ends after its attempts',
  async () => {
    const { step, emulator } = await runOnce({
      with: { 'max-attempts': '2' },
      faults: [{ operation: CREATE, kind: 'stall', times: 'always' }],
    })
    expect(expectFailure(step, 'NO_ANSWER')).toContain(CREATE)
    expect(emulator.calls(CREATE)).toHaveLength(2)
    expect(emulator.calls('ListBackendJobs').length).toBeGreaterThan(0)
  },
)

scenario('Polls that never get a response end with the time of the run', async () => {
  const { step, emulator } = await runOnce({
    with: { 'timeout-in-minutes': '1' },
    faults: [{ operation: 'GetBackendJob', kind: 'stall', times: 'always' }],
  })
  const outputs = { result: 'timed-out', 'job-id': getJobId(emulator) }
  expect(expectFailure(step, 'TIMED_OUT', outputs)).toContain('get-backend-job')
  expect(getLog(step)).toContain('GetBackendJob')
})
