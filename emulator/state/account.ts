/** The principals of the AWS account: its user, its roles, their sessions, and the issuers it trusts. */
import type { PolicyDocument, TrustPolicy } from '../iam/evaluate.ts'
import { allowPolicy, planActions, readActions, writeActions } from '../iam/policies.ts'
import { applyRoleTrust, moveTrust, planRoleTrust } from '../iam/trust.ts'
import { defaults } from '../lib/defaults.ts'
import { createSecretKey, createUniqueId } from '../lib/random.ts'

export type Role = {
  arn: string
  trust: TrustPolicy
  policies: PolicyDocument[]
  maxSessionSeconds: number
}

/** An access key of a user, or of a session of a role. */
export type Credential = {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string | undefined
  expiresAt?: number | undefined
  /** The ARN of the principal, as GetCallerIdentity returns it. */
  arn: string
  userId: string
  accountId: string
  /** The role of a session; each request is checked against the role's current policies. */
  roleArn?: string | undefined
  /** The policies of a user. */
  policies: PolicyDocument[]
  sessionPolicy?: PolicyDocument | undefined
}

/** An IAM OIDC identity provider: an issuer that the account trusts, and for which audiences. */
export type Provider = { url: string; audiences: string[] }

/** Makes the role of an ARN that somebody asks for; undefined if there is none. */
export type RoleSource = (arn: string) => Role | undefined

type Roles = { roles: Map<string, Role> }

/** Finds a role, or lets the source of roles make it. */
export function findRole(
  state: Roles & { readonly roleSource: RoleSource | undefined },
  arn: string,
): Role | undefined {
  const known = state.roles.get(arn)
  if (known !== undefined) return known
  const made = state.roleSource?.(arn)
  if (made !== undefined) state.roles.set(arn, made)
  return made
}

/** Adds a role that may call every operation of the action in its account by default; replaces one with its ARN. */
export function addRole(
  state: Roles,
  role: {
    arn: string
    trust: TrustPolicy
    policies?: PolicyDocument[]
    maxSessionSeconds?: number
  },
): Role {
  const [, partition, , , accountId] = role.arn.split(':')
  const added = {
    arn: role.arn,
    trust: role.trust,
    policies: role.policies ?? [
      allowPolicy([...readActions, ...writeActions], accountId, partition),
    ],
    maxSessionSeconds: role.maxSessionSeconds ?? 3600,
  }
  state.roles.set(added.arn, added)
  return added
}

/** Adds the two roles that docs/setup.md and docs/permissions.md describe. */
export function addDefaultRoles(state: Roles, issuer: string): void {
  addRole(state, { arn: defaults.applyRole, trust: applyRoleTrust(issuer) })
  addRole(state, {
    arn: defaults.planRole,
    trust: planRoleTrust(issuer),
    policies: [allowPolicy(planActions)],
  })
}

/** Whether a text is the ARN of a role; the name can have a path. */
export const isRoleArn = (text: string): boolean => /^arn:[\w-]+:iam::\d{12}:role\/\S+$/.test(text)

/** Whether a role has the name of another one, or that name with a suffix after a hyphen. */
export function hasRoleName(arn: string, known: string): boolean {
  const [name = '', knownName = ''] = [arn, known].map((each) => each.split('/').at(-1))
  return name === knownName || name.startsWith(`${knownName}-`)
}

/**
 * What a role has if only its ARN is known: that of the source of roles, or the trust and the permissions of the
 * default role, in its own account. One with the name of the role that plans is such a role.
 */
export function roleDefaults(
  state: Roles & { readonly roleSource: RoleSource | undefined },
  arn: string,
): Pick<Role, 'trust' | 'policies'> | undefined {
  const made = state.roleSource?.(arn)
  if (made !== undefined) return made
  const plans = hasRoleName(arn, defaults.planRole)
  const template = state.roles.get(plans ? defaults.planRole : defaults.applyRole)
  if (template === undefined) return undefined
  const [, partition, , , accountId] = arn.split(':')
  const actions = plans ? planActions : [...readActions, ...writeActions]
  return {
    trust: moveTrust(template.trust, arn),
    policies: [allowPolicy(actions, accountId, partition)],
  }
}

/** Creates a user with a long-term key and access to every backend of the account. */
export function createUser(): Credential {
  return {
    accessKeyId: createUniqueId('AKIA'),
    secretAccessKey: createSecretKey(),
    arn: `arn:aws:iam::${defaults.accountId}:user/octocat`,
    userId: createUniqueId('AIDA'),
    accountId: defaults.accountId,
    policies: [allowPolicy(['amplifybackend:*'])],
  }
}
