/** Changes as people read them in the summary and the comment: a table, and notes on their effects. */
import type { RunState } from '../run/state.ts'
import { FIELD_LABELS } from '../storage/diff.ts'
import { formatValue, type Change } from '../storage/diff.ts'
import type { DesiredStorage } from '../storage/model.ts'
import { breakableCode, escapeMarkdown, table } from './markdown.ts'

/**
 * The changes as a table; empty when there are none.
 *
 * @param before heading of the column with the old values; left out where every value is new
 * @param after heading of the column with the new values
 */
export function changesTable(changes: readonly Change[], before: string, after: string): string {
  if (changes.length === 0) return ''
  const allNew = changes.every(({ from }) => from === null)
  return table(
    allNew ? ['', after] : ['', before, after],
    changes.map(({ field, from, to }) => [
      FIELD_LABELS[field],
      ...(allNew ? [] : [valueCell(from)]),
      valueCell(to),
    ]),
  )
}

/** The API knows fewer values; the rest of a longer list is not worth the space. */
const MAX_VALUES = 10

/** A value as a table cell. */
export function valueCell(value: Change['from']): string {
  if (value === null || value.length === 0) return escapeMarkdown(formatValue(value))
  if (typeof value === 'string') return breakableCode(formatValue(value), 100)
  const more = value.length - MAX_VALUES
  return [
    ...value.slice(0, MAX_VALUES).map((item) => breakableCode(item, 60)),
    ...(more > 0 ? [`and ${more} more`] : []),
  ].join(', ')
}

/** What creating the storage means beyond its settings, in whole sentences; empty for other changes. */
export function planNotes(desired: DesiredStorage, state: RunState): readonly string[] {
  const { changes, currentStorage } = state
  if (changes.length === 0 || currentStorage?.storage !== undefined) return []
  return [
    bucketNote(desired, state),
    'The name of the storage and its bucket cannot be changed later.',
  ]
}

function bucketNote({ bucketName }: DesiredStorage, state: RunState): string {
  const { backendEnvironmentName, bucketSuffix } = state
  if (bucketName === undefined) return 'The service chooses the name of the bucket.'
  // The Amplify CLI builds the name from these parts (`buildBucketName` in amplify-cli).
  return bucketSuffix === undefined
    ? `The name of the bucket will be \`${bucketName}\`, a suffix that the service adds, and \`-${backendEnvironmentName}\`.`
    : `The bucket will be \`${bucketName}${bucketSuffix}-${backendEnvironmentName}\`.`
}

/** What giving guests their first permissions means; undefined when the changes do not do that. */
export function guestAccessNote({ changes }: RunState): string | undefined {
  const gainsAccess = changes.some(
    ({ field, from, to }) =>
      field === 'unauthenticated-permissions' && to.length > 0 && (from ?? []).length === 0,
  )
  return gainsAccess
    ? 'Guests get access without signing in: this switches on unauthenticated identities in the Cognito identity pool of the app.'
    : undefined
}
