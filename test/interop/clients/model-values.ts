/** Values as a model has them: made for it, translated by it, and judged by it. */
import { isObject, list } from './json.ts'
import type { Operation, Shape } from './model.ts'

export type WireRequest = { readonly method: string; readonly path: string; readonly body: unknown }

/** Every member of a structure, and of those within, by its path of wire names; a list has `[]`. */
export function memberPaths(shape: Shape, prefix = ''): string[] {
  if (shape.element !== undefined) return memberPaths(shape.element, `${prefix}[]`)
  return shape.members.flatMap(({ wire, shape: inner }) => {
    const path = prefix === '' ? wire : `${prefix}.${wire}`
    return [path, ...memberPaths(inner, path)]
  })
}

/**
 * A value of a shape with every member there is.
 *
 * @param samples by member name, for the members whose value means something
 */
export function createSample(
  shape: Shape,
  samples: Readonly<Record<string, unknown>>,
  member = '',
): unknown {
  if (Object.hasOwn(samples, member)) return samples[member]
  if (shape.values !== undefined) return shape.values[0]
  if (shape.element !== undefined)
    return shape.element.values ?? [createSample(shape.element, samples, member)]
  if (shape.type === 'integer') return shape.max ?? shape.min ?? 1
  if (shape.type === 'structure')
    return Object.fromEntries(
      shape.members.map(({ name, shape: inner }) => [name, createSample(inner, samples, name)]),
    )
  throw new Error(`There is no sample value for the member ${member} (${shape.name})`)
}

/** A value in the names of the SDKs, in the names of the wire. */
function toWire(shape: Shape, value: unknown): unknown {
  const { element } = shape
  if (element !== undefined && Array.isArray(value))
    return value.map((item) => toWire(element, item))
  if (shape.type !== 'structure' || !isObject(value)) return value
  return Object.fromEntries(
    shape.members
      .filter(({ name }) => value[name] !== undefined)
      .map(({ name, wire, shape: inner }) => [wire, toWire(inner, value[name])]),
  )
}

/** A value in the names of the wire, in the names of the SDKs; a member that is not known throws. */
export function fromWire(shape: Shape, value: unknown): unknown {
  const { element } = shape
  if (element !== undefined) return list(value).map((item) => fromWire(element, item))
  if (shape.type !== 'structure' || !isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([wire, inner]) => {
      const member = shape.members.find((candidate) => candidate.wire === wire)
      if (member === undefined) throw new Error(`${shape.name} has no member ${wire}`)
      return [member.name, fromWire(member.shape, inner)]
    }),
  )
}

/** The request of an operation, as the model has it put together. */
export function toWireRequest(
  operation: Operation,
  parameters: Readonly<Record<string, unknown>>,
): WireRequest {
  const { input, method, uri } = operation
  const path = uri.replace(/\{(\w+)\}/g, (_, wire: string) => {
    const member = input.members.find(
      (candidate) => candidate.location === 'uri' && candidate.wire === wire,
    )
    const value = member === undefined ? undefined : parameters[member.name]
    return typeof value === 'string' ? encodeURIComponent(value) : ''
  })
  const members = input.members.filter(({ location }) => location === 'body')
  return {
    method,
    path,
    body: members.length === 0 ? undefined : toWire({ ...input, members }, parameters),
  }
}

/** What keeps a value of the wire from being one of the shape, each with its place. */
export function findViolations(shape: Shape, value: unknown, where = ''): string[] {
  const place = where === '' ? shape.name : where
  if (shape.element !== undefined) {
    const { element } = shape
    return Array.isArray(value)
      ? value.flatMap((item) => findViolations(element, item, `${place}[]`))
      : [`${place} is no list`]
  }
  switch (shape.type) {
    case 'structure': {
      if (!isObject(value)) return [`${place} is no structure`]
      const known = shape.members.map(({ wire }) => wire)
      return [
        ...Object.keys(value)
          .filter((wire) => !known.includes(wire))
          .map((wire) => `${place}.${wire} is not in the model`),
        ...shape.members.flatMap(({ wire, required, shape: inner }) => {
          if (value[wire] === undefined) return required ? [`${place}.${wire} is missing`] : []
          return findViolations(inner, value[wire], `${place}.${wire}`)
        }),
      ]
    }
    case 'integer':
      return Number.isInteger(value) ? [] : [`${place} is no whole number`]
    case 'map':
      return isObject(value) ? [] : [`${place} is no map`]
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${place} is no boolean`]
    default:
      if (typeof value !== 'string') return [`${place} is no string`]
      return shape.values?.includes(value) === false ? [`${place} is not in the enum`] : []
  }
}

/** The members that a value of the wire has, in the form of `memberPaths`. */
export function valuePaths(value: unknown, prefix = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => valuePaths(item, `${prefix}[]`))
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([name, inner]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`
    return [path, ...valuePaths(inner, path)]
  })
}
