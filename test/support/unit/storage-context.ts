/** The context of a run on the virtual service, and a record of everything that the run reports. */
// Runs import these modules when they need them; virtual time would pass while one is loaded for the first time.
import '../../../src/storage/explain-failure.ts'
import '../../../src/storage/jobs/explain-job-error.ts'
import '../../../src/storage/jobs/job-errors.ts'
import '../../../src/storage/mutation/lost-response.ts'
import type { AcceptedJob, Amplify, StorageRef } from '../../../src/storage/api.ts'
import type { StorageContext } from '../../../src/storage/context.ts'
import type { Clock } from '../../../src/lib/clock.ts'
import type { RetryPolicy, ThrottleState } from '../../../src/network/retry.ts'
import type { Change } from '../../../src/storage/diff.ts'
import type { Storage } from '../../../src/storage/model.ts'
import { aDesiredStorage } from './storages.ts'
import { APP_ID, ENVIRONMENT } from './virtual/virtual-amplify-types.ts'
import type { VirtualClock } from './virtual/virtual-clock.ts'

/** What a run has reported so far. */
export type Recorded = {
  readonly lines: string[]
  /** When each line was logged. */
  readonly loggedAt: number[]
  readonly retries: string[]
  readonly warnings: {
    readonly title: string
    readonly text: string
    readonly details: Parameters<StorageContext['observer']['onWarning']>[2]
  }[]
  readonly jobs: { readonly jobId: string; readonly status: string | undefined }[]
  readonly changes: (readonly Change[])[]
  readonly storages: (Storage | undefined)[]
  readonly otherStorages: string[]
  readonly bucketNames: string[]
  readonly accepted: AcceptedJob[]
  readonly reportedMutations: ('pending' | 'settled')[]
  refreshes: number
}

export type ContextOptions = Readonly<{
  maxAttempts?: number
  /** Milliseconds from now to the deadline of the run. */
  timeoutMs?: number
  random?: () => number
  signal?: AbortSignal
  mutationSignal?: AbortSignal
  /** What the run knows of throttling: nothing yet unless given; null where its calls share no limit. */
  throttleState?: ThrottleState | null
}>

export const STORAGE_REF: StorageRef = {
  appId: APP_ID,
  backendEnvironmentName: ENVIRONMENT,
  resourceName: 'media',
  region: 'eu-west-1',
  accountId: '111122223333',
}

/** The storage that most scenarios set. */
export const DESIRED = aDesiredStorage({ authenticated: ['READ', 'CREATE_AND_UPDATE'] })

/** The texts of most tests contain no secrets. */
export const unredacted = (text: string): string => text

export const neverAborted: AbortSignal = new AbortController().signal

export const throttledTimes = (throttledResponses: number): ThrottleState => ({
  throttledResponses,
})

/** A retry policy that reports nothing. */
export function aRetryPolicy(clock: Clock, members: Partial<RetryPolicy> = {}): RetryPolicy {
  return {
    clock,
    random: () => 0.5,
    deadline: clock.now() + 1_800_000,
    maxAttempts: 8,
    signal: neverAborted,
    onRetry: () => undefined,
    invalidateCredentials: () => undefined,
    ...members,
  }
}

export function aStorageContext(
  clock: VirtualClock,
  amplify: Amplify,
  options: ContextOptions = {},
): { context: StorageContext; recorded: Recorded } {
  const recorded: Recorded = {
    lines: [],
    loggedAt: [],
    retries: [],
    warnings: [],
    jobs: [],
    changes: [],
    storages: [],
    otherStorages: [],
    bucketNames: [],
    accepted: [],
    reportedMutations: [],
    refreshes: 0,
  }
  const signal = options.signal ?? neverAborted
  const { throttleState = { throttledResponses: 0 } } = options
  const retryPolicy = aRetryPolicy(clock, {
    random: options.random ?? (() => 0.5),
    deadline: clock.now() + (options.timeoutMs ?? 1_800_000),
    maxAttempts: options.maxAttempts ?? 8,
    signal,
    ...(throttleState === null ? {} : { throttleState }),
    onRetry: (line) => recorded.retries.push(line),
    invalidateCredentials: () => {
      recorded.refreshes += 1
    },
  })
  const context: StorageContext = {
    amplify,
    ref: STORAGE_REF,
    retryPolicy,
    mutationSignal: options.mutationSignal ?? signal,
    observer: {
      onLog: (text) => {
        recorded.lines.push(text)
        recorded.loggedAt.push(clock.now())
      },
      onWarning: (title, text, details) => recorded.warnings.push({ title, text, details }),
      onAccepted: (accepted) => recorded.accepted.push(accepted),
      onMutation: (state) => recorded.reportedMutations.push(state),
      onJob: (jobId, status) => recorded.jobs.push({ jobId, status }),
      onChanges: (changes) => {
        if (changes !== undefined) recorded.changes.push(changes)
      },
      onStorage: (current) => recorded.storages.push(current),
      onOtherStorage: (name) => recorded.otherStorages.push(name),
      onBucketName: (name) => recorded.bucketNames.push(name),
    },
  }
  return { context, recorded }
}
