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
    'https://sts-fips.us-gov-west-1.amazonaws.com',
    'https://portal.sso.eu-west-1.amazonaws.com',
    'https://vpce-0abc-12.sts.us-east-1.vpce.amazonaws.com:443',
    'https://vpce-0abc-12-us-east-1a.amplifybackend.us-east-1.vpce.amazonaws.com',
    // Services with names that start or end like a domain in which customers run hosts.
    'https://compute-optimizer.us-east-1.amazonaws.com',
    'https://states.us-east-1.amazonaws.com',
    'https://states.us-east-12.amazonaws.com',
  ])('%s belongs to AWS', (url) => {
    expect(classifyEndpoint(new URL(url), false)).toBe('aws')
  })

  /** Hosts below amazonaws.com that customers run. */
  const CUSTOMERS = [
    ...['abc.execute-api.us-east-1', 'lb-1.elb.us-east-1', 'lb-1.us-east-1.elb', 'evil.s3'],
    ...['ec2-1-2-3-4.compute-1', 'ec2-1-2-3-4.eu-west-1.compute', 'ec2-1-2-3-4.compute-12'],
    ...['evil.s3-eu-west-1', 'evil.s3.eu-west-1', 's3', 's3.eu-west-1', 's3-eu-west-1'],
    ...['evil.s3-website-us-east-1', 'evil.s3-accelerate', 'ap-1.s3-accesspoint.us-east-1'],
    ...['evil--use1-az4--x-s3.s3express-use1-az4.us-east-1', 'abc.lambda-url.us-east-1'],
    ...['abc.appsync-api.us-east-1', 'abc.appsync-realtime-api.us-east-1', 'abc.us-east-1.aoss'],
    ...['search-x.us-east-1.es', 'search-x.us-east-1.cloudsearch', 'abc-vpce.airflow.us-east-1'],
    ...['abc.c2.us-east-1.airflow', 'abc.vfs.cloud9.us-east-1', 'b-1-1.mq.us-east-1'],
    ...['g-1.grafana-workspace.us-east-1', 'vpce-svc-0abc.us-east-1.vpce'],
    ...['vpce-1.vpce-svc-0abc.us-east-1.vpce', 'vpce-1.execute-api.us-east-1.vpce'],
    ...['bucket.vpce-1.s3.us-east-1.vpce', 's-1.server.transfer.us-east-1', 'x.iot.us-east-1'],
    ...['x-ats.iot.us-east-1', 'x.kinesisvideo.us-east-1', 'x.data.mediastore.us-east-1'],
    ...['x.mediaconvert.us-east-1', 'x.mediapackage.us-east-1', 'x.gr7.us-east-1.eks'],
    ...['db.abc.us-east-1.rds', 'wg.1.us-east-1.redshift-serverless', 'x.abc.us-east-1.redshift'],
    ...['x.abc.clustercfg.use1.cache', 'x.abc.memorydb.us-east-1', 'x.cluster-a.us-east-1.neptune'],
    ...[
      'x.docdb-elastic.us-east-1',
      'x.abc.dax-clusters.us-east-1',
      'b-1.x.abc.c1.kafka.us-east-1',
    ],
    ...['x.emrappui-prod.us-east-1', 'x.emrstudio-prod.us-east-1', 'x.emrnotebooks-prod.us-east-1'],
    ...['x.dkr.ecr.us-east-1', 'x.d.codeartifact.us-east-1', 'x.auth.us-east-1.amazoncognito'],
    ...[
      'x.apprunner.us-east-1',
      'sts.evil.us-east-1',
      'evil.sts.us-east-1',
      'evil.sts',
      'sts.evil',
    ],
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
