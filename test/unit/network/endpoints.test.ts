import { describe, expect, test } from 'vitest'
import { classifyEndpoint, isDefaultHost } from '../../../src/network/endpoints.ts'

describe('classifyEndpoint', () => {
  test.each([
    ...['http://localhost:4566', 'https://localhost', 'http://localhost.:1', 'http://LOCALHOST'],
    ...['http://127.0.0.1:1', 'http://127.1', 'http://127.255.255.254', 'http://0x7f000001'],
    ...['http://[::1]:4566', 'http://[0:0:0:0:0:0:0:1]'],
  ])('%s is a loopback address', (url) => {
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
    // Services with names that start or end like a domain in which customers run hosts.
    'https://compute-optimizer.us-east-1.amazonaws.com',
    'https://states.us-east-1.amazonaws.com',
  ])('%s belongs to AWS', (url) => {
    expect(classifyEndpoint(new URL(url), false)).toBe('aws')
  })

  /** Hosts below amazonaws.com that belong to customers. */
  const CUSTOMERS = [
    ...['abc.execute-api.us-east-1', 'lb-1.elb.us-east-1', 'ec2-1-2-3-4.compute-1', 'evil.s3'],
    ...['evil.s3-eu-west-1', 'evil--use1-az4--x-s3.s3express-use1-az4.us-east-1'],
    ...['ec2-1-2-3-4.eu-west-1.compute', 'ec2-1-2-3-4.compute-12', 'abc.appsync-api.us-east-1'],
    ...['abc.appsync-realtime-api.us-east-1', 'abc.lambda-url.us-east-1', 'abc.us-east-1.aoss'],
    ...['search-x.us-east-1.es', 'search-x.us-east-1.cloudsearch', 'vpce-svc-0abc.us-east-1.vpce'],
  ].map((name) => `https://${name}.amazonaws.com`)

  test.each([
    ...CUSTOMERS,
    ...['http://sts.us-east-1.amazonaws.com', 'https://amazonaws.com'],
    ...['https://amazonaws.com.evil.test', 'https://evilamazonaws.com'],
    ...['https://sts.amazonaws.com.cn.evil.test', 'https://sts.amazonaws.com@evil.test'],
    ...['https://evil.test/.amazonaws.com', 'https://evil.test?.amazonaws.com'],
    ...['https://evil.test#.amazonaws.com', 'http://localhost.evil.test'],
    ...['http://127.0.0.1.evil.test', 'http://xlocalhost', 'http://0.0.0.0'],
    ...['http://169.254.169.254', 'http://[::ffff:8.8.8.8]', 'http://10.0.0.1'],
  ])('%s is refused unless custom endpoints are allowed', (url) => {
    expect(classifyEndpoint(new URL(url), false)).toBe('refused')
    expect(classifyEndpoint(new URL(url), true)).toBe('custom')
  })

  test.each(['ftp://127.0.0.1', 'file:///x', 'localhost:4566', 'data:,x'])(
    '%s is always refused',
    (url) => {
      expect(classifyEndpoint(new URL(url), true)).toBe('refused')
    },
  )
})

describe('isDefaultHost', () => {
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
  ])('%s is a default host in %s', (host, region) => {
    expect(isDefaultHost(host, region)).toBe(true)
  })

  test.each([
    ['of another region', 'sts.us-west-2.amazonaws.com'],
    ['of a region that starts the same', 'sts.us-east-11.amazonaws.com'],
    ['of no region', 'sts.amazonaws.com'],
    ['of the region itself', 'us-east-1.amazonaws.com'],
    ['of a service that is not called', 'ec2.us-east-1.amazonaws.com'],
    ['below a service', 'vpce-0abc.sts.us-east-1.amazonaws.com'],
    ['above a service', 'sts.vpce-0abc.us-east-1.amazonaws.com'],
    ['that starts with a service', 'stsx.us-east-1.amazonaws.com'],
    ['that ends with a service', 'xsts.us-east-1.amazonaws.com'],
    ['outside AWS', 'sts.us-east-1.evil.test'],
    ['outside AWS with an AWS domain in it', 'sts.us-east-1.amazonaws.com.evil.test'],
  ])('A host %s is not a default host of us-east-1: %s', (_, host) => {
    expect(isDefaultHost(host, 'us-east-1')).toBe(false)
  })
})
