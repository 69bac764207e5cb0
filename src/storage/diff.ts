/** How the desired storage differs from the current one, and how that is shown to people. */
import { sanitizeLine } from '../lib/text.ts'
import { isBucketOf, type BucketNaming } from './bucket.ts'
import type { DesiredStorage, Storage } from './model.ts'

/** One difference, as the output `changes` shows it; the fields have the names of the inputs. */
export type Change = Readonly<{
  field:
    'resource-name' | 'bucket-name' | 'authenticated-permissions' | 'unauthenticated-permissions'
  from: string | readonly string[] | null
  to: string | readonly string[]
}>

/** The changes that a create makes; fields that are not managed are left out. */
export function getCreateChanges(desired: DesiredStorage): readonly Change[] {
  const { resourceName, bucketName, authenticated, unauthenticated } = desired
  const changes: Change[] = [{ field: 'resource-name', from: null, to: resourceName }]
  if (bucketName !== undefined) changes.push({ field: 'bucket-name', from: null, to: bucketName })
  changes.push({ field: 'authenticated-permissions', from: null, to: authenticated })
  if (unauthenticated !== undefined) {
    changes.push({ field: 'unauthenticated-permissions', from: null, to: unauthenticated })
  }
  return changes
}

/**
 * The differences between the desired and the current storage; permissions are compared as sets. An imported
 * storage has none, and its bucket is compared literally.
 */
export function diffStorage(
  desired: DesiredStorage,
  current: Storage,
  naming: BucketNaming,
): readonly Change[] {
  const changes: Change[] = []
  const { bucketName, authenticated, unauthenticated } = desired
  const { permissions, unknownPermissions } = current
  if (bucketName !== undefined && current.bucketName !== undefined) {
    const isSame = current.imported
      ? current.bucketName === bucketName
      : isBucketOf(bucketName, current.bucketName, naming)
    if (!isSame) changes.push({ field: 'bucket-name', from: current.bucketName, to: bucketName })
  }
  if (current.imported) return changes
  const users = [...permissions.authenticated, ...unknownPermissions.authenticated]
  if (!isSameSet(authenticated, users)) {
    changes.push({ field: 'authenticated-permissions', from: users, to: authenticated })
  }
  const guests = [...permissions.unauthenticated, ...unknownPermissions.unauthenticated]
  if (unauthenticated !== undefined && !isSameSet(unauthenticated, guests)) {
    changes.push({ field: 'unauthenticated-permissions', from: guests, to: unauthenticated })
  }
  return changes
}

/** Whether nothing is left uncompared: the service does not always report a bucket. */
export function isFullyCompared(
  { bucketName }: DesiredStorage,
  current: Storage | undefined,
): boolean {
  return bucketName === undefined || current?.bucketName !== undefined
}

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  return new Set(one).symmetricDifference(new Set(other)).size === 0
}

/** Changes in one line: `bucket-name is photos, but the workflow sets files`. */
export function formatChanges(changes: readonly Change[]): string {
  return changes
    .map(
      ({ field, from, to }) =>
        `${field} is ${formatValue(from)}, but the workflow sets ${formatValue(to)}`,
    )
    .join('; ')
}

/** The value of a change for people; the empty list is `none`, as in the inputs. */
export function formatValue(value: Change['from']): string {
  if (value === null) return 'absent'
  if (typeof value === 'string') return sanitizeLine(value, 100)
  return value.length === 0 ? 'none' : sanitizeLine(value.join(', '), 200)
}

/** What people call the fields of a change. */
export const FIELD_LABELS = {
  'resource-name': 'Storage',
  'bucket-name': 'Bucket',
  'authenticated-permissions': 'Signed-in users',
  'unauthenticated-permissions': 'Guests',
} as const satisfies Record<Change['field'], string>

/** A line for each change: `Guests: READ`, or `Guests: none → READ` if there was a value before. */
export function changeLines(changes: readonly Change[]): readonly string[] {
  return changes.map(({ field, from, to }) => {
    const before = from === null ? '' : `${formatValue(from)} → `
    return `${FIELD_LABELS[field]}: ${before}${formatValue(to)}`
  })
}

/** A line of the log with its details indented below it. */
export function withIndentedDetails(line: string, details: readonly string[]): string {
  return [`${line}:`, ...details.map((detail) => `  ${detail}`)].join('\n')
}
