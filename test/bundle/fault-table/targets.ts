/** The calls of a run that the table spoils, and what must come of each: once, and for good. */
import { addStorage, type Emulator, type OperationName } from '../../../emulator/emulator.ts'
import type { RunResult } from '../../../src/run/outcome.ts'
import { READ_FAULTS, WRITE_FAULTS, type TableFault } from './faults.ts'

/** How many calls arrived, how many started a job, how many jobs took effect. */
export type Count = Readonly<{ received: number; accepted: number; executed: number }>

export type Expected = Readonly<{
  result: RunResult
  create: Count
  update: Count
  /** Whether the run can know its job: its id is an output then. */
  knowsJob: boolean
  /** Whether the error code is the one of the fault; the result says it otherwise. */
  namesFault?: boolean
}>

export type FaultTarget = Readonly<{
  /** Begins the title. */
  name: string
  operation: OperationName
  /** How many calls of the operation go through before. */
  skip: number
  faults: readonly TableFault[]
  prepare(emulator: Emulator): void
  with: Readonly<Record<string, string>>
  /** What a fault of one call comes to. */
  once(spoilt: TableFault): Expected
  /** What a fault of every call comes to, without any effect, and with `max-attempts` 2. */
  persistent: Expected
}>

const none: Count = { received: 0, accepted: 0, executed: 0 }
const one: Count = { received: 1, accepted: 1, executed: 1 }
const retried: Count = { received: 2, accepted: 1, executed: 1 }
const rejected: Count = { received: 2, accepted: 0, executed: 0 }

const created: Expected = { result: 'created', create: one, update: none, knowsJob: true }
const failed: Expected = {
  result: 'failed',
  create: none,
  update: none,
  knowsJob: false,
  namesFault: true,
}

const nothing = (): void => undefined

function addOther(emulator: Emulator): void {
  addStorage(emulator.environment(), {
    resourceName: 'media',
    permissions: { authenticated: ['READ'] },
  })
}

function loseCreateResponse(emulator: Emulator): void {
  emulator.injectFault({
    operation: 'CreateBackendStorage',
    kind: 'status',
    status: 504,
    when: 'after',
  })
}

export const FAULT_TARGETS: readonly FaultTarget[] = [
  {
    name: 'the first look (GetBackendStorage)',
    operation: 'GetBackendStorage',
    skip: 0,
    faults: READ_FAULTS,
    prepare: nothing,
    with: {},
    once: () => created,
    persistent: failed,
  },
  {
    name: 'the check of the backend (GetBackend)',
    operation: 'GetBackend',
    skip: 0,
    faults: READ_FAULTS,
    prepare: nothing,
    with: {},
    once: () => created,
    // The check only saves time: without it the job would fail later.
    persistent: created,
  },
  {
    name: 'the create (CreateBackendStorage)',
    operation: 'CreateBackendStorage',
    skip: 0,
    faults: WRITE_FAULTS,
    prepare: nothing,
    with: {},
    once: ({ effect }) => (effect === 'done' ? created : { ...created, create: retried }),
    persistent: { ...failed, create: rejected },
  },
  {
    name: 'the search for a lost create (ListBackendJobs)',
    operation: 'ListBackendJobs',
    skip: 0,
    faults: READ_FAULTS,
    prepare: loseCreateResponse,
    with: {},
    once: () => created,
    // The storage turns up, and whether a job is still changing it cannot be seen.
    persistent: { ...created, result: 'unknown', knowsJob: false, namesFault: true },
  },
  {
    name: 'a poll (GetBackendJob)',
    operation: 'GetBackendJob',
    skip: 0,
    faults: READ_FAULTS,
    prepare: nothing,
    with: { 'timeout-in-minutes': '2' },
    once: () => created,
    persistent: { ...created, result: 'timed-out' },
  },
  {
    name: 'the last look (GetBackendStorage)',
    operation: 'GetBackendStorage',
    skip: 1,
    faults: READ_FAULTS,
    prepare: nothing,
    with: {},
    once: () => created,
    persistent: { ...created, result: 'unknown', namesFault: true },
  },
  {
    name: 'the update (UpdateBackendStorage)',
    operation: 'UpdateBackendStorage',
    skip: 0,
    faults: WRITE_FAULTS,
    prepare: addOther,
    with: { 'if-exists': 'update' },
    once: ({ effect }) => ({
      result: 'updated',
      create: none,
      update: effect === 'done' ? one : retried,
      knowsJob: true,
    }),
    persistent: { ...failed, update: rejected },
  },
]
