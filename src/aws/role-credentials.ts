/** Credentials of a role that is assumed with the OIDC token of the workflow. */
import { ActionError } from '../errors/action-error.ts'
import { formatDuration } from '../lib/clock.ts'
import { quote, sanitizeLine } from '../lib/text.ts'
import type { RetryPolicy } from '../network/retry.ts'
import { assumeRole, type RoleSession } from './assume-role.ts'
import {
  asMemoized,
  checkAccount,
  maskCredentials,
  RefreshError,
  type CredentialDeps,
  type CredentialOptions,
  type Credentials,
} from './credentials.ts'
import { getIdTokenEndpoint, requestIdToken, type IdTokenEndpoint } from './id-token.ts'

/** Credentials are refreshed this long before they expire, so that none expires during a call. */
const REFRESH_MARGIN_MS = 120_000

/** The call that needs a refreshed session is itself repeated. */
const REFRESH_ATTEMPTS = 3

/** A session, and when it expires and is refreshed, on the clock of the run. */
type AssumedSession = Readonly<{ session: RoleSession; expiresAt: number; refreshAt: number }>

/**
 * Assumes a role, and again shortly before the session expires.
 *
 * @throws ActionError when the role cannot be assumed; the signal's reason when aborted
 */
export async function roleCredentials(
  options: CredentialOptions,
  roleArn: string,
  deps: CredentialDeps,
): Promise<Credentials> {
  const { clock } = deps.retryPolicy
  const endpoint = getIdTokenEndpoint(deps.env)
  if (endpoint === undefined) {
    const { missingIdTokenPermission } = await import('./id-token-errors.ts')
    throw missingIdTokenPermission(roleArn, deps.available.hasAmbientCredentials)
  }
  const assume = createAssume(options, roleArn, endpoint, deps)
  let current = await assume(deps.retryPolicy.maxAttempts)
  deps.log(
    `Assumed role ${quote(roleArn)} as ${quote(options.sessionName)}${options.readOnly ? ' (read-only session)' : ''}.`,
  )
  let refreshing: Promise<AssumedSession> | undefined
  return {
    provider: asMemoized(async () => {
      if (clock.now() >= current.refreshAt) {
        refreshing ??= refresh(() => current, assume, deps).finally(() => {
          refreshing = undefined
        })
        current = await refreshing
      }
      return current.session.credentials
    }),
    invalidate: () => {
      current = { ...current, refreshAt: 0, expiresAt: 0 }
    },
  }
}

/** Returns a function that assumes the role. The first attempt uses the prefetched token. */
function createAssume(
  options: CredentialOptions,
  roleArn: string,
  endpoint: IdTokenEndpoint,
  { available, settings, secrets, trace, retryPolicy }: CredentialDeps,
): (maxAttempts: number) => Promise<AssumedSession> {
  const { audience, allowedAccountIds } = options
  const hasOtherCredentials = available.hasAmbientCredentials
  const { clock } = retryPolicy
  let { prefetchedToken } = options
  const getIdToken = (policy: RetryPolicy): Promise<string> => {
    const prefetched = prefetchedToken
    prefetchedToken = undefined
    const { agents } = settings
    return prefetched ?? requestIdToken({ endpoint, audience, agents, secrets, policy })
  }
  return async (maxAttempts) => {
    const policy: RetryPolicy = {
      ...retryPolicy,
      maxAttempts,
      invalidateCredentials: () => undefined,
    }
    const session = await assumeRole(
      { ...options, roleArn, hasOtherCredentials },
      settings,
      () => getIdToken(policy),
      policy,
      trace,
    )
    maskCredentials(secrets, session.credentials)
    checkAccount(session.accountId, session.arn, allowedAccountIds)
    const expiresAt = clock.now() + session.lifetimeMs
    // With the full margin, a very short session would be refreshed before every call.
    const marginMs = Math.min(REFRESH_MARGIN_MS, session.lifetimeMs / 4)
    return { session, expiresAt, refreshAt: expiresAt - marginMs }
  }
}

/** @throws RefreshError when the session has ended and a later call can refresh it */
async function refresh(
  getCurrent: () => AssumedSession,
  assume: ReturnType<typeof createAssume>,
  { log, retryPolicy: { clock, signal, maxAttempts } }: CredentialDeps,
): Promise<AssumedSession> {
  try {
    const refreshed = await assume(Math.min(maxAttempts, REFRESH_ATTEMPTS))
    log('Refreshed the role session.')
    return refreshed
  } catch (error) {
    const current = getCurrent()
    const remainingMs = current.expiresAt - clock.now()
    if (signal.aborted) throw error
    if (remainingMs <= 0) {
      throw error instanceof ActionError && error.temporary ? new RefreshError(error) : error
    }
    // The current session is still valid; a later call tries again.
    const detail = error instanceof Error ? sanitizeLine(error.message) : 'unknown error'
    log(
      `Could not refresh the role session, which is still valid for ${formatDuration(remainingMs)}: ${detail}`,
    )
    return { ...current, refreshAt: clock.now() + remainingMs / 2 }
  }
}
