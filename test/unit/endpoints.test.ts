import { describe, expect, test } from 'vitest'
import { isDefaultHost, classifyEndpoint } from '../../src/network/endpoints.ts'

describe('X10: where tokens and signed requests may go', () => {
  test.each([
    'http://localhost:4566',
    'https://localhost',
    'http://localhost.:1',
    'http://LOCALHOST',
    'http://127.0.0.1:1',
    'http://127.1',
    'http://127.255.255.254',
    'http://0x7f000001',
    'http://[::1]:4566',
    'http://[0:0:0:0:0:0:0:1]',
  ])('%s is loopback', (url) => {
    expect(classifyEndpoint(new URL(url), false)).toBe('loopback')
    expect(classifyEndpoint(new URL(url), true)).toBe('loopback')
  })

  test.each([
    'https://sts.us-east-1.amazonaws.com',
    'https://STS.amazonaws.com.',
    'https://amplifybackend.eu-west-1.api.aws',
    'https://sts.cn-north-1.amazonaws.com.cn',
    'https://sts.eusc-de-east-1.amazonaws.eu',
    'https://vpce-0abc-12.sts.us-east-1.vpce.amazonaws.com:443',
    // Services whose names begin or end like a domain that customers run hosts in.
    'https://compute-optimizer.us-east-1.amazonaws.com',
    'https://states.us-east-1.amazonaws.com',
  ])('%s is of AWS', (url) => {
    expect(classifyEndpoint(new URL(url), false)).toBe('aws')
  })

  test.each([
    'http://sts.us-east-1.amazonaws.com',
    'https://amazonaws.com',
    'https://amazonaws.com.evil.test',
    'https://evilamazonaws.com',
    'https://sts.amazonaws.com.cn.evil.test',
    'https://sts.amazonaws.com@evil.test',
    'https://evil.test/.amazonaws.com',
    'https://evil.test?.amazonaws.com',
    'https://evil.test#.amazonaws.com',
    'https://abc.execute-api.us-east-1.amazonaws.com',
    'https://lb-1.elb.us-east-1.amazonaws.com',
    'https://ec2-1-2-3-4.compute-1.amazonaws.com',
    'https://evil.s3.amazonaws.com',
    'https://evil.s3-eu-west-1.amazonaws.com',
    'https://evil--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com',
    'https://ec2-1-2-3-4.eu-west-1.compute.amazonaws.com',
    'https://ec2-1-2-3-4.compute-12.amazonaws.com',
    'https://abc.appsync-api.us-east-1.amazonaws.com',
    'https://abc.appsync-realtime-api.us-east-1.amazonaws.com',
    'https://abc.lambda-url.us-east-1.amazonaws.com',
    'https://abc.us-east-1.aoss.amazonaws.com',
    'https://search-x.us-east-1.es.amazonaws.com',
    'https://search-x.us-east-1.cloudsearch.amazonaws.com',
    'https://vpce-svc-0abc.us-east-1.vpce.amazonaws.com',
    'http://localhost.evil.test',
    'http://127.0.0.1.evil.test',
    'http://xlocalhost',
    'http://0.0.0.0',
    'http://169.254.169.254',
    'http://[::ffff:8.8.8.8]',
    'http://10.0.0.1',
  ])('%s is refused, or custom where that is allowed', (url) => {
    expect(classifyEndpoint(new URL(url), false)).toBe('refused')
    expect(classifyEndpoint(new URL(url), true)).toBe('custom')
  })

  test.each(['ftp://127.0.0.1', 'file:///x', 'localhost:4566', 'data:,x'])(
    '%s is refused whatever is allowed',
    (url) => {
      expect(classifyEndpoint(new URL(url), true)).toBe('refused')
    },
  )
})

describe('the host that the SDK would choose by itself', () => {
  test.each([
    ['sts.us-east-1.amazonaws.com', 'us-east-1'],
    ['sts-fips.us-east-1.amazonaws.com', 'us-east-1'],
    ['amplifybackend.eu-west-1.amazonaws.com', 'eu-west-1'],
    ['amplifybackend-fips.us-east-1.api.aws', 'us-east-1'],
    ['oidc.eu-west-1.amazonaws.com', 'eu-west-1'],
    ['portal.sso.eu-west-1.amazonaws.com', 'eu-west-1'],
    ['signin.eu-west-1.amazonaws.com', 'eu-west-1'],
    ['sts.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
    ['sts.eusc-de-east-1.amazonaws.eu', 'eusc-de-east-1'],
  ])('is %s in %s', (host, region) => {
    expect(isDefaultHost(host, region)).toBe(true)
  })

  test.each([
    ['of another region', 'sts.us-west-2.amazonaws.com', 'us-east-1'],
    ['of a region that only begins alike', 'sts.us-east-11.amazonaws.com', 'us-east-1'],
    ['of no region', 'sts.amazonaws.com', 'us-east-1'],
    ['of the region itself', 'us-east-1.amazonaws.com', 'us-east-1'],
    ['of a service that is not called', 'ec2.us-east-1.amazonaws.com', 'us-east-1'],
    ['below that of a service', 'vpce-0abc.sts.us-east-1.amazonaws.com', 'us-east-1'],
    ['above that of a service', 'sts.vpce-0abc.us-east-1.amazonaws.com', 'us-east-1'],
    ['with a service for its beginning', 'stsx.us-east-1.amazonaws.com', 'us-east-1'],
    ['with a service for its end', 'xsts.us-east-1.amazonaws.com', 'us-east-1'],
    ['outside the domains of AWS', 'sts.us-east-1.evil.test', 'us-east-1'],
    ['with a domain of AWS inside', 'sts.us-east-1.amazonaws.com.evil.test', 'us-east-1'],
  ])('is none %s: %s', (_, host, region) => {
    expect(isDefaultHost(host, region)).toBe(false)
  })
})
