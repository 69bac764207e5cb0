/**
 * Finds the step of a workflow that uses the action, and evaluates its inputs and its environment
 * variables.
 */
import { parse } from 'yaml'

import { isObject } from '../lib/validation.ts'
import { interpolate, toText, type Contexts } from './expressions.ts'

export type StepInputs = Readonly<{
  /** The id of the job. */
  job: string
  /** The id of the step; empty if it has none. */
  step: string
  /** Whether the permissions of the job, or else of the workflow, allow an OIDC token. */
  canRequestIdToken: boolean
  /** The `INPUT_` variables and those of every `env:` that applies to the step. */
  env: Readonly<Record<string, string>>
}>

export type StepSource = Readonly<{
  /** The text of the workflow. */
  workflow: string
  /** The text of action.yml, which has the defaults. */
  action: string
  /** `github`, and the values of `vars`, `secrets` or `inputs` if there are any. */
  contexts: Contexts
}>

/**
 * Evaluates the first step that uses the action, for the first combination of a matrix. Outputs of other
 * jobs and steps are empty.
 *
 * @throws Error if no step uses the action, or if an expression cannot be evaluated
 */
export function stepInputs({ workflow, action, contexts }: StepSource): StepInputs {
  const document = toObject(parse(workflow))
  for (const [jobId, value] of Object.entries(toObject(document['jobs']))) {
    const job = toObject(value)
    const steps: unknown = job['steps']
    const step = (Array.isArray(steps) ? steps : []).map(toObject).find(usesAction)
    if (step === undefined) continue
    const available = {
      inputs: evaluateDefaults(
        toObject(toObject(document['on'])['workflow_call'])['inputs'],
        contexts,
      ),
      vars: {},
      secrets: {},
      needs: {},
      steps: {},
      ...contexts,
    }
    const scope = { ...available, matrix: firstMatrixCombination(job, available) }
    return {
      job: jobId,
      step: toText(step['id']),
      canRequestIdToken: grantsIdToken(job['permissions'] ?? document['permissions']),
      env: {
        ...evaluateEnvironment([document['env'], job['env'], step['env']], scope),
        ...inputVariables(toObject(step['with']), toObject(parse(action)), scope),
      },
    }
  }
  throw new Error('no step of this workflow uses the action')
}

const toObject = (value: unknown): Readonly<Record<string, unknown>> =>
  isObject(value) ? value : {}

const usesAction = (step: Readonly<Record<string, unknown>>): boolean =>
  /^(?:[\w.-]+\/amplify-create-backend-storage@|\.\/$)/.test(toText(step['uses']))

const grantsIdToken = (permissions: unknown): boolean =>
  permissions === 'write-all' || toObject(permissions)['id-token'] === 'write'

const evaluateText = (value: unknown, scope: Contexts): string => interpolate(toText(value), scope)

function evaluateDefaults(declared: unknown, scope: Contexts): Record<string, string> {
  return Object.fromEntries(
    Object.entries(toObject(declared)).map(([name, input]) => [
      name,
      evaluateText(toObject(input)['default'], scope),
    ]),
  )
}

function firstMatrixCombination(
  job: Readonly<Record<string, unknown>>,
  scope: Contexts,
): Readonly<Record<string, unknown>> {
  const matrix = toObject(toObject(job['strategy'])['matrix'])
  const dimensions = Object.entries(matrix).filter(
    ([key]) => key !== 'include' && key !== 'exclude',
  )
  const first = (value: unknown): unknown => (Array.isArray(value) ? value[0] : undefined)
  const chosen =
    dimensions.length > 0
      ? Object.fromEntries(dimensions.map(([key, values]) => [key, first(values)]))
      : toObject(first(matrix['include']))
  return Object.fromEntries(
    Object.entries(chosen).map(([key, value]) => [
      key,
      typeof value === 'string' ? interpolate(value, scope) : value,
    ]),
  )
}

/** An inner `env:` overrides the outer ones, and its expressions can use their variables. */
function evaluateEnvironment(blocks: readonly unknown[], scope: Contexts): Record<string, string> {
  let env: Record<string, string> = {}
  for (const block of blocks) {
    const outer = { ...scope, env }
    const own = Object.entries(toObject(block)).map(([name, value]): [string, string] => [
      name,
      evaluateText(value, outer),
    ])
    env = { ...env, ...Object.fromEntries(own) }
  }
  return env
}

function inputVariables(
  withBlock: Readonly<Record<string, unknown>>,
  action: Readonly<Record<string, unknown>>,
  scope: Contexts,
): Record<string, string> {
  const values = {
    ...evaluateDefaults(withDefault(action['inputs']), scope),
    ...evaluateAll(withBlock, scope),
  }
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
      value,
    ]),
  )
}

const evaluateAll = (
  values: Readonly<Record<string, unknown>>,
  scope: Contexts,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, evaluateText(value, scope)]),
  )

/** The inputs with a default; GitHub does not set the others if they are missing. */
const withDefault = (declared: unknown): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(toObject(declared)).filter(
      ([, input]) => toObject(input)['default'] !== undefined,
    ),
  )
