/**
 * Sends a create or an update, and repeats it only if the previous call certainly had no effect. The API has
 * no idempotency token, so a call with an unknown outcome is never simply retried.
 */
import { ActionError } from '../../errors/action-error.ts'
import { formatDuration } from '../../lib/clock.ts'
import {
  classifyFailure,
  isRetryable,
  mayHaveBeenExecuted,
  type FailureKind,
} from '../../network/classify.ts'
import { formatFailure, type ApiFailure } from '../../network/failure.ts'
import { canRefresh, waitBeforeRetry } from '../../network/retry.ts'
import type { AcceptedJob } from '../api.ts'
import type { BucketNaming } from '../bucket.ts'
import { callOptions, type StorageContext } from '../context.ts'
import { diffStorage } from '../diff.ts'
import { deadlineExceeded, toActionError } from '../errors.ts'
import type { DesiredStorage, Storage } from '../model.ts'
import type { MutatingChange } from '../plan-change.ts'
import { asUnknownIfUnchecked, noTimeToSend, probablyExecuted } from './errors.ts'
import {
  EFFECT_WINDOW_MS,
  resetAttempts,
  settle,
  type Mutation,
  type MutationOutcome,
  type MutationState,
} from './state.ts'

/** With less time than this left, no call is sent: it would end without a response. */
export const MIN_TIME_TO_SEND_MS = 2_000

/** The call that makes a change. */
export function toMutation(
  { amplify }: StorageContext,
  desired: DesiredStorage,
  change: MutatingChange,
  naming: BucketNaming,
): Mutation {
  const hasTakenEffect = (storage: Storage | undefined): boolean =>
    storage !== undefined && diffStorage(desired, storage, naming).length === 0
  return change.kind === 'create'
    ? {
        operation: 'CreateBackendStorage',
        send: (options) => amplify.createStorage(desired, options),
        canBeSent: (storage) => storage === undefined,
        hasTakenEffect,
      }
    : {
        operation: 'UpdateBackendStorage',
        send: (options) => amplify.updateStorage(desired.resourceName, change.permissions, options),
        canBeSent: (storage) => storage !== undefined,
        hasTakenEffect,
      }
}

/** One call of `sendMutation`: everything that its steps share. */
type Sending = {
  readonly context: StorageContext
  readonly mutation: Mutation
  readonly state: MutationState
  credentialsRefreshed: boolean
}

/**
 * Sends the call until it is accepted or something else has to happen first.
 *
 * @throws ActionError when the call is rejected, when attempts or time are used up, or with the result
 *   `unknown` when its outcome cannot be determined; the signal's reason when aborted
 */
export async function sendMutation(
  context: StorageContext,
  mutation: Mutation,
  state: MutationState,
): Promise<MutationOutcome> {
  const sending: Sending = { context, mutation, state, credentialsRefreshed: false }
  for (;;) {
    const outcome = (await checkLostResponse(sending)) ?? (await sendOnce(sending))
    if (outcome !== undefined) return outcome
  }
}

/** Determines the outcome of the lost call before anything else is sent. */
async function checkLostResponse(sending: Sending): Promise<MutationOutcome | undefined> {
  const { context, mutation, state } = sending
  const { lostResponse } = state
  if (lostResponse === undefined) return undefined
  const { resolveLostResponse } = await import('./lost-response.ts')
  const outcome = await resolveLostResponse(context, state, lostResponse)
  const isSameCall = lostResponse.mutation.operation === mutation.operation
  // Another call was planned for the storage as it was before the outcome was known.
  return outcome ?? (isSameCall ? undefined : { kind: 'read-again' })
}

/** Sends the call once; undefined if it may be sent again. */
async function sendOnce(sending: Sending): Promise<MutationOutcome | undefined> {
  const { context, mutation, state } = sending
  const sentAt = context.retryPolicy.clock.now()
  await requireAttemptAndTime(sending, sentAt)
  context.observer.onMutation('pending')
  const result = await mutation
    .send(callOptions(context, context.mutationSignal))
    .catch((error: unknown) => {
      // Without credentials or an allowed endpoint, nothing leaves this process.
      if (error instanceof ActionError && error.result === 'failed') settle(context.observer, state)
      throw error
    })
  if (result.ok) return accept(sending, result.value)
  const { failure } = result
  const kind = classifyFailure(failure)
  if (!mayHaveBeenExecuted(kind)) settle(context.observer, state)
  if (kind === 'job-pending' || kind === 'already-exists') return reject(sending, failure, kind)
  state.attempts.failures += 1
  state.lastFailure = failure
  if (mayHaveBeenExecuted(kind)) recordLostResponse(sending, failure, sentAt)
  else await prepareRetry(sending, failure, kind)
  return undefined
}

async function requireAttemptAndTime(
  { context, mutation, state }: Sending,
  now: number,
): Promise<void> {
  const { retryPolicy, ref } = context
  const { lastFailure, attempts } = state
  if (lastFailure !== undefined && attempts.failures >= retryPolicy.maxAttempts) {
    throw asUnknownIfUnchecked(await toActionError(lastFailure, ref), state)
  }
  if (retryPolicy.deadline - now < MIN_TIME_TO_SEND_MS) {
    throw asUnknownIfUnchecked(noTimeToSend(mutation, ref), state)
  }
}

function accept({ context, mutation, state }: Sending, accepted: AcceptedJob): MutationOutcome {
  const { observer } = context
  const { jobId, status, mismatch } = accepted
  resetAttempts(state)
  observer.onJob(jobId, status)
  if (mismatch === undefined) {
    observer.onMutation('settled')
    observer.onAccepted(accepted)
    return { kind: 'started', jobId, status, doubt: undefined, wasOtherPending: false }
  }
  observer.onLog(
    `The response to ${mutation.operation} is about another request (${mismatch}). Checking its job ${jobId}.`,
  )
  return { kind: 'started', jobId, status, doubt: 'mismatch', wasOtherPending: false }
}

/** A rejection because of another job or an existing storage, which this run may have caused unseen. */
function reject(
  { context, mutation, state }: Sending,
  failure: ApiFailure,
  kind: 'job-pending' | 'already-exists',
): MutationOutcome {
  if (state.resentUnchecked) {
    throw probablyExecuted(
      formatFailure(failure),
      failure.requestId,
      mutation.operation,
      context.ref,
    )
  }
  resetAttempts(state)
  return kind === 'job-pending' ? { kind } : { kind, failure }
}

function recordLostResponse(
  { context, mutation, state }: Sending,
  failure: ApiFailure,
  sentAt: number,
): void {
  const { clock, maxAttempts } = context.retryPolicy
  const { failures } = state.attempts
  const canRetry = failures < maxAttempts && isRetryable(classifyFailure(failure))
  const purpose = canRetry ? ' before sending it again' : ''
  context.observer.onLog(
    `${mutation.operation} failed (attempt ${failures} of ${maxAttempts}): ${formatFailure(failure)}. It may have taken effect; checking for up to ${formatDuration(EFFECT_WINDOW_MS)}${purpose}.`,
  )
  state.hadLostResponse = true
  state.lostResponse = { mutation, failure, sentAt, failedAt: clock.now(), effectFound: false }
}

/**
 * Refreshes expired credentials once, or waits.
 *
 * @throws ActionError when the call must not be sent again
 */
async function prepareRetry(
  sending: Sending,
  failure: ApiFailure,
  kind: FailureKind,
): Promise<void> {
  const { context, state } = sending
  const { retryPolicy, ref } = context
  if (
    kind === 'credentials-expired' &&
    canRefresh(retryPolicy, state.attempts, sending.credentialsRefreshed)
  ) {
    sending.credentialsRefreshed = true
    retryPolicy.invalidateCredentials()
    return
  }
  const next = isRetryable(kind)
    ? await waitBeforeRetry(retryPolicy, failure, state.attempts)
    : 'exhausted'
  if (next === 'retry') return
  const error =
    next === 'deadline' ? deadlineExceeded(failure, ref) : await toActionError(failure, ref)
  throw asUnknownIfUnchecked(error, state)
}
