/** A difference in the words in which the log, the summary and the comment all show it. */
import { formatValue, type Change } from '../storage/model.ts'

/** What people call the parts of a storage. */
export const FIELD_LABELS = {
  'resource-name': 'Storage',
  'bucket-name': 'Bucket',
  'authenticated-permissions': 'Signed-in users',
  'unauthenticated-permissions': 'Guests',
} as const satisfies Record<Change['field'], string>

/** A line for each change: `Guests: READ`, or `Guests: none → READ` where there was something before. */
export function formatChanges(changes: readonly Change[]): readonly string[] {
  return changes.map(({ field, from, to }) => {
    const before = from === null ? '' : `${formatValue(from)} → `
    return `${FIELD_LABELS[field]}: ${before}${formatValue(to)}`
  })
}

/** A step of the log with its details, indented, on the lines below. */
export function withIndentedDetails(title: string, details: readonly string[]): string {
  return [`${title}:`, ...details.map((line) => `  ${line}`)].join('\n')
}
