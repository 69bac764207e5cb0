/** The route of a request, as Node.js and the SDK choose it. */
import { describe, expect, test } from 'vitest'
import type { Env } from '../../../src/lib/env.ts'
import { getRoute, type Route } from '../../../src/network/route.ts'

const STS = 'https://sts.eu-west-1.amazonaws.com/'
const WITH_PROXIES = '24.5.0'

const routeTo = (url: string, env: Env, version = WITH_PROXIES): Route =>
  getRoute(new URL(url), env, version)

describe('The version of Node.js', () => {
  test.each(['24.5.0', '24.19.0', '25.0.0'])('Node.js %s can use proxies', (version) => {
    expect(routeTo(STS, { HTTPS_PROXY: 'http://p:1' }, version).proxy?.host).toBe('p:1')
  })

  test.each(['20.19.0', '23.6.0', '24.4.1'])('Node.js %s cannot use proxies', (version) => {
    const env = { HTTPS_PROXY: 'http://p:1' }
    const route = (): Route => routeTo(STS, env, version)
    expect(route).toThrow(expect.objectContaining({ code: 'RUNNER_TOO_OLD' }))
    expect(route).toThrow(/HTTPS_PROXY.*sts\.eu-west-1\.amazonaws\.com.*p:1/)
    expect(routeTo(STS, {}, version).proxy).toBeUndefined()
    expect(routeTo('https://127.0.0.1/', env, version).proxy).toBeUndefined()
  })
})

test.each<[Env, string | undefined]>([
  [{}, undefined],
  [{ AWS_ENDPOINT_URL: 'https://other.amazonaws.com' }, undefined],
  [{ AWS_ENDPOINT_URL_STS: `${STS}path` }, 'AWS_ENDPOINT_URL_STS'],
  [
    { AWS_ENDPOINT_URL: STS, AWS_ENDPOINT_URL_AMPLIFYBACKEND: STS },
    'AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_AMPLIFYBACKEND',
  ],
])('With the variables %j, the host of a request is configured by %s', (env, endpoint) => {
  expect(routeTo(STS, env).endpoint).toBe(endpoint)
})

test.each([
  [STS, 'sts.eu-west-1.amazonaws.com', '443'],
  ['http://sts.example/', 'sts.example', '80'],
  ['https://sts.example:8443/', 'sts.example:8443', '8443'],
])('The request to %s goes to the host %s and the port %s', (url, host, port) => {
  expect(routeTo(url, {})).toEqual({ host, port })
})

const BOTH = { HTTPS_PROXY: 'http://p:1', ALL_PROXY: 'http://other:2' }

test.each<[Env, Partial<Route>]>([
  [{ ALL_PROXY: 'http://other:2' }, { ignoredProxy: 'ALL_PROXY' }],
  [
    { ...BOTH, NO_PROXY: 'example' },
    { ignoredProxy: 'ALL_PROXY', bypassedProxy: 'HTTPS_PROXY' },
  ],
  [BOTH, { proxy: { host: 'p:1', variable: 'HTTPS_PROXY', isSecure: false } }],
  [{ HTTP_PROXY: 'http://p:1', NO_PROXY: '*' }, {}],
  [{ NODE_EXTRA_CA_CERTS: ' /etc/ca.pem\n' }, { extraCaCerts: '/etc/ca.pem' }],
  [{ NODE_EXTRA_CA_CERTS: ' ' }, {}],
])('With the variables %j, the route has %j', (env, expected) => {
  expect(routeTo('https://sts.example/', env)).toEqual({
    host: 'sts.example',
    port: '443',
    ...expected,
  })
})
