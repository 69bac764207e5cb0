/** AWS's own description of a service, as botocore ships it. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

import { tool } from '../tools.ts'
import { list, object, optionalNumber, optionalString, string, type Json } from './json.ts'

export type Member = {
  /** The name in the SDKs. */
  readonly name: string
  readonly shape: Shape
  /** The name on the wire. */
  readonly wire: string
  readonly location: 'uri' | 'body'
  readonly required: boolean
}

export type Shape = {
  readonly name: string
  readonly type: 'structure' | 'list' | 'string' | 'integer' | 'boolean' | 'timestamp' | 'map'
  /** Members of a structure. */
  readonly members: readonly Member[]
  /** What a list is made of. */
  readonly element: Shape | undefined
  readonly values: readonly string[] | undefined
  readonly min: number | undefined
  readonly max: number | undefined
}

type ModelledError = {
  readonly shape: Shape
  /** The name that is sent. */
  readonly code: string
  readonly status: number
}

export type Operation = {
  readonly name: string
  readonly method: string
  readonly uri: string
  readonly status: number
  readonly input: Shape
  readonly output: Shape
  readonly errors: readonly ModelledError[]
}

export type Model = {
  readonly signingName: string
  readonly operations: ReadonlyMap<string, Operation>
}

const types = ['structure', 'list', 'string', 'integer', 'boolean', 'timestamp', 'map'] as const

function readText(service: string): string {
  const folder = execFileSync(
    tool('python'),
    ['-I', '-c', 'import botocore; print(botocore.__path__[0])'],
    { encoding: 'utf8', timeout: 30_000 },
  ).trim()
  const file = join(folder, 'data', service, 'service-2.json')
  return existsSync(file)
    ? readFileSync(file, 'utf8')
    : gunzipSync(readFileSync(`${file}.gz`)).toString('utf8')
}

function readShapes(shapes: Json): (name: string) => Shape {
  const read = (name: string): Shape => {
    const raw = object(shapes[name], `shape ${name}`)
    const type = types.find((known) => known === raw['type'])
    if (type === undefined) throw new Error(`Shape ${name} has a type that these tests do not read`)
    const required = list(raw['required']).map((item) => string(item))
    return {
      name,
      type,
      members: Object.entries(object(raw['members'] ?? {})).map(([member, value]) =>
        readMember(member, object(value), required),
      ),
      element: type === 'list' ? read(string(object(raw['member'])['shape'])) : undefined,
      values: raw['enum'] === undefined ? undefined : list(raw['enum']).map((item) => string(item)),
      min: optionalNumber(raw['min']),
      max: optionalNumber(raw['max']),
    }
  }
  const readMember = (name: string, raw: Json, required: readonly string[]): Member => {
    const location = optionalString(raw['location']) ?? 'body'
    if (location !== 'uri' && location !== 'body')
      throw new Error(`Member ${name} has a location that these tests do not read: ${location}`)
    return {
      name,
      shape: read(string(raw['shape'])),
      wire: optionalString(raw['locationName']) ?? name,
      location,
      required: required.includes(name),
    }
  }
  return read
}

const nothing: Shape = {
  name: 'nothing',
  type: 'structure',
  members: [],
  element: undefined,
  values: undefined,
  min: undefined,
  max: undefined,
}

function readError(raw: Json, shapes: Json, shapeOf: (name: string) => Shape): ModelledError {
  const name = string(raw['shape'])
  const error = object(object(shapes[name])['error'], `error of ${name}`)
  return {
    shape: shapeOf(name),
    code: optionalString(error['code']) ?? name,
    status: optionalNumber(error['httpStatusCode']) ?? 400,
  }
}

/**
 * Reads the shapes of the given operations only, since a service has others that these tests do not read.
 *
 * @param service the folder of the model, with its version
 * @param names the operations to read completely; of the others only method and path
 */
export function readModel(service: string, names: readonly string[]): Model {
  const document = object(JSON.parse(readText(service)))
  const shapes = object(document['shapes'])
  const metadata = object(document['metadata'])
  const shapeOf = readShapes(shapes)
  const operation = (name: string, value: unknown): Operation => {
    const raw = object(value)
    const http = object(raw['http'])
    const whole = names.includes(name)
    const shape = (side: unknown): Shape =>
      whole && side !== undefined ? shapeOf(string(object(side)['shape'])) : nothing
    return {
      name,
      method: string(http['method']),
      uri: string(http['requestUri']),
      status: optionalNumber(http['responseCode']) ?? 200,
      input: shape(raw['input']),
      output: shape(raw['output']),
      errors: whole
        ? list(raw['errors']).map((error) => readError(object(error), shapes, shapeOf))
        : [],
    }
  }
  return {
    signingName: optionalString(metadata['signingName']) ?? string(metadata['endpointPrefix']),
    operations: new Map(
      Object.entries(object(document['operations'])).map(([name, value]) => [
        name,
        operation(name, value),
      ]),
    ),
  }
}

/** An operation that must be in the model. */
export function getOperation(model: Model, name: string): Operation {
  const operation = model.operations.get(name)
  if (operation === undefined) throw new Error(`AWS's model has no operation ${name}`)
  return operation
}
