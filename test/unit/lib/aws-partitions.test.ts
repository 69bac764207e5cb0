import { partition } from '@aws-sdk/core/client'
import { expect, test } from 'vitest'
import { PARTITIONS } from '../../../src/lib/aws-partitions.ts'

test.each([
  ...['us-east-1', 'cn-north-1', 'us-gov-west-1', 'eusc-de-east-1', 'us-iso-east-1'],
  ...['us-isob-east-1', 'eu-isoe-west-1', 'us-isof-south-1', 'ap-new-9'],
])('The region %s has the partition and the domains that the AWS SDK knows.', (region) => {
  const expected = partition(region)
  const actual = PARTITIONS.find(({ regions }) => regions.test(region))
  expect(actual?.id).toBe(expected.name)
  expect(actual?.dnsSuffixes).toEqual([expected.dnsSuffix, expected.dualStackDnsSuffix])
})
