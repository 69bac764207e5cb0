/** A create or an update, and the state of those that a run has sent. */
import type { ApiFailure } from '../../network/failure.ts'
import { newAttempts, type ApiResult, type Attempts } from '../../network/retry.ts'
import type { AcceptedJob, CallOptions } from '../api.ts'
import type { Observer } from '../context.ts'
import type { Storage } from '../model.ts'

/** How long after a lost response the effect of the call may become visible, in milliseconds. */
export const EFFECT_WINDOW_MS = 30_000

/** A call that changes the backend. */
export type Mutation = Readonly<{
  operation: 'CreateBackendStorage' | 'UpdateBackendStorage'
  send(options: CallOptions): Promise<ApiResult<AcceptedJob>>
  /** Whether the call fits the current storage: a create requires that there is none. */
  canBeSent(storage: Storage | undefined): boolean
  /** Whether the storage is as the call leaves it. */
  hasTakenEffect(storage: Storage | undefined): boolean
}>

/** A job that a call has started. */
export type StartedJob = Readonly<{
  jobId: string
  status: string | undefined
  /**
   * Why the job may be another run's; undefined if the service accepted the call with this job. Such a
   * candidate counts as the job of the call only once it has succeeded.
   */
  doubt: 'lost-response' | 'mismatch' | undefined
  /** The list that showed the job showed another one that was pending. */
  wasOtherPending: boolean
}>

export type MutationOutcome =
  | (Readonly<{ kind: 'started' }> & StartedJob)
  /** The storage may have changed since it was read. */
  | Readonly<{ kind: 'read-again' }>
  /** A job of the environment is pending, of this run or of another. */
  | Readonly<{ kind: 'job-pending' }>
  | Readonly<{ kind: 'already-exists'; failure: ApiFailure }>

export type MutationState = {
  /** The response to an earlier call was lost, whatever its outcome is now known to be. */
  hadLostResponse: boolean
  /**
   * A call was sent again although the role could not check for an effect of the one before, so a
   * rejection may be caused by this run.
   */
  resentUnchecked: boolean
  /** Consecutive failures; an accepted call and a rejection because of another job or storage end them. */
  attempts: Attempts
  /** The last of these failures. */
  lastFailure: ApiFailure | undefined
  /** The call whose response was lost, until its outcome is known. */
  lostResponse: LostResponse | undefined
}

export type LostResponse = {
  readonly mutation: Mutation
  readonly failure: ApiFailure
  /** On the clock of the run, as is `failedAt`. */
  readonly sentAt: number
  readonly failedAt: number
  /** An effect was found once; a check that finds none contradicts that. */
  effectFound: boolean
}

export function newMutationState(): MutationState {
  return {
    hadLostResponse: false,
    resentUnchecked: false,
    attempts: newAttempts(),
    lastFailure: undefined,
    lostResponse: undefined,
  }
}

/** Whether a call of this run may have changed the storage without the run knowing. */
export function isUnresolved({ lostResponse, resentUnchecked }: MutationState): boolean {
  return lostResponse !== undefined || resentUnchecked
}

/** Ends a series of consecutive failures. */
export function resetAttempts(state: MutationState): void {
  state.attempts = newAttempts()
  state.lastFailure = undefined
}

/** Records that the outcome of the last call is known; that of an unchecked earlier one still is not. */
export function settle(observer: Observer, state: MutationState): void {
  state.lostResponse = undefined
  observer.onMutation(state.resentUnchecked ? 'pending' : 'settled')
}
