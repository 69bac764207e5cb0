import type { Fault, FaultOrder, FaultTarget } from './faults.ts'
import { operationNames } from './operations.ts'
import { Reader, ShapeError } from './shape.ts'
import type { JobPlan } from './world.ts'

const kinds = [
  'status',
  'html',
  'empty',
  'body',
  'truncated',
  'reset',
  'close',
  'stall',
  'delay',
  'redirect',
  'garbage',
  'slow',
] as const satisfies readonly Fault['kind'][]

const statusRange = { min: 200, max: 599 }

function parseFault(reader: Reader): Fault {
  const kind = reader.oneOf('kind', kinds)
  switch (kind) {
    case 'status':
      return {
        kind,
        status: reader.integer('status', statusRange),
        name: reader.optionalString('name'),
        message: reader.optionalString('message'),
        typed: reader.optionalOneOf('typed', ['header', '__type', 'code', 'none']),
        headers: reader.optionalStringRecord('headers'),
      }
    case 'html':
      return {
        kind,
        status: reader.optionalInteger('status', statusRange),
        html: reader.optionalString('html'),
      }
    case 'empty':
      return { kind, status: reader.optionalInteger('status', statusRange) }
    case 'body':
      return {
        kind,
        body: reader.string('body'),
        status: reader.optionalInteger('status', statusRange),
        contentType: reader.optionalString('contentType'),
        headers: reader.optionalStringRecord('headers'),
      }
    case 'truncated':
      return {
        kind,
        status: reader.optionalInteger('status', statusRange),
        chunked: reader.optionalBoolean('chunked'),
      }
    case 'reset':
    case 'close':
      return { kind, unread: reader.optionalBoolean('unread') }
    case 'stall':
      return { kind, sent: reader.optionalOneOf('sent', ['nothing', 'headers', 'half']) }
    case 'delay':
      return { kind, ms: reader.integer('ms') }
    case 'redirect':
      return {
        kind,
        status: reader.optionalOneOf('status', [302, 307]),
        location: reader.optionalString('location'),
      }
    case 'garbage':
      return { kind, bytes: reader.optionalString('bytes') }
    case 'slow':
      return { kind, ms: reader.integer('ms'), bytes: reader.optionalInteger('bytes', { min: 1 }) }
  }
}

const readTimes = (reader: Reader): number | 'always' | undefined =>
  reader.raw('times') === 'always' ? 'always' : reader.optionalInteger('times', { min: 1 })

function parseTarget(reader: Reader): FaultTarget {
  return {
    operation: reader.oneOf('operation', operationNames),
    times: readTimes(reader),
    skip: reader.optionalInteger('skip'),
    when: reader.optionalOneOf('when', ['before', 'after', 'late']),
    lateMs: reader.optionalInteger('lateMs'),
  }
}

/** Refuses an order that contradicts itself. */
export function checkFaultOrder(order: FaultOrder): void {
  if ((order.when === 'late') !== (order.lateMs !== undefined))
    throw new ShapeError("A fault needs lateMs when, and only when, its effect comes 'late'")
  if (order.when === 'late' && (order.kind === 'delay' || order.kind === 'slow'))
    throw new ShapeError(
      `A fault of kind ${order.kind} ends in the right answer: it cannot be late`,
    )
  const unread = (order.kind === 'reset' || order.kind === 'close') && order.unread === true
  if (unread && order.when !== undefined && order.when !== 'before')
    throw new ShapeError('A request that is not read has no effect')
}

/** A fault order out of JSON; throws a ShapeError that says what is wrong. */
export function parseFaultOrder(value: unknown): FaultOrder {
  const reader = new Reader(value, 'fault')
  const order = { ...parseTarget(reader), ...parseFault(reader) }
  reader.done()
  checkFaultOrder(order)
  return order
}

/** A job plan out of JSON; throws a ShapeError that says what is wrong. */
export function parseJobPlan(value: unknown): JobPlan {
  const reader = new Reader(value, 'job')
  const plan = {
    times: readTimes(reader),
    ms: reader.raw('ms') === 'never' ? ('never' as const) : reader.optionalInteger('ms'),
    statuses: reader.optionalStrings('statuses'),
    finalStatus: reader.optionalString('finalStatus'),
    error: reader.optionalString('error'),
    leavesBucket: reader.optionalBoolean('leavesBucket'),
  }
  reader.done()
  return plan
}
