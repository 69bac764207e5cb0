/** The only retry layer: how long to wait, and the loop for calls that may safely be repeated. */
import { formatDuration, type Clock, type Random } from '../lib/clock.ts'
import { classifyFailure, isRetryable, type FailureKind } from './classify.ts'
import { formatFailure, type ApiFailure } from './failure.ts'

export type ApiResult<T> =
  | Readonly<{
      ok: true
      value: T
      requestId: string | undefined
      /** The server's time of the response, in milliseconds since 1970. */
      serverTime: number | undefined
    }>
  | Readonly<{
      ok: false
      failure: ApiFailure
      /** True when no retry fitted before the deadline. */
      deadlineExceeded?: boolean
    }>

/**
 * How much the account is throttled, as far as this run knows. The count never decreases: when many jobs
 * share an account, one successful call does not mean that the congestion is over.
 */
export type ThrottleState = {
  /** Throttled responses so far. */
  throttledResponses: number
}

export type RetryPolicy = Readonly<{
  clock: Clock
  random: Random
  /** When the run must end, in the milliseconds of `clock.now()`. */
  deadline: number
  /** Maximum consecutive failed attempts of one API call. */
  maxAttempts: number
  signal: AbortSignal
  /** Called before every retry with one line for the log. */
  onRetry(line: string): void
  /** Shared by all calls that count towards the account's rate limit; absent for other calls. */
  throttleState?: ThrottleState
  /** Discards credentials that the service reports as expired, so that the next call gets new ones. */
  invalidateCredentials(): void
}>

/** A resolver that is still starting can report a missing host. After this time, the host name is wrong. */
export const DNS_NOT_FOUND_GRACE_MS = 10_000

/** Shorter delays are reported as this one, because "in 0 s" says nothing. */
const MIN_REPORTED_DELAY_MS = 100

/** A server that asks for a longer delay would use up the time of the whole run. */
const MAX_RETRY_AFTER_MS = 300_000

type Backoff = Readonly<{ baseMs: number; maxMs: number }>

const DEFAULT_BACKOFF: Backoff = { baseMs: 1_000, maxMs: 20_000 }
// The values for throttling come from bench/throttled-fleet.ts: with shorter delays, all jobs are throttled again,
// and without a minimum share of the delay too many jobs return at the same time.
const THROTTLED_BACKOFF: Backoff = { baseMs: 8_000, maxMs: 64_000 }
const MIN_JITTER = 0.25

const exponential = ({ baseMs, maxMs }: Backoff, exponent: number): number =>
  Math.min(maxMs, baseMs * 2 ** Math.min(exponent, 30))

/** The delay between calls to an account in this state, in milliseconds. */
export function throttleDelayMs({ throttledResponses }: ThrottleState): number {
  return throttledResponses === 0 ? 0 : exponential(THROTTLED_BACKOFF, throttledResponses - 1)
}

/**
 * The delay before the next attempt, in milliseconds: exponential backoff with jitter, in addition to the
 * delay that the server asks for. For a throttled account, all throttled responses of the run count.
 *
 * @param failures consecutive failures so far, at least 1
 */
export function backoffMs(
  kind: FailureKind,
  failures: number,
  random: Random,
  retryAfterMs?: number,
  throttleState?: ThrottleState,
): number {
  const backoff =
    kind === 'throttled' && throttleState !== undefined
      ? throttleDelayMs({
          throttledResponses: Math.max(failures, throttleState.throttledResponses),
        }) *
        (MIN_JITTER + (1 - MIN_JITTER) * random())
      : kind === 'clock-skew' && failures === 1
        ? 0
        : exponential(DEFAULT_BACKOFF, failures - 1) * random()
  return Math.round(Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS) + backoff)
}

/** The consecutive failed attempts of one call. */
export type Attempts = {
  failures: number
  /** When the host name was first not found; undefined when the latest failure was a different one. */
  dnsNotFoundSince: number | undefined
}

export function newAttempts(): Attempts {
  return { failures: 0, dnsNotFoundSince: undefined }
}

/** Counts a throttled response. */
export function recordThrottle({ throttleState }: RetryPolicy, kind: FailureKind): void {
  if (kind === 'throttled' && throttleState !== undefined) throttleState.throttledResponses += 1
}

/**
 * Waits before the next attempt of a call, if there is one.
 *
 * @param attempts the failed attempts, this failure included
 * @returns `retry` after the delay; immediately `exhausted` when no attempts are left, and `deadline` when
 *   the delay would end after the deadline
 * @throws the signal's reason when aborted
 */
export async function waitBeforeRetry(
  policy: RetryPolicy,
  failure: ApiFailure,
  attempts: Attempts,
): Promise<'retry' | 'exhausted' | 'deadline'> {
  const { clock, random, deadline, maxAttempts, signal, onRetry, throttleState } = policy
  const { failures } = attempts
  const kind = classifyFailure(failure)
  recordThrottle(policy, kind)
  const now = clock.now()
  if (now >= deadline) return 'deadline'
  if (failures >= maxAttempts) return 'exhausted'
  const delay = backoffMs(kind, failures, random, failure.retryAfterMs, throttleState)
  if (now + delay >= deadline) return 'deadline'
  attempts.dnsNotFoundSince =
    kind === 'dns-not-found' ? (attempts.dnsNotFoundSince ?? now) : undefined
  if (now + delay - (attempts.dnsNotFoundSince ?? Infinity) > DNS_NOT_FOUND_GRACE_MS) {
    return 'exhausted'
  }
  onRetry(
    `${failure.operation} failed (attempt ${failures} of ${maxAttempts}): ${formatFailure(failure)}. Next attempt in ${formatDuration(Math.max(MIN_REPORTED_DELAY_MS, delay))}.`,
  )
  await clock.sleep(delay, signal)
  return 'retry'
}

/**
 * Makes a call, and repeats it until it succeeds, fails permanently, or attempts or time run out. Expired
 * credentials are refreshed once.
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
      policy.invalidateCredentials()
      continue
    }
    if (!isRetryable(kind)) return result
    const next = await waitBeforeRetry(policy, result.failure, attempts)
    if (next !== 'retry') return { ...result, deadlineExceeded: next === 'deadline' }
  }
}

/** Whether a call that failed because of expired credentials gets another attempt with new ones. */
export function canRefresh(policy: RetryPolicy, attempts: Attempts, refreshed: boolean): boolean {
  return !refreshed && attempts.failures < policy.maxAttempts
}
