/** Changes as people read them in the summary and the comment: a list, and notes on their effects. */
import type { ErrorCode } from '../errors/catalog.ts'
import { isFailure, type RunOutcome } from '../run/outcome.ts'
import type { RunState } from '../run/state.ts'
import { FIELD_LABELS, type Change } from '../storage/diff.ts'
import type { DesiredStorage } from '../storage/model.ts'
import { bulletList, code } from './markdown.ts'

/**
 * The changes as a list; empty when there are none. A table would be cut off on a phone.
 *
 * @param before what the old values are; left out if every value is new
 * @param after what the new values are
 */
export function changesList(changes: readonly Change[], before: string, after: string): string {
  if (changes.length === 0) return ''
  const allNew = changes.every(({ from }) => from === null)
  return labelledList(
    allNew ? after : `${before} → ${after.toLowerCase()}`,
    changes.map(({ field, from, to }) => {
      const old = allNew ? '' : `${renderValue(from)} → `
      return `${FIELD_LABELS[field]}: ${old}${renderValue(to)}`
    }),
  )
}

/** A list below its label, which also keeps it apart from another list above. */
export function labelledList(label: string, items: readonly string[]): string {
  return items.length === 0 ? '' : `<b>${label}</b>:\n\n${bulletList(items)}`
}

/** The maximum number of values that are shown; the API itself has fewer. */
const MAX_VALUES = 10

/** A value of a setting. */
export function renderValue(value: Change['from']): string {
  if (value === null) return 'absent'
  if (typeof value === 'string') return code(value, 100)
  if (value.length === 0) return 'none'
  const more = value.length - MAX_VALUES
  return [
    ...value.slice(0, MAX_VALUES).map((item) => code(item, 60)),
    ...(more > 0 ? [`and ${more} more`] : []),
  ].join(', ')
}

/** Whether the changes of a run are planned or in progress. */
export function isChangePending(outcome: RunOutcome): boolean {
  return (
    outcome.result === 'planned' ||
    outcome.result === 'started' ||
    (isFailure(outcome) && outcome.error.code === 'CHANGES_FOUND')
  )
}

/** The codes that an apply would fail with as things are now. */
export function failedPreconditions({ warnings }: RunState): readonly ErrorCode[] {
  return warnings.flatMap(({ code }) => (code === undefined ? [] : [code]))
}

/**
 * What is worth knowing about a change that is planned or in progress, in whole sentences. A plan promises nothing
 * if nothing differs, or if an apply would fail.
 */
export function planNotes(desired: DesiredStorage, state: RunState): readonly string[] {
  const { changes, currentStorage, followUp } = state
  if (changes.length === 0 || failedPreconditions(state).length > 0) return []
  const next = followUp === undefined ? [] : [followUp]
  if (currentStorage?.storage !== undefined) return next
  return [
    bucketNote(desired, state),
    'The name of the storage and its bucket cannot be changed later.',
    ...next,
    PLAN_TO_KEEP_STORAGE,
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

/** What to do in the repository of the app after a create; undefined for other results. */
export function keepStorageNote({ result }: RunOutcome): string | undefined {
  return result === 'created' ? KEEP_STORAGE : undefined
}

const KEEP_STORAGE =
  'Keep the storage: if the repository of the app contains `amplify/`, run `amplify pull` after the create, commit the changes, and generate `aws-exports.js` again. Otherwise the next hosting build can delete the storage.'

const PLAN_TO_KEEP_STORAGE =
  'Keep the storage: before you merge, if the repository of the app contains `amplify/`, turn off full-stack deployments for its branch in the Amplify console (Hosting environments, edit the branch), because the next hosting build can delete the storage. After the create, run `amplify pull`, commit the changes, and generate `aws-exports.js` again.'
