import { operationNames } from '../lib/operations.ts'
import { ObjectReader, parseTimes, ValidationError } from '../lib/validation.ts'
import type { Fault, FaultKind, FaultSpec, FaultTarget } from './spec.ts'

/** Every kind of fault; docs/emulator.md lists them. */
export const faultKinds = [
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
] as const satisfies readonly FaultKind[]

const statusRange = { min: 200, max: 599 }

function parseFault(reader: ObjectReader): Fault {
  const kind = reader.oneOf<FaultKind>('kind', faultKinds)
  switch (kind) {
    case 'status':
      return {
        kind,
        status: reader.integer('status', statusRange),
        name: reader.optionalString('name'),
        message: reader.optionalString('message'),
        errorNameIn: reader.optionalOneOf('errorNameIn', ['header', '__type', 'code', 'none']),
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

function parseTarget(reader: ObjectReader): FaultTarget {
  return {
    operation: reader.oneOf('operation', operationNames),
    times: parseTimes(reader),
    skip: reader.optionalInteger('skip'),
    when: reader.optionalOneOf('when', ['before', 'after', 'late']),
    lateMs: reader.optionalInteger('lateMs'),
  }
}

/**
 * Checks that the members of a fault go together.
 *
 * @throws ValidationError if they contradict each other
 */
export function checkFaultSpec(spec: FaultSpec): void {
  if ((spec.when === 'late') !== (spec.lateMs !== undefined))
    throw new ValidationError('Set lateMs if, and only if, when is "late"')
  if (spec.when === 'late' && (spec.kind === 'delay' || spec.kind === 'slow'))
    throw new ValidationError(
      `A fault of kind ${spec.kind} sends the correct response, so its effect cannot be late`,
    )
  const unread = (spec.kind === 'reset' || spec.kind === 'close') && spec.unread === true
  if (unread && spec.when !== undefined && spec.when !== 'before')
    throw new ValidationError('A request that is not read cannot take effect')
}

/**
 * Parses a fault from JSON.
 *
 * @throws ValidationError if it is not a valid fault
 */
export function parseFaultSpec(value: unknown): FaultSpec {
  const reader = new ObjectReader(value, 'fault')
  const spec = { ...parseTarget(reader), ...parseFault(reader) }
  reader.rejectUnknown()
  checkFaultSpec(spec)
  return spec
}
