/** What the two sources of credentials, a role and the SDK's default chain, have in common. */
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from '@smithy/types'
import { ActionError } from '../errors/action-error.ts'
import type { Env } from '../lib/env.ts'
import type { Secrets } from '../lib/secrets.ts'
import { quote } from '../lib/text.ts'
import type { RetryPolicy } from '../network/retry.ts'
import type { ClientSettings, Trace } from './sdk-client.ts'

/** The input that the role comes from. */
export type RoleInput = 'role-to-assume' | 'plan-role-to-assume'

/** Which credentials the inputs ask for. */
export type CredentialOptions = Readonly<{
  /** ARN of the role; undefined for ambient credentials. */
  roleArn: string | undefined
  roleInput: RoleInput
  sessionName: string
  durationSeconds: number
  audience: string
  /** 12 digits each; an empty list allows every account. */
  allowedAccountIds: readonly string[]
  /** True when the session must not be able to write. */
  readOnly: boolean
  /** A token for the first attempt that was requested earlier. */
  prefetchedToken: Promise<string> | undefined
}>

export type CredentialDeps = Readonly<{
  env: Env
  /** The credentials that the environment of the job provides. */
  available: Readonly<{ canRequestIdToken: boolean; hasAmbientCredentials: boolean }>
  settings: ClientSettings
  secrets: Secrets
  retryPolicy: Omit<RetryPolicy, 'invalidateCredentials'>
  trace: Trace
  log(line: string): void
}>

/** A refresh that failed for a reason that can pass, so that a later call may succeed. */
export class RefreshError extends Error {
  constructor(error: ActionError) {
    super(error.message, { cause: error })
  }
}

/** Credentials that exist only in this process and are refreshed automatically. */
export type Credentials = Readonly<{
  provider: AwsCredentialIdentityProvider
  /** Discards the current credentials, so that the next call gets new ones. */
  invalidate(): void
}>

/** Marks a provider as memoized; otherwise the SDK caches its result, beyond a refresh. */
export function asMemoized(
  provide: () => Promise<AwsCredentialIdentity>,
): AwsCredentialIdentityProvider {
  return Object.assign(provide, { memoized: true })
}

/** Whether a text has the form of an access key ID (`accessKeyIdType` of the STS model). */
export function isAccessKeyId(text: string): boolean {
  return /^\w{16,128}$/.test(text)
}

/**
 * Whether a text can be a secret access key or a session token. Neither contains blanks or line ends, and a
 * short text could not be masked.
 */
export function isSecretText(text: string): boolean {
  return /^[!-~]{16,}$/.test(text)
}

export function maskCredentials(secrets: Secrets, credentials: AwsCredentialIdentity): void {
  secrets.add(credentials.accessKeyId)
  secrets.add(credentials.secretAccessKey)
  if (credentials.sessionToken !== undefined) secrets.add(credentials.sessionToken)
}

/** @throws ActionError ACCOUNT_NOT_ALLOWED */
export function checkAccount(accountId: string, arn: string, allowed: readonly string[]): void {
  if (allowed.length === 0 || allowed.includes(accountId)) return
  throw new ActionError(
    'ACCOUNT_NOT_ALLOWED',
    `The credentials belong to account ${accountId} (${quote(arn)}), but allowed-account-ids lists ${allowed.join(', ')}.`,
  )
}
