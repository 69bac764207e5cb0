/** AWS STS: the role taken with the workflow's token, and the account that credentials belong to. */
import {
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  STSClient,
  type AssumeRoleWithWebIdentityCommandOutput,
} from '@aws-sdk/client-sts'
import type { AwsCredentialIdentity } from '@smithy/types'
import { classifyFailure, isRetryable } from '../network/classify.ts'
import { ActionError } from '../errors/action-error.ts'
import { networkAdvice, withResult } from '../storage/errors.ts'
import type { ApiFailure } from '../network/failure.ts'
import { decodeClaims, type Claims } from './id-token.ts'
import {
  formatFailure,
  newAttempts,
  waitBeforeRetry,
  type ApiResult,
  type RetryPolicy,
} from '../network/retry.ts'
import {
  endpointGuardPlugin,
  callSdk,
  clientConfiguration,
  type ClientSettings,
  type Trace,
} from './sdk-client.ts'
import { sanitizeLine, quote } from '../lib/text.ts'

export type AssumeRoleOptions = Readonly<{
  roleArn: string
  sessionName: string
  durationSeconds: number
  /** JSON of a session policy, which can only take away from what the role may do. */
  sessionPolicy: string | undefined
}>

export type RoleSession = Readonly<{
  credentials: Required<
    Pick<AwsCredentialIdentity, 'accessKeyId' | 'secretAccessKey' | 'sessionToken' | 'expiration'>
  >
  /** ARN of the assumed role, as STS gives it. */
  arn: string
  accountId: string
  /** How long the credentials last from the answer on, in milliseconds, by the server's own clock. */
  lifetimeMs: number
}>

/**
 * The session policy of a run that only plans: whatever the role may do, this session cannot write, by
 * IAM's own hand.
 */
export const PLAN_SESSION_POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: '*', Resource: '*' },
    {
      Effect: 'Deny',
      Action: ['Clone', 'Create', 'Delete', 'Generate', 'Import', 'Remove', 'Update'].map(
        (verb) => `amplifybackend:${verb}*`,
      ),
      Resource: '*',
    },
  ],
})

const CALL_TIMEOUT_MS = 10_000

/** A refusal can be IAM's propagation right after a role was made; it is soon over or never. */
const MAX_DENIALS = 3

/**
 * Assumes a role. Every attempt gets a fresh token, since a refused one is not worth another try.
 *
 * @param requestIdToken mints a token
 * @throws ActionError with the reason, for a refusal with the claims of the token; the signal's reason
 *   when aborted
 */
export async function assumeRole(
  request: AssumeRoleOptions,
  settings: ClientSettings,
  requestIdToken: () => Promise<string>,
  policy: RetryPolicy,
  trace: Trace,
): Promise<RoleSession> {
  const client = new STSClient(clientConfiguration(settings))
  client.middlewareStack.use(endpointGuardPlugin(settings))
  const attempts = newAttempts()
  let denials = 0
  for (;;) {
    const token = await requestIdToken()
    const { signal, clock, deadline } = policy
    const answer: ApiResult<Omit<RoleSession, 'lifetimeMs'>> = await callSdk(
      (abortSignal) =>
        client.send(
          new AssumeRoleWithWebIdentityCommand({
            RoleArn: request.roleArn,
            RoleSessionName: request.sessionName,
            DurationSeconds: request.durationSeconds,
            WebIdentityToken: token,
            ...(request.sessionPolicy === undefined ? {} : { Policy: request.sessionPolicy }),
          }),
          { abortSignal },
        ),
      parseSession,
      {
        operation: 'AssumeRoleWithWebIdentity',
        timeoutMs: Math.min(CALL_TIMEOUT_MS, deadline - clock.now()),
        signal,
        trace,
      },
    )
    if (answer.ok) {
      const expiration = answer.value.credentials.expiration.getTime()
      return { ...answer.value, lifetimeMs: expiration - (answer.serverTime ?? Date.now()) }
    }
    const { failure } = answer
    attempts.failures += 1
    const denied = isDenied(failure)
    if (denied) denials += 1
    const again = denied ? denials < MAX_DENIALS : isTransient(failure)
    // The claims are read before the token is let go; the token itself goes nowhere else.
    const next = again
      ? await waitBeforeRetry(
          denied ? limitAttempts(policy, attempts.failures + MAX_DENIALS - denials) : policy,
          failure,
          attempts,
        )
      : 'attempts'
    if (next === 'again') continue
    const error = toAssumeRoleError(failure, request, decodeClaims(token), settings.region)
    throw next === 'deadline' ? withResult(error, 'timed-out') : error
  }
}

/** With no more attempts than there can be, so that the log promises no others. */
function limitAttempts(policy: RetryPolicy, maxAttempts: number): RetryPolicy {
  return { ...policy, maxAttempts: Math.min(policy.maxAttempts, maxAttempts) }
}

/**
 * The account and the ARN that credentials belong to (GetCallerIdentity, which needs no permission).
 *
 * @throws the signal's reason when aborted
 */
export function getCallerIdentity(
  credentials: AwsCredentialIdentity,
  settings: ClientSettings,
  policy: RetryPolicy,
  trace: Trace,
): Promise<ApiResult<Readonly<{ accountId: string; arn: string }>>> {
  const client = new STSClient({ ...clientConfiguration(settings), credentials })
  client.middlewareStack.use(endpointGuardPlugin(settings))
  const { signal, clock, deadline } = policy
  return callSdk(
    (abortSignal) => client.send(new GetCallerIdentityCommand({}), { abortSignal }),
    ({ Account: accountId, Arn: arn }) =>
      accountId === undefined || !/^\d{12}$/.test(accountId)
        ? undefined
        : { accountId, arn: arn ?? '' },
    {
      operation: 'GetCallerIdentity',
      timeoutMs: Math.min(CALL_TIMEOUT_MS, deadline - clock.now()),
      signal,
      trace,
    },
  )
}

/**
 * Every field that the session needs, or undefined. An answer without credentials must never reach a
 * client, which would then go looking for others by itself (aws/aws-sdk-js-v3#2356).
 */
function parseSession(
  output: AssumeRoleWithWebIdentityCommandOutput,
): Omit<RoleSession, 'lifetimeMs'> | undefined {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = output.Credentials ?? {}
  const arn = output.AssumedRoleUser?.Arn ?? ''
  const accountId = /^arn:[\w-]+:sts::(\d{12}):assumed-role\//.exec(arn)?.[1]
  if (!AccessKeyId || !SecretAccessKey || !SessionToken || accountId === undefined) return undefined
  if (!(Expiration instanceof Date) || Number.isNaN(Expiration.getTime())) return undefined
  return {
    credentials: {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
      expiration: Expiration,
    },
    arn,
    accountId,
  }
}

/** Refusals that can be over in a moment: propagation, or a token that was just too old. */
function isDenied(failure: ApiFailure): boolean {
  return (
    classifyFailure(failure) === 'access-denied' ||
    /^(?:IDPRejectedClaim(?:Exception)?|ExpiredToken(?:Exception)?)$/.test(failure.name)
  )
}

/** STS could not fetch the issuer's keys: its own trouble or a throttled issuer (aws-cli#7194). */
const KEY_RETRIEVAL_FAILED = /verification key|retrieve.*keys?|OpenIdConnect provider.*throttl/i

function isTransient(failure: ApiFailure): boolean {
  if (failure.name.startsWith('IDPCommunicationError')) return true
  if (failure.name.startsWith('InvalidIdentityToken'))
    return KEY_RETRIEVAL_FAILED.test(failure.message)
  return isRetryable(classifyFailure(failure))
}

function toAssumeRoleError(
  failure: ApiFailure,
  request: AssumeRoleOptions,
  claims: Claims,
  region: string,
): ActionError {
  const { requestId, name, message } = failure
  const role = quote(request.roleArn)
  const said = formatFailure(failure)
  if (name.startsWith('InvalidIdentityToken') && /audience/i.test(message)) {
    return new ActionError(
      'AUDIENCE_REFUSED',
      `STS does not accept the audience ${quote(claims.aud ?? '')} of the token: ${said}.`,
      {
        advice: `Set the input audience to a client id of the IAM OIDC provider for ${claims.iss ?? 'the issuer'}, or add this one to the provider. In China the usual audience is sts.amazonaws.com.cn.`,
        requestId,
      },
    )
  }
  const isKeyTrouble = KEY_RETRIEVAL_FAILED.test(message)
  if (name.startsWith('InvalidIdentityToken') && /provider/i.test(message) && !isKeyTrouble) {
    return new ActionError(
      'IDENTITY_PROVIDER_MISSING',
      `The account of ${role} has no OIDC provider for the token's issuer ${claims.iss ?? ''}: ${said}.`,
      {
        advice:
          'Create an IAM OIDC provider for exactly that issuer in the account, or correct the account id in role-to-assume. The keys of a GitHub Enterprise Server issuer must be reachable from the internet.',
        requestId,
      },
    )
  }
  if (name.startsWith('RegionDisabled')) {
    return new ActionError('STS_REGION_DISABLED', `STS is not active in ${region}: ${said}.`, {
      advice: `Activate STS for ${region} in the account settings of IAM, or set AWS_ENDPOINT_URL_STS to the STS of an active region, for example https://sts.us-east-1.amazonaws.com.`,
      requestId,
    })
  }
  if (isDenied(failure)) return roleRefusedError(failure, request, claims)
  if (isTransient(failure)) {
    const advice =
      networkAdvice(failure) ??
      (classifyFailure(failure) === 'unknown-host'
        ? `Check the spelling of the region ${quote(region)} first.`
        : isKeyTrouble
          ? `Run the job again: STS fetches the keys of ${claims.iss ?? 'the issuer'} by itself. Those of a GitHub Enterprise Server must be reachable from the internet.`
          : undefined)
    return new ActionError('STS_UNAVAILABLE', `STS could not be asked for ${role}: ${said}.`, {
      requestId,
      advice,
    })
  }
  if (classifyFailure(failure) === 'untrusted-host') {
    return new ActionError('TLS_FAILED', `The certificate of STS is not trusted: ${said}.`)
  }
  const advice = /DurationSeconds/i.test(message)
    ? `Lower role-duration-seconds (now ${request.durationSeconds}) to the role's maximum session duration, or raise that.`
    : undefined
  return new ActionError('STS_REQUEST_REFUSED', `STS refused the request for ${role}: ${said}.`, {
    requestId,
    advice,
  })
}

function roleRefusedError(
  failure: ApiFailure,
  request: AssumeRoleOptions,
  claims: Claims,
): ActionError {
  const shown = Object.entries(claims).map(([claim, value]) => `${claim} = ${value}`)
  const { sub = '', iss = 'https://token.actions.githubusercontent.com' } = claims
  // The keys of a policy's conditions begin with the issuer, which an Enterprise Server is itself.
  const issuer = iss.replace(/^https:\/\//, '')
  const hints = [
    `Compare these claims with the Condition of the role's trust policy ("${issuer}:sub", ":aud" and so on); STS does not say which one it missed, nor whether the role exists.`,
    subjectHint(sub),
  ]
  return new ActionError(
    'ROLE_REFUSED',
    `STS does not let this workflow assume ${quote(request.roleArn)}: ${formatFailure(failure)}. The token says: ${sanitizeLine(shown.join(', '), 1500)}.`,
    { advice: hints.join(' '), requestId: failure.requestId },
  )
}

/**
 * What a subject means for a trust policy. Repositories created or renamed since 2026-07-15 have the ids
 * of owner and repository in it (GitHub changelog, 2026-04-23).
 */
function subjectHint(sub: string): string {
  const format = /^repo:[^/@]+@\d+\/[^/@]+@\d+:/.test(sub)
    ? 'This repository has the newer subject format, repo:OWNER@ID/REPO@ID:..., so a policy that asks for repo:OWNER/REPO:... does not match.'
    : 'This repository has the older subject format, repo:OWNER/REPO:...; repositories created or renamed since 2026-07-15 have repo:OWNER@ID/REPO@ID:....'
  if (sub.includes(':environment:')) {
    return `${format} The job names an environment, so the subject ends in environment:NAME and holds no branch.`
  }
  if (sub.endsWith(':pull_request')) {
    return `${format} The subject of a pull request, merged or not, ends in pull_request and holds no branch; a role that trusts ref:refs/heads/main is for runs on push.`
  }
  return format
}
