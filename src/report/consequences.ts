/** What a change brings about that its fields do not say. */
import type { RunState } from '../run/state.ts'
import type { DesiredStorage } from '../storage/model.ts'

/** Whole sentences; what guests gain is left to `guestConsequence`. */
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
  // The Amplify CLI makes the name of these parts (`buildBucketName` in amplify-cli).
  return bucketSuffix === undefined
    ? `The name of the bucket will be \`${bucketName}\`, a suffix that the service adds, and \`-${backendEnvironmentName}\`.`
    : `The bucket will be \`${bucketName}${bucketSuffix}-${backendEnvironmentName}\`.`
}

/** What giving guests their first permissions means; the log and the summary have it as a warning. */
export function guestAccessNote({ changes }: RunState): string | undefined {
  const gainsAccess = changes.some(
    ({ field, from, to }) =>
      field === 'unauthenticated-permissions' && to.length > 0 && (from ?? []).length === 0,
  )
  return gainsAccess
    ? 'Guests get access without signing in: this switches on unauthenticated identities in the Cognito identity pool of the app.'
    : undefined
}
