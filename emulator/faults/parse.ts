import type { Fault, FaultSpec, FaultTarget } from './queue.ts'
import { operationNames } from '../lib/operations.ts'
import { ObjectReader, ValidationError } from '../lib/validation.ts'
import type { JobPlan } from '../state/state.ts'

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

function parseFault(reader: ObjectReader): Fault {
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

const parseTimes = (reader: ObjectReader): number | 'always' | undefined =>
  reader.raw('times') === 'always' ? 'always' : reader.optionalInteger('times', { min: 1 })

function parseTarget(reader: ObjectReader): FaultTarget {
  return {
    operation: reader.oneOf('operation', operationNames),
    times: parseTimes(reader),
    skip: reader.optionalInteger('skip'),
    when: reader.optionalOneOf('when', ['before', 'after', 'late']),
    lateMs: reader.optionalInteger('lateMs'),
  }
}

/** Refuses an order that contradicts itself. */
export function checkFaultSpec(order: FaultSpec): void {
  if ((order.when === 'late') !== (order.lateMs !== undefined))
    throw new ValidationError("A fault needs lateMs when, and only when, its effect comes 'late'")
  if (order.when === 'late' && (order.kind === 'delay' || order.kind === 'slow'))
    throw new ValidationError(
      `A fault of kind ${order.kind} ends in the right answer: it cannot be late`,
    )
  const unread = (order.kind === 'reset' || order.kind === 'close') && order.unread === true
  if (unread && order.when !== undefined && order.when !== 'before')
    throw new ValidationError('A request that is not read has no effect')
}

/** A fault order out of JSON; throws a ShapeError that says what is wrong. */
export function parseFaultSpec(value: unknown): FaultSpec {
  const reader = new ObjectReader(value, 'fault')
  const order = { ...parseTarget(reader), ...parseFault(reader) }
  reader.rejectUnknown()
  checkFaultSpec(order)
  return order
}

/** A job plan out of JSON; throws a ShapeError that says what is wrong. */
export function parseJobPlan(value: unknown): JobPlan {
  const reader = new ObjectReader(value, 'job')
  const plan = {
    times: parseTimes(reader),
    ms: reader.raw('ms') === 'never' ? ('never' as const) : reader.optionalInteger('ms'),
    statuses: reader.optionalStrings('statuses'),
    finalStatus: reader.optionalString('finalStatus'),
    error: reader.optionalString('error'),
    leavesBucket: reader.optionalBoolean('leavesBucket'),
  }
  reader.rejectUnknown()
  return plan
}
