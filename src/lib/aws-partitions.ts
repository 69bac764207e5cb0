/** Regions, and the partitions of AWS that they belong to. */

import { falseHyphen } from '../inputs/hyphens.ts'
import { closestMatch } from '../inputs/suggestions.ts'
import { invalid, ok } from '../inputs/parsed.ts'
import type { Parsed } from '../inputs/parsed.ts'
import { singleToken } from '../inputs/scalars.ts'

/**
 * The regions with an endpoint of Amplify Backend (botocore `endpoints.json`, and the Amplify CLI's own
 * map). New ones may be added at any time.
 */
const KNOWN_REGIONS: readonly string[] = [
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
  'ca-central-1',
  'sa-east-1',
  'eu-central-1',
  'eu-north-1',
  'eu-south-1',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'me-south-1',
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-northeast-3',
  'ap-south-1',
  'ap-southeast-1',
  'ap-southeast-2',
]

export type Partition = Readonly<{
  /** As in an ARN, for example `aws-cn`. */
  id: string
  /** The domains under which the partition's services are, dual-stack ones included. */
  dnsSuffixes: readonly string[]
  regions: RegExp
}>

const AWS: Partition = {
  id: 'aws',
  dnsSuffixes: ['amazonaws.com', 'api.aws'],
  regions: /^(?:us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+$/,
}

/** The partitions as AWS SDKs know them (their `partitions.json`, version 1.1). */
export const PARTITIONS: readonly Partition[] = [
  AWS,
  {
    id: 'aws-cn',
    dnsSuffixes: ['amazonaws.com.cn', 'api.amazonwebservices.com.cn'],
    regions: /^cn-\w+-\d+$/,
  },
  {
    id: 'aws-us-gov',
    dnsSuffixes: ['amazonaws.com', 'api.aws'],
    regions: /^us-gov-\w+-\d+$/,
  },
  {
    id: 'aws-eusc',
    dnsSuffixes: ['amazonaws.eu', 'api.amazonwebservices.eu'],
    regions: /^eusc-de-\w+-\d+$/,
  },
  {
    id: 'aws-iso',
    dnsSuffixes: ['c2s.ic.gov', 'api.aws.ic.gov'],
    regions: /^us-iso-\w+-\d+$/,
  },
  {
    id: 'aws-iso-b',
    dnsSuffixes: ['sc2s.sgov.gov', 'api.aws.scloud'],
    regions: /^us-isob-\w+-\d+$/,
  },
  {
    id: 'aws-iso-e',
    dnsSuffixes: ['cloud.adc-e.uk', 'api.cloud-aws.adc-e.uk'],
    regions: /^eu-isoe-\w+-\d+$/,
  },
  {
    id: 'aws-iso-f',
    dnsSuffixes: ['csp.hci.ic.gov', 'api.aws.hci.ic.gov'],
    regions: /^us-isof-\w+-\d+$/,
  },
]

/** The partition of a region; `aws` where no partition knows the region, as AWS SDKs have it. */
export function getPartition(region: string): Partition {
  return findPartition(region) ?? AWS
}

/** The partition whose regions have names of this form, if there is one. */
export function findPartition(region: string): Partition | undefined {
  return PARTITIONS.find((partition) => partition.regions.test(region))
}

/**
 * The audience that the region's STS expects of a web identity: `sts.amazonaws.com`, in China
 * `sts.amazonaws.com.cn`.
 */
export function getStsAudience(region: string): string {
  return getPartition(region).id === 'aws-cn' ? 'sts.amazonaws.com.cn' : 'sts.amazonaws.com'
}

/**
 * A region: one label of a host name, since it becomes one. A region without a known endpoint of
 * Amplify Backend is only warned about.
 *
 * @param text trimmed
 */
export function region(text: string): Parsed<string> {
  const one = singleToken(text, 63)
  if ('flaw' in one) return one
  if (!/^[a-z\d]+(?:-[a-z\d]+)*$/.test(text)) {
    const lower = text.toLowerCase()
    if (KNOWN_REGIONS.includes(lower))
      return invalid('must be in lower case', `Write \`${lower}\`.`)
    return (
      falseHyphen(text) ??
      invalid(
        'must be the code of a region: lower-case letters, digits and single hyphens',
        'Give one code, for example `eu-west-1`.',
      )
    )
  }
  const zone = /^((?:[a-z]+-)+\d+)(?:-[a-z]+-\d+)?[a-z]$/.exec(text)
  if (zone?.[1] !== undefined) {
    return invalid('must be a region and not an availability zone', `Write \`${zone[1]}\`.`)
  }
  return ok(text, KNOWN_REGIONS.includes(text) ? [] : [unknown(text)])
}

function unknown(text: string): string {
  // The known ones are all of one partition, and nobody takes a name of one for that of another.
  const partition = findPartition(text) ?? AWS
  const meant = partition === AWS ? closestMatch(text, KNOWN_REGIONS) : undefined
  const hint = meant === undefined ? '' : ` Is \`${meant}\` meant?`
  return `no endpoint of Amplify Backend is known in this region, so its host may not be found.${hint}`
}
