/** The errors of AssumeRoleWithWebIdentity: which are temporary, and what to do about the others. */
import { ActionError } from '../errors/action-error.ts'
import type { ErrorCode } from '../errors/catalog.ts'
import { quote, sanitizeLine } from '../lib/text.ts'
import { networkAdvice } from '../network/advice.ts'
import { classifyFailure, isRetryable } from '../network/classify.ts'
import { formatFailure, type ApiFailure } from '../network/failure.ts'
import type { Claims } from './id-token.ts'

/** The parts of a request that its errors mention. */
export type RequestedRole = Readonly<{ roleArn: string; durationSeconds: number }>

/** A denial that can be temporary: the role is still propagating, or the token was just too old. */
export function isAccessDenied(failure: ApiFailure): boolean {
  return (
    classifyFailure(failure) === 'access-denied' ||
    /^(?:IDPRejectedClaim(?:Exception)?|ExpiredToken(?:Exception)?)$/.test(failure.name)
  )
}

/** STS could not get the issuer's keys: an STS problem or a throttled issuer (aws/aws-cli#7194). */
const KEY_RETRIEVAL_FAILED =
  /verification key|^(?=.*retrieve).*keys?|^(?=.*OpenIdConnect provider).*throttl/i

/** Whether the same request can succeed a little later. */
export function isTemporary(failure: ApiFailure): boolean {
  if (failure.name.startsWith('IDPCommunicationError')) return true
  if (isInvalidToken(failure)) return KEY_RETRIEVAL_FAILED.test(failure.message)
  return isRetryable(classifyFailure(failure))
}

function isInvalidToken({ name }: ApiFailure): boolean {
  return name.startsWith('InvalidIdentityToken')
}

/** The error for a role that could not be assumed. */
export function toAssumeRoleError(
  failure: ApiFailure,
  role: RequestedRole,
  claims: Claims,
  region: string,
): ActionError {
  if (isInvalidToken(failure)) {
    if (/audience/i.test(failure.message)) return audienceRefused(failure, claims)
    if (/provider/i.test(failure.message) && !KEY_RETRIEVAL_FAILED.test(failure.message)) {
      return providerMissing(failure, role, claims)
    }
  }
  if (failure.name.startsWith('RegionDisabled')) return regionDisabled(failure, region)
  if (isAccessDenied(failure)) return roleRefused(failure, role, claims)
  if (isTemporary(failure)) return stsUnavailable(failure, role, claims, region)
  if (classifyFailure(failure) === 'tls-error') {
    return new ActionError(
      'TLS_FAILED',
      `The certificate of STS is not trusted: ${formatFailure(failure)}.`,
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
      : KEY_RETRIEVAL_FAILED.test(failure.message)
        ? `Run the workflow again: STS could not get the keys of ${iss}. The keys of a GitHub Enterprise Server issuer must be available from the internet.`
        : undefined
  return new ActionError(
    'STS_UNAVAILABLE',
    `Could not assume ${quote(roleArn)} because STS is unavailable: ${formatFailure(failure)}.`,
    { requestId: failure.requestId, advice: networkAdvice(failure) ?? hint, temporary: true },
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
      : undefined,
  )
}

function roleRefused(failure: ApiFailure, { roleArn }: RequestedRole, claims: Claims): ActionError {
  const list = Object.entries(claims).map(([claim, value]) => `${claim} = ${value}`)
  const { sub = '', iss = 'https://token.actions.githubusercontent.com' } = claims
  // Condition keys start with the issuer, which is the server itself for GitHub Enterprise Server.
  const issuer = iss.replace(/^https:\/\//, '')
  return toError(
    failure,
    'ROLE_REFUSED',
    `STS does not allow this workflow to assume ${quote(roleArn)}: ${formatFailure(failure)}. Claims of the token: ${sanitizeLine(list.join(', '), 1500)}.`,
    `Compare these claims with the conditions in the trust policy of the role ("${issuer}:sub", ":aud" and so on). STS does not report which condition failed, or whether the role exists. ${subjectHint(sub)}`,
  )
}

/**
 * What the format of a subject means for a trust policy. Repositories created or renamed since 2026-07-15
 * have the IDs of owner and repository in it (GitHub changelog, 2026-04-23).
 */
function subjectHint(sub: string): string {
  const format = /^repo:[^/@]+@\d+\/[^/@]+@\d+:/.test(sub)
    ? 'This repository uses the newer subject format, repo:OWNER@ID/REPO@ID:..., so a policy that expects repo:OWNER/REPO:... does not match.'
    : 'This repository uses the older subject format, repo:OWNER/REPO:...; repositories created or renamed since 2026-07-15 use repo:OWNER@ID/REPO@ID:....'
  if (sub.includes(':environment:')) {
    return `${format} The job names an environment, so the subject ends in environment:NAME and contains no branch.`
  }
  if (sub.endsWith(':pull_request')) {
    return `${format} The subject of a pull request, merged or not, ends in pull_request and contains no branch; a role that trusts ref:refs/heads/main is for runs on push.`
  }
  return format
}
