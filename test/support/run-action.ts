/** Runs the committed bundle as a step of a workflow, against an emulator. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

import {
  defaults,
  startEmulator,
  type Emulator,
  type EmulatorOptions,
  type FaultSpec,
} from '../../emulator/emulator.ts'
import { isObject } from '../../emulator/lib/validation.ts'
import { push, type WorkflowEvent } from '../../emulator/runner/events.ts'
import { tokenClaims } from '../../emulator/runner/github-context.ts'
import { runActionStep, type StepResult } from '../../emulator/runner/step.ts'
import type { NetworkGuard } from './network-guard.ts'
import { preloadArguments } from './preload.ts'
import { launchProcess } from './process-launcher.ts'
import { clockEnv, scaledClock } from './scaled-clock.ts'
import { acquireStart, addCleanup } from './scenario.ts'

/**
 * How many times faster than real time a test bed's time passes. When the machine stalls for a second, a run
 * loses five; the shortest timeout of the action is eight (a request for an OIDC token).
 */
const TIME_SCALE = 5

const fileAt = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** The project `coverage` runs the source in place of the bundle, and records what it reaches. */
const { COVERED_ENTRY, NODE_V8_COVERAGE, NODE_COMPILE_CACHE = '' } = process.env
const coverage =
  COVERED_ENTRY === undefined || NODE_V8_COVERAGE === undefined
    ? { entry: undefined, env: { NODE_COMPILE_CACHE } }
    : { entry: fileAt(COVERED_ENTRY), env: { NODE_V8_COVERAGE } }

export type TestBed = Readonly<{
  emulator: Emulator
  /** What gives the bundle the emulator's time. */
  clock: Readonly<{ nodeArguments: readonly string[]; env: Readonly<Record<string, string>> }>
}>

export type TestBedOptions = Omit<EmulatorOptions, 'clock'> & {
  /** How many times faster than real time its time passes; `TIME_SCALE` by default. */
  readonly scale?: number
}

/** Starts an emulator that stops with the test. */
export async function createTestBed(options: TestBedOptions = {}): Promise<TestBed> {
  const bed = await startTestBed(options)
  addCleanup(() => bed.emulator.stop())
  return bed
}

/** Starts an emulator that the caller stops. */
export async function startTestBed({
  scale = TIME_SCALE,
  ...options
}: TestBedOptions = {}): Promise<TestBed> {
  if (scale === 1) {
    return { emulator: await startEmulator(options), clock: { nodeArguments: [], env: {} } }
  }
  const origin = Date.now()
  const nodeArguments = preloadArguments('preload/scaled-clock.ts')
  return {
    emulator: await startEmulator({ ...options, clock: scaledClock(scale, origin) }),
    clock: { nodeArguments, env: clockEnv(scale, origin) },
  }
}

export type RunActionOptions = Readonly<{
  /** Inputs that differ from `defaultInputs`; undefined leaves an input out. */
  with?: Readonly<Record<string, string | undefined>>
  /** The event that starts the workflow; a push to main by default. */
  event?: WorkflowEvent
  /** Other variables of the step; undefined removes one. */
  env?: Readonly<Record<string, string | undefined>>
  /** The text of the event file, where it differs from the event's payload. */
  eventFile?: string
  nodeArguments?: readonly string[]
  guard?: NetworkGuard
  bundle?: string
  /** Kills the process after this many real milliseconds. */
  timeoutMs?: number
  onLine?: (line: string) => void
  onStart?: (pid: number) => void
}>

/** The run of a job `storage` of a workflow. */
export const runInfo = {
  serverUrl: 'https://github.com',
  apiUrl: 'https://api.github.com',
  graphqlUrl: 'https://api.github.com/graphql',
  file: 'storage.yml',
  workflow: 'Storage',
  job: 'storage',
} as const

/** The inputs of a workflow that creates the storage `media` in the environment `prod`. */
export const defaultInputs = {
  'app-id': defaults.appId,
  'backend-environment-name': 'prod',
  'resource-name': 'media',
  'authenticated-permissions': 'READ, CREATE_AND_UPDATE, DELETE',
  'aws-region': defaults.region,
  'role-to-assume': defaults.applyRole,
  'plan-role-to-assume': defaults.planRole,
} as const

/** Runs the action once. The job may request OIDC tokens unless its event comes from an untrusted source. */
export async function runAction(
  { emulator, clock }: TestBed,
  options: RunActionOptions = {},
): Promise<StepResult> {
  const { event = push(), nodeArguments = [], guard, onLine, onStart, timeoutMs } = options
  const claims = tokenClaims(event, runInfo)
  Object.assign(emulator.state.claims, claims)
  const release = await acquireStart()
  try {
    return await runActionStep({
      event,
      env: {
        ...emulator.env,
        ...(event.trusted ? {} : withoutIdToken),
        ...inputVariables({ ...defaultInputs, ...options.with }, emulator.githubToken),
        ...clock.env,
        ...coverage.env,
        ...guard?.env,
        ...options.env,
      },
      eventFile: options.eventFile,
      bundle: options.bundle ?? coverage.entry,
      runProcess: launchProcess,
      nodeArguments: [...clock.nodeArguments, ...(guard?.nodeArguments ?? []), ...nodeArguments],
      onLine: (line) => {
        release()
        onLine?.(line)
      },
      ...(onStart === undefined ? {} : { onStart }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    })
  } finally {
    release()
  }
}

type Env = NonNullable<RunActionOptions['env']>

export type SingleRunOptions = Omit<RunActionOptions, 'env'> &
  TestBedOptions &
  Readonly<{
    faults?: readonly FaultSpec[]
    job?: Parameters<Emulator['planJob']>[0]
    setUp?: (emulator: Emulator) => unknown
    env?: Env | ((emulator: Emulator) => Env | Promise<Env>)
  }>

/** Runs the action once, in a test bed of its own. */
export async function runOnce({
  faults = [],
  job,
  setUp,
  env = {},
  scale = TIME_SCALE,
  rules = {},
  issuer = defaults.issuer,
  ...run
}: SingleRunOptions = {}): Promise<Readonly<{ step: StepResult; emulator: Emulator }>> {
  const bed = await createTestBed({ scale, rules, issuer })
  const { emulator } = bed
  setUp?.(emulator)
  if (job !== undefined) emulator.planJob(job)
  for (const fault of faults) emulator.injectFault(fault)
  const variables = typeof env === 'function' ? await env(emulator) : env
  return { step: await runAction(bed, { ...run, env: variables }), emulator }
}

/** The variables of a job that may not request OIDC tokens. */
export const withoutIdToken = {
  ACTIONS_ID_TOKEN_REQUEST_URL: undefined,
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: undefined,
}

/** Inputs without a role, so that the run uses the credentials that it finds. */
export const withoutRole = { 'role-to-assume': '', 'plan-role-to-assume': '' } as const

const action: unknown = parse(readFileSync(fileAt('action.yml'), 'utf8'))
const declaredInputs = isObject(action) && isObject(action['inputs']) ? action['inputs'] : {}

/** Every input as the variable that a runner sets, with the defaults of action.yml. */
export function inputVariables(
  overrides: Readonly<Record<string, string | undefined>>,
  githubToken = '',
): Record<string, string | undefined> {
  const defaultValues = Object.entries(declaredInputs).map(([name, input]): [string, string] => {
    const value = isObject(input) ? input['default'] : undefined
    if (typeof value !== 'string') return [name, '']
    return [name, value === '${{ github.token }}' ? githubToken : value]
  })
  const values = Object.entries({ ...Object.fromEntries(defaultValues), ...overrides })
  return Object.fromEntries(values.map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]))
}
