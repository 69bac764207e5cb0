import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect } from 'vitest'

import type { Fault } from '../../emulator/emulator.ts'
import type { OperationName } from '../../emulator/lib/operations.ts'
import type { StepResult } from '../../emulator/runner/step.ts'
import { pullRequest } from '../../emulator/runner/events.ts'
import { FAST_SCALE, runAction, createTestBed, type TestBed } from '../support/run-action.ts'
import { createCertificateAuthority } from '../support/servers/certificate-authority.ts'
import {
  expectSuccess,
  expectSecretsMasked,
  expectFailure,
  getLog,
} from '../support/expect-result.ts'
import { createNetworkGuard } from '../support/network-guard.ts'
import { preloadArguments } from '../support/preload.ts'
import { startForwardProxy, type ProxyFailure } from '../support/servers/forward-proxy.ts'
import { findClosedPort } from '../support/servers/loopback-server.ts'
import { startTlsTerminator } from '../support/servers/tls-terminator.ts'
import { addCleanup, scenario } from '../support/scenario.ts'
import { CAREFUL_SCALE } from '../support/time-scales.ts'
import { sampleCases } from '../support/sampling.ts'
import { forEachCase } from '../support/for-each-case.ts'

/** The four hosts of a run, as names that only a proxy knows. */
const HOSTS = ['token.fake.test', 'sts.fake.test', 'amplify.fake.test', 'github.fake.test'] as const

const authority = createCertificateAuthority()

/** A file that is gone after the test. */
function file(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'network-'))
  addCleanup(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  writeFileSync(join(folder, 'file'), text)
  return join(folder, 'file')
}

/** The variables that lead all calls of a run to the four hosts. */
function farAway(scheme: 'http' | 'https', port = ''): Record<string, string> {
  const [token, sts, amplify, github] = HOSTS.map((host) => `${scheme}://${host}${port}`)
  return {
    ACTIONS_ID_TOKEN_REQUEST_URL: `${token ?? ''}/idtoken?api-version=2.0`,
    AWS_ENDPOINT_URL_STS: sts ?? '',
    AWS_ENDPOINT_URL_AMPLIFYBACKEND: amplify ?? '',
    GITHUB_API_URL: `${github ?? ''}/api/v3`,
    GITHUB_GRAPHQL_URL: `${github ?? ''}/api/graphql`,
  }
}

const withComment = { 'allow-custom-endpoints': 'true', 'comment-on-pr': 'true' } as const

describe.concurrent('a proxy', () => {
  scenario(
    'N01: takes all calls, of the token, STS, Amplify and GitHub, by either variable in either case',
    async () => {
      await forEachCase<{ scheme: 'http' | 'https'; variable: string; bare?: boolean }>(
        {
          'http, upper case': { scheme: 'http', variable: 'HTTP_PROXY' },
          'http, lower case': { scheme: 'http', variable: 'http_proxy' },
          'https, upper case': { scheme: 'https', variable: 'HTTPS_PROXY' },
          'https, lower case': { scheme: 'https', variable: 'https_proxy' },
          'https, without a scheme of its own': {
            scheme: 'https',
            variable: 'HTTPS_PROXY',
            bare: true,
          },
        },
        async ({ scheme, variable, bare = false }) => {
          const world = await createTestBed()
          const front = await startTlsTerminator(
            world.emulator.port,
            authority.issue(['*.fake.test']),
          )
          const guard = createNetworkGuard()
          const proxy = await startForwardProxy({
            resolve: (_, tunnel) => (tunnel ? front.port : world.emulator.port),
          })
          const end = await runAction(world, {
            event: pullRequest(),
            with: withComment,
            nodeArguments: guard.nodeArguments,
            env: {
              ...farAway(scheme),
              ...guard.env,
              [variable]: bare ? `127.0.0.1:${proxy.port}` : proxy.url,
              NODE_EXTRA_CA_CERTS: file(authority.cert),
            },
          })

          expectSuccess(end, 'planned')
          expect(new Set(proxy.requests.map(({ host }) => host))).toEqual(new Set(HOSTS))
          const form = scheme === 'http' ? 'absolute' : 'tunnel'
          expect(new Set(proxy.requests.map((each) => each.form))).toEqual(new Set([form]))
          expect(world.emulator.calls('createComment')).toHaveLength(1)
          expect(guard.attempts()).toEqual([])
          // Nobody has to guess where requests went.
          expect(getLog(end)).toContain('Requests go to amplify.fake.test')
        },
      )
    },
  )

  scenario('N01: is left aside for the hosts of NO_PROXY', async () => {
    await forEachCase<string>(
      { 'a suffix': '.fake.test', everything: '*', 'lower case': 'no_proxy' },
      async (exception) => {
        const world = await createTestBed()
        const guard = createNetworkGuard(Object.fromEntries(HOSTS.map((host) => [host, {}])))
        const proxy = await startForwardProxy({ resolve: () => world.emulator.port })
        const end = await runAction(world, {
          event: pullRequest(),
          with: { 'allow-custom-endpoints': 'true' },
          nodeArguments: guard.nodeArguments,
          env: {
            ...farAway('http', `:${world.emulator.port}`),
            ...guard.env,
            HTTP_PROXY: proxy.url,
            ...(exception === 'no_proxy' ? { no_proxy: HOSTS.join(',') } : { NO_PROXY: exception }),
          },
        })
        expectSuccess(end, 'planned')
        expect(proxy.requests).toEqual([])
      },
    )
  })

  scenario('N01, C07: gets its password, which nobody else gets to see', async () => {
    await forEachCase<{ password: string; written: string; scheme: 'http' | 'https' }>(
      {
        plain: { password: 'example-password', written: 'example-password', scheme: 'http' },
        escaped: { password: 'p@ss:w/rd#1', written: 'p%40ss%3Aw%2Frd%231', scheme: 'https' },
        'an @ as it is': { password: 'p@sswrd', written: 'p@sswrd', scheme: 'https' },
        'a percent sign as it is': { password: '100%sure', written: '100%sure', scheme: 'http' },
      },
      async ({ password, written, scheme }) => {
        const world = await createTestBed({}, FAST_SCALE)
        const front = await startTlsTerminator(
          world.emulator.port,
          authority.issue(['*.fake.test']),
        )
        const resolve = (_: string, tunnel: boolean): number =>
          tunnel ? front.port : world.emulator.port
        const credentials = { user: 'builder', password }
        const proxy = await startForwardProxy({ resolve, credentials })
        const strict = await startForwardProxy({
          resolve,
          credentials: { user: 'builder', password: 'another password' },
        })
        const run = (port: number) =>
          runAction(world, {
            event: pullRequest(),
            with: { 'allow-custom-endpoints': 'true', 'max-attempts': '2' },
            env: {
              ...farAway(scheme),
              [`${scheme}_proxy`.toUpperCase()]: `http://builder:${written}@127.0.0.1:${port}`,
              NODE_EXTRA_CA_CERTS: file(authority.cert),
              RUNNER_DEBUG: '1',
            },
          })
        const welcome = await run(proxy.port)
        expectSuccess(welcome, 'planned')
        const refused = await run(strict.port)
        expect(expectFailure(refused, 'TOKEN_UNAVAILABLE')).toContain('407')
        for (const end of [welcome, refused]) expectSecretsMasked(end, [password, written])
      },
    )
  })

  scenario('N01: that refuses, is silent or hangs up ends red, and says so', async () => {
    await forEachCase<ProxyFailure>(
      { refuse: 'refuse', hang: 'hang', cut: 'cut' },
      async (failure) => {
        for (const scheme of ['http', 'https'] as const) {
          const world = await createTestBed({}, FAST_SCALE)
          const proxy = await startForwardProxy({ resolve: () => world.emulator.port, failure })
          const end = await runAction(world, {
            event: pullRequest(),
            with: { 'allow-custom-endpoints': 'true', 'max-attempts': '2' },
            env: { ...farAway(scheme), [`${scheme}_proxy`]: proxy.url },
          })
          const message = expectFailure(end, 'TOKEN_UNAVAILABLE')
          expect(message).toContain('token.fake.test')
          expect(message).toMatch(/proxy/)
          expect(proxy.requests.length).toBeGreaterThan(0)
          expect(world.emulator.requests).toEqual([])
        }
      },
    )
  })

  scenario(
    'N01: that does not let a request through is what to check, by the name of its variable, and not the region',
    async () => {
      const away = { AWS_ENDPOINT_URL: undefined }
      const noRole = { 'role-to-assume': '', 'plan-role-to-assume': '' }
      const sts = 'sts.eu-west-1.amazonaws.com'
      const amplify = 'amplifybackend.eu-west-1.amazonaws.com'
      type Case = Readonly<{
        code: Parameters<typeof expectFailure>[1]
        /** How the proxy answers; undefined: nothing does. */
        answer?: 'another password' | 'refuse'
        variable: string
        place: string
        ambient?: boolean
        env?: Readonly<Record<string, string | undefined>>
        advice: (place: string) => string
      }>
      const check = (variable: string) => (place: string) =>
        `Check ${variable}: it sends requests through the proxy ${place}`
      await forEachCase<Case>(
        {
          'a name that is not found, for STS': {
            code: 'STS_UNAVAILABLE',
            variable: 'HTTPS_PROXY',
            place: 'proxy.invalid:3128',
            env: away,
            advice: check('HTTPS_PROXY'),
          },
          'a name that is not found, for Amplify': {
            code: 'HOST_UNREACHABLE',
            variable: 'https_proxy',
            place: 'proxy.invalid:3128',
            ambient: true,
            env: away,
            advice: check('https_proxy'),
          },
          'a name that is not found, for the token service': {
            code: 'TOKEN_UNAVAILABLE',
            variable: 'HTTP_PROXY',
            place: 'proxy.invalid:3128',
            env: farAway('http'),
            advice: check('HTTP_PROXY'),
          },
          'a port that is closed': {
            code: 'STS_UNAVAILABLE',
            variable: 'HTTPS_PROXY',
            place: 'closed',
            env: away,
            advice: check('HTTPS_PROXY'),
          },
          'another password, at a tunnel': {
            code: 'STS_UNAVAILABLE',
            answer: 'another password',
            variable: 'HTTPS_PROXY',
            place: 'open',
            env: away,
            advice: (place) => `Check the user name and the password in HTTPS_PROXY: the proxy ${place}`,
          },
          'another password, at a request': {
            code: 'TOKEN_UNAVAILABLE',
            answer: 'another password',
            variable: 'HTTP_PROXY',
            place: 'open',
            env: farAway('http'),
            advice: (place) => `Check the user name and the password in HTTP_PROXY: the proxy ${place}`,
          },
          'no way to STS': {
            code: 'STS_UNAVAILABLE',
            answer: 'refuse',
            variable: 'HTTPS_PROXY',
            place: 'open',
            env: away,
            advice: (place) =>
              `The proxy ${place} from HTTPS_PROXY refuses to connect to ${sts}.`,
          },
          'no way to Amplify': {
            code: 'HOST_UNREACHABLE',
            answer: 'refuse',
            variable: 'HTTPS_PROXY',
            place: 'open',
            ambient: true,
            env: away,
            advice: (place) =>
              `The proxy ${place} from HTTPS_PROXY refuses to connect to ${amplify}.`,
          },
        },
        async ({ code, answer, variable, place, ambient = false, env = {}, advice }) => {
          const world = await createTestBed({}, FAST_SCALE)
          const guard = createNetworkGuard()
          const proxy = await startForwardProxy({
            resolve: () => world.emulator.port,
            ...(answer === 'refuse' ? { failure: answer } : {}),
            ...(answer === 'another password'
              ? { credentials: { user: 'builder', password: 'another password' } }
              : {}),
          })
          const where = {
            open: `127.0.0.1:${proxy.port}`,
            closed: `127.0.0.1:${await findClosedPort()}`,
          }
          const host = place === 'open' || place === 'closed' ? where[place] : place
          const end = await runAction(world, {
            with: {
              'allow-custom-endpoints': 'true',
              'max-attempts': '2',
              ...(ambient ? noRole : {}),
            },
            nodeArguments: guard.nodeArguments,
            env: {
              ...(ambient ? world.emulator.ambientEnv : {}),
              ...env,
              ...guard.env,
              [variable]: `http://builder:example-password@${host}`,
            },
          })
          const message = expectFailure(end, code)
          expect(message).toContain(advice(host))
          expect(message).not.toMatch(/region/)
          const log = getLog(end)
          expect(
            log.split(`Requests go through the proxy ${host}, as ${variable} says.`),
          ).toHaveLength(2)
          expectSecretsMasked(end, ['example-password'])
        },
      )
    },
  )

  scenario(
    'N01: that cannot be one is refused by the name of its variable, and not shown where it may hold a password',
    async () => {
      const world = await createTestBed()
      const wrong: readonly (readonly [string, string, string])[] = [
        ['HTTPS_PROXY', 'socks5://127.0.0.1:1080', '"socks5://127.0.0.1:1080"'],
        ['http_proxy', 'http://bad host:3128', '"http://bad host:3128"'],
        ['https_proxy', 'http://builder:example-password@127.0.0.1:99999', '(not shown)'],
        ['HTTPS_PROXY', 'http://builder:example#password@127.0.0.1:3128', '(not shown)'],
        ['HTTPS_PROXY', 'http://builder:1/example-password@127.0.0.1:3128', '(not shown)'],
      ]
      for (const [variable, value, shown] of sampleCases(wrong)) {
        const end = await runAction(world, { env: { [variable]: value } })
        const message = expectFailure(end, 'INVALID_INPUT')
        expect(message).toContain(
          `${variable} is ${shown}: it must be the address of an HTTP proxy`,
        )
        expect(message.includes('`#` as `%23`')).toBe(value.includes('@'))
        expect(end.log.join('\n')).not.toMatch(/example.password/)
      }
      expect(world.emulator.requests).toEqual([])
    },
  )
})

describe.concurrent('a private certificate authority', () => {
  async function secured(
    hosts: readonly string[] = ['localhost'],
  ): Promise<{ world: TestBed; url: string; handshakes: readonly string[] }> {
    const world = await createTestBed({}, CAREFUL_SCALE)
    const front = await startTlsTerminator(world.emulator.port, authority.issue(hosts))
    return { world, url: `https://localhost:${front.port}`, handshakes: front.handshakes }
  }

  scenario('N04: is trusted by NODE_EXTRA_CA_CERTS', async () => {
    const { world, url, handshakes } = await secured()
    const end = await runAction(world, {
      with: { wait: 'false' },
      env: {
        AWS_ENDPOINT_URL: url,
        ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/idtoken?api-version=2.0`,
        NODE_EXTRA_CA_CERTS: file(authority.cert),
      },
    })
    expectSuccess(end, 'started')
    expect(handshakes.length).toBeGreaterThan(0)
  })

  scenario(
    'N04: is a final error otherwise, which names that variable, and is not tried again',
    async () => {
      await forEachCase<{ hosts?: readonly string[]; env: () => Record<string, string> }>(
        {
          'no variable': { env: () => ({}) },
          'the variables of other tools': {
            env: () => ({
              AWS_CA_BUNDLE: file(authority.cert),
              SSL_CERT_FILE: file(authority.cert),
              REQUESTS_CA_BUNDLE: file(authority.cert),
            }),
          },
          'a file that is not there': { env: () => ({ NODE_EXTRA_CA_CERTS: '/nowhere/ca.pem' }) },
          'another authority': {
            env: () => ({ NODE_EXTRA_CA_CERTS: file(createCertificateAuthority('Other').cert) }),
          },
          'another host': {
            hosts: ['other.example'],
            env: () => ({ NODE_EXTRA_CA_CERTS: file(authority.cert) }),
          },
        },
        async ({ hosts, env }) => {
          const { world, url } = await secured(hosts)
          const end = await runAction(world, { env: { ...env(), AWS_ENDPOINT_URL: url } })
          expect(expectFailure(end, 'TLS_FAILED')).toContain('NODE_EXTRA_CA_CERTS')
          expect(getLog(end)).not.toContain('Next attempt')
          expect(getLog(end)).not.toContain('NODE_TLS_REJECT_UNAUTHORIZED')
          expect(world.emulator.calls('token')).toHaveLength(1)
          expect(world.emulator.calls('AssumeRoleWithWebIdentity')).toEqual([])
        },
      )
    },
  )

  scenario('N04: of the token service, and of Amplify alone, is told in the same way', async () => {
    const { world, url } = await secured()
    const token = await runAction(world, {
      env: { ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/idtoken?api-version=2.0` },
    })
    expect(expectFailure(token, 'TOKEN_UNAVAILABLE')).toContain('NODE_EXTRA_CA_CERTS')

    const amplify = await runAction(world, { env: { AWS_ENDPOINT_URL_AMPLIFYBACKEND: url } })
    expect(expectFailure(amplify, 'TLS_FAILED')).toContain('NODE_EXTRA_CA_CERTS')
    expect(world.emulator.calls('CreateBackendStorage')).toEqual([])
  })

  scenario('is never trusted as it comes: who asks for that is told before any call', async () => {
    const world = await createTestBed()
    const end = await runAction(world, { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } })
    expect(expectFailure(end, 'INVALID_INPUT')).toContain(
      'NODE_TLS_REJECT_UNAUTHORIZED is "0": it must not turn off the verification of certificates',
    )
    expect(world.emulator.requests).toEqual([])

    const strict = await runAction(world, { env: { NODE_TLS_REJECT_UNAUTHORIZED: '1' } })
    expectSuccess(strict, 'created')
  })
})

describe.concurrent('names and addresses', () => {
  scenario('N07: a name that is not found just now is waited for, the token’s too', async () => {
    const world = await createTestBed({}, FAST_SCALE)
    const guard = createNetworkGuard(Object.fromEntries(HOSTS.map((host) => [host, { again: 2 }])))
    const end = await runAction(world, {
      with: { 'allow-custom-endpoints': 'true', wait: 'false' },
      nodeArguments: guard.nodeArguments,
      env: { ...farAway('http', `:${world.emulator.port}`), ...guard.env },
    })
    expectSuccess(end, 'started')
    const retries = getLog(end)
    for (const operation of [
      'The token request',
      'AssumeRoleWithWebIdentity',
      'GetBackendStorage',
    ]) {
      expect(retries).toMatch(new RegExp(`${operation} failed \\(attempt 2 of \\d\\): EAI_AGAIN`))
    }
    expect(world.emulator.calls('CreateBackendStorage')).toHaveLength(1)
  })

  scenario(
    'N07: a custom endpoint that is not found is what to check, by its variable; else it is the region',
    async () => {
      const vpce = 'vpce-1.sts.eu-west-1.vpce.amazonaws.com'
      const backend = 'vpce-1.amplifybackend.eu-west-1.vpce.amazonaws.com'
      const unset = { AWS_ENDPOINT_URL: undefined }
      await forEachCase<{
        code: Parameters<typeof expectFailure>[1]
        ambient?: boolean
        with?: Record<string, string>
        env: Record<string, string | undefined>
        says: string
        regional?: boolean
      }>(
        {
          'of STS': {
            code: 'STS_UNAVAILABLE',
            env: { AWS_ENDPOINT_URL_STS: `https://${vpce}` },
            says: `Check AWS_ENDPOINT_URL_STS: it sends requests to ${vpce}.`,
          },
          'of Amplify': {
            code: 'HOST_UNREACHABLE',
            env: { AWS_ENDPOINT_URL_AMPLIFYBACKEND: `https://${backend}` },
            says: `Check AWS_ENDPOINT_URL_AMPLIFYBACKEND: it sends requests to ${backend}.`,
          },
          'of all services': {
            code: 'STS_UNAVAILABLE',
            env: { AWS_ENDPOINT_URL: `https://${vpce}` },
            says: `Check AWS_ENDPOINT_URL: it sends requests to ${vpce}.`,
          },
          'the region of STS': {
            code: 'STS_UNAVAILABLE',
            with: { 'aws-region': 'eu-wst-1' },
            env: unset,
            says: 'Check the spelling of the region "eu-wst-1" first.',
            regional: true,
          },
          'the region of Amplify': {
            code: 'HOST_UNREACHABLE',
            ambient: true,
            with: { 'aws-region': 'eu-wst-1' },
            env: unset,
            says: 'Check the spelling of aws-region ("eu-wst-1")',
            regional: true,
          },
        },
        async ({ code, ambient = false, with: given = {}, env, says, regional = false }) => {
          const world = await createTestBed({}, FAST_SCALE)
          const guard = createNetworkGuard()
          const end = await runAction(world, {
            with: {
              ...(ambient ? { 'role-to-assume': '', 'plan-role-to-assume': '' } : {}),
              ...given,
            },
            nodeArguments: guard.nodeArguments,
            env: { ...(ambient ? world.emulator.ambientEnv : {}), ...env, ...guard.env },
          })
          const message = expectFailure(end, code)
          expect(message).toContain(says)
          expect(/\bregion\b/.test(message)).toBe(regional)
        },
      )
    },
  )

  scenario('N09: where no address answers, each is named, whatever is called', async () => {
    const port = await findClosedPort()
    const dead = 'dead.fake.test'
    await forEachCase<{ env: Record<string, string>; code: Parameters<typeof expectFailure>[1] }>(
      {
        'the token service': {
          env: { ACTIONS_ID_TOKEN_REQUEST_URL: `http://${dead}:${port}/idtoken?api-version=2.0` },
          code: 'TOKEN_UNAVAILABLE',
        },
        STS: {
          env: { AWS_ENDPOINT_URL_STS: `http://${dead}:${port}` },
          code: 'STS_UNAVAILABLE',
        },
        Amplify: {
          env: { AWS_ENDPOINT_URL_AMPLIFYBACKEND: `http://${dead}:${port}` },
          code: 'HOST_UNREACHABLE',
        },
      },
      async ({ env, code }) => {
        const world = await createTestBed({}, CAREFUL_SCALE)
        const guard = createNetworkGuard({ [dead]: { addresses: ['::1', '127.0.0.1'] } })
        const end = await runAction(world, {
          with: { 'allow-custom-endpoints': 'true', 'max-attempts': '2' },
          nodeArguments: guard.nodeArguments,
          env: { ...env, ...guard.env },
        })
        const message = expectFailure(end, code)
        expect(message).toContain(`ECONNREFUSED ::1:${port}`)
        expect(message).toContain(`ECONNREFUSED 127.0.0.1:${port}`)
      },
    )
  })

  scenario('N09: one dead address does not matter where another answers', async () => {
    const world = await createTestBed()
    const guard = createNetworkGuard({ 'sts.fake.test': { addresses: ['::1', '127.0.0.1'] } })
    const end = await runAction(world, {
      with: { 'allow-custom-endpoints': 'true', wait: 'false' },
      nodeArguments: guard.nodeArguments,
      env: { AWS_ENDPOINT_URL_STS: `http://sts.fake.test:${world.emulator.port}`, ...guard.env },
    })
    expectSuccess(end, 'started')
    expect(getLog(end)).not.toContain('Next attempt')
  })
})

describe.concurrent('a distant host', () => {
  /** A run whose STS has these addresses, one of which takes so long to connect. */
  async function runWith(
    addresses: readonly string[],
    slow: string,
    ms: number,
  ): Promise<StepResult> {
    const world = await createTestBed()
    const guard = createNetworkGuard({ 'sts.fake.test': { addresses } })
    return await runAction(world, {
      with: { 'allow-custom-endpoints': 'true', wait: 'false', 'max-attempts': '1' },
      nodeArguments: [...guard.nodeArguments, ...preloadArguments('preload/slow-connect.ts')],
      env: {
        ...guard.env,
        AWS_ENDPOINT_URL_STS: `http://sts.fake.test:${world.emulator.port}`,
        SLOW_ADDRESS: slow,
        SLOW_MS: String(ms),
      },
    })
  }

  scenario('N09: has longer to connect than Node gives an address by itself', async () => {
    await forEachCase<readonly string[]>(
      { 'the dead one last': ['127.0.0.1', '::1'], 'the dead one first': ['::1', '127.0.0.1'] },
      async (addresses) => {
        expectSuccess(await runWith(addresses, '127.0.0.1', 300), 'started')
      },
    )
  })

  scenario('N09: that is too slow is named beside the address that refuses', async () => {
    const end = await runWith(['127.0.0.2', '::1'], '127.0.0.2', 20_000)
    expect(expectFailure(end, 'STS_UNAVAILABLE')).toMatch(
      /ETIMEDOUT 127\.0\.0\.2:\d+; .*ECONNREFUSED ::1:\d+/,
    )
  })
})

describe.concurrent('a call of the backend that is lost or answered oddly', () => {
  const CREATE = 'CreateBackendStorage'

  async function createWith(
    fault: Fault & { when?: 'after'; times?: number | 'always' },
    inputs: Record<string, string> = {},
  ): Promise<{ end: Awaited<ReturnType<typeof runAction>>; world: TestBed }> {
    const world = await createTestBed({ rules: { jobMs: 10_000 } }, FAST_SCALE)
    world.emulator.injectFault({ operation: CREATE, ...fault })
    return { world, end: await runAction(world, { with: inputs }) }
  }

  scenario(
    'N05, N14: a create whose answer is lost after it took effect is found, and not sent again',
    async () => {
      await forEachCase<Fault>(
        {
          'N05: reset': { kind: 'reset' },
          'N05: closed': { kind: 'close' },
          'N10: silence': { kind: 'stall' },
          'N12: a page': { kind: 'html', status: 504 },
          'N14: truncated': { kind: 'truncated' },
          'N14: truncated in a chunk': { kind: 'truncated', chunked: true },
        },
        async (fault) => {
          const { world, end } = await createWith({ ...fault, when: 'after' })
          expectSuccess(end, 'created')
          const [job] = world.emulator.environment().jobs
          expect(end.outputs['job-id']).toBe(job?.jobId)
          expect(world.emulator.calls(CREATE)).toHaveLength(1)
          expect(world.emulator.state.counters.create.executed).toBe(1)
        },
      )
    },
  )

  scenario(
    'N12, N13: an answer that is none is found to be without effect before the create is sent again',
    async () => {
      await forEachCase<Fault>(
        {
          'N12: 504 with a page': { kind: 'html', status: 504 },
          'N05: reset while it is sent': { kind: 'reset', unread: true },
          'N05: closed while it is sent': { kind: 'close', unread: true },
          'N12: 502 with a page': { kind: 'html', status: 502 },
          'N12: 504 with nothing': { kind: 'empty', status: 504 },
          'N12: 503 with nothing': { kind: 'empty', status: 503 },
          'N13: nothing': { kind: 'empty' },
          'N13: {}': { kind: 'body', body: '{}' },
          'N13: []': { kind: 'body', body: '[]' },
          'N13: a page': { kind: 'html', status: 200 },
          'N13: a text': { kind: 'body', body: '""' },
          'N13: null': { kind: 'body', body: 'null' },
          'N13: capitals': { kind: 'body', body: '{"JobId":"a","Status":"COMPLETED"}' },
          'N13: a number': { kind: 'body', body: '{"jobId":12}' },
          'N13: 204': { kind: 'empty', status: 204 },
          'I06: a path': { kind: 'body', body: '{"jobId":"../../x","status":"RUNNING"}' },
          'I06: dots': { kind: 'body', body: '{"jobId":"..","status":"RUNNING"}' },
          'W09: a blank id': { kind: 'body', body: '{"jobId":"","status":"RUNNING"}' },
        },
        async (fault) => {
          const { world, end } = await createWith(fault)
          expectSuccess(end, 'created')
          expect(world.emulator.calls(CREATE)).toHaveLength(2)
          expect(world.emulator.state.counters.create.executed).toBe(1)
          // Only the job of the second answer was ever asked for.
          const [job] = world.emulator.environment().jobs
          const asked = world.emulator.requests
            .map(({ path }) => /^\/backend\/d1a2b3c4d5e6f7\/job\/prod\/(.*)$/.exec(path)?.[1])
            .filter((id) => id !== undefined)
          expect(new Set(asked)).toEqual(new Set([job?.jobId]))
        },
        7,
      )
    },
  )

  scenario('N12: a gateway’s page is told as what it is, not as bad JSON', async () => {
    const { end } = await createWith(
      { kind: 'html', status: 502, times: 'always' },
      { 'max-attempts': '1' },
    )
    const message = expectFailure(end, 'SERVICE_ERROR')
    expect(message).toContain('502')
    expect(message).not.toMatch(/Unexpected token|SyntaxError/)
  })

  scenario(
    'N13: a body of null is an answer that could not be read, and not the SDK’s own trouble',
    async () => {
      const loseTheAnswer = ({ emulator }: TestBed): void => {
        emulator.injectFault({ operation: CREATE, kind: 'reset', when: 'after' })
      }
      await forEachCase<{
        operation: OperationName
        /** Green where the call only warns of what may come. */
        code?: Parameters<typeof expectFailure>[1]
        result?: string
        inputs?: Record<string, string>
        prepare?: (world: TestBed) => void
        body?: string
        says?: string
      }>(
        {
          'the look': { operation: 'GetBackendStorage', code: 'UNREADABLE_RESPONSE' },
          'the second look': { operation: 'GetBackend' },
          'the create': {
            operation: 'CreateBackendStorage',
            code: 'UNREADABLE_RESPONSE',
            inputs: { 'max-attempts': '1' },
          },
          'the wait': {
            operation: 'GetBackendJob',
            code: 'TIMED_OUT',
            result: 'timed-out',
            inputs: { 'timeout-in-minutes': '1' },
          },
          'the list of jobs': { operation: 'ListBackendJobs', prepare: loseTheAnswer },
          'in the list of jobs': {
            operation: 'ListBackendJobs',
            prepare: loseTheAnswer,
            body: '{"jobs":[null]}',
            says: 'the response lacks required fields',
          },
        },
        async ({ operation, code, result, inputs = {}, prepare, body = 'null', says }) => {
          const world = await createTestBed({ rules: { jobMs: 10_000 } }, CAREFUL_SCALE)
          prepare?.(world)
          world.emulator.injectFault({ operation, kind: 'body', body, times: 'always' })
          const end = await runAction(world, {
            with: { 'max-attempts': '2', ...inputs },
            env: { RUNNER_DEBUG: '1' },
          })
          if (code !== undefined) expectFailure(end, code, result)
          expect(getLog(end)).toContain(says ?? 'the response could not be parsed')
          expect(`${end.rawLines.join('\n')}${end.summary}`).not.toMatch(
            /Cannot read|TypeError|INTERNAL_ERROR|\$response|[Dd]eserializ/,
          )
        },
      )
    },
  )

  scenario(
    'N10: a create that is never answered is looked for, sent again, and ends by its attempts',
    async () => {
      const { world, end } = await createWith(
        { kind: 'stall', times: 'always' },
        { 'max-attempts': '2' },
      )
      const message = expectFailure(end, 'NO_ANSWER', 'failed')
      expect(message).toContain(CREATE)
      expect(world.emulator.calls(CREATE)).toHaveLength(2)
      expect(world.emulator.calls('ListBackendJobs').length).toBeGreaterThan(0)
    },
  )

  scenario(
    'N10, P06: a job that is never answered for ends with the time of the run, and names the call',
    async () => {
      const world = await createTestBed({}, FAST_SCALE)
      world.emulator.injectFault({ operation: 'GetBackendJob', kind: 'stall', times: 'always' })
      const end = await runAction(world, { with: { 'timeout-in-minutes': '2' } })

      const message = expectFailure(end, 'TIMED_OUT', 'timed-out')
      expect(message).toContain('get-backend-job')
      expect(getLog(end)).toContain('GetBackendJob')
      const [job] = world.emulator.environment().jobs
      expect(end.outputs['job-id']).toBe(job?.jobId)
    },
  )
})
