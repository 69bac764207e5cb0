/**
 * The OIDC token of the workflow, requested from GitHub. The toolkit's own function waits three minutes for
 * a silent server, never settles when a response ends early, and retries some errors ten times and others
 * not at all; so the request is made here, with the same limits as every other call.
 */
import { ActionError, withResult } from '../errors/action-error.ts'
import { abortReason, formatDuration } from '../lib/clock.ts'
import { readVariable, type Env } from '../lib/env.ts'
import { getPath, getString, parseJson } from '../lib/json.ts'
import type { Secrets } from '../lib/secrets.ts'
import { sanitizeLine } from '../lib/text.ts'
import { withTimeout } from '../lib/timeout.ts'
import type { Agents } from '../network/agents.ts'
import { toApiFailure, type ResponseHead } from '../network/failure.ts'
import { httpRequest, singleHeaders } from '../network/request.ts'
import { retry, type ApiResult, type RetryPolicy } from '../network/retry.ts'

/** Where a job with `id-token: write` requests its tokens. */
export type IdTokenEndpoint = Readonly<{ url: string; bearer: string }>

/**
 * The token endpoint of this job; undefined when the job has no permission to request tokens. The runner
 * sets both variables or none.
 */
export function getIdTokenEndpoint(env: Env): IdTokenEndpoint | undefined {
  const url = readVariable(env, 'ACTIONS_ID_TOKEN_REQUEST_URL')
  const bearer = readVariable(env, 'ACTIONS_ID_TOKEN_REQUEST_TOKEN')
  return url === '' || bearer === '' ? undefined : { url, bearer }
}

const ATTEMPT_TIMEOUT_MS = 8_000
const TOTAL_TIMEOUT_MS = 55_000
const MAX_ATTEMPTS = 5

export type IdTokenRequest = Readonly<{
  endpoint: IdTokenEndpoint
  audience: string
  agents: Agents
  secrets: Secrets
  policy: RetryPolicy
  /** Called whenever a request has left this process. */
  onSent?: () => void
}>

/**
 * Requests a token and masks it. Retries temporary failures for less than a minute in total.
 *
 * @throws ActionError TOKEN_UNAVAILABLE; the signal's reason when aborted
 */
export async function requestIdToken(request: IdTokenRequest): Promise<string> {
  const { endpoint, audience, secrets, policy } = request
  secrets.add(endpoint.bearer)
  const url = parseTokenUrl(endpoint.url, audience)
  const tokenDeadline = policy.clock.now() + TOTAL_TIMEOUT_MS
  const limited: RetryPolicy = {
    ...policy,
    maxAttempts: MAX_ATTEMPTS,
    deadline: Math.min(policy.deadline, tokenDeadline),
  }
  const result = await retry(limited, () => fetchIdToken(url, { ...request, policy: limited }))
  if (result.ok) {
    secrets.add(result.value)
    return result.value
  }
  const { tokenUnavailable } = await import('./id-token-errors.ts')
  const error = tokenUnavailable(result.failure, url)
  if (result.deadlineExceeded !== true) throw error
  if (policy.deadline <= tokenDeadline) throw withResult(error, 'timed-out')
  throw withResult(
    error,
    'failed',
    `${error.message} The time limit of ${formatDuration(TOTAL_TIMEOUT_MS)} for a token leaves no time for another attempt.`,
  )
}

export type PrefetchedIdToken = Readonly<{
  token: Promise<string>
  /**
   * Resolves as soon as the request has left this process, or failed; loading modules before that would
   * keep the event loop from sending it.
   */
  sent: Promise<unknown>
}>

/** Requests a token before it is needed. An error is thrown to the caller that awaits `token`. */
export function prefetchIdToken(
  request: Omit<IdTokenRequest, 'onSent' | 'policy'> & {
    policy: Omit<RetryPolicy, 'invalidateCredentials'>
  },
): PrefetchedIdToken {
  const { promise: sent, resolve } = Promise.withResolvers<unknown>()
  const onSent = (): void => {
    resolve(undefined)
  }
  const policy = { ...request.policy, invalidateCredentials: () => undefined }
  const token = requestIdToken({ ...request, policy, onSent })
  token.then(onSent, onSent)
  return { token, sent }
}

function parseTokenUrl(text: string, audience: string): URL {
  try {
    const url = new URL(text)
    url.searchParams.set('audience', audience)
    return url
  } catch (error) {
    throw new ActionError(
      'TOKEN_UNAVAILABLE',
      `ACTIONS_ID_TOKEN_REQUEST_URL is not a URL: ${sanitizeLine(text.split('?')[0] ?? '', 100)}`,
      { cause: error },
    )
  }
}

async function fetchIdToken(url: URL, request: IdTokenRequest): Promise<ApiResult<string>> {
  const { endpoint, agents, policy, secrets, onSent } = request
  const { signal, clock, deadline } = policy
  // The runner sets this host, not a setting of the user.
  const route = { ...agents.routeTo(url), endpoint: undefined }
  let head: ResponseHead | undefined
  try {
    const timeoutMs = Math.max(1, Math.min(ATTEMPT_TIMEOUT_MS, deadline - clock.now()))
    const { status, headers, body } = await withTimeout({ timeoutMs, signal }, (limited) =>
      httpRequest(url, agents, {
        headers: { authorization: `Bearer ${endpoint.bearer}`, accept: 'application/json' },
        signal: limited,
        ...(onSent === undefined ? {} : { onSent }),
      }),
    )
    head = { status, headers: singleHeaders(headers) }
    const token = status === 200 ? parseToken(body) : undefined
    if (token === undefined) throw new Error('the response contains no token')
    return { ok: true, value: token, requestId: undefined, serverTime: undefined }
  } catch (error) {
    if (signal.aborted) throw abortReason(signal)
    const failure = toApiFailure(error, {
      operation: 'The token request',
      connected: undefined,
      head,
      route,
      redact: secrets.redact,
    })
    return { ok: false, failure }
  }
}

function parseToken(body: string): string | undefined {
  const value = getPath(parseJson(body), 'value')
  return typeof value === 'string' && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(value) ? value : undefined
}

const CLAIMS = ['iss', 'aud', 'sub', 'ref', 'environment', 'job_workflow_ref'] as const

/** The claims of a token that an IAM trust policy can check. */
export type Claims = Readonly<Partial<Record<(typeof CLAIMS)[number], string>>>

/** Reads the claims of a token, for messages. Does not verify the token; STS does that. */
export function decodeClaims(token: string): Claims {
  const payload = parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
  return Object.fromEntries(
    CLAIMS.flatMap((claim) => {
      const value = getString(payload, claim)
      return value === undefined ? [] : [[claim, sanitizeLine(value, 300)]]
    }),
  )
}
