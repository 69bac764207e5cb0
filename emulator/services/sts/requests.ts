/** Parses the requests of STS; a ValidationError names what its model does not allow. */
import type { PolicyDocument } from '../../iam/evaluate.ts'
import { parsePolicy } from '../../iam/parse-policy.ts'
import { ValidationError } from '../../lib/validation.ts'
import { StsServiceError, validationError } from './errors.ts'

export type RoleRequest = {
  readonly roleArn: string
  readonly sessionName: string
  readonly seconds: number
  readonly policy: PolicyDocument | undefined
}

export type WebIdentityRequest = RoleRequest & { readonly token: string }

/** The parameters of an STS request, which are in its query or its body. */
export function stsParameters(call: { query: URLSearchParams; bodyText: string }): URLSearchParams {
  return call.query.has('Action') ? call.query : new URLSearchParams(call.bodyText)
}

function requireParameter(form: URLSearchParams, name: string): string {
  const value = form.get(name)
  if (value !== null && value !== '') return value
  throw validationError(
    `Value null at '${name.charAt(0).toLowerCase()}${name.slice(1)}' failed to satisfy constraint: Member must not be null`,
  )
}

function parseSessionName(form: URLSearchParams): string {
  const name = requireParameter(form, 'RoleSessionName')
  const constraint = `Value '${name}' at 'roleSessionName' failed to satisfy constraint: Member must`
  if (!/^[\w+=,.@-]*$/.test(name))
    throw validationError(`${constraint} satisfy regular expression pattern: [\\w+=,.@-]*`)
  if (name.length < 2) throw validationError(`${constraint} have length greater than or equal to 2`)
  if (name.length > 64) throw validationError(`${constraint} have length less than or equal to 64`)
  return name
}

function parseRoleArn(form: URLSearchParams): string {
  const arn = requireParameter(form, 'RoleArn')
  if (arn.length < 20 || arn.length > 2048)
    throw validationError(
      `Value '${arn.slice(0, 100)}' at 'roleArn' failed to satisfy constraint: Member must have length between 20 and 2048`,
    )
  if (!/^arn:[a-z-]+:iam::\d{12}:role\/\S+$/.test(arn))
    throw new StsServiceError(400, 'ValidationError', `${arn} is invalid`)
  return arn
}

function parseDuration(form: URLSearchParams): number {
  const text = form.get('DurationSeconds') ?? '3600'
  const seconds = Number(text)
  if (!Number.isInteger(seconds) || seconds < 900 || seconds > 43200)
    throw validationError(
      `Value '${text}' at 'durationSeconds' failed to satisfy constraint: Member must have value between 900 and 43200`,
    )
  return seconds
}

function parseSessionPolicy(form: URLSearchParams): PolicyDocument | undefined {
  const text = form.get('Policy')
  if (text === null) return undefined
  if (text.length > 2048)
    throw new StsServiceError(
      400,
      'PackedPolicyTooLarge',
      `Serialized policy document is ${text.length} characters long; at most 2048 are allowed`,
    )
  try {
    return parsePolicy(JSON.parse(text))
  } catch (error) {
    const reason = error instanceof ValidationError ? error.message : 'Syntax errors in policy.'
    throw new StsServiceError(400, 'MalformedPolicyDocument', reason)
  }
}

/** Parses the parameters that both operations for roles have. */
export function parseRoleRequest(form: URLSearchParams): RoleRequest {
  const unsupported = [...form.keys()].find((name) =>
    /^(?:PolicyArns\.|Tags\.|ProviderId$|SerialNumber$|SourceIdentity$)/.test(name),
  )
  if (unsupported !== undefined)
    throw new StsServiceError(
      400,
      'ValidationError',
      `The emulator does not support ${unsupported}`,
    )
  return {
    roleArn: parseRoleArn(form),
    sessionName: parseSessionName(form),
    seconds: parseDuration(form),
    policy: parseSessionPolicy(form),
  }
}

/** Parses the parameters of AssumeRoleWithWebIdentity. */
export function parseWebIdentityRequest(form: URLSearchParams): WebIdentityRequest {
  const request = parseRoleRequest(form)
  const token = requireParameter(form, 'WebIdentityToken')
  if (token.length < 4 || token.length > 20000)
    throw validationError(
      "Value at 'webIdentityToken' failed to satisfy constraint: length 4 to 20000",
    )
  return { ...request, token }
}
