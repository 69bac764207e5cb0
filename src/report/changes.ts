/** Changes as people read them in the summary and the comment: a table, and notes on their effects. */
import type { RunOutcome } from '../run/outcome.ts'
import type { RunState } from '../run/state.ts'
import { FIELD_LABELS, type Change } from '../storage/diff.ts'
import type { DesiredStorage } from '../storage/model.ts'
import { cellCode, renderText, table } from './markdown.ts'

/**
 * The changes as a table; empty when there are none.
 *
 * @param before heading of the column with the old values; left out if every value is new
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

/** The maximum number of values that are shown; the API itself has fewer. */
const MAX_VALUES = 10

/** A value as a table cell. */
export function valueCell(value: Change['from']): string {
  if (value === null) return 'absent'
  if (typeof value === 'string') return cellCode(value, 100)
  if (value.length === 0) return 'none'
  const more = value.length - MAX_VALUES
  return [
    ...value.slice(0, MAX_VALUES).map((item) => cellCode(item, 60)),
    ...(more > 0 ? [`and ${more} more`] : []),
  ].join(', ')
}

/** What is worth knowing before the storage is created, in whole sentences; empty for other changes. */
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
    ? 'Guests get access without signing in: this enables unauthenticated identities in the Cognito identity pool of the app.'
    : undefined
}

/** What to do in the repository of the app after a create, as Markdown; empty for other results. */
export function keepStorageNote({ result }: RunOutcome): string {
  return result === 'created' ? `<b>Keep the storage</b>: ${renderText(KEEP_STORAGE)}` : ''
}

const KEEP_STORAGE =
  'if the repository of the app contains `amplify/`, run `amplify pull`, commit the changes, and generate `aws-exports.js` again. Otherwise the next hosting build can delete the storage.'
