import { describe, expect, test } from 'vitest'
import { networkAdvice } from '../../src/network/advice.ts'
import type { ApiFailure } from '../../src/network/failure.ts'
import { createFailure, type FailureName } from '../support/unit/api-failures.ts'

const ROUTE = { host: 'sts.example', proxy: undefined, endpoint: undefined }
const PROXY = { host: 'proxy.example:3128', variable: 'HTTPS_PROXY' }
const ENDPOINT = 'AWS_ENDPOINT_URL'

const advice = (name: FailureName, members: Partial<ApiFailure> = {}): string | undefined =>
  networkAdvice(createFailure('GetBackend', name, members))

describe('the advice for a connection that failed', () => {
  test.each<readonly [string, FailureName, Partial<ApiFailure>]>([
    ['the request was never made', 'unknownHost', {}],
    ['the host is the region’s own', 'unknownHost', { route: ROUTE }],
    ['a response came', 'internalError', { route: { ...ROUTE, proxy: PROXY, endpoint: ENDPOINT } }],
  ])('There is none where %s', (_where, name, members) => {
    expect(advice(name, members)).toBeUndefined()
  })

  test.each(['unknownHost', 'connectionRefused'] as const)(
    'It names the variable that sets the host (%s)',
    (name) => {
      expect(advice(name, { route: { ...ROUTE, endpoint: ENDPOINT } })).toBe(
        'Check AWS_ENDPOINT_URL: it sends requests to sts.example.',
      )
    },
  )

  test('It names the variable of the proxy, whatever sets the host', () => {
    const route = { ...ROUTE, proxy: PROXY, endpoint: ENDPOINT }
    expect(advice('unknownHost', { route })).toBe(
      'Check HTTPS_PROXY: it sends requests through the proxy proxy.example:3128, which cannot be reached.',
    )
  })

  test.each([
    [
      '407 Proxy Authentication Required',
      undefined,
      /^Check the user name and the password in HTTPS_PROXY/,
    ],
    [
      '502 Bad Gateway',
      ENDPOINT,
      /^The proxy proxy\.example:3128 from HTTPS_PROXY refuses to connect to sts\.example \(configured by AWS_ENDPOINT_URL\)\. Allow/,
    ],
    ['502 Bad Gateway', undefined, / refuses to connect to sts\.example\. Allow/],
  ])('It follows the response of the proxy to CONNECT: %s (%j)', (status, endpoint, expected) => {
    const members = {
      code: 'ERR_PROXY_TUNNEL',
      message: `Failed to establish tunnel to a:407 via http://b/: HTTP/1.1 ${status}`,
      route: { ...ROUTE, proxy: PROXY, endpoint },
    }
    expect(advice('connectionRefused', members)).toMatch(expected)
  })
})
