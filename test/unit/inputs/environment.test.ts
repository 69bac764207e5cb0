import { describe, expect, test } from 'vitest'
import { detectCredentials, sharedFileProblems } from '../../../src/inputs/environment.ts'
import { invalidInputError } from '../../../src/inputs/read-inputs.ts'
import { problemWith, read, warningsFor } from './support.ts'

describe('Endpoint variables', () => {
  test.each([
    'http://127.0.0.1:4566',
    'http://localhost:4566',
    'http://[::1]:4566',
    'https://sts.us-east-1.amazonaws.com',
    '',
  ])('%j is accepted.', (url) => {
    expect(read({}, { AWS_ENDPOINT_URL: url, AWS_ENDPOINT_URL_STS: url }).appId).toBe('d1abc')
  })

  test.each([
    ['localhost:4566', '"localhost:4566"', 'http://'],
    ['127.0.0.1:4566', '"127.0.0.1:4566"', 'http://'],
    ['ftp://127.0.0.1', '"ftp://127.0.0.1"', 'http://'],
    [' ', 'empty', 'http://'],
    ['http://', '"http://"', 'http://'],
    ['http://stranger.test', '"http://stranger.test"', 'allow-custom'],
    [
      'http://sts.us-east-1.amazonaws.com/x',
      '"http://sts.us-east-1.amazonaws.com"',
      'allow-custom',
    ],
    ['https://amazonaws.com.evil.test', '"https://amazonaws.com.evil.test"', 'allow-custom'],
  ])('%j is rejected as %s, with a remedy about "%s".', (url, value, remedy) => {
    for (const suffix of ['', '_STS', '_AMPLIFYBACKEND']) {
      const input = `AWS_ENDPOINT_URL${suffix}`
      const problem = problemWith({}, { [input]: url })
      expect(problem).toMatchObject({ input, value })
      expect(problem.remedy).toContain(remedy)
    }
  })

  test.each(['http://user:pass@127.0.0.1', 'user:pass@127.0.0.1', 'https://u@sts.amazonaws.com'])(
    '%j is rejected and not shown.',
    (url) => {
      const problem = problemWith({ 'allow-custom-endpoints': 'true' }, { AWS_ENDPOINT_URL: url })
      expect(problem.value).toBe('(not shown)')
      expect(invalidInputError([problem]).message).not.toContain(':pass')
    },
  )

  test.each(['AWS_USE_FIPS_ENDPOINT', 'AWS_USE_DUALSTACK_ENDPOINT'])(
    '%s is rejected together with an endpoint.',
    (variable) => {
      const AWS_ENDPOINT_URL_STS = 'http://127.0.0.1:4566'
      const problem = problemWith({}, { [variable]: 'true', AWS_ENDPOINT_URL_STS })
      expect(problem.input).toBe(variable)
      expect(problem.remedy).toContain('AWS_ENDPOINT_URL_STS')
      for (const value of ['false', '']) read({}, { [variable]: value, AWS_ENDPOINT_URL_STS })
      read({}, { [variable]: 'true' })
      const AWS_IGNORE_CONFIGURED_ENDPOINT_URLS = 'true'
      read({}, { [variable]: 'true', AWS_ENDPOINT_URL_STS, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS })
    },
  )

  test('A custom host is accepted if custom endpoints are allowed, but a malformed URL is not.', () => {
    const allow = { 'allow-custom-endpoints': 'true' }
    const inputs = read(allow, { AWS_ENDPOINT_URL: 'http://stranger.test:4566' })
    expect(inputs.allowCustomEndpoints).toBe(true)
    const { input } = problemWith(allow, { AWS_ENDPOINT_URL: 'stranger.test:4566' })
    expect(input).toBe('AWS_ENDPOINT_URL')
  })

  test('AWS_IGNORE_CONFIGURED_ENDPOINT_URLS turns the check off if it is `true` in lowercase.', () => {
    const AWS_ENDPOINT_URL = 'localhost:1'
    read({}, { AWS_ENDPOINT_URL, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' })
    problemWith({}, { AWS_ENDPOINT_URL, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'TRUE' })
  })
})

describe('Proxies and certificates', () => {
  test.each([
    ['socks5://127.0.0.1:1', '"socks5://127.0.0.1:1"', 'SOCKS'],
    ['http://u:p#w@127.0.0.1:1', '(not shown)', '`%23`'],
  ])('The proxy %j is rejected as %s, with a remedy about %s.', (proxy, value, remedy) => {
    for (const input of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY']) {
      const problem = problemWith({}, { [input]: proxy })
      expect(problem).toMatchObject({ input, value })
      expect(problem.remedy).toContain(remedy)
    }
  })

  test.each(['', ' ', '127.0.0.1:1', 'http://u:p@proxy.test:3128'])(
    'The proxy %j is accepted.',
    (proxy) => {
      expect(warningsFor({}, { HTTPS_PROXY: proxy })).toBe('')
    },
  )

  test('Certificate verification must not be disabled.', () => {
    const input = 'NODE_TLS_REJECT_UNAUTHORIZED'
    expect(problemWith({}, { [input]: '0' })).toMatchObject({ input, value: '"0"' })
    for (const value of ['', '1', 'false']) expect(warningsFor({}, { [input]: value })).toBe('')
  })
})

describe('The files of the shared AWS configuration', () => {
  const variables = ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']
  const env = Object.fromEntries(variables.map((name) => [name, `/tmp/${name}`]))

  test('A named pipe is rejected, with its variable and its path.', () => {
    expect(sharedFileProblems(env, () => true)).toMatchObject(
      variables.map((input) => ({ input, value: `"/tmp/${input}"` })),
    )
  })

  test('Any other file is accepted, and variables that are not set are not looked at.', () => {
    expect(sharedFileProblems(env, () => false)).toEqual([])
    expect(sharedFileProblems({ AWS_CONFIG_FILE: '' }, () => true)).toEqual([])
  })
})

describe('The available credentials', () => {
  const token = { ACTIONS_ID_TOKEN_REQUEST_URL: 'u', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 't' }
  const none = { canRequestIdToken: false, hasAmbientCredentials: false }

  test('A job can request an ID token if both of its variables are set.', () => {
    expect(detectCredentials({})).toEqual(none)
    expect(detectCredentials(token)).toEqual({ ...none, canRequestIdToken: true })
    for (const name of Object.keys(token)) {
      for (const blank of ['', ' ', undefined]) {
        expect(detectCredentials({ ...token, [name]: blank })).toEqual(none)
      }
    }
  })

  test.each([
    'AWS_ACCESS_KEY_ID',
    'AWS_PROFILE',
    'AWS_WEB_IDENTITY_TOKEN_FILE',
    'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
    'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  ])('%s configures ambient credentials if it is not blank.', (name) => {
    expect(detectCredentials({ [name]: 'x' })).toEqual({ ...none, hasAmbientCredentials: true })
    for (const blank of ['', ' \n']) expect(detectCredentials({ [name]: blank })).toEqual(none)
  })
})
