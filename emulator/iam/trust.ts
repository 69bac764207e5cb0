/** Trust policies for the tokens of workflows, among them those of docs/setup.md. */
import { defaults } from '../lib/defaults.ts'
import type { TrustPolicy } from './evaluate.ts'

export type TrustOptions = Readonly<{
  accountId?: string
  audience?: string
  issuer?: string
  partition?: string
  /** Whether a `*` in a subject stands for any text. */
  wildcards?: boolean
  /** Further claims, which have to be equal. */
  claims?: Readonly<Record<string, string>>
}>

/** Trust in a workflow's tokens, by audience and subject. */
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

/** Subjects of the emulator's repository, in the two formats that GitHub has for them. */
const defaultSubjects = (...endings: readonly string[]): string[] =>
  endings.flatMap((ending) => [
    `repo:octo-org/octo-app:${ending}`,
    `repo:octo-org@12345/octo-app@456789:${ending}`,
  ])

/** The trust of the role that applies. */
export const applyTrust = (issuer: string): TrustPolicy =>
  githubTrustPolicy(defaultSubjects('ref:refs/heads/main'), { issuer })

/** The trust of the role that plans. */
export const planTrust = (issuer: string): TrustPolicy =>
  githubTrustPolicy(defaultSubjects('pull_request', 'ref:refs/heads/*'), {
    issuer,
    wildcards: true,
  })

/** The trust of the role that applies where merged pull requests, and no pushes, do so. */
export const mergedTrust = (issuer: string): TrustPolicy =>
  githubTrustPolicy(defaultSubjects('pull_request'), { issuer, claims: { ref: 'refs/heads/main' } })
