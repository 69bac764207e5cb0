/**
 * Names of buckets: which physical name a base name becomes, and which base names S3 accepts.
 *
 * The Amplify CLI (`buildBucketName` in amplify-cli) builds the name of a bucket from the base name, the
 * suffix of the stack (5 or 6 of `[a-z0-9]`), `-` and the environment; old stacks have no suffix.
 */

/** What the service appends to a base name. */
export type BucketNaming = Readonly<{
  backendEnvironmentName: string
  /** The stack's suffix from the backend's metadata; undefined if that was not read. */
  suffix: string | undefined
}>

/** Whether the bucket can be the one that the service created for a base name. */
export function isBucketOf(base: string, bucket: string, naming: BucketNaming): boolean {
  const ending = `-${naming.backendEnvironmentName}`
  if (bucket === base || bucket === `${base}${ending}`) return true
  if (!bucket.startsWith(base) || !bucket.endsWith(ending)) return false
  const middle = bucket.slice(base.length, -ending.length)
  return naming.suffix === undefined ? /^[a-z0-9]{5,6}$/.test(middle) : middle === naming.suffix
}

/**
 * The name that the service returned, if it certainly is the physical name; undefined if it may be a base
 * name.
 *
 * @param returned the name that the service returned
 * @param base the base name from the workflow, if it sets one
 */
export function physicalBucket(
  returned: string | undefined,
  base: string | undefined,
  naming: BucketNaming,
): string | undefined {
  if (returned === undefined || returned === base) return undefined
  const ending = `-${naming.backendEnvironmentName}`
  if (!returned.endsWith(ending)) return undefined
  // Any name made from the base name is physical; without a base name, only a suffix can show that.
  if (base !== undefined) return isBucketOf(base, returned, naming) ? returned : undefined
  const body = returned.slice(0, -ending.length)
  const hasSuffix =
    naming.suffix === undefined ? /[a-z0-9]{5,6}$/.test(body) : body.endsWith(naming.suffix)
  return hasSuffix ? returned : undefined
}

/** The maximum length of a bucket name (S3 user guide, "General purpose bucket naming rules"). */
export const MAX_BUCKET_NAME_LENGTH = 63

/** Prefixes that S3 reserves (the same page). */
const RESERVED_PREFIXES = ['xn--', 'sthree-', 'amzn-s3-demo-'] as const

export type BucketNameViolation =
  | Readonly<{ rule: 'uppercase' | 'character' | 'start' | 'two-dots' | 'ip-address' }>
  | Readonly<{ rule: 'reserved-prefix'; prefix: string }>
  | Readonly<{ rule: 'length'; maxLength: number }>

/**
 * The first of S3's rules that a base name breaks, alone or once the environment is appended.
 *
 * @param environment undefined if the input for it is invalid
 */
export function findBucketNameViolation(
  base: string,
  environment: string | undefined,
): BucketNameViolation | undefined {
  if (/^[a-zA-Z\d.-]*$/.test(base) && /[A-Z]/.test(base)) return { rule: 'uppercase' }
  if (/[^a-z\d.-]/u.test(base)) return { rule: 'character' }
  if (!/^[a-z\d]/.test(base)) return { rule: 'start' }
  if (base.includes('..')) return { rule: 'two-dots' }
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(base)) return { rule: 'ip-address' }
  const prefix = RESERVED_PREFIXES.find((each) => base.startsWith(each))
  if (prefix !== undefined) return { rule: 'reserved-prefix', prefix }
  const maxLength = Math.max(0, MAX_BUCKET_NAME_LENGTH - 1 - (environment?.length ?? 2))
  return base.length > maxLength ? { rule: 'length', maxLength } : undefined
}
