/** The connection of one run to a virtual Amplify Backend: latencies, timeouts, faults and permissions. */
import { abortReason } from '../../../../src/lib/clock.ts'
import type { ApiResult } from '../../../../src/network/retry.ts'
import type { AcceptedJob, CallOptions } from '../../../../src/storage/api.ts'
import { createFailure } from '../api-failures.ts'
import {
  toFault,
  type ConnectionOptions,
  type Fault,
  type Operation,
  type RecordedMutation,
  type ServiceStorage,
  type Session,
  type VirtualConnection,
} from './virtual-amplify-types.ts'
import { startJob } from './virtual-service-jobs.ts'
import {
  getBackend,
  getJob,
  getOtherStorage,
  getStorage,
  listJobs,
} from './virtual-service-reads.ts'
import { failed, type Served, type ServiceState } from './virtual-service.ts'

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
  /** A failure while the credentials have expired, or while no new ones can be had. */
  checkSession(): Fault | undefined
  /** Whether the next answer is about something else. */
  isMismatch(operation: Operation): boolean
}>

/** A call on its way; `mutation` where it changes something. */
type Call<T> = Readonly<{
  operation: Operation
  options: CallOptions
  /** What the service does when the request arrives. */
  serve: () => Served<T>
  mutation?: RecordedMutation
}>

export function connect(state: ServiceState, options: ConnectionOptions): VirtualConnection {
  const { outages = [] } = options
  const session = createSession(state, options.session)
  const mismatches = new Map(
    Object.entries(options.mismatches ?? {}).map(([operation, list]) => [operation, [...list]]),
  )
  const isMismatch = (operation: Operation): boolean => mismatches.get(operation)?.shift() ?? false
  const scripts = new Map(
    Object.entries(options.faults ?? {}).map(([operation, script]) => [operation, [...script]]),
  )
  const connection: Connection = {
    state,
    run: options.run ?? 'run',
    latency: options.latency ?? (() => 50),
    denied: options.denied ?? [],
    checkSession: session.check,
    isMismatch,
    takeFault: (operation) => {
      const now = state.clock.now()
      const outage = outages.find(
        ({ fromMs, toMs, operations }) =>
          fromMs <= now && now < toMs && operations.includes(operation),
      )
      if (outage !== undefined) return { failure: outage.failure }
      const script = scripts.get(operation) ?? []
      const fault = script.length === 0 ? options.always?.[operation] : script.shift()
      return fault === undefined ? undefined : toFault(fault)
    },
  }
  const read = <T>(operation: Operation, given: CallOptions, serve: () => Served<T>) =>
    send(connection, { operation, options: given, serve })
  return {
    renewSession: session.renew,
    getStorage: (name, given) =>
      read('GetBackendStorage', given, () =>
        isMismatch('GetBackendStorage') ? getOtherStorage(state) : getStorage(state, name),
      ),
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

/** The credentials of a run: they expire, and new ones can be had only while STS can be reached. */
function createSession({ clock }: ServiceState, session: Session | undefined) {
  let renewed = false
  return {
    renew: () => {
      renewed = true
    },
    check: (): Fault | undefined => {
      if (session === undefined || clock.now() < session.expiresAtMs) return undefined
      if (!renewed) return { failure: 'expired' }
      if (clock.now() < session.stsBackAtMs) {
        return { failure: 'connectionRefused' }
      }
      return undefined
    },
  }
}

function mutate(
  connection: Connection,
  operation: RecordedMutation['operation'],
  options: CallOptions,
  desired: ServiceStorage,
): Promise<ApiResult<AcceptedJob>> {
  const { state, run } = connection
  const mutation: RecordedMutation = {
    run,
    operation,
    at: state.clock.now(),
    endedAt: undefined,
    failure: undefined,
    effect: 'on the way',
    desired,
  }
  const serve = (): Served<AcceptedJob> => {
    const mismatch = connection.isMismatch(operation) ? 'it names another environment' : undefined
    return startJob(state, mutation, mismatch)
  }
  return send(connection, { operation, options, serve, mutation })
}

function record(state: ServiceState, mutation: RecordedMutation): void {
  const { mutations, unsafeMutations } = state
  const isUnsafe = mutations.some(
    (other) => other.run === mutation.run && (mayTakeEffect(state, other) || isOpen(state, other)),
  )
  if (isUnsafe) unsafeMutations.push(mutation)
  mutations.push(mutation)
}

/** Whether the create or update may still take effect, or is a create that has become a storage. */
function mayTakeEffect({ storages }: ServiceState, mutation: RecordedMutation): boolean {
  const { effect, operation, desired } = mutation
  if (effect === 'rejected' || effect === 'nothing') return false
  if (effect === 'on the way' || effect.pending) return true
  const isCreate = operation === 'CreateBackendStorage'
  const isCompleted = effect.status.toUpperCase() === 'COMPLETED'
  return isCreate && isCompleted && storages.has(desired.resourceName)
}

/** Whether the client cannot know yet that the create will have no effect. */
function isOpen({ clock }: ServiceState, { failure, endedAt }: RecordedMutation): boolean {
  if (failure === undefined || endedAt === undefined) return false
  if (clock.now() >= endedAt + EFFECT_WINDOW_MS) return false
  const { status, timedOut, code, connected } = failure
  if (status !== undefined) return status >= 500 || status < 300 || status === 408
  return timedOut || (connected && code !== undefined)
}

/** Sends a call: it arrives after its latency, and ends with its response, its timeout or the signal. */
async function send<T>(connection: Connection, call: Call<T>): Promise<ApiResult<T>> {
  const { state, run, latency } = connection
  const { operation, options, mutation } = call
  const { clock } = state
  if (options.signal.aborted) throw abortReason(options.signal)
  const fault = connection.checkSession() ?? connection.takeFault(operation)
  const sentAt = clock.now()
  state.calls.push({ run, operation, at: sentAt })
  if (mutation !== undefined) record(state, mutation)
  const timeoutMs = Math.min(
    mutation === undefined ? READ_TIMEOUT_MS : WRITE_TIMEOUT_MS,
    options.remainingMs,
  )
  const timeoutAt = clock.now() + timeoutMs
  const [requestMs, responseMs] = [latency(), latency()]
  return new Promise((resolve, reject) => {
    let isOver = false
    const end = (): boolean => {
      if (isOver) return false
      isOver = true
      cancelTimeout()
      options.signal.removeEventListener('abort', abort)
      if (mutation !== undefined) mutation.endedAt = clock.now()
      return true
    }
    const settle = ({ result, shown }: Served<T>): void => {
      if (!end()) return
      if (mutation !== undefined && !result.ok) mutation.failure = result.failure
      state.responses.push({ run, operation, sentAt, receivedAt: clock.now(), shown })
      resolve(result)
    }
    const abort = (): void => {
      end()
      reject(abortReason(options.signal))
    }
    options.signal.addEventListener('abort', abort, { once: true })
    const cancelTimeout = clock.schedule(timeoutMs, () => {
      settle(failed(createFailure(operation, 'stall')))
    })
    // The request arrives even if the client no longer waits for it by then.
    clock.schedule(requestMs, () => {
      const failsAt =
        fault?.failure === 'stall' ? timeoutAt : Math.min(timeoutAt, clock.now() + responseMs)
      const served = arrive(connection, call, fault, failsAt)
      if (served === undefined) return
      clock.schedule(responseMs, () => {
        settle(served)
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
): Served<T> | undefined {
  if (fault === undefined) {
    if (!denied.includes(operation)) return serve()
    if (mutation !== undefined) mutation.effect = 'rejected'
    return failed(createFailure(operation, 'accessDenied'))
  }
  const { failure, effect = 'none', retryAfterMs } = fault
  if (effect === 'done') serve()
  else if (effect !== 'none') {
    state.clock.schedule(failsAt - state.clock.now() + effect.lateMs, serve)
  } else if (mutation !== undefined) mutation.effect = 'nothing'
  if (failure === 'stall') return undefined
  return failed(createFailure(operation, failure, { retryAfterMs }))
}
