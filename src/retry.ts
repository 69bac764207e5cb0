/** The one layer of retry: how long to wait, and the loop for calls that may be made again. */
import type { Clock, Random } from './clock.ts'
import { duration } from './clock.ts'
import { classify, mayPass, type Verdict } from './classify.ts'
import type { Failure } from './failure.ts'

/** What a call came back with. */
export type Answer<T> =
  | Readonly<{
      ok: true
      value: T
      requestId: string | undefined
      /** The server's own time when it answered, in milliseconds since 1970. */
      serverTime: number | undefined
    }>
  | Readonly<{
      ok: false
      failure: Failure
      /** True when it was the deadline that ended the attempts. */
      outOfTime?: boolean
    }>

/**
 * How hard the account is throttled, as far as this run has seen. It is never taken back: where many jobs
 * share an account, each call that got through would otherwise be taken for the end of the crowd.
 */
export type Pressure = {
  /** Throttled answers so far. */
  refusals: number
}

/** How patiently calls are made again. */
export type Patience = Readonly<{
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
  pressure?: Pressure
  /** Lets go of credentials that the service calls expired, so that the next call gets fresh ones. */
  renewCredentials(): void
}>

/** A name that does not exist may be a resolver that is just coming up; longer than this it is a typo. */
export const UNKNOWN_HOST_MS = 10_000

/** More than this no server can ask for: it would be the run's whole time. */
const RETRY_AFTER_LIMIT_MS = 300_000

const OTHERWISE = { firstMs: 1_000, mostMs: 20_000 }
// These three were chosen by bench/fleet.ts: a shorter pause sends a fleet into the same wall again, and
// without a least share of it too many come back at once.
const THROTTLED = { firstMs: 8_000, mostMs: 64_000 }
const LEAST_SHARE = 0.25

const doubled = ({ firstMs, mostMs }: typeof OTHERWISE, times: number): number =>
  Math.min(mostMs, firstMs * 2 ** Math.min(times, 30))

/** What an account under this pressure asks of everybody's pauses, in milliseconds. */
export function pressureMs({ refusals }: Pressure): number {
  return refusals === 0 ? 0 : doubled(THROTTLED, refusals - 1)
}

/**
 * How long to wait before the next send, in milliseconds: exponential with jitter, on top of what the
 * server asks for. Under pressure the throttled answers of the whole run count, not those of this call.
 *
 * @param failures consecutive failures so far, 1 at least
 */
export function backoffMs(
  verdict: Verdict,
  failures: number,
  random: Random,
  retryAfterMs?: number,
  pressure?: Pressure,
): number {
  const jitter =
    verdict === 'throttled' && pressure !== undefined
      ? pressureMs({ refusals: Math.max(failures, pressure.refusals) }) *
        (LEAST_SHARE + (1 - LEAST_SHARE) * random())
      : doubled(OTHERWISE, failures - 1) * random()
  return Math.round(Math.min(retryAfterMs ?? 0, RETRY_AFTER_LIMIT_MS) + jitter)
}

/** The consecutive failed sends of one call. */
export type Attempts = {
  failures: number
  /** Since when the host's name has not been found; undefined when the last failure was another. */
  unknownSince: number | undefined
}

export function newAttempts(): Attempts {
  return { failures: 0, unknownSince: undefined }
}

/** Counts an answer by which the account is throttled. */
export function notePressure({ pressure }: Patience, verdict: Verdict): void {
  if (verdict === 'throttled' && pressure !== undefined) pressure.refusals += 1
}

/**
 * Waits before the next send of a call, if there can be one.
 *
 * @param attempts what has failed so far, this failure included
 * @returns `again` after the wait; at once `attempts` when those are used up, `deadline` when the wait
 *   would end after it
 * @throws the signal's reason when aborted
 */
export async function waitToRetry(
  patience: Patience,
  failure: Failure,
  attempts: Attempts,
): Promise<'again' | 'attempts' | 'deadline'> {
  const { clock, random, deadline, maxAttempts, signal, onRetry, pressure } = patience
  const { failures } = attempts
  const verdict = classify(failure)
  notePressure(patience, verdict)
  const now = clock.now()
  if (now >= deadline) return 'deadline'
  if (failures >= maxAttempts) return 'attempts'
  const wait = backoffMs(verdict, failures, random, failure.retryAfterMs, pressure)
  if (now + wait >= deadline) return 'deadline'
  attempts.unknownSince = verdict === 'unknown-host' ? (attempts.unknownSince ?? now) : undefined
  if (now + wait - (attempts.unknownSince ?? Infinity) > UNKNOWN_HOST_MS) return 'attempts'
  onRetry(
    `${failure.operation} failed (attempt ${failures} of ${maxAttempts}): ${describe(failure)}. Next attempt in ${duration(wait)}.`,
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
export async function persist<T>(
  patience: Patience,
  call: () => Promise<Answer<T>>,
): Promise<Answer<T>> {
  const attempts = newAttempts()
  let renewed = false
  for (;;) {
    const answer = await call()
    if (answer.ok) return answer
    attempts.failures += 1
    const verdict = classify(answer.failure)
    if (verdict === 'credentials-expired' && mayRenew(patience, attempts, renewed)) {
      renewed = true
      patience.renewCredentials()
      continue
    }
    if (!mayPass(verdict)) return answer
    const outcome = await waitToRetry(patience, answer.failure, attempts)
    if (outcome !== 'again') return { ...answer, outOfTime: outcome === 'deadline' }
  }
}

/** Whether a call that was refused for expired credentials is worth another send with fresh ones. */
export function mayRenew(patience: Patience, attempts: Attempts, renewed: boolean): boolean {
  return !renewed && attempts.failures < patience.maxAttempts
}

/** A failure in a few words: `429 TooManyRequestsException: Rate exceeded`. */
export function describe(failure: Failure): string {
  if (failure.timeLimit) return 'no answer within the time limit'
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
