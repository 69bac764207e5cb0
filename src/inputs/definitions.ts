/**
 * The inputs, one row each: its name, its default and its parser. The keys are the properties of the
 * object that the action works with, and the order is that of action.yml; a test compares both.
 */
import { getStsAudience } from '../lib/aws-partitions.ts'
import { branchPatterns } from './branch-patterns.ts'
import { bucketName, environmentWarnings } from './bucket-name.ts'
import { accountIds, permissions } from './lists.ts'
import { appId, environmentName, resourceName } from './names.ts'
import { invalid, ok, type Parsed } from './parsed.ts'
import type { InputDefinition } from './reader.ts'
import { region } from './region.ts'
import { defaultSessionName, roleArn, sessionName } from './roles.ts'
import { boolean, integer, oneOf, singleToken } from './scalars.ts'

// A client ID of an IAM OIDC provider has at most 255 characters (IAM, CreateOpenIDConnectProvider).
const MAX_AUDIENCE_LENGTH = 255
const MAX_TOKEN_LENGTH = 10_000
const MS_PER_MINUTE = 60_000

type Parser<T> = InputDefinition<T>['parse']

const DEFINITIONS = {
  appId: required('app-id', appId),
  backendEnvironmentName: required('backend-environment-name', (text) => {
    const name = environmentName(text)
    if ('problem' in name) return name
    return ok(name.value, [...name.warnings, ...environmentWarnings(name.value)])
  }),
  resourceName: required('resource-name', resourceName),
  /** The base name; undefined leaves the choice to the service. */
  bucketName: optional('bucket-name', (text, { backendEnvironmentName }) =>
    bucketName(text, backendEnvironmentName),
  ),
  /** In the order of the API, without duplicates; `[]` for `none`. */
  authenticatedPermissions: required('authenticated-permissions', permissions),
  /** Undefined if they are not managed; `[]` for `none`. */
  unauthenticatedPermissions: optional('unauthenticated-permissions', permissions),
  region: {
    ...withDefault('aws-region', '', regionOrMissing),
    variables: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
  },
  /** Undefined for ambient credentials. */
  roleToAssume: optional('role-to-assume', roleArn),
  /** Undefined if plans use `roleToAssume`, too. */
  planRoleToAssume: optional('plan-role-to-assume', roleArn),
  roleSessionName: withDefault('role-session-name', '', (text, { env }) =>
    text === ''
      ? ok(defaultSessionName(env['GITHUB_REPOSITORY'] ?? '', env['GITHUB_RUN_ID'] ?? ''))
      : sessionName(text),
  ),
  roleDurationSeconds: withDefault(
    'role-duration-seconds',
    '3600',
    integer(900, 43_200, 'seconds'),
  ),
  audience: withDefault('audience', '', (text, context) =>
    text === '' ? ok(getStsAudience(context.region ?? '')) : singleToken(text, MAX_AUDIENCE_LENGTH),
  ),
  /** 12 digits each; `[]` allows any account. */
  allowedAccountIds: withDefault('allowed-account-ids', '', orEmptyList(accountIds)),
  mode: withDefault('mode', 'auto', oneOf(['auto', 'apply', 'plan'])),
  /** Patterns (see `matchesBranch`); `[]` is the default branch of the repository. */
  applyBranches: withDefault('apply-branches', '', orEmptyList(branchPatterns)),
  ifExists: withDefault('if-exists', 'match', oneOf(['match', 'update', 'fail'])),
  wait: withDefault('wait', 'true', boolean),
  timeoutMs: withDefault('timeout-in-minutes', '30', (text) => {
    const minutes = integer(1, 350, 'minutes')(text)
    return 'problem' in minutes ? minutes : ok(minutes.value * MS_PER_MINUTE)
  }),
  maxAttempts: withDefault('max-attempts', '8', integer(1, 20, 'attempts')),
  summary: withDefault('summary', 'true', boolean),
  commentOnPr: withDefault('comment-on-pr', 'false', oneOf(['false', 'true', 'changes-only'])),
  /** Empty if there is none. */
  githubToken: {
    ...withDefault('github-token', '${{ github.token }}', (text) =>
      text === '' ? ok('') : singleToken(text, MAX_TOKEN_LENGTH),
    ),
    secret: true,
  },
  /** Whether a plan that finds a difference fails; an apply ignores it. */
  failOnChanges: withDefault('fail-on-changes', 'false', boolean),
  allowCustomEndpoints: withDefault('allow-custom-endpoints', 'false', boolean),
  serviceName: withDefault('service-name', 'S3', oneOf(['S3'])),
}

type ValueOf<D> = D extends InputDefinition<infer T> ? T : never

/** The values of all inputs. */
export type InputValues = {
  readonly [K in keyof typeof DEFINITIONS]: ValueOf<(typeof DEFINITIONS)[K]>
}

export const INPUT_DEFINITIONS: {
  readonly [K in keyof InputValues]: InputDefinition<InputValues[K]>
} = DEFINITIONS

/** The inputs in the order of action.yml. */
export const INPUTS: readonly InputDefinition<unknown>[] = Object.values(INPUT_DEFINITIONS)

function required<T>(name: string, parse: Parser<T>): InputDefinition<T> {
  return { name, required: true, default: '', parse }
}

function optional<T>(name: string, parse: Parser<T>): InputDefinition<T | undefined> {
  return {
    name,
    required: false,
    default: '',
    parse: (text, context) => (text === '' ? ok(undefined) : parse(text, context)),
  }
}

function withDefault<T>(name: string, preset: string, parse: Parser<T>): InputDefinition<T> {
  return { name, required: false, default: preset, parse }
}

function orEmptyList<T>(
  parse: (text: string) => Parsed<readonly T[]>,
): (text: string) => Parsed<readonly T[]> {
  return (text) => (text === '' ? ok([]) : parse(text))
}

function regionOrMissing(text: string): Parsed<string> {
  if (text !== '') return region(text)
  return invalid(
    'is required, because neither AWS_REGION nor AWS_DEFAULT_REGION is set',
    "Set it to the region of the app's backend, for example `eu-west-1`.",
  )
}
