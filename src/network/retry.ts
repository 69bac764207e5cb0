/** The one layer of retry: how long to wait, and the loop for calls that may be made again. */
import type { Clock, Random } from '../lib/clock.ts'
import { formatDuration } from '../lib/clock.ts'
import { classifyFailure, isRetryable, type FailureKind } from './classify.ts'
import type { ApiFailure } from './failure.ts'

/** What a call came back with. */
export type ApiResult<T> =
  | Readonly<{
      ok: true
      value: T
      requestId: string | undefined
      /** The server's own time when it answered, in milliseconds since 1970. */
      serverTime: number | undefined
    }>
  | Readonly<{
      ok: false
      failure: ApiFailure
      /** True when it was the deadline that ended the attempts. */
      deadlineExceeded?: boolean
    }>

/**
 * How hard the account is throttled, as far as this run has seen. It is never taken back: where many jobs
 * share an account, each call that got through would otherwise be taken for the end of the crowd.
 */
export type ThrottleState = {
  /** Throttled answers so far. */
  throttledResponses: number
}

/** How patiently calls are made again. */
export type RetryPolicy = Readonly<{
  clock: Clock
  random: Random
  /** When the run must have ended, on the clock. */
  deadline: number
  /** The most consecutive failed sends of one call. */
  maxAttempts: number
  signal: AbortSignal
  /** Told of every retry, in one line for the log. */
  onRetry(line: string): void
  /** For calls that share the account's limit, what is known of it; left out for others. */
  throttleState?: ThrottleState
  /** Lets go of credentials that the service calls expired, so that the next call gets fresh ones. */
  refreshCredentials(): void
}>

/** A name that does not exist may be a resolver that is just coming up; longer than this it is a typo. */
export const DNS_NOT_FOUND_GRACE_MS = 10_000

/** More than this no server can ask for: it would be the run's whole time. */
const MAX_RETRY_AFTER_MS = 300_000

const DEFAULT_BACKOFF = { baseMs: 1_000, maxMs: 20_000 }
// These three were chosen by bench/throttled-fleet.ts: a shorter pause sends a fleet into the same wall again, and
// without a least share of it too many come back at once.
const THROTTLED_BACKOFF = { baseMs: 8_000, maxMs: 64_000 }
const MIN_JITTER = 0.25

const exponential = ({ baseMs, maxMs }: typeof DEFAULT_BACKOFF, exponent: number): number =>
  Math.min(maxMs, baseMs * 2 ** Math.min(exponent, 30))

/** What an account under this pressure asks of everybody's pauses, in milliseconds. */
export function throttleDelayMs({ throttledResponses }: ThrottleState): number {
  return throttledResponses === 0 ? 0 : exponential(THROTTLED_BACKOFF, throttledResponses - 1)
}

/**
 * How long to wait before the next send, in milliseconds: exponential with jitter, on top of what the
 * server asks for. Under pressure the throttled answers of the whole run count, not those of this call.
 *
 * @param failures consecutive failures so far, 1 at least
 */
export function backoffMs(
  kind: FailureKind,
  failures: number,
  random: Random,
  retryAfterMs?: number,
  pressure?: ThrottleState,
): number {
  const jitter =
    kind === 'throttled' && pressure !== undefined
      ? throttleDelayMs({ throttledResponses: Math.max(failures, pressure.throttledResponses) }) *
        (MIN_JITTER + (1 - MIN_JITTER) * random())
      : exponential(DEFAULT_BACKOFF, failures - 1) * random()
  return Math.round(Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS) + jitter)
}

/** The consecutive failed sends of one call. */
export type Attempts = {
  failures: number
  /** Since when the host's name has not been found; undefined when the last failure was another. */
  dnsNotFoundSince: number | undefined
}

export function newAttempts(): Attempts {
  return { failures: 0, dnsNotFoundSince: undefined }
}

/** Counts an answer by which the account is throttled. */
export function recordThrottle({ throttleState }: RetryPolicy, kind: FailureKind): void {
  if (kind === 'throttled' && throttleState !== undefined) throttleState.throttledResponses += 1
}

/**
 * Waits before the next send of a call, if there can be one.
 *
 * @param attempts what has failed so far, this failure included
 * @returns `again` after the wait; at once `attempts` when those are used up, `deadline` when the wait
 *   would end after it
 * @throws the signal's reason when aborted
 */
export async function waitBeforeRetry(
  policy: RetryPolicy,
  failure: ApiFailure,
  attempts: Attempts,
): Promise<'again' | 'attempts' | 'deadline'> {
  const { clock, random, deadline, maxAttempts, signal, onRetry, throttleState } = policy
  const { failures } = attempts
  const kind = classifyFailure(failure)
  recordThrottle(policy, kind)
  const now = clock.now()
  if (now >= deadline) return 'deadline'
  if (failures >= maxAttempts) return 'attempts'
  const wait = backoffMs(kind, failures, random, failure.retryAfterMs, throttleState)
  if (now + wait >= deadline) return 'deadline'
  attempts.dnsNotFoundSince =
    kind === 'unknown-host' ? (attempts.dnsNotFoundSince ?? now) : undefined
  if (now + wait - (attempts.dnsNotFoundSince ?? Infinity) > DNS_NOT_FOUND_GRACE_MS)
    return 'attempts'
  onRetry(
    `${failure.operation} failed (attempt ${failures} of ${maxAttempts}): ${formatFailure(failure)}. Next attempt in ${formatDuration(wait)}.`,
  )
  await clock.sleep(wait, signal)
  return 'again'
}

/**
 * Makes a call that may safely be made again, until it succeeds, fails for good, or attempts or time are
 * used up. Expired credentials are renewed once.
 *
 * @throws what the call throws, and the signal's reason when aborted
 */
export async function retry<T>(
  policy: RetryPolicy,
  call: () => Promise<ApiResult<T>>,
): Promise<ApiResult<T>> {
  const attempts = newAttempts()
  let refreshed = false
  for (;;) {
    const result = await call()
    if (result.ok) return result
    attempts.failures += 1
    const kind = classifyFailure(result.failure)
    if (kind === 'credentials-expired' && canRefresh(policy, attempts, refreshed)) {
      refreshed = true
      policy.refreshCredentials()
      continue
    }
    if (!isRetryable(kind)) return result
    const outcome = await waitBeforeRetry(policy, result.failure, attempts)
    if (outcome !== 'again') return { ...result, deadlineExceeded: outcome === 'deadline' }
  }
}

/** Whether a call that was refused for expired credentials is worth another send with fresh ones. */
export function canRefresh(policy: RetryPolicy, attempts: Attempts, refreshed: boolean): boolean {
  return !refreshed && attempts.failures < policy.maxAttempts
}

/** A failure in a few words: `429 TooManyRequestsException: Rate exceeded`. */
export function formatFailure(failure: ApiFailure): string {
  if (failure.timedOut) return 'no answer within the time limit'
  const { status, code, name, message } = failure
  // What the SDK's parser says of a page is of no use to people.
  if (name === 'SyntaxError' && status !== undefined) return `${status}: the answer is not JSON`
  // Names that say no more than that something failed; the SDK calls every broken connection a time-out.
  const bare = name === 'Unknown' || name === 'Error'
  const telling = bare || (code !== undefined && name === 'TimeoutError') ? undefined : name
  const head = [status, code, telling].filter((part) => part !== undefined).join(' ')
  // The SDK's own word for an error that came without one.
  const said = /^Unknown(?:Error)?$/.test(message) ? 'no reason given' : message
  return [head, said].filter((part) => part !== '').join(': ')
}
