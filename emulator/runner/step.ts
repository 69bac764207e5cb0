/**
 * Runs one step that uses the action, as GitHub's runner does: Node with the bundle, only the environment
 * variables that a runner sets, and the files and the log by which a step reports to its runner.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { WorkflowEvent } from './events.ts'
import { githubVariables } from './github-context.ts'
import { createFileCommands, type FileCommands } from './file-commands.ts'
import { createStepLog, type Annotation } from './log.ts'
import { runProcess, type RunProcess } from './process.ts'

export type StepOptions = Readonly<{
  event: WorkflowEvent
  /** `INPUT_` and other variables of the step; undefined removes one that a runner sets. */
  env: Readonly<Record<string, string | undefined>>
  /** The text of the event file; by default the payload of the event. */
  eventFile?: string | undefined
  /** The path of the bundle; by default the committed one. */
  bundle?: string | undefined
  /** Arguments for Node, before the bundle. */
  nodeArguments?: readonly string[]
  /** Called with each line of the visible log as it appears. */
  onLine?: (line: string) => void
  /** Called when the process has started. */
  onStart?: (pid: number) => void
  /** Milliseconds after which the process is killed; two minutes by default. */
  timeoutMs?: number
  /** Starts the process; `runProcess` by default. */
  runProcess?: RunProcess
}>

export type StepResult = Readonly<{
  exitCode: number
  /** Every line of stdout and stderr, before the runner processes it. */
  rawLines: readonly string[]
  stderrLines: readonly string[]
  /** The log that people see, with masked secrets. */
  log: readonly string[]
  annotations: readonly Annotation[]
  outputs: Readonly<Record<string, string>>
  summary: string
  /** The environment variables that it sets for later steps. */
  variables: Readonly<Record<string, string>>
  /** What it keeps for its post step. */
  state: Readonly<Record<string, string>>
  /**
   * What the step leaves behind for later steps: state, environment variables, path, and the files that it
   * wrote to its home and temporary folder. Empty for this action.
   */
  leftovers: string
  /** The values that the step masked. */
  masks: readonly string[]
}>

const committedBundle = fileURLToPath(new URL('../../dist/index.js', import.meta.url))

const defaultRun = {
  serverUrl: 'https://github.com',
  apiUrl: 'https://api.github.com',
  graphqlUrl: 'https://api.github.com/graphql',
  file: 'storage.yml',
  workflow: 'Storage',
  job: 'storage',
}

type StepFiles = Readonly<{
  folder: string
  eventPath: string
  eventText: string
  commands: FileCommands
}>

function createStepFiles(folder: string, { event, eventFile }: StepOptions): StepFiles {
  const commands = createFileCommands(folder)
  const eventPath = join(folder, 'event.json')
  writeFileSync(eventPath, eventFile ?? JSON.stringify(event.payload))
  // Text that is not valid Unicode differs after it was written and read.
  const eventText = readFileSync(eventPath, 'utf8')
  return { folder, eventPath, eventText, commands }
}

function stepEnvironment(
  { event, env }: StepOptions,
  { folder, eventPath, commands }: StepFiles,
): Record<string, string> {
  const variables: Record<string, string | undefined> = {
    PATH: process.env['PATH'],
    SystemRoot: process.env['SystemRoot'],
    HOME: folder,
    USERPROFILE: folder,
    RUNNER_TEMP: folder,
    RUNNER_OS: 'Linux',
    ...githubVariables(event, defaultRun),
    GITHUB_EVENT_PATH: eventPath,
    ...commands.env,
    ...env,
  }
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, value]],
    ),
  )
}

type StepOutput = Pick<
  StepResult,
  'exitCode' | 'rawLines' | 'stderrLines' | 'log' | 'annotations' | 'masks'
>

/** Starts the process and reads what it prints until it has ended. */
async function runStepProcess(options: StepOptions, files: StepFiles): Promise<StepOutput> {
  const rawLines: string[] = []
  const stderrLines: string[] = []
  const masks: string[] = []
  const log = createStepLog()
  const exitCode = await (options.runProcess ?? runProcess)(
    {
      program: process.execPath,
      args: [...(options.nodeArguments ?? []), options.bundle ?? committedBundle],
      cwd: files.folder,
      env: stepEnvironment(options, files),
      timeoutMs: options.timeoutMs,
      onStart: options.onStart,
    },
    (line, stream) => {
      rawLines.push(line)
      if (stream === 'stderr') stderrLines.push(line)
      const secret = /^\s*::add-mask::(.*)$/su.exec(line)?.[1]
      if (secret !== undefined) masks.push(secret)
      const linesBefore = log.lines.length
      log.write(line)
      for (const shown of log.lines.slice(linesBefore)) options.onLine?.(shown)
    },
  )
  return { exitCode, rawLines, stderrLines, log: log.lines, annotations: log.annotations, masks }
}

/** Runs the step in a temporary folder that is deleted afterwards. */
export async function runActionStep(options: StepOptions): Promise<StepResult> {
  const folder = mkdtempSync(join(tmpdir(), 'step-'))
  try {
    const files = createStepFiles(folder, options)
    const output = await runStepProcess(options, files)
    return {
      ...output,
      outputs: files.commands.pairs('GITHUB_OUTPUT'),
      summary: files.commands.summary(),
      variables: files.commands.pairs('GITHUB_ENV'),
      state: files.commands.pairs('GITHUB_STATE'),
      leftovers: describeLeftovers(files),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const describeLeftovers = (files: StepFiles): string =>
  [
    JSON.stringify(files.commands.pairs('GITHUB_STATE')),
    JSON.stringify(files.commands.pairs('GITHUB_ENV')),
    files.commands.path().join(':'),
    ...listWrittenFiles(files),
  ]
    .filter((text) => text !== '{}' && text !== '')
    .join('\n')

/** Everything below the folder that the step wrote, each file with its text. */
function listWrittenFiles({
  folder,
  eventPath,
  eventText,
  commands,
}: StepFiles): readonly string[] {
  const commandFiles = Object.values(commands.env)
  const expected = [...commandFiles, ...commandFiles.map(dirname)]
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const path = join(entry.parentPath, entry.name)
    if (expected.includes(path)) return []
    const text = entry.isFile() ? readFileSync(path, 'utf8') : ''
    return path === eventPath && text === eventText ? [] : [`${relative(folder, path)}: ${text}`]
  })
}
