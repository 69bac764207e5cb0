/** The proxy of a request, as Node.js chooses it. */
import { describe, expect, test } from 'vitest'
import type { Env } from '../../../src/lib/env.ts'
import {
  findIgnoredVariable,
  findProxy,
  parseProxyUrl,
  proxyEnv,
} from '../../../src/network/proxy.ts'

const STS = 'https://sts.eu-west-1.amazonaws.com/'
const find = (url: string, env: Env): ReturnType<typeof findProxy> => findProxy(new URL(url), env)

describe('findProxy', () => {
  test.each<[string, Env]>([
    ['no variable is set', {}],
    ['the variable is blank', { HTTPS_PROXY: ' ' }],
    ['only the variable of the other scheme is set', { HTTP_PROXY: 'http://p:1' }],
    ['the variable is not an HTTP proxy', { HTTPS_PROXY: 'socks5://p:1' }],
  ])('A request has no proxy when %s', (_, env) => {
    expect(find(STS, env)).toBeUndefined()
  })

  test.each<[string, Env, string, string]>([
    ['', { HTTPS_PROXY: ' http://p:1\n' }, 'p:1', 'HTTPS_PROXY'],
    [
      'from the lower-case variable',
      { HTTPS_PROXY: 'http://upper:1', https_proxy: 'lower:2' },
      'lower:2',
      'https_proxy',
    ],
    ['with the default port of HTTP', { HTTPS_PROXY: 'http://p' }, 'p:80', 'HTTPS_PROXY'],
    ['with the default port of HTTPS', { HTTPS_PROXY: 'https://p' }, 'p:443', 'HTTPS_PROXY'],
    [
      'without user name and password',
      { HTTPS_PROXY: 'http://bob:example-password@p:1' },
      'p:1',
      'HTTPS_PROXY',
    ],
  ])('A request uses the configured proxy %s', (_, env, host, variable) => {
    const isSecure = env['HTTPS_PROXY'] === 'https://p'
    expect(find(STS, env)).toEqual({ host, variable, isSecure })
  })

  test('A request over HTTP uses HTTP_PROXY', () => {
    const env = { HTTPS_PROXY: 'http://secure:1', HTTP_PROXY: 'http://plain:2' }
    expect(find('http://10.0.0.1/', env)?.host).toBe('plain:2')
    expect(find('http://10.0.0.1/', { HTTPS_PROXY: 'http://secure:1' })).toBeUndefined()
  })

  test.each([
    ['*', STS],
    ['sts.eu-west-1.amazonaws.com', STS],
    ['x.example, STS.eu-west-1.amazonaws.com:443', STS],
    ['.amazonaws.com', STS],
    ['.sts.eu-west-1.amazonaws.com', STS],
    ['*.amazonaws.com', STS],
    ['amazonaws.com', STS],
    ['x.example, eu-west-1.AMAZONAWS.com', STS],
    ['10.0.0.1-10.0.0.9', 'https://10.0.0.5/'],
    [' 10.0.0.1 - 10.0.0.9 ', 'https://10.0.0.9/'],
    ['  *\n', STS],
  ])('NO_PROXY "%s" excludes %s', (exceptions, url) => {
    expect(find(url, { HTTPS_PROXY: 'http://p:1', NO_PROXY: exceptions })).toBeUndefined()
    expect(find(url, { HTTPS_PROXY: 'http://p:1', no_proxy: exceptions })).toBeUndefined()
  })

  test.each([
    ['zonaws.com', STS],
    ['aws.com', 'https://evil-aws.com/'],
    ['sts.eu-west-1.amazonaws.com:80', STS],
    ['', STS],
    ['10.0.0.1-10.0.0.9', 'https://10.0.0.10/'],
    ['10.0.0.9-10.0.0.1', 'https://10.0.0.5/'],
    ['10.0.0.1-x', 'https://10.0.0.1/'],
    ['x-10.0.0.9', 'https://10.0.0.5/'],
    ['10.0.0.1', 'https://10.0.0.10/'],
    ['10.0.0.1-', 'https://10.0.0.1/'],
    ['::1-::9', 'https://10.0.0.5/'],
    ['10.0.0.1-10.0.0.9', 'https://[::a00:5]/'],
    ['10.0.0.1-10.0.0.9', STS],
    ['.example', STS],
    ['.sts.eu-west-1.amazonaws.com', 'https://x.amazonaws.com/'],
  ])('NO_PROXY "%s" does not exclude %s', (exceptions, url) => {
    expect(find(url, { HTTPS_PROXY: 'http://p:1', NO_PROXY: exceptions })?.host).toBe('p:1')
  })

  test.each([
    ...['http://localhost:4566/', 'http://LOCALHOST./', 'http://127.0.0.1:4566/'],
    ...['http://127.1.2.3/', 'http://[::1]:4566/', 'http://[0:0:0:0:0:0:0:1]/'],
  ])('A request to this machine has no proxy: %s', (url) => {
    expect(find(url, { HTTP_PROXY: 'http://p:1' })).toBeUndefined()
    expect(find(url, { HTTP_PROXY: 'http://p:1', NO_PROXY: 'x.example' })).toBeUndefined()
  })

  test('no_proxy takes precedence over NO_PROXY unless it is blank', () => {
    const env = { HTTPS_PROXY: 'http://p:1', NO_PROXY: '*' }
    expect(find(STS, { ...env, no_proxy: ' ' })).toBeUndefined()
    expect(find(STS, { ...env, no_proxy: 'other.example' })?.host).toBe('p:1')
  })
})

describe('proxyEnv', () => {
  test('Only proxy variables that are not blank are passed to Node.js', () => {
    const { no_proxy: exceptions, ...proxies } = proxyEnv({
      HTTP_PROXY: 'http://a:1',
      https_proxy: ' http://b:2 ',
      NO_PROXY: '',
      no_proxy: '  ',
      HTTPS_PROXY: undefined,
      ALL_PROXY: 'http://c:3',
      NODE_USE_ENV_PROXY: '1',
    })
    expect(proxies).toEqual({ HTTP_PROXY: 'http://a:1/', https_proxy: 'http://b:2/' })
    expect(exceptions).toContain('localhost')
    expect(proxyEnv({ NO_PROXY: 'c' })).toEqual({})
  })

  test('A proxy without a scheme is an HTTP proxy, and an invalid proxy is left out', () => {
    expect(
      proxyEnv({
        http_proxy: 'proxy.example.com:3128',
        HTTP_PROXY: 'user:100%@proxy.example.com',
        https_proxy: 'socks5://proxy.example.com:1080',
        HTTPS_PROXY: 'http://bad host:1',
      }),
    ).toMatchObject({
      http_proxy: 'http://proxy.example.com:3128/',
      HTTP_PROXY: 'http://user:100%25@proxy.example.com/',
    })
  })

  const loopback = ['localhost', 'localhost.', '127.0.0.0-127.255.255.255', '::1', '[::1]']

  test.each<[Env, readonly string[]]>([
    [{}, []],
    [{ NO_PROXY: ' , ' }, []],
    [
      { NO_PROXY: ' A.example ,, .b.example,*.c.example' },
      ['a.example', '.b.example', '*.c.example', '.a.example'],
    ],
    [{ no_proxy: '*', NO_PROXY: 'a.example' }, ['*']],
  ])('With %j, no proxy is used for this machine and %j', (env, exceptions) => {
    const { no_proxy: list = '' } = proxyEnv({ ...env, HTTPS_PROXY: 'http://p:1' })
    expect(list.split(',')).toEqual([...loopback, ...exceptions])
  })
})

describe('parseProxyUrl', () => {
  test.each([
    ['proxy.example.com', 'http://proxy.example.com/'],
    ['HTTPS://proxy.example.com:3128', 'https://proxy.example.com:3128/'],
    // Only the beginning is a scheme.
    ['proxy.example.com:3128/?x://y', 'http://proxy.example.com:3128/?x://y'],
    ['100%:secret@p:1', 'http://100%25:secret@p:1/'],
    ['user:100%@p:1', 'http://user:100%25@p:1/'],
    ['50%:100%@p:1', 'http://50%25:100%25@p:1/'],
    ['a%40b:c%3Ad@p:1', 'http://a%40b:c%3Ad@p:1/'],
    ['a%40b:100%@p:1', 'http://a%40b:100%25@p:1/'],
    ['100%:c%3Ad@p:1', 'http://100%25:c%3Ad@p:1/'],
  ])('The proxy %j has the URL %s', (text, href) => {
    expect(parseProxyUrl(text)?.href).toBe(href)
  })

  test.each([
    ...['', 'http://', 'http://bad host:1', 'socks5://p:1', 'shttp://p:1', 'httpsx://p:1'],
    // The password is 12/x, 12?x or 12#x, and the host is p.
    ...['http://bob:12/x@p:1', 'http://bob:12?x@p:1', 'http://bob:12#x@p:1'],
  ])('%j is not the address of an HTTP proxy', (text) => {
    expect(parseProxyUrl(text)).toBeUndefined()
  })
})

test.each<[Env, string | undefined]>([
  [{}, undefined],
  [{ HTTPS_PROXY: 'http://p:1' }, undefined],
  [{ ALL_PROXY: 'http://p:1' }, 'ALL_PROXY'],
  [{ all_proxy: 'http://p:1' }, 'all_proxy'],
  [{ all_proxy: ' ', ALL_PROXY: 'http://p:1' }, 'ALL_PROXY'],
  [{ all_proxy: '', ALL_PROXY: '\n' }, undefined],
])('With the variables %j, the variable that is set but not read is %s', (env, name) => {
  expect(findIgnoredVariable(env)).toBe(name)
})
