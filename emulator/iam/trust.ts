/** Trust policies for the OIDC tokens of workflows, including those of docs/setup.md. */
import { defaults } from '../lib/defaults.ts'
import type { Conditions, OneOrMore, TrustPolicy } from './evaluate.ts'
import { parseProviderArn, partitionAudience, providerArn } from './issuers.ts'

export type TrustOptions = Readonly<{
  accountId?: string
  audience?: string
  issuer?: string
  partition?: string
  /** Whether `*` in a subject is a wildcard. */
  wildcards?: boolean
  /** Other claims that must be equal. */
  claims?: Readonly<Record<string, string>>
}>

/** Trusts the tokens of GitHub's issuer that have one of the subjects. */
export function githubTrustPolicy(subjects: string[], options: TrustOptions = {}): TrustPolicy {
  const account = options.accountId ?? defaults.accountId
  const issuer = (options.issuer ?? defaults.issuer).replace(/^https?:\/\//, '')
  const audience = { [`${issuer}:aud`]: options.audience ?? defaults.audience }
  const subject = { [`${issuer}:sub`]: subjects }
  const others = Object.fromEntries(
    Object.entries(options.claims ?? {}).map(([claim, value]) => [`${issuer}:${claim}`, value]),
  )
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: {
          Federated: `arn:${options.partition ?? 'aws'}:iam::${account}:oidc-provider/${issuer}`,
        },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition:
          options.wildcards === true
            ? { StringEquals: { ...audience, ...others }, StringLike: subject }
            : { StringEquals: { ...audience, ...subject, ...others } },
      },
    ],
  }
}

/** Subjects of the default repository, in both formats that GitHub uses. */
const defaultSubjects = (...endings: readonly string[]): string[] =>
  endings.flatMap((ending) => [
    `repo:octo-org/octo-app:${ending}`,
    `repo:octo-org@12345/octo-app@456789:${ending}`,
  ])

/** The trust policy of the role that applies. */
export const applyRoleTrust = (issuer: string): TrustPolicy =>
  githubTrustPolicy(defaultSubjects('ref:refs/heads/main'), { issuer })

/** The trust policy of the role that plans. */
export const planRoleTrust = (issuer: string): TrustPolicy =>
  githubTrustPolicy(defaultSubjects('pull_request', 'ref:refs/heads/*'), {
    issuer,
    wildcards: true,
  })

const mapValues = (values: OneOrMore, map: (value: string) => string): OneOrMore =>
  typeof values === 'string' ? map(values) : values.map(map)

/** The conditions, with the audience that AWS recommends for the partition of the role. */
const moveAudience = (conditions: Conditions, roleArn: string): Conditions =>
  Object.fromEntries(
    Object.entries(conditions).map(([operator, keys]) => [
      operator,
      Object.fromEntries(
        Object.entries(keys).map(([key, values]) => [
          key,
          key.endsWith(':aud')
            ? mapValues(values, (value) =>
                value === defaults.audience ? partitionAudience(roleArn) : value,
              )
            : values,
        ]),
      ),
    ]),
  )

/** The trust policy for a role of another account, which trusts the providers of its own account. */
export const moveTrust = (trust: TrustPolicy, roleArn: string): TrustPolicy => ({
  ...trust,
  Statement: trust.Statement.map(({ Principal, Condition, ...rest }) => ({
    ...rest,
    Principal: {
      ...Principal,
      ...(Principal.Federated === undefined
        ? {}
        : {
            Federated: mapValues(Principal.Federated, (principal) => {
              const provider = parseProviderArn(principal)
              return provider === undefined ? principal : providerArn(roleArn, provider.issuer)
            }),
          }),
    },
    Condition: Condition === undefined ? undefined : moveAudience(Condition, roleArn),
  })),
})
