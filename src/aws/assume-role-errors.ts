/** The errors of AssumeRoleWithWebIdentity, with what to do about them. */
import { ActionError } from '../errors/action-error.ts'
import type { ErrorCode } from '../errors/catalog.ts'
import { parseArn } from '../lib/arn.ts'
import { quote } from '../lib/text.ts'
import { networkAdvice } from '../network/advice.ts'
import { classifyFailure } from '../network/classify.ts'
import { formatFailure, type ApiFailure } from '../network/failure.ts'
import {
  isAccessDenied,
  isInvalidToken,
  isKeyRetrievalFailure,
  isTemporary,
} from './assume-role-failures.ts'
import type { Claims } from './id-token.ts'

/** The parts of a request that its errors mention. */
export type RequestedRole = Readonly<{ roleArn: string; durationSeconds: number }>

/** The error for a role that could not be assumed. */
export function toAssumeRoleError(
  failure: ApiFailure,
  role: RequestedRole,
  claims: Claims,
  region: string,
): ActionError {
  if (isInvalidToken(failure)) {
    if (/audience/i.test(failure.message)) return audienceRefused(failure, claims)
    if (/provider/i.test(failure.message) && !isKeyRetrievalFailure(failure)) {
      return providerMissing(failure, role, claims)
    }
  }
  if (failure.name.startsWith('RegionDisabled')) return regionDisabled(failure, region)
  if (isAccessDenied(failure)) return roleRefused(failure, role.roleArn, claims)
  if (isTemporary(failure) || classifyFailure(failure) === 'proxy-refused')
    return stsUnavailable(failure, role, claims, region)
  if (classifyFailure(failure) === 'tls-error') {
    return new ActionError(
      'TLS_FAILED',
      `The certificate of STS is not trusted: ${formatFailure(failure)}.`,
      { advice: networkAdvice(failure) },
    )
  }
  return requestRefused(failure, role)
}

function toError(
  { requestId }: ApiFailure,
  code: ErrorCode,
  message: string,
  advice: string | undefined,
): ActionError {
  return new ActionError(code, message, { requestId, advice })
}

function audienceRefused(
  failure: ApiFailure,
  { aud = '', iss = 'the issuer' }: Claims,
): ActionError {
  return toError(
    failure,
    'AUDIENCE_REFUSED',
    `STS does not accept the audience ${quote(aud)} of the token: ${formatFailure(failure)}.`,
    `Set the input audience to a client ID of the IAM OIDC provider for ${iss}, or add this audience to the provider. In the China regions, the default audience is sts.amazonaws.com.cn.`,
  )
}

function providerMissing(
  failure: ApiFailure,
  { roleArn }: RequestedRole,
  { iss = '' }: Claims,
): ActionError {
  return toError(
    failure,
    'IDENTITY_PROVIDER_MISSING',
    `The account of ${quote(roleArn)} has no IAM OIDC provider for the token's issuer ${iss}: ${formatFailure(failure)}.`,
    'Create an IAM OIDC provider for exactly this issuer in that account, or correct the account ID in role-to-assume. AWS must be able to get the keys of a GitHub Enterprise Server issuer from the internet.',
  )
}

function regionDisabled(failure: ApiFailure, region: string): ActionError {
  return toError(
    failure,
    'STS_REGION_DISABLED',
    `STS is not active in ${region}: ${formatFailure(failure)}.`,
    `Activate STS for ${region} in the account settings of IAM, or set AWS_ENDPOINT_URL_STS to the STS endpoint of an active region, for example https://sts.us-east-1.amazonaws.com.`,
  )
}

function stsUnavailable(
  failure: ApiFailure,
  { roleArn }: RequestedRole,
  { iss = 'the issuer' }: Claims,
  region: string,
): ActionError {
  const hint =
    classifyFailure(failure) === 'dns-not-found'
      ? `First check the spelling of the region ${quote(region)}.`
      : isKeyRetrievalFailure(failure)
        ? `Run the workflow again: STS could not get the keys of ${iss}. The keys of a GitHub Enterprise Server issuer must be available from the internet.`
        : undefined
  return new ActionError(
    'STS_UNAVAILABLE',
    `Could not assume ${quote(roleArn)} because STS is unavailable: ${formatFailure(failure)}.`,
    {
      requestId: failure.requestId,
      advice: networkAdvice(failure) ?? hint,
      temporary: isTemporary(failure),
    },
  )
}

function requestRefused(
  failure: ApiFailure,
  { roleArn, durationSeconds }: RequestedRole,
): ActionError {
  return toError(
    failure,
    'STS_REQUEST_REFUSED',
    `STS rejected the request to assume ${quote(roleArn)}: ${formatFailure(failure)}.`,
    /DurationSeconds/i.test(failure.message)
      ? `Lower role-duration-seconds (now ${durationSeconds}) to the maximum session duration of the role, or increase that maximum.`
      : networkAdvice(failure),
  )
}

const GITHUB = 'https://token.actions.githubusercontent.com'

function roleRefused(failure: ApiFailure, roleArn: string, claims: Claims): ActionError {
  const list = Object.entries(claims).map(([claim, value]) => `    ${claim} = ${value}`)
  return new ActionError(
    'ROLE_REFUSED',
    [
      `STS does not allow this workflow to assume ${quote(roleArn)}: ${formatFailure(failure)}. Claims of the token:`,
      ...list,
    ].join('\n'),
    { requestId: failure.requestId, advice: toAdvice(failure, roleArn, claims) },
  )
}

function toAdvice({ name }: ApiFailure, roleArn: string, claims: Claims): string {
  if (name.startsWith('ExpiredToken')) {
    return 'The token was requested just before, so a clock is wrong, or the request was delayed: check the clock of the GitHub Enterprise Server, if there is one, and proxies between the runner and STS. Then run the workflow again.'
  }
  const { sub = '', aud = '', iss = GITHUB } = claims
  // Condition keys start with the issuer, which is the server itself for GitHub Enterprise Server.
  const issuer = iss.replace(/^https:\/\//, '')
  const condition = JSON.stringify({ [`${issuer}:aud`]: aud, [`${issuer}:sub`]: sub })
  const format = formatHint(sub)
  const { partition = 'aws', accountId = 'ACCOUNT' } = parseArn(roleArn) ?? {}
  return [
    ...(format === undefined ? [CUSTOMISED] : []),
    ...placeHints(sub),
    'Compare the claims letter by letter with the trust policy of the role. The policy matches this token if one of its statements has this condition:',
    `    "StringEquals": ${condition}`,
    `The same statement needs the Action "sts:AssumeRoleWithWebIdentity" and this Principal; one that trusts only a user or a service does not trust a workflow:`,
    `    {"Federated":"arn:${partition}:iam::${accountId}:oidc-provider/${issuer}"}`,
    `STS does not report which part does not match, or whether the role exists. ${format ?? ''}`.trimEnd(),
  ].join('\n')
}

const CUSTOMISED =
  'The subject is customised by the repository or its organization, so compare it whole; `gh api repos/OWNER/REPO/actions/oidc/customization/sub` shows how.'

/**
 * What the beginning of a subject means for a trust policy (GitHub changelog, 2026-04-23); undefined if it is
 * customised.
 */
function formatHint(sub: string): string | undefined {
  if (/^repo:[^/@:]+@\d+\/[^/@:]+@\d+:(?:environment|pull_request|ref)/.test(sub)) {
    return 'This repository uses the newer subject format, repo:OWNER@ID/REPO@ID, so a policy that expects repo:OWNER/REPO does not match.'
  }
  if (/^repo:[^/@:]+\/[^/@:]+:(?:environment|pull_request|ref)/.test(sub)) {
    return 'This repository uses the older subject format, repo:OWNER/REPO. Repositories created, renamed or transferred since 2026-07-15 use repo:OWNER@ID/REPO@ID.'
  }
  return undefined
}

/** What the end of a subject means for a trust policy, which is often the whole cause. */
function placeHints(sub: string): readonly string[] {
  const environment = /:environment:([^:]+)/.exec(sub)?.[1]
  if (environment !== undefined) {
    return [
      `The job names the environment ${quote(environment)}, so the subject contains environment:${environment} and no branch.`,
    ]
  }
  if (sub.endsWith(':pull_request')) {
    return [
      'The subject of a pull request, merged or not, ends in pull_request and contains no branch. A plan needs a role that trusts it: set plan-role-to-assume to one that can only read, and let the role that writes trust ref:refs/heads/main, for runs on push.',
    ]
  }
  const [, ref] = sub.split(':ref:')
  return ref === undefined
    ? []
    : [
        `The run is on ${quote(ref)}, so a policy that expects another ref or an environment does not match.`,
      ]
}
