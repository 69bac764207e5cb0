/**
 * Finds the steps of a workflow that use the action, and evaluates their inputs and environment variables as
 * GitHub does. What only a run of the whole workflow knows is an error.
 */
import { parse } from 'yaml'

import { isObject, type JsonObject } from '../lib/validation.ts'
import { conditionHolds, evaluateValue, toText, type Contexts } from './expressions.ts'
import { hasValues, matrixCombinations, type Combination } from './matrix.ts'
import { isCalled, toTriggers } from './triggers.ts'
import {
  baseContexts,
  stepContexts,
  type GivenValues,
  type KnownContexts,
} from './step-contexts.ts'

export type StepInputs = Readonly<{
  /** The id of the job. */
  job: string
  /** The id of the step; empty if it has none. */
  step: string
  /**
   * Whether the permissions of the job, or else of the workflow, allow an OIDC token; in a called workflow without
   * permissions, those of the calling job.
   */
  canRequestIdToken: boolean
  /** The names of the inputs of the step before it that starts the emulator, if there is one. */
  emulatorInputs: readonly string[] | undefined
  /**
   * Whether the conditions of the job and of the step hold.
   *
   * @throws UnknownValueError if they need what only a run of the workflow knows
   */
  runs: () => boolean
  /** The environment of the job. */
  environment: string | undefined
  /** The values of the matrix; empty if there is none. */
  matrix: Readonly<Record<string, unknown>>
  /** The `INPUT_` variables and those of every `env:` that applies to the step. */
  env: Readonly<Record<string, string>>
}>

export type StepSource = Readonly<{
  /** The text of the workflow. */
  workflow: string
  /** The text of action.yml, which has the defaults. */
  action: string
  contexts: KnownContexts
  /** The job whose step it is; the first one that uses the action by default. */
  job?: string | undefined
  given?: GivenValues
  /** Values of the only combinations of the matrix to evaluate. */
  matrix?: Readonly<Record<string, string>>
}>

type LocatedStep = Readonly<{
  jobId: string
  job: JsonObject
  step: JsonObject
  /** Whether a step before it can have set variables. */
  follows: boolean
  /** The step before it that starts the emulator. */
  emulator: JsonObject | undefined
}>

/**
 * Evaluates the first step that uses the action, for the first combination of a matrix.
 *
 * @throws Error if no step uses the action, or if an expression cannot be evaluated
 */
export function stepInputs(source: StepSource): StepInputs {
  const [first] = allStepInputs(source, 'first')
  if (first === undefined) throw new Error('no combination of the matrix is left')
  return first
}

/**
 * Evaluates the steps that use the action, each for every combination of its matrix.
 *
 * @param jobs `first` for the first job that has such a step
 * @throws Error if no step uses the action, or if an expression cannot be evaluated
 */
export function allStepInputs(source: StepSource, jobs: 'first' | 'all'): readonly StepInputs[] {
  const steps = findSteps(source)
  return evaluateSteps(source, jobs === 'first' ? steps.slice(0, 1) : steps)
}

const toObject = (value: unknown): JsonObject => (isObject(value) ? value : {})

const usesAction = (step: JsonObject): boolean =>
  /^(?:[\w.-]+\/amplify-create-backend-storage@|\.\/$)/.test(toText(step['uses']))

const startsEmulator = (step: JsonObject): boolean =>
  /^(?:[\w.-]+\/amplify-create-backend-storage\/emulator@|\.\/emulator$)/.test(toText(step['uses']))

/** A checkout sets no variables, and the emulator only those of the emulator. */
const setsNothing = (step: JsonObject): boolean =>
  /^actions\/checkout@|\/amplify-create-backend-storage(?:\/emulator)?@/.test(toText(step['uses']))

function findSteps({ workflow, job: wanted }: StepSource): readonly LocatedStep[] {
  const jobs = Object.entries(toObject(toObject(parse(workflow))['jobs']))
  if (wanted !== undefined && !jobs.some(([id]) => id === wanted))
    throw new Error(
      `the workflow has no job ${wanted}. Its jobs are: ${jobs.map(([id]) => id).join(', ')}`,
    )
  const found = jobs
    .filter(([id]) => wanted === undefined || id === wanted)
    .flatMap(([jobId, value]) => {
      const job = toObject(value)
      const steps = (Array.isArray(job['steps']) ? job['steps'] : []).map(toObject)
      const index = steps.findIndex(usesAction)
      const step = steps[index]
      const before = steps.slice(0, index)
      const follows = !before.every(setsNothing)
      const emulator = before.find(startsEmulator)
      return step === undefined ? [] : [{ jobId, job, step, follows, emulator }]
    })
  if (found.length === 0)
    throw new Error(
      wanted === undefined
        ? 'no step of this workflow uses the action'
        : `no step of the job ${wanted} uses the action`,
    )
  return found
}

function evaluateSteps(source: StepSource, steps: readonly LocatedStep[]): readonly StepInputs[] {
  const document = toObject(parse(source.workflow))
  const base = baseContexts(document, source.contexts, source.given)
  const matrices = steps.map(({ job }) =>
    matrixCombinations(evaluateValue(toObject(job['strategy'])['matrix'], stepContexts(base))),
  )
  const selected = selectCombinations(matrices, source.matrix ?? {})
  const inherits = getsCallerPermissions(document, source.contexts)
  return steps.flatMap((located, index) =>
    (selected[index] ?? []).map((matrix) =>
      evaluateStep(document, { action: source.action, inherits }, located, { ...base, matrix }),
    ),
  )
}

/**
 * The combinations of each job that have the wanted values; all those of a job that has none of the names.
 *
 * @throws Error if no combination of any job has them
 */
function selectCombinations(
  matrices: readonly (readonly Combination[])[],
  wanted: Readonly<Record<string, string>>,
): readonly (readonly Combination[])[] {
  const names = Object.keys(wanted)
  const all = matrices.flat()
  if (names.length === 0) return matrices
  if (!all.some((each) => hasValues(each, wanted))) {
    const values = names.map((name) => `${name}=${wanted[name] ?? ''}`).join(' and ')
    const known = all.filter((each) => Object.keys(each).length > 0)
    throw new Error(
      known.length === 0
        ? `the job has no matrix, so it has no ${values}`
        : `no combination of the matrix has ${values}. The combinations are:\n${known.map((each) => `  ${JSON.stringify(each)}`).join('\n')}`,
    )
  }
  return matrices.map((combinations) =>
    combinations.some((each) => names.some((name) => name in each))
      ? combinations.filter((each) => hasValues(each, wanted))
      : combinations,
  )
}

function evaluateStep(
  document: JsonObject,
  { action, inherits }: Readonly<{ action: string; inherits: boolean }>,
  { jobId, job, step, follows, emulator }: LocatedStep,
  base: Contexts,
): StepInputs {
  const scope = stepContexts(base)
  // An inner `env:` overrides the outer ones. Only those of a step can use the others.
  const outerEnv = {
    ...evaluateEnv(document['env'], stepContexts({ ...base, matrix: undefined })),
    ...evaluateEnv(job['env'], scope),
  }
  const stepEnv = {
    ...outerEnv,
    ...evaluateEnv(step['env'], stepContexts(base, outerEnv, follows)),
  }
  const stepScope = stepContexts(base, stepEnv, follows)
  return {
    job: jobId,
    step: toText(step['id']),
    canRequestIdToken: canRequestIdToken(document, job, inherits),
    runs: () => conditionHolds(job['if'], scope) && conditionHolds(step['if'], stepScope),
    emulatorInputs: emulator === undefined ? undefined : Object.keys(toObject(emulator['with'])),
    environment: environmentName(job['environment'], scope),
    matrix: toObject(base['matrix']),
    env: {
      ...stepEnv,
      ...inputVariables(toObject(step['with']), toObject(parse(action)), stepScope),
    },
  }
}

/** Whether a job without permissions gets those of a calling job, which has `id-token: write` if the call works. */
const getsCallerPermissions = (document: JsonObject, { github }: KnownContexts): boolean =>
  isCalled(toTriggers(document['on']), String(github['event_name']))

function canRequestIdToken(document: JsonObject, job: JsonObject, inherits: boolean): boolean {
  const permissions = job['permissions'] ?? document['permissions']
  return permissions === undefined ? inherits : grantsIdToken(permissions)
}

/** Whether a job of the workflow can request an OIDC token, even one without a step that uses the action. */
export function anyJobCanRequestIdToken(workflow: string, contexts: KnownContexts): boolean {
  const document = toObject(parse(workflow))
  const inherits = getsCallerPermissions(document, contexts)
  return Object.values(toObject(document['jobs'])).some((job) =>
    canRequestIdToken(document, toObject(job), inherits),
  )
}

const grantsIdToken = (permissions: unknown): boolean =>
  permissions === 'write-all' || toObject(permissions)['id-token'] === 'write'

function environmentName(value: unknown, scope: Contexts): string | undefined {
  const evaluated = evaluateValue(isObject(value) ? value['name'] : value, scope)
  const name = toText(evaluated)
  return name === '' ? undefined : name
}

function evaluateEnv(block: unknown, scope: Contexts): Record<string, string> {
  return toTexts(toObject(evaluateValue(block, scope)))
}

const toTexts = (values: JsonObject): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, toText(value)]))

function inputVariables(
  withBlock: JsonObject,
  action: JsonObject,
  scope: Contexts,
): Record<string, string> {
  const values = { ...declaredDefaults(action['inputs'], scope), ...evaluateEnv(withBlock, scope) }
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
      value,
    ]),
  )
}

/** The defaults of the inputs that have one; GitHub does not set the others if they are missing. */
const declaredDefaults = (declared: unknown, scope: Contexts): Record<string, string> =>
  toTexts(
    Object.fromEntries(
      Object.entries(toObject(declared)).flatMap(([name, input]): [string, unknown][] => {
        const value = toObject(input)['default']
        return value === undefined ? [] : [[name, evaluateValue(value, scope)]]
      }),
    ),
  )
