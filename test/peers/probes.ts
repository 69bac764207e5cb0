/** Requests that differ in one place from a good one: what a model allows there, and what not. */
import { isObject } from './json.ts'
import type { Operation, Shape } from './model.ts'
import { requestOf, type Wire } from './model-values.ts'

export type Probe = { readonly title: string; readonly request: Wire }

type Spot = {
  readonly path: readonly (string | number)[]
  readonly shape: Shape
  /** Undefined for the items of a list. */
  readonly member: { readonly name: string; readonly required: boolean } | undefined
}

const left = Symbol('left out')

/** A copy of a JSON value with another value at a place, or without that place. */
function replaced(value: unknown, path: readonly (string | number)[], by: unknown): unknown {
  const [head, ...rest] = path
  if (head === undefined) return by
  if (Array.isArray(value))
    return value.map((item: unknown, index) => (index === head ? replaced(item, rest, by) : item))
  if (!isObject(value)) throw new Error(`Nothing to replace at ${String(head)}`)
  const entries = Object.entries(value).filter(([name]) => name !== head)
  if (rest.length === 0 && by === left) return Object.fromEntries(entries)
  return Object.fromEntries([...entries, [head, replaced(value[head], rest, by)]])
}

function spots(shape: Shape, path: readonly (string | number)[] = []): Spot[] {
  if (shape.element !== undefined) {
    const inner = [...path, 0]
    return [
      { path: inner, shape: shape.element, member: undefined },
      ...spots(shape.element, inner),
    ]
  }
  return shape.members
    .filter(({ location }) => location === 'body')
    .flatMap((member) => {
      const inner = [...path, member.wire]
      return [{ path: inner, shape: member.shape, member }, ...spots(member.shape, inner)]
    })
}

/** Values that are none of the shape. */
function strangers(shape: Shape): unknown[] {
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
function natives(shape: Shape): unknown[] {
  if (shape.element !== undefined) {
    const { values } = shape.element
    return [[], ...(values === undefined ? [] : [values, ...values.map((value) => [value])])]
  }
  if (shape.values !== undefined) return [...shape.values]
  if (shape.type === 'integer') return [shape.min ?? 1, shape.max ?? 1]
  return []
}

const show = (value: unknown): string => JSON.stringify(value)

export type Probes = {
  /** Left out or null although it is required. */
  readonly lacking: readonly Probe[]
  /** Outside of an enum, a range or a type. */
  readonly strange: readonly Probe[]
  /** Everything that is allowed. */
  readonly allowed: readonly Probe[]
  /** A required member under the SDK's name instead of the wire's. */
  readonly misnamed: readonly Probe[]
  /** A wrong value under a name that the model does not have there: nobody is to read it. */
  readonly unread: readonly Probe[]
}

/**
 * All probes of an operation, around one good request.
 *
 * @param names names on the wire that the service has anywhere
 */
export function probesOf(
  operation: Operation,
  parameters: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Probes {
  const good = requestOf(operation, parameters)
  const at = ({ path }: Spot, value: unknown): Wire => ({
    ...good,
    body: replaced(good.body, path, value),
  })
  const under = ({ path }: Spot, name: string, value: unknown): Wire => ({
    ...good,
    body: replaced(replaced(good.body, path, left), [...path.slice(0, -1), name], value),
  })
  const label = ({ path }: Spot): string => path.join('.')
  const all = spots(operation.input)
  const required = all.filter(({ member }) => member?.required === true)
  const optional = all.filter(({ member }) => member?.required === false)
  const renamed = all.filter(
    ({ member, path }) => member !== undefined && member.name !== path.at(-1),
  )
  const bodyMembers = operation.input.members.filter(({ location }) => location === 'body')
  const structures = [
    ...(bodyMembers.length === 0 ? [] : [{ path: [], members: bodyMembers }]),
    ...all
      .filter(({ shape }) => shape.type === 'structure')
      .map(({ path, shape }) => ({ path, members: shape.members })),
  ]
  const labels = operation.input.members.filter(({ location }) => location === 'uri')
  return {
    lacking: [
      ...labels.map(({ name, wire }) => ({
        title: `without ${wire} in the path`,
        request: requestOf(operation, { ...parameters, [name]: '' }),
      })),
      ...required.flatMap((spot) => [
        { title: `without ${label(spot)}`, request: at(spot, left) },
        { title: `${label(spot)} = null`, request: at(spot, null) },
      ]),
    ],
    strange: all.flatMap((spot) =>
      strangers(spot.shape).map((value) => ({
        title: `${label(spot)} = ${show(value)}`,
        request: at(spot, value),
      })),
    ),
    allowed: [
      { title: 'with every member', request: good },
      ...optional.flatMap((spot) => [
        { title: `without ${label(spot)}`, request: at(spot, left) },
        { title: `${label(spot)} = null`, request: at(spot, null) },
      ]),
      ...all.flatMap((spot) =>
        natives(spot.shape).map((value) => ({
          title: `${label(spot)} = ${show(value)}`,
          request: at(spot, value),
        })),
      ),
    ],
    misnamed: renamed
      .filter(({ member }) => member?.required === true)
      .map((spot) => ({
        title: `${spot.member?.name ?? ''} for ${label(spot)}`,
        request: under(spot, spot.member?.name ?? '', valueAt(good.body, spot.path)),
      })),
    unread: [
      ...renamed
        .filter(({ member }) => member?.required === false)
        .map((spot) => ({
          title: `${spot.member?.name ?? ''} beside ${label(spot)}`,
          request: under(spot, spot.member?.name ?? '', { wrong: true }),
        })),
      ...structures.flatMap(({ path, members }) =>
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

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (Array.isArray(inner)) return inner[Number(key)]
    return isObject(inner) ? inner[key] : undefined
  }, value)
}
