/** The state of a virtual Amplify Backend. */
import type { ApiFailure } from '../../../../src/network/failure.ts'
import type { ApiResult } from '../../../../src/network/retry.ts'
import type {
  InTurn,
  JobResult,
  RecordedCall,
  RecordedMutation,
  RecordedResponse,
  ServiceJob,
  ServiceOptions,
  ServiceStorage,
  Shown,
  StorageEdit,
} from './virtual-amplify-types.ts'
import type { VirtualClock } from './virtual-clock.ts'

export type ServiceState = Readonly<{
  clock: VirtualClock
  options: ServiceOptions
  calls: RecordedCall[]
  mutations: RecordedMutation[]
  responses: RecordedResponse[]
  unsafeMutations: RecordedMutation[]
  /** The newest first. */
  jobs: ServiceJob[]
  jobResults: JobResult[]
  storages: Map<string, ServiceStorage>
  /** The storages since a time, the newest last. */
  history: { readonly at: number; readonly storages: ReadonlyMap<string, ServiceStorage> }[]
  jobLagMs: () => number
  storageLagMs: () => number
  lastIds: Map<string, number>
}>

/** The answer of a call, and what it says. */
export type Served<T> = Readonly<{ result: ApiResult<T>; shown: Shown }>

export function createServiceState(clock: VirtualClock, options: ServiceOptions): ServiceState {
  return {
    clock,
    options,
    calls: [],
    mutations: [],
    responses: [],
    unsafeMutations: [],
    jobs: [],
    jobResults: [...(options.jobResults ?? [])],
    storages: new Map(),
    history: [],
    jobLagMs: inTurn(options.jobLagMs ?? 0),
    storageLagMs: inTurn(options.storageLagMs ?? 0),
    lastIds: new Map(),
  }
}

/** A function that returns the values one after the other, and then from the start again. */
export function inTurn(values: InTurn): () => number {
  if (typeof values === 'number') return () => values
  let next = -1
  return () => {
    next += 1
    return values[next % values.length] ?? 0
  }
}

export function newId({ lastIds }: ServiceState, kind: string): string {
  const id = (lastIds.get(kind) ?? 0) + 1
  lastIds.set(kind, id)
  return `${kind}-${id}`
}

/** The time on the server's own clock. */
export const serverTime = ({ options }: ServiceState, clockMs: number): number =>
  (options.epochMs ?? Date.UTC(2026, 0, 15, 12)) + clockMs

export function ok<T>(state: ServiceState, value: T, shown: Shown): Served<T> {
  const now = serverTime(state, state.clock.now())
  const result = {
    ok: true,
    value,
    requestId: newId(state, 'request'),
    serverTime: state.options.dates === false ? undefined : Math.floor(now / 1000) * 1000,
  } as const
  return { result, shown }
}

export function failed(failure: ApiFailure): Served<never> {
  return { result: { ok: false, failure }, shown: { kind: 'nothing', failure } }
}

/**
 * Changes the storages.
 *
 * @param at since when reads show it, apart from their lag
 */
export function change(
  state: ServiceState,
  at: number,
  edit: (storages: typeof state.storages) => void,
): void {
  edit(state.storages)
  state.history.push({ at, storages: new Map(state.storages) })
}

/** Adds or replaces a storage that every read shows at once. */
export function addStorage(state: ServiceState, storage: ServiceStorage): void {
  change(state, -Infinity, (storages) => storages.set(storage.resourceName, storage))
}

export function removeStorage(state: ServiceState, resourceName: string): void {
  change(state, -Infinity, (storages) => storages.delete(resourceName))
}

/** Changes the storage that runs are about, or adds or removes it. */
export function editStorage(state: ServiceState, edit: StorageEdit): void {
  const edited = edit(state.storages.get('media'))
  change(state, state.clock.now(), (storages) => {
    if (edited === undefined) storages.delete('media')
    else storages.set(edited.resourceName, edited)
  })
}
