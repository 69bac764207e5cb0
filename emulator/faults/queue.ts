import type { OperationName } from '../lib/operations.ts'
import type { FaultSpec } from './spec.ts'

/** A fault in the queue. */
export type InjectedFault = {
  readonly spec: FaultSpec
  /** How many calls of its operation have arrived since it was injected. */
  callsSeen: number
  /** How many calls got the fault. */
  timesApplied: number
}

/** The faults of the next calls, in the order in which they were injected. */
export type FaultQueue = {
  add(spec: FaultSpec): InjectedFault
  /** Takes the fault for the call of an operation that arrives now, if there is one. */
  take(operation: OperationName): FaultSpec | undefined
  list(): readonly InjectedFault[]
  clear(): void
}

const isDue = ({ spec, callsSeen, timesApplied }: InjectedFault): boolean =>
  callsSeen > (spec.skip ?? 0) && (spec.times === 'always' || timesApplied < (spec.times ?? 1))

/** Creates an empty queue. */
export function createFaultQueue(): FaultQueue {
  let faults: InjectedFault[] = []
  return {
    add: (spec) => {
      const fault = { spec, callsSeen: 0, timesApplied: 0 }
      faults.push(fault)
      return fault
    },
    take: (operation) => {
      const candidates = faults.filter((fault) => fault.spec.operation === operation)
      for (const fault of candidates) fault.callsSeen += 1
      const due = candidates.find(isDue)
      if (due === undefined) return undefined
      due.timesApplied += 1
      return due.spec
    },
    list: () => faults,
    clear: () => {
      faults = []
    },
  }
}
