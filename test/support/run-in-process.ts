/** Runs the source in this process, for properties that are tried hundreds of times. */
import { afterAll, beforeAll, vi } from 'vitest'

import { startEmulator, type Emulator, type Rules } from '../../emulator/emulator.ts'
import { createCancellation } from '../../src/run/cancellation.ts'
import { systemClock, type Clock } from '../../src/lib/clock.ts'
import type { RunOutcome } from '../../src/run/outcome.ts'
import { main } from '../../src/main.ts'
import type { AnnotationKind, Toolkit } from '../../src/workflow/toolkit.ts'
import { push } from '../../emulator/runner/events.ts'
import { githubVariables } from '../../emulator/runner/github-context.ts'
import { defaultInputs, inputVariables, runInfo, type RunActionOptions } from './run-action.ts'

export type InProcessOptions = Pick<RunActionOptions, 'with' | 'event' | 'env' | 'eventFile'> &
  Readonly<{ clock?: Clock }>

export type InProcessResult = Readonly<{
  outcome: RunOutcome
  /** The lines of the log and the titles of its groups, in order. */
  lines: readonly string[]
  debug: readonly string[]
  annotations: readonly Readonly<{ kind: AnnotationKind; title: string; text: string }>[]
  masks: readonly string[]
  outputs: Readonly<Record<string, string>>
  summary: string
}>

/** Runs the action with a toolkit that records what it gets; on a push to main by default. */
export async function runInProcess(scenario: InProcessOptions = {}): Promise<InProcessResult> {
  const event = scenario.event ?? push()
  const file = scenario.eventFile ?? JSON.stringify(event.payload)
  const { toolkit, recorded } = createRecordingToolkit()
  const outcome = await main({
    env: {
      ...githubVariables(event, runInfo),
      GITHUB_EVENT_PATH: '/event.json',
      AWS_EC2_METADATA_DISABLED: 'true',
      ...inputVariables({ ...defaultInputs, ...scenario.with }),
      ...scenario.env,
    },
    readFile: (path) => {
      if (path !== '/event.json') throw new Error(`no such file: ${path}`)
      return file
    },
    isNamedPipe: () => false,
    clock: scenario.clock ?? systemClock,
    random: Math.random,
    toolkit,
    cancellation: createCancellation(),
  })
  return { outcome, ...recorded }
}

/**
 * A clock whose waits are over sooner than they say. All other time passes as it is, and waits of more than a
 * minute, which only limit a run, take half a minute at least: a slow machine does not use up the time of a run.
 */
export function fastClock(scale: number): Clock {
  let skippedMs = 0
  return {
    now: () => performance.now() + skippedMs,
    sleep: async (ms, signal) => {
      const realMs = ms > 60_000 ? Math.max(ms / scale, 30_000) : ms / scale
      await systemClock.sleep(realMs, signal)
      skippedMs += ms - realMs
    },
  }
}

/**
 * An emulator for the runs of a test file in this process. The SDK and GitHub's client read its addresses
 * from the environment of the process.
 */
export function useEmulator(rules: Partial<Rules> = {}): () => Emulator {
  let emulator: Emulator | undefined
  beforeAll(async () => {
    emulator = await startEmulator({ rules })
    vi.stubEnv('AWS_ENDPOINT_URL', emulator.url)
    vi.stubEnv('GITHUB_API_URL', emulator.env['GITHUB_API_URL'])
    vi.stubEnv('GITHUB_GRAPHQL_URL', emulator.env['GITHUB_GRAPHQL_URL'])
    vi.stubEnv('AWS_CONFIG_FILE', '/dev/null')
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null')
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await emulator?.stop()
  })
  return () => {
    if (emulator === undefined) throw new Error('The emulator has not been started')
    return emulator
  }
}

function createRecordingToolkit() {
  const lines: string[] = []
  const debug: string[] = []
  const annotations: { kind: AnnotationKind; title: string; text: string }[] = []
  const masks: string[] = []
  const outputs: Record<string, string> = {}
  const recorded = { lines, debug, annotations, masks, outputs, summary: '' }
  const toolkit: Toolkit = {
    info: (line) => lines.push(line),
    debug: (line) => debug.push(line),
    startGroup: (title) => lines.push(title),
    endGroup: () => undefined,
    annotate: (kind, title, text) => annotations.push({ kind, title, text }),
    setSecret: (secret) => masks.push(secret),
    setOutput: (name, value) => {
      outputs[name] = value
    },
    writeSummary: (markdown) => {
      recorded.summary += markdown
      return Promise.resolve()
    },
  }
  return { toolkit, recorded }
}
