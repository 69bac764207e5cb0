/** Runs the emulator's action as a runner does: its main step, which leaves the emulator running, and its post step. */
import { fileURLToPath } from 'node:url'

import { vi } from 'vitest'

import { push, type WorkflowEvent } from '../../emulator/runner/events.ts'
import { runActionStep, type StepResult } from '../../emulator/runner/step.ts'
import { acquireStart, addCleanup } from './scenario.ts'

const entry = fileURLToPath(new URL('../../emulator/action/index.ts', import.meta.url))

type Variables = Readonly<Record<string, string | undefined>>

export type ActionStart = Readonly<{
  inputs?: Readonly<Record<string, string>>
  env?: Variables
  event?: WorkflowEvent
  /** The program; the source of the action by default. */
  bundle?: string
}>

/** Runs the main step. The emulator stops with the test. */
export async function startAction(options: ActionStart = {}): Promise<StepResult> {
  const { inputs = {}, env = {}, event = push(), bundle = entry } = options
  const release = await acquireStart()
  try {
    const step = await runActionStep({ event, bundle, env: { ...inputVariables(inputs), ...env } })
    const { url } = step.outputs
    if (url !== undefined) addCleanup(() => stopEmulator(url))
    return step
  } finally {
    release()
  }
}

const inputVariables = (inputs: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
  )

/** Runs the post step. */
export const stopAction = ({ state }: StepResult, bundle = entry): Promise<StepResult> =>
  runActionStep({
    event: push(),
    bundle,
    env: Object.fromEntries(Object.entries(state).map(([name, value]) => [`STATE_${name}`, value])),
  })

/** Whether an emulator responds. */
export async function isRunning(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/_emulator/`)).ok
  } catch {
    return false
  }
}

/** Waits until an emulator responds no longer. */
export const untilStopped = (url: string): Promise<void> =>
  vi.waitFor(
    async () => {
      if (await isRunning(url)) throw new Error(`${url} still responds`)
    },
    { timeout: 20_000, interval: 100 },
  )

async function stopEmulator(url: string): Promise<void> {
  try {
    await fetch(`${url}/_emulator/stop`, { method: 'POST' })
  } catch {
    // It has stopped.
  }
}
