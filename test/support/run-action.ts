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
const coverage = readCoverage(process.env)

function readCoverage({
  COVERED_ENTRY: entry,
  NODE_V8_COVERAGE: folder,
  NODE_COMPILE_CACHE: compiled = '',
}: NodeJS.ProcessEnv): Readonly<{
  entry: string | undefined
  env: Readonly<Record<string, string>>
}> {
  return entry === undefined || folder === undefined
    ? { entry: undefined, env: { NODE_COMPILE_CACHE: compiled } }
    : { entry: fileAt(entry), env: { NODE_V8_COVERAGE: folder } }
}

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
  return {
    emulator: await startEmulator({ ...options, clock: scaledClock(scale, origin) }),
    clock: {
      nodeArguments: preloadArguments('preload/scaled-clock.ts'),
      env: clockEnv(scale, origin),
    },
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
  /** Arguments for Node, before the bundle. */
  nodeArguments?: readonly string[]
  /** Keeps the process on loopback. */
  guard?: NetworkGuard
  /** The path of another bundle. */
  bundle?: string
  /** Kills the process after this many real milliseconds. */
  timeoutMs?: number
  /** Called with each line of the log. */
  onLine?: (line: string) => void
  /** Called with the id of the process when it has started. */
  onStart?: (pid: number) => void
}>

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
  const claims = tokenClaims(event, { file: 'storage.yml', workflow: 'Storage' })
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
    /** Faults that the emulator plays, in order. */
    faults?: readonly FaultSpec[]
    /** What becomes of the first job. */
    job?: Parameters<Emulator['planJob']>[0]
    /** Changes the state of the emulator before the run. */
    setUp?: (emulator: Emulator) => unknown
    /** Other variables of the step. */
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

/** The inputs of action.yml with their defaults. */
const inputDefaults = ((): readonly (readonly [string, string])[] => {
  const action: unknown = parse(readFileSync(fileAt('action.yml'), 'utf8'))
  const inputs = isObject(action) && isObject(action['inputs']) ? action['inputs'] : {}
  return Object.entries(inputs).map(([name, input]) => {
    const value = isObject(input) ? input['default'] : undefined
    return [name, typeof value === 'string' ? value : '']
  })
})()

/** Every input as the variable that a runner sets, with the defaults of action.yml. */
function inputVariables(
  overrides: Readonly<Record<string, string | undefined>>,
  githubToken: string,
): Record<string, string | undefined> {
  const declared = inputDefaults.map(([name, value]): [string, string] => [
    name,
    value === '${{ github.token }}' ? githubToken : value,
  ])
  const values = { ...Object.fromEntries(declared), ...overrides }
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
      value,
    ]),
  )
}
