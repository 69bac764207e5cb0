/**
 * One step that uses the action, run as a runner runs it: Node on the bundle, the environment that a runner
 * sets and no other, its files and its log.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

import { githubVariables, type WorkflowEvent } from './events.ts'
import { createFileCommands } from './file-commands.ts'
import { createMasks, createStepLog, type Annotation } from './log.ts'
import { runProcess, type RunProcess } from './process.ts'

export type StepOptions = Readonly<{
  event: WorkflowEvent
  /** INPUT_ and other variables of the step; an undefined one is left out even if a runner sets it. */
  env: Readonly<Record<string, string | undefined>>
  /** The text of the event file, when it is not the event's own. */
  eventFile?: string | undefined
  /** The bundle; the committed one when left out. */
  bundle?: string | undefined
  /** Arguments for Node, before the bundle. */
  nodeArguments?: readonly string[]
  /** Told of every line as people see it, as soon as it is there. */
  onLine?: (line: string) => void
  /** Told of the process once it runs. */
  onStart?: (pid: number) => void
  /** Ends a process that hangs, in milliseconds. */
  timeoutMs?: number
  /** Starts the process; `runProcess` when left out. */
  runProcess?: RunProcess
}>

export type StepResult = Readonly<{
  exitCode: number
  /** Every line of stdout and stderr, as it left the process. */
  rawLines: readonly string[]
  /** Those of stderr. */
  stderrLines: readonly string[]
  /** The log as people see it. */
  log: readonly string[]
  annotations: readonly Annotation[]
  outputs: Readonly<Record<string, string>>
  summary: string
  /**
   * What the step has left to others: state, environment and path, which the action leaves empty, and every
   * file in its folder, which is its home and its temporary folder too, that the runner has not put there.
   */
  leftovers: string
  masks: readonly string[]
}>

export const committedBundle = fileURLToPath(new URL('../../dist/index.js', import.meta.url))

export async function runActionStep(order: StepOptions): Promise<StepResult> {
  const folder = mkdtempSync(join(tmpdir(), 'step-'))
  try {
    const files = createFileCommands(folder)
    const eventPath = join(folder, 'event.json')
    writeFileSync(eventPath, order.eventFile ?? JSON.stringify(order.event.payload))
    // As it can be read again, which text that is no Unicode cannot.
    const eventText = readFileSync(eventPath, 'utf8')
    const env = withoutUndefined({
      PATH: process.env['PATH'],
      SystemRoot: process.env['SystemRoot'],
      HOME: folder,
      USERPROFILE: folder,
      RUNNER_TEMP: folder,
      RUNNER_OS: 'Linux',
      ...githubVariables(order.event, {
        serverUrl: 'https://github.com',
        apiUrl: 'https://api.github.com',
        graphqlUrl: 'https://api.github.com/graphql',
        file: 'storage.yml',
        workflow: 'Storage',
        job: 'storage',
      }),
      GITHUB_EVENT_PATH: eventPath,
      ...files.env,
      ...order.env,
    })
    const masks = createMasks([])
    const rawLines: string[] = []
    const stderrLines: string[] = []
    const masked: string[] = []
    const log = createStepLog(masks)
    const exitCode = await (order.runProcess ?? runProcess)(
      {
        program: process.execPath,
        args: [...(order.nodeArguments ?? []), order.bundle ?? committedBundle],
        cwd: folder,
        env,
        timeoutMs: order.timeoutMs,
        onStart: order.onStart,
      },
      (line, stream) => {
        rawLines.push(line)
        if (stream === 'stderr') stderrLines.push(line)
        const secret = /^\s*::add-mask::(.*)$/su.exec(line)?.[1]
        if (secret !== undefined) masked.push(secret)
        const before = log.lines.length
        log.write(line)
        for (const shown of log.lines.slice(before)) order.onLine?.(shown)
      },
    )
    return {
      exitCode,
      rawLines,
      stderrLines,
      log: log.lines,
      annotations: log.annotations,
      outputs: files.pairs('GITHUB_OUTPUT'),
      summary: files.summary(),
      leftovers: [
        JSON.stringify(files.pairs('GITHUB_STATE')),
        JSON.stringify(files.pairs('GITHUB_ENV')),
        files.path().join(':'),
        ...listLeftovers(folder, new Map([[eventPath, eventText]]), Object.values(files.env)),
      ]
        .filter((text) => text !== '{}' && text !== '')
        .join('\n'),
      masks: masked,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Everything below the folder, each file with its text, but for what the runner has put there.
 *
 * @param unchanged files by their texts, to be left as they were
 * @param toWrite files that are there for the step to write
 */
function listLeftovers(
  folder: string,
  unchanged: ReadonlyMap<string, string>,
  toWrite: readonly string[],
): readonly string[] {
  const folders = toWrite.map(dirname)
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const path = join(entry.parentPath, entry.name)
    if (toWrite.includes(path) || folders.includes(path)) return []
    const text = entry.isFile() ? readFileSync(path, 'utf8') : ''
    return text === unchanged.get(path) ? [] : [`${relative(folder, path)}: ${text}`]
  })
}

function withoutUndefined(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, value]],
    ),
  )
}
