/** The way that a request takes, as Node and the SDK take it. */
import { describe, expect, test } from 'vitest'
import { getRoute, type Route } from '../../src/network/route.ts'
import type { Env } from '../../src/lib/env.ts'

const proxyOf = (url: string, env: Env): Route['proxy'] => getRoute(new URL(url), env).proxy
const STS = 'https://sts.eu-west-1.amazonaws.com/'

describe('the proxy of a request', () => {
  test.each<[string, Env, Route['proxy']]>([
    ['none', {}, undefined],
    ['an empty one', { HTTPS_PROXY: ' ' }, undefined],
    ['the one of the other scheme', { HTTP_PROXY: 'http://p:1' }, undefined],
    ['none that is no proxy', { HTTPS_PROXY: 'socks5://p:1' }, undefined],
    [
      'its own, with spaces around it',
      { HTTPS_PROXY: ' http://p:1\n' },
      { host: 'p:1', variable: 'HTTPS_PROXY' },
    ],
    ['its own', { HTTPS_PROXY: 'http://p:1' }, { host: 'p:1', variable: 'HTTPS_PROXY' }],
    [
      'the lower case first',
      { HTTPS_PROXY: 'http://upper:1', https_proxy: 'lower:2' },
      { host: 'lower:2', variable: 'https_proxy' },
    ],
    ['the usual port', { HTTPS_PROXY: 'http://p' }, { host: 'p:80', variable: 'HTTPS_PROXY' }],
    ['that of TLS', { HTTPS_PROXY: 'https://p' }, { host: 'p:443', variable: 'HTTPS_PROXY' }],
    [
      'never its user and password',
      { HTTPS_PROXY: 'http://bob:example-password@p:1' },
      { host: 'p:1', variable: 'HTTPS_PROXY' },
    ],
  ])('is %s', (_, env, expected) => {
    expect(proxyOf(STS, env)).toEqual(expected)
  })

  test('is that of http for a request without TLS', () => {
    const env = { HTTPS_PROXY: 'http://secure:1', HTTP_PROXY: 'http://plain:2' }
    expect(proxyOf('http://10.0.0.1/', env)?.host).toBe('plain:2')
    expect(proxyOf('http://10.0.0.1/', { HTTPS_PROXY: 'http://secure:1' })).toBeUndefined()
  })

  test.each([
    ['*', STS],
    ['sts.eu-west-1.amazonaws.com', STS],
    ['x.example, STS.eu-west-1.amazonaws.com:443', STS],
    ['.amazonaws.com', STS],
    ['*.amazonaws.com', STS],
    ['.localhost', 'https://localhost/'],
    ['10.0.0.1-10.0.0.9', 'https://10.0.0.5/'],
    [' 10.0.0.1 - 10.0.0.9 ', 'https://10.0.0.9/'],
    ['  *\n', STS],
  ])('is none for what NO_PROXY names: %s', (exceptions, url) => {
    expect(proxyOf(url, { HTTPS_PROXY: 'http://p:1', NO_PROXY: exceptions })).toBeUndefined()
    expect(proxyOf(url, { HTTPS_PROXY: 'http://p:1', no_proxy: exceptions })).toBeUndefined()
  })

  test.each([
    ['amazonaws.com', STS],
    ['sts.eu-west-1.amazonaws.com:80', STS],
    ['', STS],
    ['10.0.0.1-10.0.0.9', 'https://10.0.0.10/'],
    ['10.0.0.9-10.0.0.1', 'https://10.0.0.5/'],
    ['10.0.0.1-x', 'https://10.0.0.1/'],
    ['x-10.0.0.9', 'https://10.0.0.5/'],
    ['10.0.0.1', 'https://10.0.0.10/'],
    ['10.0.0.1-10.0.0.9', STS],
    ['.example', STS],
    ['.sts.eu-west-1.amazonaws.com', 'https://x.amazonaws.com/'],
  ])('stays for what it does not: %s', (exceptions, url) => {
    expect(proxyOf(url, { HTTPS_PROXY: 'http://p:1', NO_PROXY: exceptions })?.host).toBe('p:1')
  })

  test('is decided by no_proxy where both are set and the first is not blank', () => {
    const env = { HTTPS_PROXY: 'http://p:1', NO_PROXY: '*' }
    expect(proxyOf(STS, { ...env, no_proxy: ' ' })).toBeUndefined()
    expect(proxyOf(STS, { ...env, no_proxy: 'other.example' })?.host).toBe('p:1')
  })
})

describe('who has named the host', () => {
  const endpointOf = (env: Env): string | undefined => getRoute(new URL(STS), env).endpoint

  test('is the variable that holds it, with or without a path', () => {
    expect(endpointOf({})).toBeUndefined()
    expect(endpointOf({ AWS_ENDPOINT_URL: 'https://other.amazonaws.com' })).toBeUndefined()
    expect(endpointOf({ AWS_ENDPOINT_URL_STS: `${STS}path` })).toBe('AWS_ENDPOINT_URL_STS')
  })

  test('is several where several hold it', () => {
    const env = { AWS_ENDPOINT_URL: STS, AWS_ENDPOINT_URL_AMPLIFYBACKEND: STS }
    expect(endpointOf(env)).toBe('AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_AMPLIFYBACKEND')
  })
})
