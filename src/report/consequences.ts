/** What a change brings about that its fields do not say. */
import type { Findings } from '../findings.ts'
import type { StorageRequest } from '../storage.ts'

/** Whole sentences; what guests gain is left to `guestConsequence`. */
export function consequencesOf(request: StorageRequest, findings: Findings): readonly string[] {
  const { changes, seen } = findings
  if (changes.length === 0 || seen?.storage !== undefined) return []
  return [
    bucketSentence(request, findings),
    'The name of the storage and its bucket cannot be changed later.',
  ]
}

function bucketSentence({ bucketName }: StorageRequest, findings: Findings): string {
  const { backendEnvironmentName, suffix } = findings
  if (bucketName === undefined) return 'The service chooses the name of the bucket.'
  // The Amplify CLI makes the name of these parts (`buildBucketName` in amplify-cli).
  return suffix === undefined
    ? `The name of the bucket will be \`${bucketName}\`, a suffix that the service adds, and \`-${backendEnvironmentName}\`.`
    : `The bucket will be \`${bucketName}${suffix}-${backendEnvironmentName}\`.`
}

/** What giving guests their first permissions means; the log and the summary have it as a warning. */
export function guestConsequence({ changes }: Findings): string | undefined {
  const gains = changes.some(
    ({ field, from, to }) =>
      field === 'unauthenticated-permissions' && to.length > 0 && (from ?? []).length === 0,
  )
  return gains
    ? 'Guests get access without signing in: this switches on unauthenticated identities in the Cognito identity pool of the app.'
    : undefined
}
