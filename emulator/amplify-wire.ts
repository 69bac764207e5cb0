import { json, type Answer } from './http.ts'
import type { Rules } from './rules.ts'
import { isObject, type JsonObject } from './shape.ts'
import { permissions, type Permission, type StoragePermissions } from './world.ts'

/** An error of Amplify Backend, with the members that its shape has. */
export class AmplifyRefusal extends Error {
  readonly status: number
  readonly type: string
  readonly members: Readonly<Record<string, string>>

  constructor(
    status: number,
    type: string,
    message: string,
    members: Readonly<Record<string, string>> = {},
  ) {
    super(message)
    this.status = status
    this.type = type
    this.members = members
  }
}

export const badRequest = (message: string): AmplifyRefusal =>
  new AmplifyRefusal(400, 'BadRequestException', message)

export const notFound = (message: string, resourceType: string): AmplifyRefusal =>
  new AmplifyRefusal(404, 'NotFoundException', message, { resourceType })

const referenceNames: Readonly<Record<string, string>> = {
  TooManyRequestsException: 'LimitExceededException',
  GatewayTimeoutException: 'InternalServiceException',
}

/** The name of an error in the documents that the rules follow. */
export function errorName(type: string, rules: Rules): string {
  return rules.errorNames === 'reference' ? (referenceNames[type] ?? type) : type
}

/** An error as Amplify Backend sends it. */
export function amplifyError(refusal: AmplifyRefusal, rules: Rules): Answer {
  return json(
    refusal.status,
    { message: refusal.message, ...refusal.members },
    { 'x-amzn-ErrorType': errorName(refusal.type, rules) },
  )
}

const constraint = (value: unknown, where: string, rule: string): AmplifyRefusal =>
  badRequest(
    `1 validation error detected: Value '${JSON.stringify(value ?? null).slice(0, 200)}' at '${where}' failed to satisfy constraint: ${rule}`,
  )

/** The body of a request as a JSON object; an empty one counts as `{}`. */
export function readJson(text: string): JsonObject {
  if (text === '') return {}
  try {
    const body: unknown = JSON.parse(text)
    if (isObject(body)) return body
  } catch {
    // Said below, as for every other body that is no object.
  }
  throw badRequest('The request body is not a JSON object')
}

/** A required string member. */
export function readString(object: JsonObject, name: string, prefix = ''): string {
  const value = object[name]
  if (typeof value === 'string') return value
  throw constraint(value, prefix + name, 'Member must be a string and not null')
}

/** An optional string member. */
export function readOptionalString(
  object: JsonObject,
  name: string,
  prefix = '',
): string | undefined {
  return object[name] === undefined || object[name] === null
    ? undefined
    : readString(object, name, prefix)
}

function readObject(object: JsonObject, name: string, prefix = ''): JsonObject {
  const value = object[name]
  if (isObject(value)) return value
  throw constraint(value, prefix + name, 'Member must be an object and not null')
}

function readPermissionList(object: JsonObject, name: string): Permission[] {
  const where = `resourceConfig.permissions.${name}`
  const value = object[name]
  if (!Array.isArray(value)) throw constraint(value, where, 'Member must be a list and not null')
  const items: unknown[] = value
  return items.map((item) => {
    const permission = permissions.find((candidate) => candidate === item)
    if (permission === undefined)
      throw constraint(
        item,
        where,
        `Member must satisfy enum value set: [${permissions.join(', ')}]`,
      )
    return permission
  })
}

function readPermissions(config: JsonObject): StoragePermissions {
  const object = readObject(config, 'permissions', 'resourceConfig.')
  const authenticated = readPermissionList(object, 'authenticated')
  return object['unAuthenticated'] === undefined || object['unAuthenticated'] === null
    ? { authenticated }
    : { authenticated, unAuthenticated: readPermissionList(object, 'unAuthenticated') }
}

/** The `resourceConfig` of a create. */
export type ResourceConfig = {
  readonly bucketName: string | undefined
  readonly permissions: StoragePermissions
}

function readConfig(body: JsonObject): JsonObject {
  const config = readObject(body, 'resourceConfig')
  const serviceName = readString(config, 'serviceName', 'resourceConfig.')
  if (serviceName !== 'S3')
    throw constraint(
      serviceName,
      'resourceConfig.serviceName',
      'Member must satisfy enum value set: [S3]',
    )
  return config
}

/** Reads and checks the `resourceConfig` of a create against the service's model. */
export function readResourceConfig(body: JsonObject): ResourceConfig {
  const config = readConfig(body)
  return {
    bucketName: readOptionalString(config, 'bucketName', 'resourceConfig.'),
    permissions: readPermissions(config),
  }
}

/** Reads and checks the `resourceConfig` of an update, in which the model has no bucket. */
export function readUpdatedPermissions(body: JsonObject): StoragePermissions {
  return readPermissions(readConfig(body))
}

/** The page size of a list, between 1 and 25. */
export function readMaxResults(body: JsonObject): number {
  const value = body['maxResults'] ?? 25
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 25)
    return value
  throw constraint(value, 'maxResults', 'Member must have value between 1 and 25')
}
