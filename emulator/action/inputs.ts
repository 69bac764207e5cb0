/** The inputs of the emulator's action. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

import type { PolicyDocument, TrustPolicy } from '../iam/evaluate.ts'
import { parsePolicy, parseTrustPolicy } from '../iam/parse-policy.ts'
import { ValidationError } from '../lib/validation.ts'
import { isRoleArn } from '../state/account.ts'
import type { Env } from './runner.ts'

/** An input is wrong; the message is for the user. */
export class InputError extends Error {}

/** Policies for every role that is asked for, or for single roles. */
export type Policies<Policy> = Readonly<{
  every: Policy | undefined
  byRole: ReadonlyMap<string, Policy>
}>

export type ActionInputs = Readonly<{
  jobMs: number
  /** The environments of each app. */
  apps: Readonly<Record<string, readonly string[]>>
  /** A patch of the state; undefined if there is none. */
  state: unknown
  trust: Policies<TrustPolicy>
  permissions: Policies<PolicyDocument>
  claims: Readonly<Record<string, string>>
}>

const readInput = (env: Env, name: string): string =>
  (env[`INPUT_${name.toUpperCase()}`] ?? '').trim()

const linesOf = (text: string): readonly string[] =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')

function parseJobMs(text: string): number {
  const seconds = text === '' ? 3 : /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : NaN
  if (seconds <= 86_400) return seconds * 1000
  throw new InputError(`job-seconds must be a number from 0 to 86400, not "${text}"`)
}

/** Parses lines of `APP_ID: ENVIRONMENT, ENVIRONMENT`. */
function parseApps(text: string): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    linesOf(text).map((line) => {
      const [appId = '', rest = ''] = line.split(/:(.*)/)
      const environments = rest
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '')
      if (!/^[\w-]+$/.test(appId) || environments.length === 0)
        throw new InputError(
          `apps must have lines of "APP_ID: ENVIRONMENT, ENVIRONMENT", not "${line}"`,
        )
      return [appId, environments]
    }),
  )
}

/** Parses lines of `NAME=VALUE`, or of another form with an equals sign. */
function parsePairs(
  input: string,
  text: string,
  form = 'NAME=VALUE',
): readonly (readonly [string, string])[] {
  return linesOf(text).map((line) => {
    const [name = '', value] = line.split(/=(.*)/)
    if (value === undefined || name.trim() === '')
      throw new InputError(`${input} must have lines of ${form}, not "${line}"`)
    return [name.trim(), value.trim()]
  })
}

function parseJson(input: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new InputError(`${input} is not JSON: ${reason}`)
  }
}

function readPolicy<Policy>(
  input: string,
  path: string,
  folder: string,
  parse: (document: unknown) => Policy,
): Policy {
  let text: string
  try {
    text = readFileSync(resolve(folder, path), 'utf8')
  } catch {
    throw new InputError(
      `${input} names ${path}, which cannot be read. The path is relative to the workspace: check out the repository in an earlier step.`,
    )
  }
  try {
    return parse(parseJson(`${input}: ${path}`, text))
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error
    throw new InputError(`${input}: ${path} is not a valid policy: ${error.message}`)
  }
}

/** Reads one policy for every role, or one for each line of `ROLE_ARN=PATH`. */
function readPolicies<Policy>(
  env: Env,
  input: string,
  parse: (document: unknown) => Policy,
): Policies<Policy> {
  const text = readInput(env, input)
  const folder = env['GITHUB_WORKSPACE'] ?? '.'
  if (text === '') return { every: undefined, byRole: new Map() }
  if (!text.startsWith('arn:')) {
    if (linesOf(text).length > 1)
      throw new InputError(`${input} must be one path, or lines of ROLE_ARN=PATH`)
    return { every: readPolicy(input, text, folder, parse), byRole: new Map() }
  }
  const byRole = parsePairs(input, text, 'ROLE_ARN=PATH').map(([arn, path]): [string, Policy] => {
    if (!isRoleArn(arn)) throw new InputError(`${input}: "${arn}" is not the ARN of a role`)
    return [arn, readPolicy(input, path, folder, parse)]
  })
  return { every: undefined, byRole: new Map(byRole) }
}

/** A role exists only if both inputs list it, so a role in one of them alone is a mistake. */
function checkSameRoles(trust: Policies<unknown>, permissions: Policies<unknown>): void {
  if (trust.byRole.size === 0 || permissions.byRole.size === 0) return
  const missing = (from: Policies<unknown>, other: Policies<unknown>, input: string): string[] =>
    [...other.byRole.keys()]
      .filter((arn) => !from.byRole.has(arn))
      .map((arn) => `${input} lacks ${arn}`)
  const problems = [
    ...missing(trust, permissions, 'trust-policy'),
    ...missing(permissions, trust, 'permissions-policy'),
  ]
  if (problems.length > 0)
    throw new InputError(
      `trust-policy and permissions-policy list different roles: ${problems.join('; ')}. List each role in both.`,
    )
}

/**
 * Reads the inputs from the variables of a step.
 *
 * @throws InputError if one is not valid
 */
export function readInputs(env: Env): ActionInputs {
  const state = readInput(env, 'state')
  const trust = readPolicies(env, 'trust-policy', parseTrustPolicy)
  const permissions = readPolicies(env, 'permissions-policy', parsePolicy)
  checkSameRoles(trust, permissions)
  return {
    jobMs: parseJobMs(readInput(env, 'job-seconds')),
    apps: parseApps(readInput(env, 'apps')),
    state: state === '' ? undefined : parseJson('state', state),
    trust,
    permissions,
    claims: Object.fromEntries(parsePairs('claims', readInput(env, 'claims'))),
  }
}
