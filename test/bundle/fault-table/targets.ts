/** The calls of a run that fail in the table, and the result of a run in which one or all of them do. */
import type { Emulator, OperationName } from '../../../emulator/emulator.ts'
import type { RunResult } from '../../../src/run/outcome.ts'
import { addMedia } from '../../support/emulator-state.ts'
import { READ_FAULTS, WRITE_FAULTS, type TableFault } from './faults.ts'

/** How many calls arrived, how many started a job, how many jobs took effect. */
type Count = Readonly<{ received: number; accepted: number; executed: number }>

export type Expected = Readonly<{
  result: RunResult
  create: Count
  update: Count
  /** Whether the run can know its job, whose id is an output then. */
  knowsJob: boolean
  /** Whether the error code is that of the fault; the result has one of its own otherwise. */
  namesFault?: boolean
}>

export type FaultTarget = Readonly<{
  /** The call, as titles name it. */
  name: string
  operation: OperationName
  /** How many calls of the operation succeed before; none by default. */
  skip?: number
  faults: readonly TableFault[]
  prepare?(emulator: Emulator): unknown
  with?: Readonly<Record<string, string>>
  /** What becomes of a run in which one call fails. */
  once(fault: TableFault): Expected
  /** What becomes of a run with `max-attempts: 2` in which every call fails without an effect. */
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

export const FAULT_TARGETS: readonly FaultTarget[] = [
  {
    name: 'the first GetBackendStorage',
    operation: 'GetBackendStorage',
    faults: READ_FAULTS,
    once: () => created,
    persistent: failed,
  },
  {
    name: 'GetBackend',
    operation: 'GetBackend',
    faults: READ_FAULTS,
    once: () => created,
    // The check only saves time: without it, a job would fail later.
    persistent: created,
  },
  {
    name: 'CreateBackendStorage',
    operation: 'CreateBackendStorage',
    faults: WRITE_FAULTS,
    once: ({ effect }) => (effect === 'done' ? created : { ...created, create: retried }),
    persistent: { ...failed, create: rejected },
  },
  {
    name: 'ListBackendJobs after a lost create',
    operation: 'ListBackendJobs',
    faults: READ_FAULTS,
    prepare: (emulator) =>
      emulator.injectFault({
        ...{ operation: 'CreateBackendStorage', kind: 'status', status: 504, when: 'after' },
      }),
    once: () => created,
    // The storage is found, but not whether a job is still changing it.
    persistent: { ...created, result: 'unknown', knowsJob: false, namesFault: true },
  },
  {
    name: 'GetBackendJob',
    operation: 'GetBackendJob',
    faults: READ_FAULTS,
    with: { 'timeout-in-minutes': '1' },
    once: () => created,
    persistent: { ...created, result: 'timed-out' },
  },
  {
    name: 'the last GetBackendStorage',
    operation: 'GetBackendStorage',
    skip: 1,
    faults: READ_FAULTS,
    once: () => created,
    persistent: { ...created, result: 'unknown', namesFault: true },
  },
  {
    name: 'UpdateBackendStorage',
    operation: 'UpdateBackendStorage',
    faults: WRITE_FAULTS,
    prepare: (emulator) => addMedia(emulator),
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
