/** Certificates of a private authority, and hosts without TLS. */
import { expect } from 'vitest'
import type { ErrorCode } from '../../../src/errors/catalog.ts'
import { createTestBed, runAction, type TestBed } from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { createCertificateAuthority } from '../../support/servers/certificate-authority.ts'
import { startTlsTerminator } from '../../support/servers/tls-terminator.ts'
import { expectFailure, expectSuccess, getAnnotations, getLog } from '../../support/step-result.ts'
import { authority, customEndpoints, startProxy, useHosts, writeTempFile } from './hosts.ts'

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

scenario('NODE_TLS_REJECT_UNAUTHORIZED=0 is rejected before any request', async () => {
  const bed = await createTestBed()
  const step = await runAction(bed, { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } })
  expect(expectFailure(step, 'INVALID_INPUT')).toContain('NODE_TLS_REJECT_UNAUTHORIZED')
  expect(bed.emulator.requests).toEqual([])
  const strict = await runAction(bed, { env: { NODE_TLS_REJECT_UNAUTHORIZED: '1' } })
  expectSuccess(strict, 'created')
})
