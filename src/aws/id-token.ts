/**
 * The workflow's OIDC token, minted by GitHub's token service. The toolkit's own call waits three minutes
 * for a silent server, never settles when the answer ends early, and retries some failures ten times and
 * others not at all; so the request is made here, under the same limits as every other call.
 */
import { formatDuration, abortReason } from '../lib/clock.ts'
import { classifyFailure } from '../network/classify.ts'
import { ActionError } from '../errors/action-error.ts'
import { networkAdvice, withResult } from '../storage/errors.ts'
import {
  toApiFailure,
  TimeoutError,
  type ResponseHead,
  type ApiFailure,
} from '../network/failure.ts'
import { httpRequest, type Agents } from '../network/agents.ts'
import type { Env } from '../lib/env.ts'
import { formatFailure, retry, type ApiResult, type RetryPolicy } from '../network/retry.ts'
import type { Secrets } from '../lib/secrets.ts'
import { sanitizeLine } from '../lib/text.ts'

/** Where a job with `id-token: write` mints its tokens; the runner sets both variables or none. */
export type IdTokenEndpoint = Readonly<{ url: string; bearer: string }>

/** The token service of this job, or undefined when the job may not mint tokens. */
export function getIdTokenEndpoint(env: Env): IdTokenEndpoint | undefined {
  const url = env['ACTIONS_ID_TOKEN_REQUEST_URL']?.trim() ?? ''
  const bearer = env['ACTIONS_ID_TOKEN_REQUEST_TOKEN']?.trim() ?? ''
  return url === '' || bearer === '' ? undefined : { url, bearer }
}

const ATTEMPT_TIMEOUT_MS = 8_000
const TOTAL_TIMEOUT_MS = 55_000
const MAX_ATTEMPTS = 5

/**
 * Mints a token and masks it. Failures that can pass are retried, for less than a minute in all.
 *
 * @param onSent told whenever a request has left this process
 * @throws ActionError TOKEN_UNAVAILABLE; the signal's reason when aborted
 */
export async function requestIdToken(
  endpoint: IdTokenEndpoint,
  audience: string,
  agents: Agents,
  secrets: Secrets,
  policy: RetryPolicy,
  onSent?: () => void,
): Promise<string> {
  secrets.add(endpoint.bearer)
  const url = tokenUrl(endpoint.url, audience)
  const { clock, deadline } = policy
  const ownDeadline = clock.now() + TOTAL_TIMEOUT_MS
  const limited: RetryPolicy = {
    ...policy,
    maxAttempts: MAX_ATTEMPTS,
    deadline: Math.min(deadline, ownDeadline),
  }
  const answer = await retry(limited, () =>
    fetchIdToken(url, endpoint.bearer, agents, limited, onSent),
  )
  if (!answer.ok) {
    const error = tokenUnavailable(answer.failure, url)
    const runIsOver = answer.deadlineExceeded === true && deadline <= ownDeadline
    if (runIsOver) throw withResult(error, 'timed-out')
    throw answer.deadlineExceeded === true
      ? withResult(
          error,
          'failed',
          `${error.message} No other attempt fits into the ${formatDuration(TOTAL_TIMEOUT_MS)} that there are for a token.`,
        )
      : error
  }
  secrets.add(answer.value)
  return answer.value
}

function tokenUrl(text: string, audience: string): URL {
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

async function fetchIdToken(
  url: URL,
  bearer: string,
  agents: Agents,
  { signal, clock, deadline }: RetryPolicy,
  onSent: (() => void) | undefined,
): Promise<ApiResult<string>> {
  const limit = new AbortController()
  const limitMs = Math.max(1, Math.min(ATTEMPT_TIMEOUT_MS, deadline - clock.now()))
  const timer = setTimeout(() => {
    limit.abort(new TimeoutError('no answer from the token service'))
  }, limitMs)
  let head: ResponseHead | undefined
  // The runner names this host, and no setting of the user.
  const route = { ...agents.routeTo(url), endpoint: undefined }
  try {
    const response = await httpRequest(url, agents, {
      headers: { authorization: `Bearer ${bearer}`, accept: 'application/json' },
      signal: AbortSignal.any([signal, limit.signal]),
      ...(onSent === undefined ? {} : { onSent }),
    })
    head = { status: response.status, headers: singleHeaders(response.headers) }
    const token = response.status === 200 ? parseToken(response.body) : undefined
    if (token !== undefined) {
      return { ok: true, value: token, requestId: undefined, serverTime: undefined }
    }
    throw new Error('the answer holds no token')
  } catch (error) {
    if (signal.aborted) throw abortReason(signal)
    const thrown = limit.signal.aborted ? abortReason(limit.signal) : error
    const failure = toApiFailure(thrown, {
      operation: 'The token request',
      connected: true,
      head,
      route,
    })
    return { ok: false, failure }
  } finally {
    clearTimeout(timer)
  }
}

function parseToken(body: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed !== 'object' || parsed === null || !('value' in parsed)) return undefined
    const { value } = parsed
    return typeof value === 'string' && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(value) ? value : undefined
  } catch {
    return undefined
  }
}

function tokenUnavailable(failure: ApiFailure, url: URL): ActionError {
  const kind = classifyFailure(failure)
  const advice =
    networkAdvice(failure) ??
    (kind === 'not-found' || kind === 'unreadable'
      ? 'On GitHub Enterprise Server check that OIDC is available there; otherwise look for a proxy that answers in its place.'
      : kind === 'credentials-refused'
        ? 'The job’s request token was not accepted; it is valid only while its job runs. Run the job again.'
        : kind === 'untrusted-host'
          ? 'For a private certificate authority set NODE_EXTRA_CA_CERTS for the step.'
          : undefined)
  return new ActionError(
    'TOKEN_UNAVAILABLE',
    `GitHub's token service at ${sanitizeLine(url.host, 100)} did not hand out an OIDC token: ${formatFailure(failure)}.`,
    { advice },
  )
}

/** The claims of a token that an IAM trust policy can ask for. */
export type Claims = Readonly<Partial<Record<(typeof CLAIMS)[number], string>>>

const CLAIMS = ['iss', 'aud', 'sub', 'ref', 'environment', 'job_workflow_ref'] as const

/** Reads the claims out of a token without judging it; STS does that. */
export function decodeClaims(token: string): Claims {
  try {
    const payload: unknown = JSON.parse(
      Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'),
    )
    if (typeof payload !== 'object' || payload === null) return {}
    return Object.fromEntries(
      CLAIMS.flatMap((claim) => {
        const value: unknown = Reflect.get(payload, claim)
        return typeof value === 'string' ? [[claim, sanitizeLine(value, 300)]] : []
      }),
    )
  } catch {
    return {}
  }
}

function singleHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value]] : [],
    ),
  )
}
