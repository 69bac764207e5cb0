import type { FaultBook } from './faults.ts'
import { json, type Answer, type Received } from './http.ts'
import { parseFaultOrder, parseJobPlan } from './parse-orders.ts'
import { patchWorld } from './parse-world.ts'
import { ShapeError } from './shape.ts'
import { snapshot } from './snapshot.ts'
import type { World } from './world.ts'

/** What can be controlled over HTTP. */
export type Controlled = {
  readonly world: () => World
  readonly faults: FaultBook
  readonly received: readonly Received[]
  reset(): void
}

const help = {
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
    throw new ShapeError('The body must be JSON')
  }
}

const oneOrMore = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value])

type Action = (controlled: Controlled, text: string) => Answer

const actions: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['GET ', () => json(200, help)],
  [
    'POST /faults',
    ({ faults }, text) => {
      // All are read before any is ordered, so that a bad one orders nothing.
      const orders = oneOrMore(parse(text)).map(parseFaultOrder)
      return json(
        201,
        orders.map((order) => faults.order(order)),
      )
    },
  ],
  ['GET /faults', ({ faults }) => json(200, faults.list())],
  [
    'DELETE /faults',
    ({ faults }) => {
      faults.clear()
      return json(200, [])
    },
  ],
  [
    'POST /jobs',
    ({ world }, text) => {
      const plans = oneOrMore(parse(text)).map(parseJobPlan)
      world().jobPlans.push(...plans)
      return json(201, world().jobPlans)
    },
  ],
  ['GET /received', ({ received }) => json(200, received)],
  ['GET /world', ({ world }) => json(200, snapshot(world()))],
  [
    'PUT /world',
    ({ world }, text) => {
      patchWorld(world(), parse(text))
      return json(200, snapshot(world()))
    },
  ],
  [
    'POST /reset',
    (controlled) => {
      controlled.reset()
      return json(200, snapshot(controlled.world()))
    },
  ],
])

/** Makes the control interface, which speaks JSON. */
export function createControl(
  controlled: Controlled,
): (method: string, path: string, text: string) => Answer {
  return (method, path, text) => {
    const action = actions.get(`${method} ${path.replace(/\/$/, '')}`)
    if (action === undefined)
      return json(404, { message: `There is no ${method} /_emulator${path}`, known: help })
    try {
      return action(controlled, text)
    } catch (error) {
      if (error instanceof ShapeError) return json(400, { message: error.message })
      throw error
    }
  }
}
