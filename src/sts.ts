/** AWS STS: the role taken with the workflow's token, and the account that credentials belong to. */
import {
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  STSClient,
  type AssumeRoleWithWebIdentityCommandOutput,
} from '@aws-sdk/client-sts'
import type { AwsCredentialIdentity } from '@smithy/types'
import { classify, mayPass } from './classify.ts'
import { ActionError } from './errors.ts'
import { routeAdvice, withResult } from './explain.ts'
import type { Failure } from './failure.ts'
import { claimsOf, type Claims } from './oidc.ts'
import { describe, newAttempts, waitToRetry, type Answer, type Patience } from './retry.ts'
import { callPlugin, callSdk, clientConfiguration, type ClientSettings, type Trace } from './sdk.ts'
import { oneLine, quoted } from './text.ts'

export type RoleRequest = Readonly<{
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

const CALL_LIMIT_MS = 10_000

/** A refusal can be IAM's propagation right after a role was made; it is soon over or never. */
const MOST_REFUSALS = 3

/**
 * Assumes a role. Every attempt gets a fresh token, since a refused one is not worth another try.
 *
 * @param mint mints a token
 * @throws ActionError with the reason, for a refusal with the claims of the token; the signal's reason
 *   when aborted
 */
export async function assumeRole(
  request: RoleRequest,
  settings: ClientSettings,
  mint: () => Promise<string>,
  patience: Patience,
  trace: Trace,
): Promise<RoleSession> {
  const client = new STSClient(clientConfiguration(settings))
  client.middlewareStack.use(callPlugin(settings))
  const attempts = newAttempts()
  let refusals = 0
  for (;;) {
    const token = await mint()
    const { signal, clock, deadline } = patience
    const answer: Answer<Omit<RoleSession, 'lifetimeMs'>> = await callSdk(
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
      sessionOf,
      {
        operation: 'AssumeRoleWithWebIdentity',
        limitMs: Math.min(CALL_LIMIT_MS, deadline - clock.now()),
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
    const refused = isRefusal(failure)
    if (refused) refusals += 1
    const again = refused ? refusals < MOST_REFUSALS : isTransient(failure)
    // The claims are read before the token is let go; the token itself goes nowhere else.
    const next = again
      ? await waitToRetry(
          refused ? withAttempts(patience, attempts.failures + MOST_REFUSALS - refusals) : patience,
          failure,
          attempts,
        )
      : 'attempts'
    if (next === 'again') continue
    const error = explain(failure, request, claimsOf(token), settings.region)
    throw next === 'deadline' ? withResult(error, 'timed-out') : error
  }
}

/** With no more attempts than there can be, so that the log promises no others. */
function withAttempts(patience: Patience, most: number): Patience {
  return { ...patience, maxAttempts: Math.min(patience.maxAttempts, most) }
}

/**
 * The account and the ARN that credentials belong to (GetCallerIdentity, which needs no permission).
 *
 * @throws the signal's reason when aborted
 */
export function callerIdentity(
  credentials: AwsCredentialIdentity,
  settings: ClientSettings,
  patience: Patience,
  trace: Trace,
): Promise<Answer<Readonly<{ accountId: string; arn: string }>>> {
  const client = new STSClient({ ...clientConfiguration(settings), credentials })
  client.middlewareStack.use(callPlugin(settings))
  const { signal, clock, deadline } = patience
  return callSdk(
    (abortSignal) => client.send(new GetCallerIdentityCommand({}), { abortSignal }),
    ({ Account: accountId, Arn: arn }) =>
      accountId === undefined || !/^\d{12}$/.test(accountId)
        ? undefined
        : { accountId, arn: arn ?? '' },
    {
      operation: 'GetCallerIdentity',
      limitMs: Math.min(CALL_LIMIT_MS, deadline - clock.now()),
      signal,
      trace,
    },
  )
}

/**
 * Every field that the session needs, or undefined. An answer without credentials must never reach a
 * client, which would then go looking for others by itself (aws/aws-sdk-js-v3#2356).
 */
function sessionOf(
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
function isRefusal(failure: Failure): boolean {
  return (
    classify(failure) === 'access-denied' ||
    /^(?:IDPRejectedClaim(?:Exception)?|ExpiredToken(?:Exception)?)$/.test(failure.name)
  )
}

/** STS could not fetch the issuer's keys: its own trouble or a throttled issuer (aws-cli#7194). */
const KEY_TROUBLE = /verification key|retrieve.*keys?|OpenIdConnect provider.*throttl/i

function isTransient(failure: Failure): boolean {
  if (failure.name.startsWith('IDPCommunicationError')) return true
  if (failure.name.startsWith('InvalidIdentityToken')) return KEY_TROUBLE.test(failure.message)
  return mayPass(classify(failure))
}

function explain(
  failure: Failure,
  request: RoleRequest,
  claims: Claims,
  region: string,
): ActionError {
  const { requestId, name, message } = failure
  const role = quoted(request.roleArn)
  const said = describe(failure)
  if (name.startsWith('InvalidIdentityToken') && /audience/i.test(message)) {
    return new ActionError(
      'AUDIENCE_REFUSED',
      `STS does not accept the audience ${quoted(claims.aud ?? '')} of the token: ${said}.`,
      {
        advice: `Set the input audience to a client id of the IAM OIDC provider for ${claims.iss ?? 'the issuer'}, or add this one to the provider. In China the usual audience is sts.amazonaws.com.cn.`,
        requestId,
      },
    )
  }
  const isKeyTrouble = KEY_TROUBLE.test(message)
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
  if (isRefusal(failure)) return refusal(failure, request, claims)
  if (isTransient(failure)) {
    const advice =
      routeAdvice(failure) ??
      (classify(failure) === 'unknown-host'
        ? `Check the spelling of the region ${quoted(region)} first.`
        : isKeyTrouble
          ? `Run the job again: STS fetches the keys of ${claims.iss ?? 'the issuer'} by itself. Those of a GitHub Enterprise Server must be reachable from the internet.`
          : undefined)
    return new ActionError('STS_UNAVAILABLE', `STS could not be asked for ${role}: ${said}.`, {
      requestId,
      advice,
    })
  }
  if (classify(failure) === 'untrusted-host') {
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

function refusal(failure: Failure, request: RoleRequest, claims: Claims): ActionError {
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
    `STS does not let this workflow assume ${quoted(request.roleArn)}: ${describe(failure)}. The token says: ${oneLine(shown.join(', '), 1500)}.`,
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
