/** The region of the backend. */
import { getPartition } from '../lib/aws-partitions.ts'
import { falseHyphen } from './hyphens.ts'
import { invalid, ok, type Parsed } from './parsed.ts'
import { singleToken } from './scalars.ts'
import { closestMatch } from './suggestions.ts'

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
  const partition = getPartition(text)
  const meant = partition.id === 'aws' ? closestMatch(text, KNOWN_REGIONS) : undefined
  const hint = meant === undefined ? '' : ` Is \`${meant}\` meant?`
  return `no endpoint of Amplify Backend is known in this region, so its host may not be found.${hint}`
}
