/**
 * Amplify Backend as a simulated service on a virtual clock, behind the interface that the core is given
 * (`Amplify` in src/storage/api.ts).
 *
 * This is no mock of the SDK's client: nothing here says which calls are expected or what they return. It
 * is a model of the service and of the network, with a state of its own (storages, jobs that take time),
 * rules that can be switched off, roles, latencies, timeouts, and faults before, after and long after the
 * effect of a call. It records every call and every effect, every response, and every create or update that
 * was sent while an earlier one could still take effect.
 */
import type { ServiceOptions, VirtualAmplify } from './virtual-amplify-types.ts'
import type { VirtualClock } from './virtual-clock.ts'
import { connect } from './virtual-connection.ts'
import { act, addOtherJob, endJob } from './virtual-service-jobs.ts'
import { addStorage, createServiceState, editStorage, removeStorage } from './virtual-service.ts'

export function virtualAmplify(
  clock: VirtualClock,
  serviceOptions: ServiceOptions = {},
): VirtualAmplify {
  const state = createServiceState(clock, serviceOptions)
  const { calls, mutations, responses, unsafeMutations, jobs, storages } = state
  return {
    connect: (options = {}) => connect(state, options),
    calls,
    mutations,
    responses,
    unsafeMutations,
    jobs,
    storages,
    addStorage: (storage) => {
      addStorage(state, storage)
    },
    removeStorage: (resourceName) => {
      removeStorage(state, resourceName)
    },
    act: (action) => {
      act(state, action)
    },
    edit: (edit) => {
      editStorage(state, edit)
    },
    addJob: (operation, status) => addOtherJob(state, operation, status),
    endJob: (job, result) => {
      endJob(state, job, result)
    },
    count: (operation) => calls.filter((call) => call.operation === operation).length,
    effects: (run = 'run') =>
      jobs.filter((job) => job.run === run && job.operation === 'CreateBackendStorage').length,
  }
}
