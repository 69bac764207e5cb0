/** The connection of one run to a virtual Amplify Backend: latencies, timeouts, faults and permissions. */
import { abortReason } from '../../../src/lib/clock.ts'
import type { ApiResult } from '../../../src/network/retry.ts'
import type { AcceptedJob, Amplify, CallOptions } from '../../../src/storage/api.ts'
import { createFailure } from './api-failures.ts'
import {
  toFault,
  type ConnectionOptions,
  type Fault,
  type Operation,
  type RecordedMutation,
  type ServiceStorage,
} from './virtual-amplify-types.ts'
import {
  addStorage,
  getBackend,
  getJob,
  getStorage,
  listJobs,
  startJob,
  type ServiceState,
} from './virtual-service.ts'

/** How long after its failure a create may still take effect: the number of the design, not of the code. */
export const EFFECT_WINDOW_MS = 30_000

/** The timeouts of the real client, of reads and of creates and updates. */
const [READ_TIMEOUT_MS, WRITE_TIMEOUT_MS] = [20_000, 35_000]

type Connection = Readonly<{
  state: ServiceState
  run: string
  latency: () => number
  denied: readonly Operation[]
  takeFault(operation: Operation): Fault | undefined
}>

/** A call on its way; `mutation` where it changes something. */
type Call<T> = Readonly<{
  operation: Operation
  options: CallOptions
  /** What the service does when the request arrives. */
  serve: () => ApiResult<T>
  mutation?: RecordedMutation
}>

export function connect(state: ServiceState, options: ConnectionOptions): Amplify {
  const scripts = new Map(
    Object.entries(options.faults ?? {}).map(([operation, script]) => [operation, [...script]]),
  )
  const connection: Connection = {
    state,
    run: options.run ?? 'run',
    latency: options.latency ?? (() => 50),
    denied: options.denied ?? [],
    takeFault: (operation) => {
      const script = scripts.get(operation) ?? []
      const fault = script.length === 0 ? options.always?.[operation] : script.shift()
      return fault === undefined ? undefined : toFault(fault)
    },
  }
  const read = <T>(operation: Operation, given: CallOptions, serve: () => ApiResult<T>) =>
    send(connection, { operation, options: given, serve })
  return {
    getStorage: (name, given) => read('GetBackendStorage', given, () => getStorage(state, name)),
    getBackend: (scope, given) => read('GetBackend', given, () => getBackend(state, scope)),
    getJob: (jobId, given) => read('GetBackendJob', given, () => getJob(state, jobId)),
    listJobs: (given) => read('ListBackendJobs', given, () => listJobs(state)),
    createStorage: ({ resourceName, bucketName, authenticated, unauthenticated }, callOptions) =>
      mutate(connection, 'CreateBackendStorage', callOptions, {
        resourceName,
        baseName: bucketName ?? 'octoapp0123456789abcdef',
        authenticated,
        unauthenticated,
      }),
    updateStorage: (resourceName, permissions, callOptions) =>
      mutate(connection, 'UpdateBackendStorage', callOptions, {
        resourceName,
        baseName: state.storages.get(resourceName)?.baseName ?? '',
        ...permissions,
      }),
  }
}

function mutate(
  connection: Connection,
  operation: RecordedMutation['operation'],
  options: CallOptions,
  desired: ServiceStorage,
): Promise<ApiResult<AcceptedJob>> {
  const { state, run } = connection
  const { clock, mutations, unsafeCreates, storages } = state
  const mutation: RecordedMutation = {
    run,
    operation,
    at: clock.now(),
    endedAt: undefined,
    failure: undefined,
    effect: 'on the way',
    desired,
  }
  const isCreate = operation === 'CreateBackendStorage'
  const earlier = mutations.filter((other) => other.run === run && other.operation === operation)
  if (isCreate && earlier.some((other) => mayTakeEffect(other) || isOpen(state, other))) {
    unsafeCreates.push(mutation)
  }
  mutations.push(mutation)
  const execute = (): void => {
    if (isCreate || storages.has(desired.resourceName))
      addStorage(state, { ...desired }, state.options.storageLagMs)
  }
  const serve = (): ApiResult<AcceptedJob> => startJob(state, mutation, execute)
  return send(connection, { operation, options, serve, mutation })
}

/** Whether the create may still become a storage, or has become one. */
function mayTakeEffect({ effect }: RecordedMutation): boolean {
  if (effect === 'rejected' || effect === 'nothing') return false
  return effect === 'on the way' || effect.pending || effect.status.toUpperCase() === 'COMPLETED'
}

/** Whether the client cannot know yet that the create will have no effect. */
function isOpen({ clock }: ServiceState, { failure, endedAt }: RecordedMutation): boolean {
  if (failure === undefined || endedAt === undefined) return false
  if (clock.now() >= endedAt + EFFECT_WINDOW_MS) return false
  const { status, timedOut, code, connected } = failure
  if (status !== undefined) return status >= 500 || status < 400 || status === 408
  return timedOut || (connected && code !== undefined)
}

/** Sends a call: it arrives after its latency, and ends with its response, its timeout or the signal. */
function send<T>(connection: Connection, call: Call<T>): Promise<ApiResult<T>> {
  const { state, run, latency } = connection
  const { operation, options, mutation } = call
  const { clock } = state
  if (options.signal.aborted) return Promise.reject(abortReason(options.signal))
  state.calls.push({ run, operation, at: clock.now() })
  const fault = connection.takeFault(operation)
  const timeoutMs = Math.min(
    mutation === undefined ? READ_TIMEOUT_MS : WRITE_TIMEOUT_MS,
    options.remainingMs,
  )
  const timeoutAt = clock.now() + timeoutMs
  const [requestMs, responseMs] = [latency(), latency()]
  return new Promise((resolve, reject) => {
    const end = (): void => {
      cancelTimeout()
      options.signal.removeEventListener('abort', abort)
      if (mutation !== undefined) mutation.endedAt ??= clock.now()
    }
    const settle = (result: ApiResult<T>): void => {
      if (mutation !== undefined && mutation.endedAt === undefined && !result.ok) {
        mutation.failure = result.failure
      }
      end()
      resolve(result)
    }
    const abort = (): void => {
      end()
      reject(abortReason(options.signal))
    }
    options.signal.addEventListener('abort', abort, { once: true })
    const cancelTimeout = clock.schedule(timeoutMs, () => {
      settle({ ok: false, failure: createFailure(operation, 'stall') })
    })
    // The request arrives even if the client no longer waits for it by then.
    clock.schedule(requestMs, () => {
      const failsAt =
        fault?.failure === 'stall' ? timeoutAt : Math.min(timeoutAt, clock.now() + responseMs)
      const result = arrive(connection, call, fault, failsAt)
      if (result === undefined) return
      clock.schedule(responseMs, () => {
        settle(result)
      })
    })
  })
}

/** What happens when a request arrives; undefined where no response is sent. */
function arrive<T>(
  { state, denied }: Connection,
  { operation, serve, mutation }: Call<T>,
  fault: Fault | undefined,
  failsAt: number,
): ApiResult<T> | undefined {
  if (fault === undefined) {
    if (!denied.includes(operation)) return serve()
    if (mutation !== undefined) mutation.effect = 'rejected'
    return { ok: false, failure: createFailure(operation, 'accessDenied') }
  }
  const { failure, effect = 'none', retryAfterMs } = fault
  if (effect === 'done') serve()
  else if (effect !== 'none') {
    state.clock.schedule(failsAt - state.clock.now() + effect.lateMs, serve)
  } else if (mutation !== undefined) mutation.effect = 'nothing'
  if (failure === 'stall') return undefined
  return { ok: false, failure: createFailure(operation, failure, { retryAfterMs }) }
}
