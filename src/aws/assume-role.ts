/** AWS STS: assuming a role with the token of the workflow, and the account that credentials belong to. */
import { ActionError, withResult } from '../errors/action-error.ts'
import {
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  STSClient,
  type AssumeRoleWithWebIdentityCommandOutput,
} from '@aws-sdk/client-sts'
import type { AwsCredentialIdentity } from '@smithy/types'
import { parseArn } from '../lib/arn.ts'
import type { ApiFailure } from '../network/failure.ts'
import { newAttempts, waitBeforeRetry, type ApiResult, type RetryPolicy } from '../network/retry.ts'
import { isAccessDenied, isTemporary } from './assume-role-failures.ts'
import { isAccessKeyId, isSecretText, type RoleInput } from './credentials.ts'
import { decodeClaims } from './id-token.ts'
import {
  callSdk,
  clientConfiguration,
  type ClientSettings,
  type SdkCallOptions,
  type Trace,
} from './sdk-client.ts'

export type AssumeRoleOptions = Readonly<{
  roleArn: string
  roleInput: RoleInput
  sessionName: string
  durationSeconds: number
  /** Whether a session policy denies every write. */
  readOnly: boolean
  /** Whether the job has other credentials, which are not used. */
  hasOtherCredentials: boolean
}>

export type RoleSession = Readonly<{
  credentials: Required<
    Pick<AwsCredentialIdentity, 'accessKeyId' | 'secretAccessKey' | 'sessionToken' | 'expiration'>
  >
  /** ARN of the assumed role, as STS reports it. */
  arn: string
  accountId: string
  /** How long the credentials are valid after the response, in milliseconds, by the clock of STS. */
  lifetimeMs: number
}>

/** The session policy of a plan: IAM denies every write, whatever the role allows. */
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

/** A new role is denied until IAM has propagated it, which takes moments; more attempts do not help. */
const MAX_DENIALS = 3

/**
 * Assumes a role. Every attempt uses a new token, because STS would reject the same token again.
 *
 * @throws ActionError with the reason, and with the claims of the token when access is denied; the signal's
 *   reason when aborted
 */
export async function assumeRole(
  options: AssumeRoleOptions,
  settings: ClientSettings,
  requestIdToken: () => Promise<string>,
  policy: RetryPolicy,
  trace: Trace,
): Promise<RoleSession> {
  // The call is not signed. Without a provider, the SDK would look for ambient credentials to sign it.
  const client = new STSClient({ ...clientConfiguration(settings), credentials: neverSigned })
  const attempts = newAttempts()
  let denials = 0
  for (;;) {
    const token = await requestIdToken()
    const result = await callSdk(
      (abortSignal) => client.send(createCommand(options, token), { abortSignal }),
      parseSession,
      callOptions('AssumeRoleWithWebIdentity', policy, trace, settings),
    )
    if (result.ok) {
      const expiration = result.value.credentials.expiration.getTime()
      return { ...result.value, lifetimeMs: expiration - (result.serverTime ?? Date.now()) }
    }
    const { failure } = result
    attempts.failures += 1
    if (isAccessDenied(failure)) denials += 1
    const next = canRetry(failure, denials)
      ? await waitBeforeRetry(
          isAccessDenied(failure) ? limitDenials(policy, attempts.failures, denials) : policy,
          failure,
          attempts,
        )
      : 'exhausted'
    if (next === 'retry') continue
    const { toAssumeRoleError } = await import('./assume-role-errors.ts')
    // Only the claims of the token are used in the message, never the token itself.
    const error = toAssumeRoleError(failure, options, decodeClaims(token), settings.region)
    throw next === 'deadline' ? withResult(error, 'timed-out') : error
  }
}

function neverSigned(): Promise<AwsCredentialIdentity> {
  return Promise.reject(
    new ActionError('INTERNAL_ERROR', 'A call that is not signed asked for keys.'),
  )
}

function createCommand(
  { roleArn, sessionName, durationSeconds, readOnly }: AssumeRoleOptions,
  token: string,
): AssumeRoleWithWebIdentityCommand {
  return new AssumeRoleWithWebIdentityCommand({
    RoleArn: roleArn,
    RoleSessionName: sessionName,
    DurationSeconds: durationSeconds,
    WebIdentityToken: token,
    ...(readOnly ? { Policy: PLAN_SESSION_POLICY } : {}),
  })
}

function canRetry(failure: ApiFailure, denials: number): boolean {
  return isAccessDenied(failure) ? denials < MAX_DENIALS : isTemporary(failure)
}

/** Reduces the attempts to those that the denials allow, so that the log shows the actual maximum. */
function limitDenials(policy: RetryPolicy, failures: number, denials: number): RetryPolicy {
  const maxAttempts = Math.min(policy.maxAttempts, failures + MAX_DENIALS - denials)
  return { ...policy, maxAttempts }
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
  return callSdk(
    (abortSignal) => client.send(new GetCallerIdentityCommand({}), { abortSignal }),
    ({ Account: accountId, Arn: arn }) =>
      accountId === undefined || !/^\d{12}$/.test(accountId)
        ? undefined
        : { accountId, arn: arn ?? '' },
    callOptions('GetCallerIdentity', policy, trace, settings),
  )
}

function callOptions(
  operation: string,
  { signal, clock, deadline }: RetryPolicy,
  trace: Trace,
  { redact }: ClientSettings,
): SdkCallOptions {
  const timeoutMs = Math.min(CALL_TIMEOUT_MS, deadline - clock.now())
  return { operation, timeoutMs, signal, trace, redact }
}

/**
 * The complete session, or undefined. Malformed credentials must never reach a client, which would then
 * look for other credentials (aws/aws-sdk-js-v3#2356).
 */
function parseSession(
  output: AssumeRoleWithWebIdentityCommandOutput,
): Omit<RoleSession, 'lifetimeMs'> | undefined {
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = output.Credentials ?? {}
  const { Expiration } = output.Credentials ?? {}
  const arn = output.AssumedRoleUser?.Arn ?? ''
  const accountId = getAssumedRoleAccount(arn)
  if (!isAccessKeyId(AccessKeyId) || accountId === undefined) return undefined
  if (!isSecretText(SecretAccessKey) || !isSecretText(SessionToken)) return undefined
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

function getAssumedRoleAccount(text: string): string | undefined {
  const arn = parseArn(text)
  return arn?.service === 'sts' &&
    arn.resource.startsWith('assumed-role/') &&
    /^\d{12}$/.test(arn.accountId)
    ? arn.accountId
    : undefined
}
