/** The roles of a job: what its policies say, and which issuers and audiences they name. */
import type { PolicyDocument, TrustPolicy } from '../iam/evaluate.ts'
import { toArray } from '../iam/evaluate.ts'
import { isGithubIssuer, parseProviderArn, partitionAudience } from '../iam/issuers.ts'
import { allowPolicy, readActions, writeActions } from '../iam/policies.ts'
import { githubTrustPolicy } from '../iam/trust.ts'
import type { Role, RoleSource } from '../state/account.ts'
import { InputError, type Policies } from './inputs.ts'

export type RolePolicies = Readonly<{
  trust: Policies<TrustPolicy>
  permissions: Policies<PolicyDocument>
}>

/** The repository of the job, with its ids. */
export type JobRepository = Readonly<{ name: string; id: string; ownerId: string }>

/** Trusts every job of the repository. */
function repositoryTrust(roleArn: string, issuer: string, repository: JobRepository): TrustPolicy {
  const [, partition = '', , , accountId = ''] = roleArn.split(':')
  const audience = partitionAudience(roleArn)
  const options = { accountId, partition, issuer, audience, wildcards: true }
  // GitHub's subjects can be customised. Of other issuers, IAM knows no other claim.
  if (isGithubIssuer(issuer))
    return githubTrustPolicy(['*'], { ...options, claims: { repository: repository.name } })
  const [owner = '', name = ''] = repository.name.split('/')
  const withIds = `${owner}@${repository.ownerId}/${name}@${repository.id}`
  return githubTrustPolicy([`repo:${repository.name}:*`, `repo:${withIds}:*`], options)
}

/** May do what docs/permissions.md lists. */
function documentedPermissions(roleArn: string): PolicyDocument {
  const [, partition = '', , , accountId = ''] = roleArn.split(':')
  return allowPolicy([...readActions, ...writeActions], accountId, partition)
}

const allPolicies = <Policy>({ every, byRole }: Policies<Policy>): readonly Policy[] => [
  ...(every === undefined ? [] : [every]),
  ...byRole.values(),
]

/** The policy of a role; `fallback` if the input is empty, undefined if it has lines for other roles only. */
function policyFor<Policy>(
  { every, byRole }: Policies<Policy>,
  arn: string,
  fallback: (arn: string) => Policy,
): Policy | undefined {
  return every ?? byRole.get(arn) ?? (byRole.size === 0 ? fallback(arn) : undefined)
}

/** Makes each role that is asked for, in the account of its ARN. */
export const createRoleSource =
  ({ trust, permissions }: RolePolicies, issuer: string, repository: JobRepository): RoleSource =>
  (arn): Role | undefined => {
    const trustPolicy = policyFor(trust, arn, () => repositoryTrust(arn, issuer, repository))
    const policy = policyFor(permissions, arn, documentedPermissions)
    if (trustPolicy === undefined || policy === undefined) return undefined
    return { arn, trust: trustPolicy, policies: [policy], maxSessionSeconds: 43_200 }
  }

const federated = (policy: TrustPolicy): readonly string[] =>
  policy.Statement.flatMap(({ Principal }) => toArray(Principal.Federated ?? []))

/**
 * The issuers that the trust policies name.
 *
 * @throws InputError if the principal of a single role is in another account
 */
export function issuersIn(trust: Policies<TrustPolicy>): readonly string[] {
  for (const [arn, policy] of trust.byRole) {
    const [, , , , account = ''] = arn.split(':')
    const foreign = federated(policy).find(
      (principal) => (parseProviderArn(principal)?.account ?? account) !== account,
    )
    if (foreign !== undefined)
      throw new InputError(
        `trust-policy: the role ${arn} cannot trust ${foreign}, which is in another account`,
      )
  }
  const principals = allPolicies(trust).flatMap(federated)
  return [...new Set(principals.flatMap((arn) => parseProviderArn(arn)?.issuer ?? []))]
}

/** The audiences that the trust policies name. */
export function audiencesIn(trust: Policies<TrustPolicy>): readonly string[] {
  const conditions = allPolicies(trust)
    .flatMap(({ Statement }) => Statement)
    .flatMap(({ Condition }) => Object.values(Condition ?? {}))
    .flatMap((keys) => Object.entries(keys))
  return [
    ...new Set(
      conditions.flatMap(([key, values]) =>
        key.toLowerCase().endsWith(':aud') ? toArray(values) : [],
      ),
    ),
  ]
}
