import { describe, expect, test } from 'vitest'
import { judgeEndpoint } from '../../src/endpoints.ts'

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
    expect(judgeEndpoint(new URL(url), false)).toBe('loopback')
    expect(judgeEndpoint(new URL(url), true)).toBe('loopback')
  })

  test.each([
    'https://sts.us-east-1.amazonaws.com',
    'https://STS.amazonaws.com.',
    'https://amplifybackend.eu-west-1.api.aws',
    'https://sts.cn-north-1.amazonaws.com.cn',
    'https://sts.eusc-de-east-1.amazonaws.eu',
    'https://vpce-0abc-12.sts.us-east-1.vpce.amazonaws.com:443',
  ])('%s is of AWS', (url) => {
    expect(judgeEndpoint(new URL(url), false)).toBe('aws')
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
    'http://localhost.evil.test',
    'http://127.0.0.1.evil.test',
    'http://xlocalhost',
    'http://0.0.0.0',
    'http://169.254.169.254',
    'http://[::ffff:8.8.8.8]',
    'http://10.0.0.1',
  ])('%s is refused, or custom where that is allowed', (url) => {
    expect(judgeEndpoint(new URL(url), false)).toBe('refused')
    expect(judgeEndpoint(new URL(url), true)).toBe('custom')
  })

  test.each(['ftp://127.0.0.1', 'file:///x', 'localhost:4566', 'data:,x'])(
    '%s is refused whatever is allowed',
    (url) => {
      expect(judgeEndpoint(new URL(url), true)).toBe('refused')
    },
  )
})
