/**
 * Converts the inputs of a workflow to one typed, frozen object. This is the only place that reads
 * inputs. The functions are pure and never throw.
 */
import { ActionError } from '../errors/action-error.ts'
import { findPartition } from '../lib/aws-partitions.ts'
import type { Env } from '../lib/env.ts'
import type { DesiredStorage } from '../storage/model.ts'
import { INPUT_DEFINITIONS, INPUTS, type InputValues } from './definitions.ts'
import { environmentProblems } from './environment.ts'
import { formatInput } from './format.ts'
import { quoteList } from './lists.ts'
import type { InputProblem } from './parsed.ts'
import type { RoleArn } from './roles.ts'
import { findInput, readInput, type InputResult } from './reader.ts'
import { checkUnknownInputs } from './unknown/unknown-inputs.ts'

export type Inputs = InputValues &
  Readonly<{
    /** The input or the environment variable that the region comes from. */
    regionSource: string
  }>

/** What decides whether a run plans or applies. */
export type TriggerInputs = Pick<Inputs, 'mode' | 'applyBranches'> &
  Readonly<{
    /** Whether a role is set for such a run; if so, no other credentials are used. */
    hasRole: Readonly<{ apply: boolean; plan: boolean }>
  }>

/** All inputs, or every problem with them. There can be warnings in either case. */
export type InputsResult = Readonly<{
  inputs: Inputs | undefined
  problems: readonly InputProblem[]
  warnings: readonly string[]
}>

type InputKey = keyof InputValues
type PartialValues = { -readonly [K in InputKey]?: InputValues[K] }

const INPUT_KEYS = Object.keys(INPUT_DEFINITIONS).filter(isInputKey)

/**
 * The inputs that decide whether the other inputs are needed at all; undefined if they are invalid, in
 * which case `readInputs` reports their problems.
 */
export function readTriggerInputs(env: Env): TriggerInputs | undefined {
  const { mode, applyBranches } = readValues(env, ['mode', 'applyBranches']).values
  if (mode === undefined || applyBranches === undefined) return undefined
  const isSet = (key: InputKey): boolean => findInput(INPUT_DEFINITIONS[key], env).text !== ''
  const apply = isSet('roleToAssume')
  return { mode, applyBranches, hasRole: { apply, plan: apply || isSet('planRoleToAssume') } }
}

/** Reads and validates all inputs, and reports all of their problems together. */
export function readInputs(env: Env): InputsResult {
  const { values, ...found } = readValues(env, INPUT_KEYS)
  const unknown = checkUnknownInputs(
    env,
    INPUTS.map(({ name }) => name),
  )
  const problems = [
    ...found.problems,
    ...unknown.problems,
    ...roleProblems(values),
    ...environmentProblems(env, values.allowCustomEndpoints ?? false),
  ]
  const warnings = [...found.warnings, ...commentWarnings(values), ...unknown.warnings]
  const isValid = problems.length === 0 && isComplete(values)
  const regionSource = findInput(INPUT_DEFINITIONS.region, env).source
  return Object.freeze({
    inputs: isValid ? Object.freeze({ ...values, regionSource }) : undefined,
    problems: Object.freeze(problems),
    warnings: Object.freeze(warnings),
  })
}

/** Whether a summary is wanted, for a run whose inputs could not be read or are not needed. */
export function isSummaryEnabled(env: Env): boolean {
  return findInput(INPUT_DEFINITIONS.summary, env).text.toLowerCase() !== 'false'
}

/**
 * The values of all inputs as the workflow gives them, also of unknown ones, and each line of those with several.
 * Any of them may be a secret of the workflow.
 */
export function getInputValues(env: Env): readonly string[] {
  const lines = Object.entries(env)
    .filter(([name]) => name.startsWith('INPUT_'))
    .flatMap(([, value = '']) => [value, ...value.split(/[\r\n]+/)])
  return [...new Set(lines.map((line) => line.trim()))].filter((line) => line !== '')
}

/** One error for all problems, one line each: the input, its value, the rule and the remedy. */
export function invalidInputError(problems: readonly InputProblem[]): ActionError {
  const missing = problems.filter(isMissing)
  const others = missing.length > 1 ? problems.filter((each) => !isMissing(each)) : problems
  const [only] = problems
  if (only !== undefined && problems.length === 1) {
    return new ActionError('INVALID_INPUT', describeProblem(only), { advice: only.remedy })
  }
  const lines = others.map((problem) => `${describeProblem(problem)} ${problem.remedy}`)
  if (missing.length > 1) lines.unshift(describeMissing(missing))
  if (lines.length === 1) return new ActionError('INVALID_INPUT', lines.join(''))
  const numbered = lines.map((line, index) => `(${index + 1}) ${line}`)
  return new ActionError(
    'INVALID_INPUT',
    [`${lines.length} invalid inputs:`, ...numbered].join('\n'),
  )
}

function describeProblem({ input, value, rule }: InputProblem): string {
  return `${input} is ${value}: it ${rule}.`
}

/** Several inputs are usually missing for one reason. */
function describeMissing(problems: readonly InputProblem[]): string {
  const names = problems.map(({ input }) => input)
  const region = names.includes('aws-region') ? ' The region can also come from AWS_REGION.' : ''
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)} are empty: they are required. Set them under \`with:\`. If expressions provide the values, check the secrets, variables or outputs that they read.${region}`
}

function isMissing({ rule }: InputProblem): boolean {
  return rule.startsWith('is required')
}

/** The storage that the inputs describe. */
export function toDesiredStorage(inputs: Inputs): DesiredStorage {
  return {
    resourceName: inputs.resourceName,
    serviceName: inputs.serviceName,
    bucketName: inputs.bucketName,
    authenticated: inputs.authenticatedPermissions,
    unauthenticated: inputs.unauthenticatedPermissions,
  }
}

/** The role that a run assumes; undefined for ambient credentials. */
export function getRole(inputs: Inputs, command: 'apply' | 'plan'): RoleArn | undefined {
  const { roleToAssume, planRoleToAssume } = inputs
  return command === 'plan' ? (planRoleToAssume ?? roleToAssume) : roleToAssume
}

/** The values of the inputs that are valid, and the problems of the others. */
function readValues(
  env: Env,
  keys: readonly InputKey[],
): Readonly<{ values: PartialValues; problems: InputProblem[]; warnings: string[] }> {
  const values: PartialValues = {}
  const problems: InputProblem[] = []
  const warnings: string[] = []
  for (const key of keys) {
    const result = readValue(key, values, env)
    if ('problem' in result) problems.push(result.problem)
    else warnings.push(...result.warnings)
  }
  return { values, problems, warnings }
}

/** Reads one input, and adds its value to the others if it is valid. */
function readValue<K extends InputKey>(
  key: K,
  values: PartialValues,
  env: Env,
): InputResult<InputValues[K]> {
  const { backendEnvironmentName, region } = values
  const result = readInput(INPUT_DEFINITIONS[key], { env, backendEnvironmentName, region })
  if ('value' in result) values[key] = result.value
  return result
}

function isInputKey(key: string): key is InputKey {
  return key in INPUT_DEFINITIONS
}

function isComplete(values: PartialValues): values is InputValues {
  return INPUT_KEYS.every((key) => key in values)
}

/** A role must be in the partition of the region and in an allowed account. */
function roleProblems(values: PartialValues): readonly InputProblem[] {
  const { region = '', allowedAccountIds: accounts = [] } = values
  const partition = findPartition(region)?.id
  return (['roleToAssume', 'planRoleToAssume'] as const).flatMap((key) => {
    const role = values[key]
    if (role === undefined) return []
    const subject = { input: INPUT_DEFINITIONS[key].name, value: formatInput(role.arn) }
    const problems: InputProblem[] = []
    if (partition !== undefined && role.partition !== partition) {
      problems.push({
        ...subject,
        rule: `must be in the partition \`${partition}\` of the region \`${region}\`, but is in \`${role.partition}\``,
        remedy: 'Correct the region or the ARN of the role.',
      })
    }
    if (accounts.length > 0 && !accounts.includes(role.accountId)) {
      problems.push({
        ...subject,
        rule: `must be in an account that allowed-account-ids lists (${quoteList(accounts)}), but is in ${formatInput(role.accountId)}`,
        remedy: 'Correct the role or allowed-account-ids.',
      })
    }
    return problems
  })
}

function commentWarnings({ commentOnPr, githubToken }: PartialValues): readonly string[] {
  if (commentOnPr === undefined || commentOnPr === 'false' || githubToken !== '') return []
  return ['comment-on-pr is enabled, but github-token is empty, so no comment can be written.']
}
