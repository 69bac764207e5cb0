import { describe, expect, test } from 'vitest'
import { networkAdvice } from '../../../src/network/advice.ts'
import { createFailure, type FailureName } from '../../support/unit/api-failures.ts'

describe('networkAdvice', () => {
  const route = { host: 'sts.example', proxy: undefined, endpoint: undefined }
  const proxy = { host: 'proxy.example:3128', variable: 'HTTPS_PROXY' }
  const advise = (
    name: FailureName,
    members: Parameters<typeof createFailure>[2],
  ): string | undefined => networkAdvice(createFailure('GetBackend', name, members))

  test('There is no advice for the default host of a region, and none after a response', () => {
    expect(advise('unknownHost', {})).toBeUndefined()
    expect(advise('unknownHost', { route })).toBeUndefined()
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
})
