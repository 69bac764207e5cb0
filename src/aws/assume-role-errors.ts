/** The errors of AssumeRoleWithWebIdentity, with what to do about them. */
import { ActionError } from '../errors/action-error.ts'
import type { ErrorCode } from '../errors/catalog.ts'
import { parseArn } from '../lib/arn.ts'
import { quote } from '../lib/text.ts'
import { getProxyStatus, networkAdvice } from '../network/advice.ts'
import { classifyFailure } from '../network/classify.ts'
import { formatFailure, type ApiFailure } from '../network/failure.ts'
import {
  isAccessDenied,
  isInvalidToken,
  isKeyRetrievalFailure,
  isTemporary,
} from './assume-role-failures.ts'
import type { RoleInput } from './credentials.ts'
import type { Claims } from './id-token.ts'

/** The parts of a request that its errors mention. */
export type RequestedRole = Readonly<{
  roleArn: string
  roleInput: RoleInput
  durationSeconds: number
  readOnly: boolean
  hasOtherCredentials: boolean
}>

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
  if (isAccessDenied(failure)) return roleRefused(failure, role, claims)
  const kind = classifyFailure(failure)
  if (isTemporary(failure) || kind === 'proxy-refused' || kind === 'no-tls')
    return stsUnavailable(failure, role, claims, region)
  if (kind === 'tls-error') {
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
    `Add this audience to the client IDs of the IAM OIDC provider for ${iss}, or set \`audience\` to one of its client IDs.`,
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
    `Create an IAM OIDC provider for exactly this issuer in that account, or correct the account ID in role-to-assume.${iss === GITHUB ? '' : ' AWS must be able to get the keys of a GitHub Enterprise Server issuer from the internet.'}`,
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
    `Could not assume ${quote(roleArn)} because ${describeOutage(failure)}: ${formatFailure(failure)}.`,
    {
      requestId: failure.requestId,
      advice: networkAdvice(failure) ?? hint,
      temporary: isTemporary(failure),
    },
  )
}

/** What failed: STS itself, or something between the runner and STS. */
function describeOutage(failure: ApiFailure): string {
  const { status = 0, route } = failure
  const kind = classifyFailure(failure)
  if (kind === 'proxy-refused' && route?.proxy !== undefined) {
    return `the proxy ${route.proxy.host} answered ${getProxyStatus(failure) ?? 'with a refusal'}`
  }
  const failedBeforeSts = status < 400 || kind === 'proxy-refused' || failure.fromMiddlebox === true
  return failedBeforeSts ? 'STS could not be reached' : 'STS is unavailable'
}

function requestRefused(
  failure: ApiFailure,
  { roleArn, durationSeconds }: RequestedRole,
): ActionError {
  return toError(
    failure,
    'STS_REQUEST_REFUSED',
    failure.fromMiddlebox === true
      ? `Could not assume ${quote(roleArn)} because STS could not be reached: ${formatFailure(failure)}.`
      : `STS rejected the request to assume ${quote(roleArn)}: ${formatFailure(failure)}.`,
    /DurationSeconds/i.test(failure.message)
      ? `Lower role-duration-seconds (now ${durationSeconds}) to the maximum session duration of the role, or increase that maximum.`
      : networkAdvice(failure),
  )
}

const GITHUB = 'https://token.actions.githubusercontent.com'

function roleRefused(failure: ApiFailure, role: RequestedRole, claims: Claims): ActionError {
  if (failure.name.startsWith('ExpiredToken')) return tokenExpired(failure, role, claims)
  const list = Object.entries(claims).map(([claim, value]) => `    ${claim} = ${value}`)
  return new ActionError(
    'ROLE_REFUSED',
    [
      `STS does not allow this workflow to assume ${quote(role.roleArn)}: ${formatFailure(failure)}. Claims of the token:`,
      ...list,
    ].join('\n'),
    { requestId: failure.requestId, advice: toAdvice(role, claims) },
  )
}

function toAdvice(role: RequestedRole, claims: Claims): string {
  const { sub = '' } = claims
  const { readOnly, roleInput } = role
  const isPullRequest = sub.endsWith(':pull_request')
  return [
    ...(role.hasOtherCredentials ? [NOT_USED] : []),
    // A format that the policy does not expect is a whole cause, wherever the workflow runs.
    ...subjectFormatHints(sub),
    ...(isPullRequest ? [pullRequestHint(role)] : refHints(sub)),
    // A role that writes must not trust every pull request, and no role every repository.
    ...((isPullRequest && !readOnly) || !namesRepository(sub)
      ? []
      : trustPolicy(
          isPullRequest && roleInput === 'role-to-assume'
            ? 'The role in plan-role-to-assume'
            : `The role in ${roleInput}`,
          role.roleArn,
          claims,
        )),
    ...checkRole(role.roleArn),
  ].join('\n')
}

function tokenExpired(
  failure: ApiFailure,
  { roleArn }: RequestedRole,
  { iss = GITHUB }: Claims,
): ActionError {
  // The path of the token service of GitHub Enterprise Server.
  const clock = iss.endsWith('/_services/token')
    ? 'check the clock of the GitHub Enterprise Server and'
    : 'check'
  return toError(
    failure,
    'ROLE_REFUSED',
    `STS does not accept the token for ${quote(roleArn)}, because it has expired: ${formatFailure(failure)}.`,
    `The token was requested just before, so the request was delayed or a clock is wrong. Run the workflow again. If the error persists, ${clock} the proxies between the runner and STS.`,
  )
}

/** STS gives the same answer for a role that does not exist. */
function checkRole(roleArn: string): readonly string[] {
  const name = parseArn(roleArn)?.resource.split('/').at(-1)
  return [
    'STS does not report which part does not match, or whether the role exists. To see both:',
    `    aws iam get-role --role-name ${name ?? 'ROLE-NAME'} --query Role.AssumeRolePolicyDocument`,
  ]
}

/** The lines of a statement that accepts the token. */
function trustPolicy(subject: string, roleArn: string, claims: Claims): readonly string[] {
  const { sub = '', aud = '', iss = GITHUB } = claims
  // Condition keys start with the issuer, which is the server itself for GitHub Enterprise Server.
  const issuer = iss.replace(/^https:\/\//, '')
  const condition = JSON.stringify({ [`${issuer}:aud`]: aud, [`${issuer}:sub`]: sub })
  const { partition = 'aws', accountId = 'ACCOUNT' } = parseArn(roleArn) ?? {}
  return [
    `${subject} accepts this token if one statement of its trust policy has all three:`,
    `    "Principal": {"Federated":"arn:${partition}:iam::${accountId}:oidc-provider/${issuer}"}`,
    '    "Action": "sts:AssumeRoleWithWebIdentity"',
    `    "Condition": {"StringEquals": ${condition}}`,
  ]
}

const NOT_USED =
  'The other credentials of the job (AWS_ACCESS_KEY_ID, a profile or similar) are not used, because the role is set: a role that trusts only an IAM user refuses a workflow. To use them instead, leave role-to-assume and plan-role-to-assume empty.'

const KEEP_OUT =
  'Do not add pull_request to the role that writes, because every pull request of the repository could then use it.'

function pullRequestHint({ readOnly, roleInput }: RequestedRole): string {
  if (!readOnly) {
    return `The subject of a pull request, merged or not, ends in pull_request and contains no branch. Apply on \`push\` to the branch that the role trusts. ${KEEP_OUT}`
  }
  return roleInput === 'role-to-assume'
    ? `This run only plans: set plan-role-to-assume to a role that can only read and that trusts this token. ${KEEP_OUT}`
    : 'The subject of a pull request ends in pull_request and contains no branch.'
}

/** What the beginning of a subject means for a trust policy (GitHub changelog, 2026-04-23). */
function subjectFormatHints(sub: string): readonly string[] {
  if (/^repo:[^/@:]+@\d+\/[^/@:]+@\d+:(?:environment|pull_request|ref)/.test(sub)) {
    return [
      'This repository uses the newer subject format, repo:OWNER@ID/REPO@ID, so a policy that expects repo:OWNER/REPO does not match.',
    ]
  }
  if (/^repo:[^/@:]+\/[^/@:]+:(?:environment|pull_request|ref)/.test(sub)) return []
  const customized =
    'The repository or its organization has customized the subject, so a policy that expects repo:OWNER/REPO does not match. To see the customization: `gh api repos/OWNER/REPO/actions/oidc/customization/sub`.'
  return namesRepository(sub)
    ? [customized]
    : [
        `${customized} The subject names no repository, so a role that trusts it admits every repository of the owner. Add \`repo\` to the customization, run the workflow again, and let the role trust the new subject.`,
      ]
}

function namesRepository(sub: string): boolean {
  return /(?:^|:)(?:repo|repository|repository_id):/.test(sub)
}

/** What the end of a subject means for a trust policy, which is often the whole cause. */
function refHints(sub: string): readonly string[] {
  const environment = /:environment:([^:]+)/.exec(sub)?.[1]
  if (environment !== undefined) {
    return [
      `The job sets \`environment\` to the GitHub environment ${quote(environment)}, so the subject contains environment:${environment} and no branch. A policy that expects a branch does not match.`,
    ]
  }
  const [, ref] = sub.split(':ref:')
  return ref === undefined
    ? []
    : [
        `Likely causes: the role does not exist (check the ARN), or its trust policy expects another repository, ref or environment than ${quote(ref)}. Run the workflow where the role expects it, or let the role trust this ref.`,
      ]
}
