/** Requests that differ in one place from a good one: what a model allows there, and what not. */
import { isObject } from './json.ts'
import type { Operation, Shape } from './model.ts'
import { toWireRequest, type WireRequest } from './model-values.ts'

export type Probe = { readonly title: string; readonly request: WireRequest }

type Location = {
  readonly path: readonly (string | number)[]
  readonly shape: Shape
  /** Undefined for the items of a list. */
  readonly member: { readonly name: string; readonly required: boolean } | undefined
}

const omitted = Symbol('left out')

/** A copy of a JSON value with another value at a place, or without that place. */
function replaced(value: unknown, path: readonly (string | number)[], by: unknown): unknown {
  const [head, ...rest] = path
  if (head === undefined) return by
  if (Array.isArray(value))
    return value.map((item: unknown, index) => (index === head ? replaced(item, rest, by) : item))
  if (!isObject(value)) throw new Error(`Nothing to replace at ${String(head)}`)
  const entries = Object.entries(value).filter(([name]) => name !== head)
  if (rest.length === 0 && by === omitted) return Object.fromEntries(entries)
  return Object.fromEntries([...entries, [head, replaced(value[head], rest, by)]])
}

function locations(shape: Shape, path: readonly (string | number)[] = []): Location[] {
  if (shape.element !== undefined) {
    const inner = [...path, 0]
    return [
      { path: inner, shape: shape.element, member: undefined },
      ...locations(shape.element, inner),
    ]
  }
  return shape.members
    .filter(({ location }) => location === 'body')
    .flatMap((member) => {
      const inner = [...path, member.wire]
      return [{ path: inner, shape: member.shape, member }, ...locations(member.shape, inner)]
    })
}

/** Values that are none of the shape. */
function invalidValues(shape: Shape): unknown[] {
  if (shape.element !== undefined) return ['READ', {}, 1]
  switch (shape.type) {
    case 'structure':
      return ['text', [], 1]
    case 'integer':
      return [
        'text',
        ...(shape.min === undefined ? [] : [shape.min - 1]),
        ...(shape.max === undefined ? [] : [shape.max + 1]),
        1.5,
      ]
    case 'boolean':
      return ['true', 1]
    default:
      return [
        1,
        true,
        {},
        [],
        ...(shape.values === undefined
          ? []
          : ['', 'WRITE', ...shape.values.map((value) => value.toLowerCase())]),
      ]
  }
}

/** Values of a shape, beyond the sample. */
function validValues(shape: Shape): unknown[] {
  if (shape.element !== undefined) {
    const { values } = shape.element
    return [[], ...(values === undefined ? [] : [values, ...values.map((value) => [value])])]
  }
  if (shape.values !== undefined) return [...shape.values]
  if (shape.type === 'integer') return [shape.min ?? 1, shape.max ?? 1]
  return []
}

export type Probes = {
  /** Left out or null although it is required. */
  readonly missing: readonly Probe[]
  /** Outside of an enum, a range or a type. */
  readonly invalid: readonly Probe[]
  /** Everything that is allowed. */
  readonly valid: readonly Probe[]
  /** A required member under the SDK's name instead of the wire's. */
  readonly misnamed: readonly Probe[]
  /** A wrong value under a name that the model does not have there, which must be ignored. */
  readonly unknown: readonly Probe[]
}

/**
 * All probes of an operation, around one good request.
 *
 * @param names names on the wire that the service has anywhere
 */
export function createProbes(
  operation: Operation,
  parameters: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Probes {
  const good = toWireRequest(operation, parameters)
  const label = ({ path }: Location): string => path.join('.')
  const at = (spot: Location, value: unknown): Probe => ({
    title: `${label(spot)} = ${JSON.stringify(value)}`,
    request: { ...good, body: replaced(good.body, spot.path, value) },
  })
  const withoutAndNull = (spot: Location): readonly Probe[] => [
    { ...at(spot, omitted), title: `without ${label(spot)}` },
    at(spot, null),
  ]
  const underOwnName = (spot: Location, value: (path: Location['path']) => unknown): Probe => {
    const name = spot.member?.name ?? ''
    const others = replaced(good.body, spot.path, omitted)
    const body = replaced(others, [...spot.path.slice(0, -1), name], value(spot.path))
    return { title: `${name} for ${label(spot)}`, request: { ...good, body } }
  }
  const all = locations(operation.input)
  const required = all.filter(({ member }) => member?.required === true)
  const optional = all.filter(({ member }) => member?.required === false)
  const isRenamed = ({ member, path }: Location): boolean => member?.name !== path.at(-1)
  const labels = operation.input.members.filter(({ location }) => location === 'uri')
  return {
    missing: [
      ...labels.map(({ name, wire }) => ({
        title: `without ${wire} in the path`,
        request: toWireRequest(operation, { ...parameters, [name]: '' }),
      })),
      ...required.flatMap(withoutAndNull),
    ],
    invalid: all.flatMap((spot) => invalidValues(spot.shape).map((value) => at(spot, value))),
    valid: [
      { title: 'with every member', request: good },
      ...optional.flatMap(withoutAndNull),
      ...all.flatMap((spot) => validValues(spot.shape).map((value) => at(spot, value))),
    ],
    misnamed: required
      .filter(isRenamed)
      .map((spot) => underOwnName(spot, (path) => valueAt(good.body, path))),
    unknown: [
      ...optional.filter(isRenamed).map((spot) => underOwnName(spot, () => ({ wrong: true }))),
      ...findStructures(operation, all).flatMap(({ path, members }) =>
        names
          .filter((name) => !members.some((member) => member.wire === name))
          .map((name) => ({
            title: `${[...path, name].join('.')} that is not in the model`,
            request: { ...good, body: replaced(good.body, [...path, name], { wrong: true }) },
          })),
      ),
    ],
  }
}

/** The structures of a body, the body itself included. */
function findStructures({ input }: Operation, all: readonly Location[]) {
  const bodyMembers = input.members.filter(({ location }) => location === 'body')
  return [
    ...(bodyMembers.length === 0 ? [] : [{ path: [], members: bodyMembers }]),
    ...all
      .filter(({ shape }) => shape.type === 'structure')
      .map(({ path, shape }) => ({ path, members: shape.members })),
  ]
}

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (Array.isArray(inner)) return inner[Number(key)]
    return isObject(inner) ? inner[key] : undefined
  }, value)
}
