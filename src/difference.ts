/** A difference in the words in which the log, the summary and the comment all show it. */
import { describeValue, type Change } from './storage.ts'

/** What people call the parts of a storage. */
export const LABELS = {
  'resource-name': 'Storage',
  'bucket-name': 'Bucket',
  'authenticated-permissions': 'Signed-in users',
  'unauthenticated-permissions': 'Guests',
} as const satisfies Record<Change['field'], string>

/** A line for each change: `Guests: READ`, or `Guests: none → READ` where there was something before. */
export function differenceLines(changes: readonly Change[]): readonly string[] {
  return changes.map(({ field, from, to }) => {
    const before = from === null ? '' : `${describeValue(from)} → `
    return `${LABELS[field]}: ${before}${describeValue(to)}`
  })
}

/** A step of the log with its details, indented, on the lines below. */
export function withDetails(step: string, details: readonly string[]): string {
  return [`${step}:`, ...details.map((line) => `  ${line}`)].join('\n')
}
