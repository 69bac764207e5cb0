import { jsonResponse, type HttpResponse } from '../../lib/http.ts'
import type { Rules } from '../../state/rules.ts'
import { isObject, type JsonObject } from '../../lib/validation.ts'
import { permissions, type Permission, type StoragePermissions } from '../../state/state.ts'

/** An error of Amplify Backend, with the members that its shape has. */
export class AmplifyServiceError extends Error {
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

export const badRequest = (message: string): AmplifyServiceError =>
  new AmplifyServiceError(400, 'BadRequestException', message)

export const notFound = (message: string, resourceType: string): AmplifyServiceError =>
  new AmplifyServiceError(404, 'NotFoundException', message, { resourceType })

const referenceNames: Readonly<Record<string, string>> = {
  TooManyRequestsException: 'LimitExceededException',
  GatewayTimeoutException: 'InternalServiceException',
}

/** The name of an error in the documents that the rules follow. */
export function wireErrorName(type: string, rules: Rules): string {
  return rules.errorNames === 'reference' ? (referenceNames[type] ?? type) : type
}

/** An error as Amplify Backend sends it. */
export function amplifyErrorResponse(refusal: AmplifyServiceError, rules: Rules): HttpResponse {
  return jsonResponse(
    refusal.status,
    { message: refusal.message, ...refusal.members },
    { 'x-amzn-ErrorType': wireErrorName(refusal.type, rules) },
  )
}

const validationError = (value: unknown, where: string, rule: string): AmplifyServiceError =>
  badRequest(
    `1 validation error detected: Value '${JSON.stringify(value ?? null).slice(0, 200)}' at '${where}' failed to satisfy constraint: ${rule}`,
  )

/** The body of a request as a JSON object; an empty one counts as `{}`. */
export function parseJsonBody(text: string): JsonObject {
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
export function requireString(object: JsonObject, name: string, prefix = ''): string {
  const value = object[name]
  if (typeof value === 'string') return value
  throw validationError(value, prefix + name, 'Member must be a string and not null')
}

/** An optional string member. */
export function optionalString(object: JsonObject, name: string, prefix = ''): string | undefined {
  return object[name] === undefined || object[name] === null
    ? undefined
    : requireString(object, name, prefix)
}

function requireObject(object: JsonObject, name: string, prefix = ''): JsonObject {
  const value = object[name]
  if (isObject(value)) return value
  throw validationError(value, prefix + name, 'Member must be an object and not null')
}

function parsePermissionList(object: JsonObject, name: string): Permission[] {
  const where = `resourceConfig.permissions.${name}`
  const value = object[name]
  if (!Array.isArray(value))
    throw validationError(value, where, 'Member must be a list and not null')
  const items: unknown[] = value
  return items.map((item) => {
    const permission = permissions.find((candidate) => candidate === item)
    if (permission === undefined)
      throw validationError(
        item,
        where,
        `Member must satisfy enum value set: [${permissions.join(', ')}]`,
      )
    return permission
  })
}

function parsePermissions(config: JsonObject): StoragePermissions {
  const object = requireObject(config, 'permissions', 'resourceConfig.')
  const authenticated = parsePermissionList(object, 'authenticated')
  return object['unAuthenticated'] === undefined || object['unAuthenticated'] === null
    ? { authenticated }
    : { authenticated, unAuthenticated: parsePermissionList(object, 'unAuthenticated') }
}

/** The `resourceConfig` of a create. */
export type ResourceConfig = {
  readonly bucketName: string | undefined
  readonly permissions: StoragePermissions
}

function parseConfig(body: JsonObject): JsonObject {
  const config = requireObject(body, 'resourceConfig')
  const serviceName = requireString(config, 'serviceName', 'resourceConfig.')
  if (serviceName !== 'S3')
    throw validationError(
      serviceName,
      'resourceConfig.serviceName',
      'Member must satisfy enum value set: [S3]',
    )
  return config
}

/** Reads and checks the `resourceConfig` of a create against the service's model. */
export function parseResourceConfig(body: JsonObject): ResourceConfig {
  const config = parseConfig(body)
  return {
    bucketName: optionalString(config, 'bucketName', 'resourceConfig.'),
    permissions: parsePermissions(config),
  }
}

/** Reads and checks the `resourceConfig` of an update, in which the model has no bucket. */
export function parseUpdatedPermissions(body: JsonObject): StoragePermissions {
  return parsePermissions(parseConfig(body))
}

/** The page size of a list, between 1 and 25. */
export function parseMaxResults(body: JsonObject): number {
  const value = body['maxResults'] ?? 25
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 25)
    return value
  throw validationError(value, 'maxResults', 'Member must have value between 1 and 25')
}
