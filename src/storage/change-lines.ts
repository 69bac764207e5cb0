/** Changes as lines of text; the log, the summary and the comment all use these labels. */
import { formatValue, type Change } from './model.ts'

/** What people call the parts of a storage. */
export const FIELD_LABELS = {
  'resource-name': 'Storage',
  'bucket-name': 'Bucket',
  'authenticated-permissions': 'Signed-in users',
  'unauthenticated-permissions': 'Guests',
} as const satisfies Record<Change['field'], string>

/** One line per change: `Guests: READ`, or `Guests: none → READ` where there was a value before. */
export function changeLines(changes: readonly Change[]): readonly string[] {
  return changes.map(({ field, from, to }) => {
    const before = from === null ? '' : `${formatValue(from)} → `
    return `${FIELD_LABELS[field]}: ${before}${formatValue(to)}`
  })
}

/** A log message with its details on indented lines below it. */
export function withIndentedDetails(title: string, details: readonly string[]): string {
  return [`${title}:`, ...details.map((line) => `  ${line}`)].join('\n')
}
