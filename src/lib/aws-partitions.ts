/** The partitions of AWS: separate sets of regions, each with its own domains. */

export type Partition = Readonly<{
  /** As in an ARN, for example `aws-cn`. */
  id: string
  /** The domains of the partition's services, dual-stack domains included. */
  dnsSuffixes: readonly string[]
  regions: RegExp
}>

const STANDARD_PARTITION: Partition = {
  id: 'aws',
  dnsSuffixes: ['amazonaws.com', 'api.aws'],
  regions: /^(?:us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+$/,
}

/** All partitions, from `partitions.json` of the AWS SDKs (version 1.1). */
export const PARTITIONS: readonly Partition[] = [
  STANDARD_PARTITION,
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

/** The partition of a region; `aws` for a region that matches no partition, as in the AWS SDKs. */
export function getPartition(region: string): Partition {
  return findPartition(region) ?? STANDARD_PARTITION
}

/** The partition whose region names have this form; undefined when there is none. */
export function findPartition(region: string): Partition | undefined {
  return PARTITIONS.find((partition) => partition.regions.test(region))
}

/**
 * The audience that STS in this region expects of a web identity token: `sts.amazonaws.com`, or
 * `sts.amazonaws.com.cn` in China.
 */
export function getStsAudience(region: string): string {
  return getPartition(region).id === 'aws-cn' ? 'sts.amazonaws.com.cn' : 'sts.amazonaws.com'
}
