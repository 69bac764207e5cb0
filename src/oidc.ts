/**
 * The workflow's OIDC token, minted by GitHub's token service. The toolkit's own call waits three minutes
 * for a silent server, never settles when the answer ends early, and retries some failures ten times and
 * others not at all; so the request is made here, under the same limits as every other call.
 */
import { duration, reasonOf } from './clock.ts'
import { classify } from './classify.ts'
import { ActionError } from './errors.ts'
import { routeAdvice, withResult } from './explain.ts'
import { describeFailure, TimeLimitError, type AnswerHead, type Failure } from './failure.ts'
import { requestText, type Agents } from './http.ts'
import type { Env } from './inputs.ts'
import { describe, persist, type Answer, type Patience } from './retry.ts'
import type { Secrets } from './secrets.ts'
import { oneLine } from './text.ts'

/** Where a job with `id-token: write` mints its tokens; the runner sets both variables or none. */
export type TokenService = Readonly<{ url: string; bearer: string }>

/** The token service of this job, or undefined when the job may not mint tokens. */
export function tokenService(env: Env): TokenService | undefined {
  const url = env['ACTIONS_ID_TOKEN_REQUEST_URL']?.trim() ?? ''
  const bearer = env['ACTIONS_ID_TOKEN_REQUEST_TOKEN']?.trim() ?? ''
  return url === '' || bearer === '' ? undefined : { url, bearer }
}

const ATTEMPT_LIMIT_MS = 8_000
const TOTAL_LIMIT_MS = 55_000
const ATTEMPTS = 5

/**
 * Mints a token and masks it. Failures that can pass are retried, for less than a minute in all.
 *
 * @param onSent told whenever a request has left this process
 * @throws ActionError TOKEN_UNAVAILABLE; the signal's reason when aborted
 */
export async function mintToken(
  service: TokenService,
  audience: string,
  agents: Agents,
  secrets: Secrets,
  patience: Patience,
  onSent?: () => void,
): Promise<string> {
  secrets.add(service.bearer)
  const url = tokenUrl(service.url, audience)
  const { clock, deadline } = patience
  const ownDeadline = clock.now() + TOTAL_LIMIT_MS
  const limited: Patience = {
    ...patience,
    maxAttempts: ATTEMPTS,
    deadline: Math.min(deadline, ownDeadline),
  }
  const answer = await persist(limited, () =>
    requestToken(url, service.bearer, agents, limited, onSent),
  )
  if (!answer.ok) {
    const error = unavailable(answer.failure, url)
    const runIsOver = answer.outOfTime === true && deadline <= ownDeadline
    if (runIsOver) throw withResult(error, 'timed-out')
    throw answer.outOfTime === true
      ? withResult(
          error,
          'failed',
          `${error.message} No other attempt fits into the ${duration(TOTAL_LIMIT_MS)} that there are for a token.`,
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
      `ACTIONS_ID_TOKEN_REQUEST_URL is not a URL: ${oneLine(text.split('?')[0] ?? '', 100)}`,
      { cause: error },
    )
  }
}

async function requestToken(
  url: URL,
  bearer: string,
  agents: Agents,
  { signal, clock, deadline }: Patience,
  onSent: (() => void) | undefined,
): Promise<Answer<string>> {
  const limit = new AbortController()
  const limitMs = Math.max(1, Math.min(ATTEMPT_LIMIT_MS, deadline - clock.now()))
  const timer = setTimeout(() => {
    limit.abort(new TimeLimitError('no answer from the token service'))
  }, limitMs)
  let head: AnswerHead | undefined
  // The runner names this host, and no setting of the user.
  const route = { ...agents.routeTo(url), endpoint: undefined }
  try {
    const response = await requestText(url, agents, {
      headers: { authorization: `Bearer ${bearer}`, accept: 'application/json' },
      signal: AbortSignal.any([signal, limit.signal]),
      ...(onSent === undefined ? {} : { onSent }),
    })
    head = { status: response.status, headers: singleHeaders(response.headers) }
    const token = response.status === 200 ? tokenOf(response.body) : undefined
    if (token !== undefined) {
      return { ok: true, value: token, requestId: undefined, serverTime: undefined }
    }
    throw new Error('the answer holds no token')
  } catch (error) {
    if (signal.aborted) throw reasonOf(signal)
    const thrown = limit.signal.aborted ? reasonOf(limit.signal) : error
    const failure = describeFailure(thrown, {
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

function tokenOf(body: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed !== 'object' || parsed === null || !('value' in parsed)) return undefined
    const { value } = parsed
    return typeof value === 'string' && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(value) ? value : undefined
  } catch {
    return undefined
  }
}

function unavailable(failure: Failure, url: URL): ActionError {
  const verdict = classify(failure)
  const advice =
    routeAdvice(failure) ??
    (verdict === 'not-found' || verdict === 'unreadable'
      ? 'On GitHub Enterprise Server check that OIDC is available there; otherwise look for a proxy that answers in its place.'
      : verdict === 'credentials-refused'
        ? 'The job’s request token was not accepted; it is valid only while its job runs. Run the job again.'
        : verdict === 'untrusted-host'
          ? 'For a private certificate authority set NODE_EXTRA_CA_CERTS for the step.'
          : undefined)
  return new ActionError(
    'TOKEN_UNAVAILABLE',
    `GitHub's token service at ${oneLine(url.host, 100)} did not hand out an OIDC token: ${describe(failure)}.`,
    { advice },
  )
}

/** The claims of a token that an IAM trust policy can ask for. */
export type Claims = Readonly<Partial<Record<(typeof CLAIMS)[number], string>>>

const CLAIMS = ['iss', 'aud', 'sub', 'ref', 'environment', 'job_workflow_ref'] as const

/** Reads the claims out of a token without judging it; STS does that. */
export function claimsOf(token: string): Claims {
  try {
    const payload: unknown = JSON.parse(
      Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'),
    )
    if (typeof payload !== 'object' || payload === null) return {}
    return Object.fromEntries(
      CLAIMS.flatMap((claim) => {
        const value: unknown = Reflect.get(payload, claim)
        return typeof value === 'string' ? [[claim, oneLine(value, 300)]] : []
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
