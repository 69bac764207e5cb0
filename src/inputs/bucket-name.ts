/**
 * The base name of a bucket.
 *
 * The full name is base + suffix + `-` + environment, where the suffix is 5 or 6 of `[a-z0-9]`, or
 * base + `-` + environment in old stacks (Amplify CLI, `buildBucketName`). S3's rules (user guide,
 * "General purpose bucket naming rules") apply to that full name: a base name that must break one of
 * them is invalid, and one that only breaks the Amplify CLI's own rule, `^[a-z0-9-]{3,47}$`, gets a
 * warning.
 */
import { findBucketNameViolation, MAX_BUCKET_NAME_LENGTH } from '../storage/bucket.ts'
import { invalid, ok, type Parsed } from './parsed.ts'
import { singleToken } from './scalars.ts'
import { lookAlikeHint, lookAlikeProblem } from './suggestions.ts'

const CLI_MAX_LENGTH = 47
const RESERVED_SUFFIXES = ['-s3alias', '--ol-s3', '.mrap', '--x-s3', '--table-s3', '-an'] as const

/**
 * The base name of a bucket, checked together with the environment that the full name ends in.
 *
 * @param text trimmed, not empty
 * @param environment undefined if it is invalid itself
 */
export function bucketName(text: string, environment: string | undefined): Parsed<string> {
  const token = singleToken(text, 1024)
  if ('problem' in token) return token
  return bucketNameProblem(text, environment) ?? ok(text, cliWarnings(text, environment))
}

/**
 * The warning about an environment whose name makes every bucket end in a suffix that S3 reserves. It is
 * not an error, because only the source of the Amplify CLI shows that the bucket's name ends this way.
 */
export function environmentWarnings(environment: string): readonly string[] {
  const suffix = RESERVED_SUFFIXES.find((each) => `-${environment}`.endsWith(each))
  if (suffix === undefined) return []
  return [
    `the name of the bucket ends in \`-\` and this name, but S3 reserves names that end in \`${suffix}\`, so the job may fail.`,
  ]
}

function bucketNameProblem(
  text: string,
  environment: string | undefined,
): Parsed<never> | undefined {
  const violation = findBucketNameViolation(text, environment)
  switch (violation?.rule) {
    case undefined:
      return undefined
    case 'uppercase':
      return invalid('must not contain uppercase letters', 'Write it in lowercase.')
    case 'character':
      return (
        lookAlikeProblem(text) ??
        invalid(
          'must contain only lowercase letters, digits, hyphens and dots',
          `Use the plain base name, not a URL or an ARN. Replace underscores with hyphens.${lookAlikeHint(text)}`,
        )
      )
    case 'start':
      return invalid('must start with a letter or a digit', 'Remove the leading hyphen or dot.')
    case 'two-dots':
      return invalid('must not contain two dots in a row', 'Use hyphens.')
    case 'ip-address':
      return invalid('must not look like an IP address', 'Use hyphens, or start with a letter.')
    case 'reserved-prefix':
      return invalid(
        `must not start with \`${violation.prefix}\`, which S3 reserves`,
        'Choose a name that starts differently.',
      )
    case 'length':
      return invalid(
        `must not be longer than ${violation.maxLength} characters, because S3 allows ${MAX_BUCKET_NAME_LENGTH} including \`-\` and the environment`,
        `Shorten it from ${text.length} to ${maxSafeLength(environment)} characters, which leaves room for a suffix, too.`,
      )
  }
}

function cliWarnings(text: string, environment: string | undefined): readonly string[] {
  const maxLength = maxSafeLength(environment)
  if (text.length > maxLength) {
    return [
      `the service appends a suffix of 5 or 6 characters, \`-\` and the environment, so more than ${maxLength} characters may be too long for S3 or the Amplify CLI (it has ${text.length}).`,
    ]
  }
  if (text.length < 3) {
    return ['the Amplify CLI only supports names of at least 3 characters, so the job may fail.']
  }
  if (text.includes('.')) return ['the Amplify CLI does not support dots, so the job may fail.']
  return []
}

/** The longest base name that leaves room for a suffix of 6 characters and fits the Amplify CLI's rule. */
function maxSafeLength(environment: string | undefined): number {
  const room = MAX_BUCKET_NAME_LENGTH - 6 - 1 - (environment?.length ?? 2)
  return Math.max(0, Math.min(CLI_MAX_LENGTH, room))
}
