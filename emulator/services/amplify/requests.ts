/** Parses the requests of Amplify Backend; a BadRequestException names what its model does not allow. */
import { isObject, type JsonObject } from '../../lib/validation.ts'
import { permissions, type Permission, type StoragePermissions } from '../../state/backends.ts'
import { badRequest, type AmplifyServiceError } from './errors.ts'

const validationError = (value: unknown, where: string, rule: string): AmplifyServiceError =>
  badRequest(
    `1 validation error detected: Value '${JSON.stringify(value ?? null).slice(0, 200)}' at '${where}' failed to satisfy constraint: ${rule}`,
  )

/** Parses the body of a request as a JSON object; an empty body is `{}`. */
export function parseJsonBody(text: string): JsonObject {
  if (text === '') return {}
  try {
    const body: unknown = JSON.parse(text)
    if (isObject(body)) return body
  } catch {
    // Rejected below, as every other body that is not an object.
  }
  throw badRequest('The request body is not a JSON object')
}

/** Returns a required string member. */
export function requireString(object: JsonObject, name: string, prefix = ''): string {
  const value = object[name]
  if (typeof value === 'string') return value
  throw validationError(value, prefix + name, 'Member must be a string and not null')
}

/** Returns an optional string member. */
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

/** Parses the `resourceConfig` of a create. */
export function parseResourceConfig(body: JsonObject): ResourceConfig {
  const config = parseConfig(body)
  return {
    bucketName: optionalString(config, 'bucketName', 'resourceConfig.'),
    permissions: parsePermissions(config),
  }
}

/** Parses the `resourceConfig` of an update, which cannot change the bucket. */
export function parseUpdatedPermissions(body: JsonObject): StoragePermissions {
  return parsePermissions(parseConfig(body))
}

/** Parses the page size of a list, from 1 to 25. */
export function parseMaxResults(body: JsonObject): number {
  const value = body['maxResults'] ?? 25
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 25)
    return value
  throw validationError(value, 'maxResults', 'Member must have value between 1 and 25')
}

/** Parses the token of the next page: where in the list the page starts. */
export function parseNextToken(body: JsonObject): number {
  const token = optionalString(body, 'nextToken')
  if (token === undefined) return 0
  const offset = Number(Buffer.from(token, 'base64url').toString('utf8'))
  if (Number.isInteger(offset) && offset > 0) return offset
  throw badRequest('The nextToken is not valid')
}

/** The token of the page that starts at an offset. */
export const formatNextToken = (offset: number): string =>
  Buffer.from(String(offset)).toString('base64url')
