/** The bundle on an emulator, as a step of a workflow, on a clock that may run fast. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { parse } from 'yaml'

import {
  defaults,
  startEmulator,
  type Emulator,
  type EmulatorOptions,
} from '../../emulator/emulator.ts'
import { runActionStep, type StepEnd } from '../../emulator/runner/action-step.ts'
import { isObject } from '../../emulator/shape.ts'
import { push, tokenClaims, type WorkflowEvent } from '../../emulator/workflow/events.ts'
import { clockEnv, scaledClock } from './clock.ts'
import { preload } from './preload.ts'

const fileAt = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** How much faster time passes where a scenario has to wait. */
export const FAST = 20

export type Stage = Readonly<{
  emulator: Emulator
  /** What gives the bundle the emulator's time. */
  clock: Readonly<{ nodeArguments: readonly string[]; env: Readonly<Record<string, string>> }>
}>

/**
 * An emulator that stops with the test.
 *
 * @param scale how much faster its time passes than ours, and the bundle's with it
 */
export async function stage(options: EmulatorOptions = {}, scale = 1): Promise<Stage> {
  const origin = Date.now()
  const emulator = await startEmulator({
    ...options,
    ...(scale === 1 ? {} : { clock: scaledClock(scale, origin) }),
  })
  onTestFinished(() => emulator.stop())
  return {
    emulator,
    clock:
      scale === 1
        ? { nodeArguments: [], env: {} }
        : {
            nodeArguments: preload('scaled-clock.ts'),
            env: clockEnv(scale, origin),
          },
  }
}

export type Scenario = Readonly<{
  /** Inputs beside the usual ones; undefined leaves one out. */
  with?: Readonly<Record<string, string | undefined>>
  event?: WorkflowEvent
  /** Other variables of the step; undefined takes one away. */
  env?: Readonly<Record<string, string | undefined>>
  eventFile?: string
  nodeArguments?: readonly string[]
  bundle?: string
  limitMs?: number
  onLine?: (line: string) => void
  onStart?: (pid: number) => void
}>

/** The inputs of a workflow that creates the storage `media` in `prod`. */
export const usualInputs = {
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
  { emulator, clock }: Stage,
  scenario: Scenario = {},
): Promise<StepEnd> {
  const event = scenario.event ?? push()
  const claims = tokenClaims(event, { file: 'storage.yml', workflow: 'Storage' })
  Object.assign(emulator.world.claims, claims)
  const identity = event.trusted
    ? {}
    : { ACTIONS_ID_TOKEN_REQUEST_URL: undefined, ACTIONS_ID_TOKEN_REQUEST_TOKEN: undefined }
  return await runActionStep({
    event,
    env: {
      ...emulator.env,
      ...identity,
      ...inputVariables({ ...usualInputs, ...scenario.with }, emulator.githubToken),
      ...clock.env,
      ...scenario.env,
    },
    eventFile: scenario.eventFile,
    bundle: scenario.bundle,
    nodeArguments: [...clock.nodeArguments, ...(scenario.nodeArguments ?? [])],
    ...(scenario.onLine === undefined ? {} : { onLine: scenario.onLine }),
    ...(scenario.onStart === undefined ? {} : { onStart: scenario.onStart }),
    ...(scenario.limitMs === undefined ? {} : { limitMs: scenario.limitMs }),
  })
}

/** Every input as a runner hands it over, with the defaults of action.yml. */
function inputVariables(
  given: Readonly<Record<string, string | undefined>>,
  githubToken: string,
): Record<string, string | undefined> {
  const action: unknown = parse(readFileSync(fileAt('action.yml'), 'utf8'))
  const declared = isObject(action) && isObject(action['inputs']) ? action['inputs'] : {}
  const defaultOf = (input: unknown): string => {
    const value = isObject(input) ? input['default'] : undefined
    if (value === '${{ github.token }}') return githubToken
    return typeof value === 'string' ? value : ''
  }
  const values = {
    ...Object.fromEntries(
      Object.entries(declared).map(([name, input]) => [name, defaultOf(input)]),
    ),
    ...given,
  }
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
      value,
    ]),
  )
}
