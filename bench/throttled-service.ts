/**
 * A simulated service: every job has an environment of its own, all share the account's token bucket, and a
 * call that finds no token gets 429.
 */
import type { Amplify } from '../src/storage/api.ts'
import type { ApiFailure } from '../src/network/failure.ts'
import type { ApiResult } from '../src/network/retry.ts'
import type { Storage } from '../src/storage/model.ts'
import type { VirtualClock } from './virtual-clock.ts'

export const CALLS_PER_SECOND = 5
export const BURST = 10
export const JOB_MS = 180_000
const LATENCY_MS = 80

export const neverAborted = new AbortController().signal

export type Account = {
  requests: number
  throttled: number
  /** Takes a token, or counts a throttled request. */
  admit(): boolean
}

export function createAccount(clock: VirtualClock): Account {
  let tokens = BURST
  let updatedAt = 0
  const account = {
    requests: 0,
    throttled: 0,
    admit: () => {
      account.requests += 1
      tokens = Math.min(BURST, tokens + ((clock.now() - updatedAt) / 1_000) * CALLS_PER_SECOND)
      updatedAt = clock.now()
      if (tokens >= 1) {
        tokens -= 1
        return true
      }
      account.throttled += 1
      return false
    },
  }
  return account
}

/** One environment of the service; a call that is throttled returns undefined. */
export type Environment = Readonly<{
  id: string
  readStorage(): Promise<'found' | 'absent' | undefined>
  readBackend(): Promise<'found' | undefined>
  create(): Promise<'accepted' | undefined>
  poll(): Promise<'COMPLETED' | 'RUNNING' | undefined>
}>

export function createEnvironment(clock: VirtualClock, account: Account, id: string): Environment {
  let acceptedAt: number | undefined
  const call = async <T>(effect: () => T): Promise<T | undefined> => {
    await clock.sleep(LATENCY_MS / 2, neverAborted)
    const response = account.admit() ? effect() : undefined
    await clock.sleep(LATENCY_MS / 2, neverAborted)
    return response
  }
  const completed = (): boolean => acceptedAt !== undefined && clock.now() >= acceptedAt + JOB_MS
  return {
    id,
    readStorage: () => call(() => (completed() ? 'found' : 'absent')),
    readBackend: () => call(() => 'found'),
    create: () =>
      call(() => {
        acceptedAt ??= clock.now()
        return 'accepted'
      }),
    poll: () => call(() => (completed() ? 'COMPLETED' : 'RUNNING')),
  }
}

const createFailure = (operation: string, status: number, name: string): ApiResult<never> => ({
  ok: false,
  failure: {
    operation,
    status,
    name,
    code: undefined,
    message: '',
    connected: true,
    timedOut: false,
    requestId: undefined,
    retryAfterMs: undefined,
    clockSkewCorrected: false,
  } satisfies ApiFailure,
})

/** The value, or a throttled response where there is none. */
const toResult = <T>(operation: string, response: unknown, value: T): ApiResult<T> =>
  response === undefined
    ? createFailure(operation, 429, 'TooManyRequestsException')
    : { ok: true, value, requestId: undefined, serverTime: undefined }

const STORAGE: Storage = {
  imported: false,
  bucketName: undefined,
  permissions: { authenticated: ['READ'], unauthenticated: [] },
  unknownPermissions: { authenticated: [], unauthenticated: [] },
}

const BACKEND = {
  environments: ['prod'],
  error: undefined,
  meta: {
    suffix: 'abcde',
    auth: [{ name: 'auth', imported: false, hasIdentityPool: true }],
    storages: [],
  },
}

/** The API of the action's core, on a simulated environment. */
export function createApi(environment: Environment): Amplify {
  const toAcceptedJob = (operation: string, response: unknown) =>
    toResult(operation, response, {
      jobId: environment.id,
      status: 'RUNNING',
      appId: undefined,
      backendEnvironmentName: undefined,
      mismatch: undefined,
    })
  return {
    getStorage: async () => {
      const response = await environment.readStorage()
      return response === 'absent'
        ? createFailure('GetBackendStorage', 404, 'NotFoundException')
        : toResult('GetBackendStorage', response, { kind: 'storage', storage: STORAGE } as const)
    },
    getBackend: async () => toResult('GetBackend', await environment.readBackend(), BACKEND),
    createStorage: async () => toAcceptedJob('CreateBackendStorage', await environment.create()),
    updateStorage: async () => toAcceptedJob('UpdateBackendStorage', await environment.create()),
    getJob: async () => {
      const status = await environment.poll()
      return toResult('GetBackendJob', status, {
        jobId: environment.id,
        status: status ?? '',
        operation: 'CreateBackendStorage',
        createdAt: undefined,
        error: '',
      })
    },
    listJobs: async () =>
      toResult('ListBackendJobs', await environment.poll(), { jobs: [], isComplete: true }),
  }
}
