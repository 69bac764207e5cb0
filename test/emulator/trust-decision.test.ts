/** What a trust policy says about a token: conditions as IAM evaluates them, and reasons. */
import { describe, expect, test } from 'vitest'

import { defaults, githubTrustPolicy } from '../../emulator/emulator.ts'
import type { Conditions, TrustPolicy } from '../../emulator/iam/evaluate.ts'
import { serverIssuer } from '../../emulator/iam/issuers.ts'
import { trustProblems } from '../../emulator/iam/trust-decision.ts'

const token = {
  issuer: defaults.issuer,
  audience: defaults.audience,
  claims: { sub: 'repo:o/r:ref:refs/heads/main', ref: 'refs/heads/main', run_id: '7' },
}
const name = 'token.actions.githubusercontent.com'

const withConditions = (Condition: Conditions): TrustPolicy => ({
  Statement: githubTrustPolicy([]).Statement.map((statement) => ({ ...statement, Condition })),
})

const problems = (trust: TrustPolicy): readonly string[] =>
  trustProblems({ arn: defaults.applyRole, trust }, token)

describe('a condition', () => {
  test.each<[boolean, Conditions]>([
    [true, { StringEquals: { [`${name}:sub`]: ['a', token.claims.sub] } }],
    [true, { StringLike: { [`${name}:sub`]: 'repo:o/r:*' } }],
    [true, { StringLike: { [`${name}:SUB`]: 'repo:o/?:ref:refs/heads/main' } }],
    [true, { StringNotEquals: { [`${name}:ref`]: 'refs/heads/dev' } }],
    [false, { StringNotEquals: { [`${name}:ref`]: ['refs/heads/dev', 'refs/heads/main'] } }],
    [true, { 'ForAnyValue:StringEquals': { [`${name}:ref`]: 'refs/heads/main' } }],
    [true, { StringEqualsIgnoreCase: { [`${name}:ref`]: 'REFS/heads/main' } }],
    [false, { StringNotEqualsIgnoreCase: { [`${name}:ref`]: 'REFS/heads/main' } }],
    // The token has no environment.
    [false, { StringEquals: { [`${name}:environment`]: 'prod' } }],
    [true, { StringNotEquals: { [`${name}:environment`]: 'prod' } }],
    [true, { StringEqualsIfExists: { [`${name}:environment`]: 'prod' } }],
    [true, { 'ForAllValues:StringEquals': { [`${name}:environment`]: 'prod' } }],
    [true, { Null: { [`${name}:environment`]: 'true' } }],
    [false, { Null: { [`${name}:ref`]: 'true' } }],
    // IAM does not evaluate it, although the token has it.
    [false, { StringEquals: { [`${name}:run_id`]: '7' } }],
    [false, { StringEquals: { 'example.com:sub': token.claims.sub } }],
  ])('Whether the token is trusted is %s with the conditions %j', (expected, conditions) => {
    expect(problems(withConditions(conditions)).length === 0).toBe(expected)
  })
})

describe('the reasons of a refusal', () => {
  test.each<[string, TrustPolicy]>([
    [
      `StringEquals on ${name}:environment with the value prod does not match, because the token has no claim environment`,
      githubTrustPolicy([token.claims.sub], { claims: { environment: 'prod' } }),
    ],
    [
      `IAM does not know the claim run_id: of this issuer it knows sub, aud, ref, `,
      githubTrustPolicy([token.claims.sub], { claims: { run_id: '7' } }),
    ],
    [
      `on example.com:sub with the value x does not match, because the request has no such key`,
      withConditions({ StringEquals: { 'example.com:sub': 'x' } }),
    ],
    [
      `the principal arn:aws:iam::999999999999:oidc-provider/${name} is in the account 999999999999, and the role is in 111122223333`,
      githubTrustPolicy([token.claims.sub], { accountId: '999999999999' }),
    ],
    ['is not the token', githubTrustPolicy(['a'], { issuer: 'https://ghes.example.com' })],
    ['no statement allows a federated principal', { Statement: [] }],
  ])('The reasons have "%s"', (reason, trust) => {
    expect(problems(trust).join('; ')).toContain(reason)
  })

  test('A statement with the effect Deny refuses what another one allows', () => {
    const allowed = githubTrustPolicy([token.claims.sub]).Statement
    const denied = allowed.map((statement) => ({ ...statement, Effect: 'Deny' as const }))
    expect(problems({ Statement: allowed })).toEqual([])
    expect(problems({ Statement: [...allowed, ...denied] })[0]).toContain('the effect Deny')
  })
})

test.each([
  ['https://github.com', 'https://token.actions.githubusercontent.com'],
  ['https://octo-corp.ghe.com', 'https://token.actions.octo-corp.ghe.com'],
  ['https://github.example.com', 'https://github.example.com/_services/token'],
])('The issuer of the server %s is %s', (server, issuer) => {
  expect(serverIssuer(server)).toBe(issuer)
})
