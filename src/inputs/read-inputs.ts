/**
 * Workflow inputs to one frozen, typed object: the only place that reads an input. Pure functions of
 * an environment; nothing here throws, calls or prints.
 */

import { ActionError } from '../errors/action-error.ts'
import { branchPatterns } from './branch-patterns.ts'
import { bucketName, environmentWarnings } from './bucket-name.ts'
import { certificateProblems } from './certificates.ts'
import { createInputReader } from './reader.ts'
import type { InputReader } from './reader.ts'
import { endpointProblems, proxyProblems } from './environment.ts'
import { accountIds, quoteList, permissions } from './lists.ts'
import type { Permission } from './lists.ts'
import { unknownInputWarnings } from './misspelt.ts'
import { appId, environmentName, resourceName } from './names.ts'
import { ok } from './parsed.ts'
import type { InputProblem, Parsed } from './parsed.ts'
import { findPartition, getStsAudience } from '../lib/aws-partitions.ts'
import { region } from './region.ts'
import { defaultSessionName, roleArn, sessionName } from './roles.ts'
import type { RoleArn } from './roles.ts'
import { boolean, oneOf, integer, singleToken } from './scalars.ts'
import { formatInput } from './format.ts'
import { INPUTS, inputText } from './definitions.ts'
import type { Env } from '../lib/env.ts'

export { INPUTS }
export type { InputProblem, Permission }

// A client id of an IAM OIDC provider has at most 255 characters (IAM, CreateOpenIDConnectProvider).
const MAX_AUDIENCE_LENGTH = 255
const MAX_TOKEN_LENGTH = 10_000

/** What decides whether a run plans or applies. */
export type TriggerInputs = Readonly<{
  mode: 'auto' | 'apply' | 'plan'
  /** Patterns of branches (see `matchesBranch`); none means the repository's default branch. */
  applyBranches: readonly string[]
  /** Whether a role is given for such a run: then nothing else counts, whatever credentials there are. */
  hasRole: Readonly<{ apply: boolean; plan: boolean }>
}>

export type RegionSource = 'aws-region' | 'AWS_REGION' | 'AWS_DEFAULT_REGION'

export type Inputs = Readonly<{
  appId: string
  backendEnvironmentName: string
  resourceName: string
  /** The base name; undefined leaves the choice to the service. */
  bucketName: string | undefined
  /** In the API's order, each once; `[]` is `none`. */
  authenticatedPermissions: readonly Permission[]
  /** undefined is "not managed", `[]` is `none`. */
  unauthenticatedPermissions: readonly Permission[] | undefined
  region: string
  /** Where the region was found. */
  regionSource: RegionSource
  /** A whole ARN, of the region's partition and an allowed account; undefined: ambient credentials. */
  roleToAssume: string | undefined
  /** As given; undefined: `roleToAssume` serves plans too. */
  planRoleToAssume: string | undefined
  /** As given, else derived from the repository and the run id. */
  roleSessionName: string
  roleDurationSeconds: number
  /** As given, else by the region's partition. */
  audience: string
  /** 12 digits each; none means any account. */
  allowedAccountIds: readonly string[]
  ifExists: 'match' | 'update' | 'fail'
  wait: boolean
  timeoutMs: number
  maxAttempts: number
  summary: boolean
  commentOnPr: 'false' | 'true' | 'changes-only'
  /** Empty where none was handed over. */
  githubToken: string
  allowCustomEndpoints: boolean
  serviceName: 'S3'
}>

/** All inputs, or everything that is wrong with them; the warnings hold in either case. */
export type InputsResult = Readonly<{
  inputs: Inputs | undefined
  problems: readonly InputProblem[]
  warnings: readonly string[]
}>

/**
 * The inputs that decide whether the others are needed at all. With a problem in them, the trigger is
 * what empty inputs would have given; `readInputs` reports the same problems again.
 */
export function readTriggerInputs(env: Env): {
  trigger: TriggerInputs
  problems: readonly InputProblem[]
} {
  const from = createInputReader(env)
  return { trigger: takeTrigger(from, env), problems: from.problems() }
}

/** Reads and judges all inputs; reports all problems of all inputs together, and never throws. */
export function readInputs(env: Env): InputsResult {
  const from = createInputReader(env)
  takeTrigger(from, env)
  const inputs = takeInputs(from, env)
  for (const problem of [
    ...endpointProblems(env, inputs.allowCustomEndpoints),
    ...proxyProblems(env),
    ...certificateProblems(env),
  ]) {
    from.reject(problem)
  }
  for (const warning of unknownInputWarnings(env)) from.warn(warning)
  const problems = from.problems()
  return Object.freeze({
    inputs: problems.length === 0 ? inputs : undefined,
    problems,
    warnings: from.warnings(),
  })
}

/** One error that lists every problem, a line for each: the input, its value, the rule, the remedy. */
export function invalidInputError(problems: readonly InputProblem[]): ActionError {
  const lines = problems.map(
    ({ input, value, rule, remedy }) => `${input} is ${value}: it ${rule}. ${remedy}`,
  )
  if (lines.length === 1) return new ActionError('INVALID_INPUT', lines.join(''))
  const numbered = lines.map((line, index) => `(${index + 1}) ${line}`)
  return new ActionError(
    'INVALID_INPUT',
    [`${lines.length} problems with the inputs.`, ...numbered].join('\n'),
  )
}

function takeTrigger(from: InputReader, env: Env): TriggerInputs {
  // Whether they are any good is judged with the other inputs.
  const given = (input: 'role-to-assume' | 'plan-role-to-assume'): boolean =>
    inputText(env, input).trim() !== ''
  const apply = given('role-to-assume')
  return Object.freeze({
    mode: from.read('mode', oneOf(['auto', 'apply', 'plan'])) ?? 'auto',
    applyBranches: Object.freeze(from.readOptional('apply-branches', branchPatterns) ?? []),
    hasRole: Object.freeze({ apply, plan: apply || given('plan-role-to-assume') }),
  })
}

// Where a value is refused, another stands in for it so that the others can still be judged; the
// caller then throws the whole away.
function takeInputs(from: InputReader, env: Env): Inputs {
  const app = from.read('app-id', appId)
  const environment = from.read('backend-environment-name', backendEnvironment)
  const resource = from.read('resource-name', resourceName)
  const bucket = from.readOptional('bucket-name', (text) => bucketName(text, environment))
  const authenticated = from.read('authenticated-permissions', permissions)
  const guests = from.readOptional('unauthenticated-permissions', permissions)
  const where = takeRegion(from, env)
  const roles = {
    'role-to-assume': from.readOptional('role-to-assume', roleArn),
    'plan-role-to-assume': from.readOptional('plan-role-to-assume', roleArn),
  }
  const session = from.readOptional('role-session-name', sessionName)
  const duration = from.read('role-duration-seconds', integer(900, 43_200, 'seconds'))
  const audience = from.readOptional('audience', (text) => singleToken(text, MAX_AUDIENCE_LENGTH))
  const accounts = from.readOptional('allowed-account-ids', accountIds) ?? []
  for (const problem of roleProblems(roles, where.region, accounts)) from.reject(problem)
  const ifExists = from.read('if-exists', oneOf(['match', 'update', 'fail']))
  const wait = from.read('wait', boolean)
  const minutes = from.read('timeout-in-minutes', integer(1, 350, 'minutes'))
  const attempts = from.read('max-attempts', integer(1, 20, 'attempts'))
  const summary = from.read('summary', boolean)
  const comment = from.read('comment-on-pr', oneOf(['false', 'true', 'changes-only'])) ?? 'false'
  const token = from.readSecret('github-token', (text) => singleToken(text, MAX_TOKEN_LENGTH)) ?? ''
  if (comment !== 'false' && token === '') {
    from.warn('comment-on-pr is on and github-token is empty, so no comment can be written.')
  }
  const custom = from.read('allow-custom-endpoints', boolean)
  const service = from.read('service-name', oneOf(['S3']))

  return Object.freeze({
    appId: app ?? '',
    backendEnvironmentName: environment ?? '',
    resourceName: resource ?? '',
    bucketName: bucket,
    authenticatedPermissions: Object.freeze(authenticated ?? []),
    unauthenticatedPermissions: guests === undefined ? undefined : Object.freeze(guests),
    region: where.region ?? '',
    regionSource: where.source,
    roleToAssume: roles['role-to-assume']?.arn,
    planRoleToAssume: roles['plan-role-to-assume']?.arn,
    roleSessionName:
      session ?? defaultSessionName(env['GITHUB_REPOSITORY'] ?? '', env['GITHUB_RUN_ID'] ?? ''),
    roleDurationSeconds: duration ?? 3600,
    audience: audience ?? getStsAudience(where.region ?? ''),
    allowedAccountIds: Object.freeze(accounts),
    ifExists: ifExists ?? 'match',
    wait: wait ?? true,
    timeoutMs: (minutes ?? 30) * 60_000,
    maxAttempts: attempts ?? 8,
    summary: summary ?? true,
    commentOnPr: comment,
    githubToken: token,
    allowCustomEndpoints: custom ?? false,
    serviceName: service ?? 'S3',
  })
}

/** An environment's name with what its place at the end of the bucket's name brings about. */
function backendEnvironment(text: string): Parsed<string> {
  const name = environmentName(text)
  if ('flaw' in name) return name
  return ok(name.value, [...name.warnings, ...environmentWarnings(name.value)])
}

function takeRegion(
  from: InputReader,
  env: Env,
): Readonly<{ region: string | undefined; source: RegionSource }> {
  const given = inputText(env, 'aws-region').trim()
  if (given !== '') {
    return { region: from.check('aws-region', given, region), source: 'aws-region' }
  }
  for (const source of ['AWS_REGION', 'AWS_DEFAULT_REGION'] as const) {
    const text = (env[source] ?? '').trim()
    if (text !== '') return { region: from.check(source, text, region), source }
  }
  from.reject({
    input: 'aws-region',
    value: formatInput(''),
    rule: 'is required, since neither AWS_REGION nor AWS_DEFAULT_REGION is set',
    remedy: "Give the region of the app's backend, for example `eu-west-1`.",
  })
  return { region: undefined, source: 'aws-region' }
}

type Roles = Readonly<Record<'role-to-assume' | 'plan-role-to-assume', RoleArn | undefined>>

function roleProblems(
  roles: Roles,
  where: string | undefined,
  accounts: readonly string[],
): readonly InputProblem[] {
  const found: InputProblem[] = []
  const partition = where === undefined ? undefined : findPartition(where)?.id
  for (const input of ['role-to-assume', 'plan-role-to-assume'] as const) {
    const role = roles[input]
    if (role === undefined) continue
    const value = formatInput(role.arn)
    if (where !== undefined && partition !== undefined && role.partition !== partition) {
      found.push({
        input,
        value,
        rule: `must be a role of the partition \`${partition}\` of the region \`${where}\`, and is of \`${role.partition}\``,
        remedy: "Correct the region or the role's ARN.",
      })
    }
    if (accounts.length > 0 && !accounts.includes(role.accountId)) {
      found.push({
        input,
        value,
        rule: `must be of an account that allowed-account-ids lists (${quoteList(accounts)}), and is of ${formatInput(role.accountId)}`,
        remedy: 'Correct the role or allowed-account-ids.',
      })
    }
  }
  return found
}
