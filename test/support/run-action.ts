/** The bundle on an emulator, as a step of a workflow, on a clock that may run fast. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

import {
  defaults,
  startEmulator,
  type Emulator,
  type EmulatorOptions,
} from '../../emulator/emulator.ts'
import { runActionStep, type StepResult } from '../../emulator/runner/step.ts'
import { isObject } from '../../emulator/lib/validation.ts'
import { push, type WorkflowEvent } from '../../emulator/runner/events.ts'
import { tokenClaims } from '../../emulator/runner/github-context.ts'
import { clockEnv, scaledClock } from './scaled-clock.ts'
import { launchProcess } from './process-launcher.ts'
import { preloadArguments } from './preload.ts'
import { limitConcurrency, addCleanup } from './scenario.ts'

const fileAt = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/**
 * Steps at a time: two of each of the tests that vitest.config.ts lets a file have under way, for a test of
 * two runs must not have one of them wait for its turn.
 */
const MAX_CONCURRENT_STEPS = 6

/** Under vitest.coverage.config.ts the source takes the place of the bundle, and counts what it reaches. */
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

/** How much faster time passes where a scenario has to wait; the source starts more slowly than the bundle. */
export const FAST_SCALE = coverage.entry === undefined ? 20 : 5

export type TestBed = Readonly<{
  emulator: Emulator
  /** What gives the bundle the emulator's time. */
  clock: Readonly<{ nodeArguments: readonly string[]; env: Readonly<Record<string, string>> }>
}>

/**
 * An emulator that stops with the test.
 *
 * @param scale how much faster its time passes than ours, and the bundle's with it
 */
export async function createTestBed(options: EmulatorOptions = {}, scale = 1): Promise<TestBed> {
  const origin = Date.now()
  const emulator = await startEmulator({
    ...options,
    ...(scale === 1 ? {} : { clock: scaledClock(scale, origin) }),
  })
  addCleanup(() => emulator.stop())
  return {
    emulator,
    clock:
      scale === 1
        ? { nodeArguments: [], env: {} }
        : {
            nodeArguments: preloadArguments('preload/scaled-clock.ts'),
            env: clockEnv(scale, origin),
          },
  }
}

export type RunActionOptions = Readonly<{
  /** Inputs beside the usual ones; undefined leaves one out. */
  with?: Readonly<Record<string, string | undefined>>
  event?: WorkflowEvent
  /** Other variables of the step; undefined takes one away. */
  env?: Readonly<Record<string, string | undefined>>
  eventFile?: string
  nodeArguments?: readonly string[]
  bundle?: string
  timeoutMs?: number
  onLine?: (line: string) => void
  onStart?: (pid: number) => void
}>

/** The inputs of a workflow that creates the storage `media` in `prod`. */
export const defaultInputs = {
  'app-id': defaults.appId,
  'backend-environment-name': 'prod',
  'resource-name': 'media',
  'authenticated-permissions': 'READ, CREATE_AND_UPDATE, DELETE',
  'aws-region': defaults.region,
  'role-to-assume': defaults.applyRole,
  'plan-role-to-assume': defaults.planRole,
} as const

/** Runs the bundle as a step of a job that may mint tokens; on a push to main when nothing is said. */
export async function runAction(
  { emulator, clock }: TestBed,
  scenario: RunActionOptions = {},
): Promise<StepResult> {
  const event = scenario.event ?? push()
  const claims = tokenClaims(event, { file: 'storage.yml', workflow: 'Storage' })
  Object.assign(emulator.state.claims, claims)
  const identity = event.trusted
    ? {}
    : { ACTIONS_ID_TOKEN_REQUEST_URL: undefined, ACTIONS_ID_TOKEN_REQUEST_TOKEN: undefined }
  const order = {
    event,
    env: {
      ...emulator.env,
      ...identity,
      ...inputVariables({ ...defaultInputs, ...scenario.with }, emulator.githubToken),
      ...clock.env,
      ...coverage.env,
      ...scenario.env,
    },
    eventFile: scenario.eventFile,
    bundle: scenario.bundle ?? coverage.entry,
    run: launchProcess,
    nodeArguments: [...clock.nodeArguments, ...(scenario.nodeArguments ?? [])],
    ...(scenario.onLine === undefined ? {} : { onLine: scenario.onLine }),
    ...(scenario.onStart === undefined ? {} : { onStart: scenario.onStart }),
    ...(scenario.timeoutMs === undefined ? {} : { limitMs: scenario.timeoutMs }),
  }
  return await limitConcurrency(MAX_CONCURRENT_STEPS, () => runActionStep(order))
}

/** The inputs of action.yml with their defaults. */
const inputDefaults = ((): readonly (readonly [string, string])[] => {
  const action: unknown = parse(readFileSync(fileAt('action.yml'), 'utf8'))
  const inputs = isObject(action) && isObject(action['inputs']) ? action['inputs'] : {}
  return Object.entries(inputs).map(([name, input]) => {
    const value = isObject(input) ? input['default'] : undefined
    return [name, typeof value === 'string' ? value : '']
  })
})()

/** Every input as a runner hands it over, with the defaults of action.yml. */
function inputVariables(
  overrides: Readonly<Record<string, string | undefined>>,
  githubToken: string,
): Record<string, string | undefined> {
  const defaults = inputDefaults.map(([name, value]): [string, string] => [
    name,
    value === '${{ github.token }}' ? githubToken : value,
  ])
  const values = { ...Object.fromEntries(defaults), ...overrides }
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
      value,
    ]),
  )
}
