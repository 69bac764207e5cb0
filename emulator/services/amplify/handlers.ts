import { jsonResponse, type HttpResponse } from '../../lib/http.ts'
import type { AmplifyOperation } from '../../lib/operations.ts'
import type { State } from '../../state/state.ts'
import type { Handler } from '../handler.ts'
import { authenticate, authorize, throttle } from './access.ts'
import { amplifyErrorResponse, AmplifyServiceError } from './errors.ts'
import { amplifyOperations, type Operation } from './operations.ts'
import { parseJsonBody } from './requests.ts'

function toResponse(state: State, run: () => object): HttpResponse {
  try {
    return jsonResponse(200, run())
  } catch (error) {
    if (error instanceof AmplifyServiceError) return amplifyErrorResponse(error, state.rules)
    throw error
  }
}

function createHandler(getState: () => State, name: AmplifyOperation): Handler {
  return (call) => {
    let carryOut: ReturnType<Operation>
    try {
      const state = getState()
      const caller = authenticate(call, state)
      throttle(state, call.now)
      authorize(call, state, caller, name)
      carryOut = amplifyOperations[name]({ call, caller, body: parseJsonBody(call.bodyText) })
    } catch (error) {
      if (!(error instanceof AmplifyServiceError)) throw error
      const response = amplifyErrorResponse(error, getState().rules)
      return () => response
    }
    return (now) => toResponse(getState(), () => carryOut(getState(), now))
  }
}

/** The emulated Amplify Backend. */
export function amplifyHandlers(getState: () => State): Record<AmplifyOperation, Handler> {
  return {
    GetBackend: createHandler(getState, 'GetBackend'),
    GetBackendStorage: createHandler(getState, 'GetBackendStorage'),
    CreateBackendStorage: createHandler(getState, 'CreateBackendStorage'),
    UpdateBackendStorage: createHandler(getState, 'UpdateBackendStorage'),
    GetBackendJob: createHandler(getState, 'GetBackendJob'),
    ListBackendJobs: createHandler(getState, 'ListBackendJobs'),
  }
}
