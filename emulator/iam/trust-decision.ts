/** Decides whether a role trusts a token, and says which part of its trust policy does not. */
import {
  failedConditions,
  isCovered,
  toArray,
  type FailedCondition,
  type TrustPolicy,
  type TrustStatement,
} from './evaluate.ts'
import { evaluatedClaims, parseProviderArn, providerArn, stripScheme } from './issuers.ts'

/** A token whose signature, issuer and times are right. */
export type VerifiedToken = Readonly<{
  issuer: string
  /** The audience, which its provider accepts. */
  audience: string
  claims: Readonly<Record<string, unknown> & { sub?: string | undefined }>
}>

const action = 'sts:AssumeRoleWithWebIdentity'

const maxValueLength = 200

const shorten = (text: string): string =>
  text.length > maxValueLength ? `${text.slice(0, maxValueLength)}…` : text

const list = (values: readonly string[]): string => shorten(values.join(' or '))

const claimText = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value)

/** The condition keys of a request with the token. IAM evaluates no other claims. */
function conditionContext({ issuer, audience, claims }: VerifiedToken): Map<string, string[]> {
  const prefix = stripScheme(issuer)
  const values: Readonly<Record<string, unknown>> = { ...claims, aud: audience }
  return new Map(
    evaluatedClaims(issuer).flatMap((claim): [string, string[]][] => {
      const value = values[claim]
      return value === undefined ? [] : [[`${prefix}:${claim}`.toLowerCase(), [claimText(value)]]]
    }),
  )
}

function explainCondition(
  { operator, key, patterns, values }: FailedCondition,
  { issuer }: VerifiedToken,
): string {
  const prefix = `${stripScheme(issuer)}:`
  const condition = `the condition ${operator} on ${key} with the value ${list(patterns)}`
  if (!key.toLowerCase().startsWith(prefix.toLowerCase()))
    return `${condition} does not match, because the request has no such key`
  const claim = key.slice(prefix.length).toLowerCase()
  const known = evaluatedClaims(issuer)
  if (!known.includes(claim))
    return `${condition} does not match, because IAM does not know the claim ${claim}: of this issuer it knows ${known.join(', ')}`
  return values === undefined
    ? `${condition} does not match, because the token has no claim ${claim}`
    : `${condition} does not match the token's claim ${claim}, which is ${list(values)}`
}

const providersOf = ({ Principal }: TrustStatement): readonly string[] =>
  toArray(Principal.Federated ?? [])

function explainPrincipal(statement: TrustStatement, provider: string): string {
  const trusted = providersOf(statement)
  const [issuerName = ''] = provider.split('oidc-provider/').slice(1)
  const foreign = trusted.find((arn) => arn.endsWith(`:oidc-provider/${issuerName}`))
  const account = foreign === undefined ? undefined : parseProviderArn(foreign)?.account
  const [, , , , roleAccount = ''] = provider.split(':')
  return account !== undefined && account !== roleAccount
    ? `the principal ${foreign ?? ''} is in the account ${account}, and the role is in ${roleAccount}`
    : `the principal ${list(trusted)} is not the token's provider ${provider}`
}

function explainStatement(
  statement: TrustStatement,
  provider: string,
  token: VerifiedToken,
  context: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const isTrusted = providersOf(statement).includes(provider)
  if (!isTrusted) return [explainPrincipal(statement, provider)]
  if (!isCovered(statement.Action, undefined, action, true))
    return [`the action ${list(toArray(statement.Action))} is not ${action}`]
  return failedConditions(statement.Condition, context).map((failed) =>
    explainCondition(failed, token),
  )
}

/** Why a role does not trust a token; empty if it does. */
export function trustProblems(
  role: { readonly arn: string; readonly trust: TrustPolicy },
  token: VerifiedToken,
): readonly string[] {
  const provider = providerArn(role.arn, token.issuer)
  const context = conditionContext(token)
  const explain = (statement: TrustStatement): readonly string[] =>
    explainStatement(statement, provider, token, context)
  const statements = role.trust.Statement.filter((each) => providersOf(each).length > 0)
  if (statements.some((each) => each.Effect === 'Deny' && explain(each).length === 0))
    return ['a statement with the effect Deny matches the token']
  const allowing = statements.filter(({ Effect }) => Effect === 'Allow').map(explain)
  if (allowing.length === 0) return ['no statement allows a federated principal']
  return allowing.some((problems) => problems.length === 0) ? [] : allowing.flat()
}

/** Whether a role trusts a caller with AWS credentials, by any of the ARNs that name the caller. */
export function trustsCaller(
  policy: TrustPolicy,
  names: readonly string[],
  context: ReadonlyMap<string, readonly string[]>,
): boolean {
  const effects = policy.Statement.filter(
    (statement) =>
      toArray(statement.Principal.AWS ?? []).some((principal) => names.includes(principal)) &&
      isCovered(statement.Action, undefined, 'sts:AssumeRole', true) &&
      failedConditions(statement.Condition, context).length === 0,
  ).map(({ Effect }) => Effect)
  return effects.includes('Allow') && !effects.includes('Deny')
}
