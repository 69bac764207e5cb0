/** A run of the source in this process, for what has to be tried by the thousand. */
import { INPUTS } from '../../src/inputs/definitions.ts'
import { inputVariable } from '../../src/inputs/reader.ts'
import { createCancellation } from '../../src/run/cancellation.ts'
import { systemClock, type Clock } from '../../src/lib/clock.ts'
import type { RunOutcome } from '../../src/run/outcome.ts'
import { main } from '../../src/main.ts'
import type { AnnotationKind, Toolkit } from '../../src/workflow/toolkit.ts'
import { push, type WorkflowEvent } from '../../emulator/runner/events.ts'
import { githubVariables } from '../../emulator/runner/github-context.ts'
import { defaultInputs } from './run-action.ts'

type Variables = Readonly<Record<string, string | undefined>>

export type InProcessOptions = Readonly<{
  /** Inputs beside the usual ones; undefined leaves one out. */
  with?: Variables
  event?: WorkflowEvent
  /** Every variable that is not of the event or an input, for example those of an emulator. */
  env?: Variables
  /** The text of the event file, when it is not the event's own. */
  eventFile?: string
  clock?: Clock
}>

export type InProcessResult = Readonly<{
  outcome: RunOutcome
  /** What went to the log as lines, in order; titles of groups count as lines. */
  lines: readonly string[]
  debug: readonly string[]
  annotations: readonly Readonly<{ kind: AnnotationKind; title: string; text: string }>[]
  masks: readonly string[]
  outputs: Readonly<Record<string, string>>
  summary: string
}>

/** Runs the story of a run with a toolkit that only takes notes; on a push to main when nothing is said. */
export async function runInProcess(scenario: InProcessOptions = {}): Promise<InProcessResult> {
  const event = scenario.event ?? push()
  const file = scenario.eventFile ?? JSON.stringify(event.payload)
  const { toolkit, notes } = createRecordingToolkit()
  const outcome = await main({
    env: {
      ...githubVariables(event, {
        serverUrl: 'https://github.com',
        apiUrl: 'https://api.github.com',
        graphqlUrl: 'https://api.github.com/graphql',
        file: 'storage.yml',
        workflow: 'Storage',
        job: 'storage',
      }),
      GITHUB_EVENT_PATH: '/event.json',
      AWS_EC2_METADATA_DISABLED: 'true',
      ...toVariables({ ...getInputDefaults(), ...defaultInputs, ...scenario.with }),
      ...scenario.env,
    },
    readFile: (path) => {
      if (path !== '/event.json') throw new Error(`no such file: ${path}`)
      return file
    },
    clock: scenario.clock ?? systemClock,
    random: Math.random,
    toolkit,
    cancellation: createCancellation(),
  })
  return { outcome, ...notes }
}

/** A clock on which waiting takes a small part of its time. */
export function fastClock(scale: number): Clock {
  return {
    now: () => performance.now() * scale,
    sleep: (ms, signal) => systemClock.sleep(ms / scale, signal),
  }
}

function getInputDefaults(): Variables {
  return Object.fromEntries(INPUTS.map(({ name, default: value }) => [name, value]))
}

export function toVariables(inputs: Variables): Variables {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [
      inputVariable(name),
      value === '${{ github.token }}' ? '' : value,
    ]),
  )
}

function createRecordingToolkit(): { toolkit: Toolkit; notes: Omit<InProcessResult, 'outcome'> } {
  const lines: string[] = []
  const debug: string[] = []
  const annotations: { kind: AnnotationKind; title: string; text: string }[] = []
  const masks: string[] = []
  const outputs: Record<string, string> = {}
  const notes = { lines, debug, annotations, masks, outputs, summary: '' }
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
      notes.summary += markdown
      return Promise.resolve()
    },
  }
  return { toolkit, notes }
}
