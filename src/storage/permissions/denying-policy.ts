/** Denials that no Allow statement on the role can lift, and who can lift them. */

export type DenyingPolicy = Readonly<{
  /** The kind of the policy in AWS's words; undefined if AWS does not name it. */
  kind: string | undefined
  /** What to do: whole sentences. */
  advice: string
}>

/** The kinds of policies in AWS's words (IAM user guide, "Troubleshoot access denied error messages"). */
const OWNERS: readonly (readonly [kind: string, owner: string])[] = [
  ['service control policy', 'the administrators of the AWS organization'],
  ['resource control policy', 'the administrators of the AWS organization'],
  ['permissions boundary', 'whoever manages the permissions boundary of the role'],
  [
    'session policy',
    'whoever sets the session policy, for example in the step that configures the credentials',
  ],
  ['VPC endpoint policy', 'whoever manages the VPC endpoint'],
  ['resource-based policy', 'whoever manages the policy of that resource'],
]
const IDENTITY_BASED = 'identity-based policy'

/** The kind of a policy is named right after these words. */
const MAX_DISTANCE = 60

/**
 * The policy that denies a call, if a statement on the role cannot change that: an explicit deny anywhere,
 * or a missing permission in another policy than those of the role.
 */
export function findDenyingPolicy(text: string): DenyingPolicy | undefined {
  const explicit = textAfter(text, 'with an explicit deny')
  const reason = explicit ?? textAfter(text, 'because no ')
  if (reason === undefined) return undefined
  const policy = OWNERS.find(([name]) => reason.includes(name))
  if (policy !== undefined) {
    const [kind, owner] = policy
    const denies = explicit === undefined ? 'does not allow' : 'explicitly denies'
    return {
      kind,
      advice: `Do not add a statement to the role: a ${kind} ${denies} this, whatever the role allows. Ask ${owner}.`,
    }
  }
  if (explicit === undefined) return undefined
  return {
    kind: explicit.includes(IDENTITY_BASED) ? IDENTITY_BASED : undefined,
    advice:
      'An Allow statement does not help: an explicit deny overrides it. Find the Deny statement, first in the policies of the role itself, and ask whoever manages it.',
  }
}

function textAfter(text: string, words: string): string | undefined {
  const index = text.indexOf(words)
  return index < 0
    ? undefined
    : text.slice(index + words.length, index + words.length + MAX_DISTANCE)
}
