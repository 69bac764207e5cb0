import { describe, expect, test } from 'vitest'
import { getProxyStatus, networkAdvice } from '../../../src/network/advice.ts'
import { aFailure, createFailure, type FailureName } from '../../support/unit/api-failures.ts'

describe('networkAdvice', () => {
  const route = { host: 'sts.example', port: '443', proxy: undefined, endpoint: undefined }
  const proxy = { host: 'proxy.example:3128', variable: 'HTTPS_PROXY' }
  const advise = (
    name: FailureName,
    members: Parameters<typeof createFailure>[2],
  ): string | undefined => networkAdvice(createFailure('GetBackend', name, members))

  test('There is no advice for the default host of a region, and none after a response', () => {
    expect(advise('unknownHost', {})).toBeUndefined()
    expect(advise('unknownHost', { route })).toBeUndefined()
    expect(advise('reset', { route: { ...route, endpoint: 'X' } })).toBeUndefined()
    expect(advise('internalError', { route: { ...route, proxy, endpoint: 'X' } })).toBeUndefined()
  })

  test.each(['unknownHost', 'connectionRefused'] as const)(
    'After %s, the variable that configures the host is named',
    (name) => {
      expect(advise(name, { route: { ...route, endpoint: 'AWS_ENDPOINT_URL' } })).toMatch(
        /^Check AWS_ENDPOINT_URL: .*\bsts\.example\b/,
      )
    },
  )

  test('The proxy is named, also when a variable configures the host', () => {
    expect(
      advise('unknownHost', { route: { ...route, proxy, endpoint: 'AWS_ENDPOINT_URL' } }),
    ).toMatch(/^Check HTTPS_PROXY: .*proxy\.example:3128/)
  })

  test.each([
    ['407 Proxy Authentication Required', /^Check the user name and the password in HTTPS_PROXY/],
    [
      '502 Bad Gateway',
      /sts\.example \(configured by AWS_ENDPOINT_URL\)\. Allow the host .*NO_PROXY/,
    ],
  ])('A tunnel that the proxy refuses with %s has its own advice', (status, expected) => {
    const failure = {
      code: 'ERR_PROXY_TUNNEL',
      message: `Failed to establish tunnel to a:407 via http://b/: HTTP/1.1 ${status}`,
      route: { ...route, proxy, endpoint: 'AWS_ENDPOINT_URL' },
    }
    expect(advise('connectionRefused', failure)).toMatch(expected)
  })

  test.each(['HTTP/1.1 403 Forbidden', 'HTTP/1.1 502 Bad Gateway'])(
    'A tunnel that is refused with %s leads to the host and NO_PROXY',
    (status) => {
      const members = {
        code: 'ERR_PROXY_TUNNEL',
        message: `Failed to establish tunnel to a:443 via http://b/: ${status}`,
        route: { ...route, proxy },
      }
      expect(advise('connectionRefused', members)).toMatch(/HTTPS_PROXY.*sts\.example\. .*NO_PROXY/)
    },
  )

  test('A request for credentials of a proxy without a configured proxy leads to the network', () => {
    const advice = advise('forbidden', { status: 407, route })
    expect(advice).toMatch(/sts\.example/)
    expect(advice).not.toContain('undefined')
  })

  test('A proxy that does not respond is named', () => {
    const members = { timedOut: true, route: { ...route, proxy } }
    expect(advise('reset', members)).toMatch(/^Check HTTPS_PROXY: .*proxy\.example:3128/)
  })

  test('ALL_PROXY, which is not read, is named for a host that cannot be reached', () => {
    const members = { route: { ...route, ignoredProxy: 'ALL_PROXY' } }
    expect(advise('connectionRefused', members)).toMatch(/^ALL_PROXY is not read.*HTTPS_PROXY/)
    expect(advise('internalError', members)).toBeUndefined()
  })

  test('A host that NO_PROXY excepts from the proxy leads to NO_PROXY, and not to the region', () => {
    const members = { route: { ...route, bypassedProxy: 'HTTPS_PROXY' } }
    for (const name of ['unknownHost', 'connectionRefused'] as const)
      expect(advise(name, members)).toMatch(/NO_PROXY.*sts\.example.*HTTPS_PROXY/)
    expect(advise('internalError', members)).toBeUndefined()
  })

  test('A certificate of an unknown authority leads to both variables', () => {
    const advice = advise('untrusted', { route }) ?? ''
    expect(advice).toContain('NODE_EXTRA_CA_CERTS')
    expect(advice).toContain('NODE_USE_SYSTEM_CA=1')
    expect(advice).toContain('firewall')
    const withEndpoint = { ...route, endpoint: 'AWS_ENDPOINT_URL' }
    const atEndpoint = advise('untrusted', { route: withEndpoint }) ?? ''
    expect(atEndpoint).not.toContain('firewall')
    // The same advice without the sentence about the inspection.
    expect(advice.endsWith(atEndpoint)).toBe(true)
    const withBoth = advise('untrusted', { route: { ...withEndpoint, proxy } })
    expect(withBoth).toContain('proxy.example:3128 from HTTPS_PROXY')
    const withProxy = { ...route, proxy, extraCaCerts: '/etc/ca.pem' }
    const behindProxy = advise('untrusted', { route: withProxy }) ?? ''
    expect(behindProxy).toContain('HTTPS_PROXY')
    expect(behindProxy).toContain('/etc/ca.pem')
  })

  test('A file of certificates that exists is named, and so is a file that does not exist', () => {
    const endpoint = 'AWS_ENDPOINT_URL'
    const adviseFor = (extraCaCerts: string): string =>
      advise('untrusted', { route: { ...route, endpoint, extraCaCerts } }) ?? ''
    const existing = adviseFor(import.meta.filename)
    expect(existing).toContain(`"${import.meta.filename}"`)
    expect(existing).toContain('NODE_USE_SYSTEM_CA=1')
    const missing = adviseFor('/missing/ca.pem')
    expect(missing).toMatch(/NODE_EXTRA_CA_CERTS.*"\/missing\/ca\.pem"/)
    // The path has to be corrected first.
    expect(missing).not.toContain('NODE_USE_SYSTEM_CA')
    expect(missing).not.toMatch(/\s$/)
  })

  test.each(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'])('%s leads to the clock', (code) => {
    expect(advise('untrusted', { code, route })).toContain('clock')
  })

  test('A certificate of another host leads to the setting of the host', () => {
    const code = 'ERR_TLS_CERT_ALTNAME_INVALID'
    const endpoint = 'AWS_ENDPOINT_URL'
    expect(advise('untrusted', { code, route: { ...route, endpoint } })).toContain(endpoint)
  })

  test.each([
    'ERR_SSL_PACKET_LENGTH_TOO_LONG',
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'HPE_INVALID_CONSTANT',
  ])('After %s, host, port and the variable are named', (code) => {
    const endpoint = 'AWS_ENDPOINT_URL_STS'
    const members = { code, route: { ...route, port: '443', endpoint } }
    expect(advise('reset', members)).toMatch(/sts\.example:443.*AWS_ENDPOINT_URL_STS/)
    const withPort = { ...route, host: 'sts.example:8443', port: '8443' }
    expect(advise('reset', { code, route: withPort })).toMatch(
      code.startsWith('HPE_') ? /sts\.example:8443 .*HTTP/ : /sts\.example:8443 .*TLS/,
    )
  })

  test.each<[object, RegExp]>([
    [{ endpoint: 'AWS_ENDPOINT_URL_STS', proxy }, / AWS_ENDPOINT_URL_STS and HTTPS_PROXY,/],
    [{ endpoint: 'AWS_ENDPOINT_URL_STS' }, /(?<! and) AWS_ENDPOINT_URL_STS,/],
    [{ proxy }, /(?<! and) HTTPS_PROXY,/],
    [{}, /proxies and firewalls/],
  ])('After an answer without TLS, the settings of the route %j are named', (members, expected) => {
    const code = 'ERR_SSL_WRONG_VERSION_NUMBER'
    const advice = advise('reset', { code, connected: false, route: { ...route, ...members } })
    expect(advice).toMatch(/^sts\.example:443 /)
    expect(advice).toMatch(expected)
  })

  test('Whoever answers without TLS is named: the host behind a proxy over HTTP, or a proxy over HTTPS', () => {
    const code = 'ERR_SSL_WRONG_VERSION_NUMBER'
    const endpoint = 'AWS_ENDPOINT_URL_STS'
    const members = { code, connected: false, route: { ...route, port: '443', proxy, endpoint } }
    const behind = advise('reset', members)
    expect(behind).toMatch(/sts\.example:443 answers without TLS.*AWS_ENDPOINT_URL_STS/)
    const secure = { ...proxy, isSecure: true }
    const atProxy = advise('reset', { ...members, route: { ...members.route, proxy: secure } })
    expect(atProxy).toMatch(/proxy\.example:3128 answers without TLS.*HTTPS_PROXY/)
    expect(atProxy).not.toContain(endpoint)
  })

  test('A handshake that the other end rejects is not told as a lack of TLS', () => {
    const code = 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE'
    const members = { code, connected: false, route: { ...route, endpoint: 'AWS_ENDPOINT_URL' } }
    expect(advise('reset', members)).toMatch(/^Check AWS_ENDPOINT_URL/)
  })

  test.each([403, 413, 451])(
    'A page with the status %i leads to what is between the runner and the service',
    (status) => {
      const members = { status, fromMiddlebox: true }
      expect(advise('forbidden', { ...members, route })).toMatch(/sts\.example .*prox/)
      const advice = advise('forbidden', { ...members, route: { ...route, proxy, endpoint: 'X' } })
      expect(advice).toMatch(/proxy\.example:3128 from HTTPS_PROXY and X/)
    },
  )

  test.each([
    [302, /^Allow sts\.example .* HTTPS_PROXY\.$/],
    [499, /^Allow sts\.example .* HTTPS_PROXY\.$/],
    [500, /^Check .* HTTPS_PROXY: .* sts\.example /],
    [503, /^Check .* HTTPS_PROXY: .* sts\.example /],
  ])('A page with the status %i is blocked, or is an error of the proxy', (status, expected) => {
    const members = { status, fromMiddlebox: true, route: { ...route, proxy } }
    expect(advise('forbidden', members)).toMatch(expected)
  })
})

test.each([
  ['Failed to establish tunnel to a:407 via http://b/: HTTP/1.1 502 Bad Gateway', undefined, 502],
  ['Failed to establish tunnel to a:443 via http://b/: HTTP/1.0 403 Forbidden', 400, 403],
  ['Proxy Authentication Required', 407, 407],
  ['Failed to establish tunnel to a:407', undefined, undefined],
])('After %j and the status %s, the proxy answered with %s', (message, status, expected) => {
  expect(getProxyStatus(aFailure({ message, status }))).toBe(expected)
})
