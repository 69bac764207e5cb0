/**
 * The base name of a bucket.
 *
 * The bucket is called base + suffix + `-` + environment, where the suffix is 5 or 6 of `[a-z0-9]`, or
 * base + `-` + environment in old stacks (Amplify CLI, `buildBucketName`). S3's rules (user guide,
 * "General purpose bucket naming rules") hold for that whole name: what it must break is an error,
 * what only the Amplify CLI's own rule, `^[a-z0-9-]{3,47}$`, forbids is a warning.
 */

import { falseHyphen } from './hyphens.ts'
import { invalid, ok } from './parsed.ts'
import type { Parsed } from './parsed.ts'
import { singleToken } from './scalars.ts'

const S3_MAX_LENGTH = 63
const CLI_MAX_LENGTH = 47
const RESERVED_PREFIXES = ['xn--', 'sthree-', 'amzn-s3-demo-'] as const
const RESERVED_SUFFIXES = ['-s3alias', '--ol-s3', '.mrap', '--x-s3', '--table-s3', '-an'] as const

/**
 * The base name of a bucket, judged together with the environment that ends the whole name.
 *
 * @param text trimmed, not empty
 * @param environment undefined where it was refused itself
 */
export function bucketName(text: string, environment: string | undefined): Parsed<string> {
  const one = singleToken(text, 1024)
  if ('flaw' in one) return one
  return brokenRule(text, environment) ?? ok(text, warnings(text, environment))
}

/**
 * What is to be said of an environment whose name ends every bucket in a way that S3 reserves. A
 * warning, since only the Amplify CLI's source tells that the name ends so.
 */
export function environmentWarnings(environment: string): readonly string[] {
  const suffix = RESERVED_SUFFIXES.find((each) => `-${environment}`.endsWith(each))
  if (suffix === undefined) return []
  return [
    `the bucket's name ends in \`-\` and this name, and S3 reserves names that end in \`${suffix}\`, so the job may fail.`,
  ]
}

function brokenRule(text: string, environment: string | undefined): Parsed<never> | undefined {
  if (/^[a-zA-Z\d.-]*[A-Z][a-zA-Z\d.-]*$/.test(text)) {
    return invalid('must not hold upper-case letters', 'Write it in lower case.')
  }
  if (/[^a-z\d.-]/u.test(text)) {
    return (
      falseHyphen(text) ??
      invalid(
        'must hold only lower-case letters, digits, hyphens and dots',
        'Give the bare base name: not a URL or an ARN, and no underscores.',
      )
    )
  }
  if (!/^[a-z\d]/.test(text)) {
    return invalid('must begin with a letter or a digit', 'Remove the hyphen or dot in front.')
  }
  if (text.includes('..')) return invalid('must not hold two dots in a row', 'Use hyphens.')
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) {
    return invalid('must not look like an IP address', 'Use hyphens, or begin with a letter.')
  }
  const prefix = RESERVED_PREFIXES.find((each) => text.startsWith(each))
  if (prefix !== undefined) {
    return invalid(
      `must not begin with \`${prefix}\`, which S3 reserves`,
      'Begin with another word.',
    )
  }
  const room = Math.max(0, S3_MAX_LENGTH - 1 - (environment?.length ?? 2))
  if (text.length > room) {
    return invalid(
      `must not be longer than ${room} characters: S3 allows ${S3_MAX_LENGTH}, and \`-\` and the environment are appended`,
      `It has ${text.length}. Shorten it to ${safeLength(environment)} to leave room for a suffix too.`,
    )
  }
  return undefined
}

function warnings(text: string, environment: string | undefined): readonly string[] {
  const safe = safeLength(environment)
  if (text.length > safe) {
    return [
      `the service appends a suffix of 5 or 6 characters, \`-\` and the environment, so more than ${safe} characters may be too long for S3 or for the Amplify CLI (it has ${text.length}).`,
    ]
  }
  if (text.length < 3)
    return ['the Amplify CLI knows only names of at least 3 characters here, so the job may fail.']
  if (text.includes('.')) return ['the Amplify CLI knows no dots here, so the job may fail.']
  return []
}

/** The longest base that leaves room for a suffix of six and fits the Amplify CLI's own rule. */
function safeLength(environment: string | undefined): number {
  const room = S3_MAX_LENGTH - 6 - 1 - (environment?.length ?? 2)
  return Math.max(0, Math.min(CLI_MAX_LENGTH, room))
}
