/** The region of the backend. */
import { findPartition } from '../lib/aws-partitions.ts'
import { invalid, ok, type Parsed } from './parsed.ts'
import { singleToken } from './scalars.ts'
import { closestMatch, lookAlikeProblem, didYouMean } from './suggestions.ts'

/**
 * The regions with an endpoint of Amplify Backend (botocore `endpoints.json`, and the Amplify CLI's own
 * map). AWS can add regions at any time.
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
 * A region code: a single label of a host name, because it becomes one. A region without a known
 * endpoint of Amplify Backend only leads to a warning.
 *
 * @param text trimmed
 */
export function region(text: string): Parsed<string> {
  const token = singleToken(text, 63)
  if ('problem' in token) return token
  if (!/^[a-z\d]+(?:-[a-z\d]+)*$/.test(text)) {
    const lower = text.toLowerCase()
    if (KNOWN_REGIONS.includes(lower)) return invalid('must be in lowercase', `Write \`${lower}\`.`)
    return (
      lookAlikeProblem(text) ??
      invalid(
        'must be a region code of lowercase letters, digits and single hyphens',
        'Write a single region code, for example `eu-west-1`.',
      )
    )
  }
  const regionOfZone = /^((?:[a-z]+-)+\d+)(?:-[a-z]+-\d+)?[a-z]$/.exec(text)?.[1]
  if (regionOfZone !== undefined) {
    return invalid('must be a region, not an Availability Zone', `Write \`${regionOfZone}\`.`)
  }
  return ok(text, KNOWN_REGIONS.includes(text) ? [] : [unknownRegionWarning(text)])
}

function unknownRegionWarning(text: string): string {
  // All known regions are in this partition, so a region of another partition is not a misspelling of one.
  const mayBeMisspelled = (findPartition(text)?.id ?? 'aws') === 'aws'
  const suggestion = mayBeMisspelled ? closestMatch(text, KNOWN_REGIONS) : undefined
  return `Amplify Backend has no known endpoint in this region, so its host may not exist.${didYouMean(suggestion)}`
}
