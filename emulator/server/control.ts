import { parseFaultSpec } from '../faults/parse.ts'
import type { FaultQueue } from '../faults/queue.ts'
import { jsonResponse, type HttpResponse } from '../lib/http.ts'
import { ValidationError } from '../lib/validation.ts'
import type { RecordedRequest } from '../services/handler.ts'
import { parseJobPlan } from '../state/jobs.ts'
import { patchState } from '../state/patch.ts'
import { snapshot } from '../state/snapshot.ts'
import type { State } from '../state/state.ts'
import { redact } from './redact.ts'

/** What the control interface can read and change. */
export type ControlTarget = {
  readonly state: () => State
  readonly faults: FaultQueue
  readonly requests: readonly RecordedRequest[]
  reset(): void
  /** Stops the emulator, when the response is sent. */
  stop(): void
}

const endpoints = {
  'POST /_emulator/faults': 'inject a fault, or a list of faults',
  'GET /_emulator/faults': 'list the faults and how often each was applied',
  'DELETE /_emulator/faults': 'remove all faults',
  'POST /_emulator/jobs': 'plan how the next jobs run, with one plan or a list',
  'GET /_emulator/requests': 'list every request so far',
  'GET /_emulator/state': 'show the state',
  'PUT /_emulator/state':
    'change the state: any of rules, claims, tokenSeconds, apps, roles, github',
  'POST /_emulator/reset': 'start again with a new state',
  'POST /_emulator/stop': 'stop the emulator',
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ValidationError('The body must be JSON')
  }
}

const toArray = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value])

type ControlAction = (target: ControlTarget, text: string) => HttpResponse

const actions: ReadonlyMap<string, ControlAction> = new Map<string, ControlAction>([
  ['GET ', () => jsonResponse(200, endpoints)],
  [
    'POST /faults',
    ({ faults }, text) => {
      // All are parsed before any is injected, so that an invalid one leaves none injected.
      const specs = toArray(parseJson(text)).map(parseFaultSpec)
      return jsonResponse(
        201,
        specs.map((spec) => faults.add(spec)),
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
      const plans = toArray(parseJson(text)).map(parseJobPlan)
      state().jobPlans.push(...plans)
      return jsonResponse(201, state().jobPlans)
    },
  ],
  ['GET /requests', ({ requests }) => jsonResponse(200, requests.map(redact))],
  ['GET /state', ({ state }) => jsonResponse(200, snapshot(state()))],
  [
    'PUT /state',
    ({ state }, text) => {
      patchState(state(), parseJson(text))
      return jsonResponse(200, snapshot(state()))
    },
  ],
  [
    'POST /reset',
    (target) => {
      target.reset()
      return jsonResponse(200, snapshot(target.state()))
    },
  ],
  [
    'POST /stop',
    (target) => {
      target.stop()
      return jsonResponse(200, {})
    },
  ],
])

/** Creates the control interface: JSON over HTTP, below `/_emulator`. */
export function createControl(
  target: ControlTarget,
): (method: string, path: string, text: string) => HttpResponse {
  return (method, path, text) => {
    const action = actions.get(`${method} ${path.replace(/\/$/, '')}`)
    if (action === undefined)
      return jsonResponse(404, { message: `There is no ${method} /_emulator${path}`, endpoints })
    try {
      return action(target, text)
    } catch (error) {
      if (error instanceof ValidationError) return jsonResponse(400, { message: error.message })
      throw error
    }
  }
}
