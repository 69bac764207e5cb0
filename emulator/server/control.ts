import type { FaultQueue } from '../faults/queue.ts'
import { jsonResponse, type HttpResponse, type RecordedRequest } from '../lib/http.ts'
import { parseFaultSpec, parseJobPlan } from '../faults/parse.ts'
import { patchState } from '../state/patch.ts'
import { ValidationError } from '../lib/validation.ts'
import { snapshot } from '../state/snapshot.ts'
import type { State } from '../state/state.ts'

/** What can be controlled over HTTP. */
export type ControlTarget = {
  readonly state: () => State
  readonly faults: FaultQueue
  readonly requests: readonly RecordedRequest[]
  reset(): void
}

const endpoints = {
  'POST /_emulator/faults': 'order a fault, or a list of them',
  'GET /_emulator/faults': 'the orders and how far they have got',
  'DELETE /_emulator/faults': 'no more faults',
  'POST /_emulator/jobs': 'say how jobs to come go, one plan or a list',
  'GET /_emulator/received': 'every request so far',
  'GET /_emulator/world': 'the state',
  'PUT /_emulator/world':
    'change what is given of rules, claims, tokenSeconds, apps, roles, github',
  'POST /_emulator/reset': 'a fresh state',
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ValidationError('The body must be JSON')
  }
}

const toArray = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value])

type ControlAction = (controlled: ControlTarget, text: string) => HttpResponse

const actions: ReadonlyMap<string, ControlAction> = new Map<string, ControlAction>([
  ['GET ', () => jsonResponse(200, endpoints)],
  [
    'POST /faults',
    ({ faults }, text) => {
      // All are read before any is ordered, so that a bad one orders nothing.
      const orders = toArray(parse(text)).map(parseFaultSpec)
      return jsonResponse(
        201,
        orders.map((order) => faults.add(order)),
      )
    },
  ],
  ['GET /faults', ({ faults }) => jsonResponse(200, faults.list())],
  [
    'DELETE /faults',
    ({ faults }) => {
      faults.clear()
      return jsonResponse(200, [])
    },
  ],
  [
    'POST /jobs',
    ({ state }, text) => {
      const plans = toArray(parse(text)).map(parseJobPlan)
      state().jobPlans.push(...plans)
      return jsonResponse(201, state().jobPlans)
    },
  ],
  ['GET /received', ({ requests }) => jsonResponse(200, requests)],
  ['GET /world', ({ state }) => jsonResponse(200, snapshot(state()))],
  [
    'PUT /world',
    ({ state }, text) => {
      patchState(state(), parse(text))
      return jsonResponse(200, snapshot(state()))
    },
  ],
  [
    'POST /reset',
    (controlled) => {
      controlled.reset()
      return jsonResponse(200, snapshot(controlled.state()))
    },
  ],
])

/** Makes the control interface, which speaks JSON. */
export function createControl(
  controlled: ControlTarget,
): (method: string, path: string, text: string) => HttpResponse {
  return (method, path, text) => {
    const action = actions.get(`${method} ${path.replace(/\/$/, '')}`)
    if (action === undefined)
      return jsonResponse(404, {
        message: `There is no ${method} /_emulator${path}`,
        known: endpoints,
      })
    try {
      return action(controlled, text)
    } catch (error) {
      if (error instanceof ValidationError) return jsonResponse(400, { message: error.message })
      throw error
    }
  }
}
