/** One step of a job: a script, or an action that Node runs. */
import { writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { platform } from 'node:process'

import type { Step } from '@actions/workflow-parser/model/workflow-template'
import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/template-token'

import { interpolate, textOf, type Contexts } from '../../../emulator/runner/expressions.ts'
import type { Action } from './actions.ts'
import {
  createFileCommands,
  FileCommandError,
  type FileCommands,
} from '../../../emulator/runner/file-commands.ts'
import {
  createStepLog,
  type Annotation,
  type Masks,
  type StepLog,
} from '../../../emulator/runner/log.ts'
import type { Machine } from './machine.ts'
import { WorkflowError } from './parse.ts'
import type { ProcessOptions } from '../../../emulator/runner/process.ts'
import { launchProcess } from '../../support/process-launcher.ts'
import { at, holds, textsOf, valueOf } from './tokens.ts'
import { stepStatus, type Conclusion } from './status.ts'

export type StepResult = Readonly<{
  id: string
  name: string
  /** How it ended, and what the job makes of that (`continue-on-error`). */
  outcome: Conclusion
  conclusion: Conclusion
  outputs: Readonly<Record<string, string>>
  /** The log as people see it. */
  log: readonly string[]
  annotations: readonly Annotation[]
  summary: string
  /** The environment that its process was given; empty for a step that was skipped. */
  env: Readonly<Record<string, string>>
}>

/** What the steps of a job share, and change. */
export type JobState = {
  readonly machine: Machine
  readonly masks: Masks
  readonly workspace: string
  readonly temp: string
  /** The variables that a runner sets by itself. */
  readonly runnerEnv: Readonly<Record<string, string>>
  /** The contexts but `env`, `job` and `steps`, which change from step to step. */
  readonly contexts: Contexts
  /** The workflow's and the job's `env:`, and what steps have written to GITHUB_ENV. */
  env: Record<string, string>
  path: string[]
  steps: Record<string, Pick<StepResult, 'outputs' | 'outcome' | 'conclusion'>>
  status: 'success' | 'failure'
  /** What is to be run at the end of the job, last first. */
  posts: { readonly name: string; readonly run: () => Promise<StepResult> }[]
}

const contextsOf = (state: JobState, env: Readonly<Record<string, string>>): Contexts => ({
  ...state.contexts,
  job: { status: state.status },
  steps: state.steps,
  env,
})

/** Runs a step, or skips it, and keeps what it leaves behind for the next ones. */
export async function runStep(
  step: Step,
  token: TemplateToken | undefined,
  state: JobState,
): Promise<StepResult> {
  if (!('run' in step) && !('uses' in step))
    throw new WorkflowError(`The harness only plays steps with run or uses, not ${step.id}`)
  const functions = stepStatus(state.status)
  const outer = { contexts: contextsOf(state, state.env), functions }
  const env = { ...state.env, ...textsOf(step.env, outer) }
  const scope = { contexts: contextsOf(state, env), functions }
  const title = textOf(valueOf(step.name, scope))
  const name = title !== '' ? title : 'uses' in step ? step.uses.value : step.id
  if (!holds(step.if.expression, scope)) return keep(skipped(step.id, name), state)
  const tolerant = step['continue-on-error']
  const tolerated = typeof tolerant === 'boolean' ? tolerant : valueOf(tolerant, scope) === true
  const ran =
    'uses' in step
      ? await runAction(step.id, name, state.machine.actions.get(step.uses.value), {
          given: textsOf(at(token, 'with'), scope),
          env,
          state,
        })
      : await runScript(step.id, name, textOf(valueOf(step.run, scope)), {
          chosen: textOf(valueOf(at(token, 'shell'), scope)),
          env,
          state,
        })
  return keep(tolerated ? { ...ran, conclusion: 'success' } : ran, state)
}

const skipped = (id: string, name: string): StepResult => ({
  id,
  name,
  outcome: 'skipped',
  conclusion: 'skipped',
  outputs: {},
  log: [],
  annotations: [],
  summary: '',
  env: {},
})

function keep(result: StepResult, state: JobState): StepResult {
  const { outputs, outcome, conclusion } = result
  state.steps[result.id] = { outputs, outcome, conclusion }
  if (conclusion === 'failure') state.status = 'failure'
  return result
}

type Around = Readonly<{ env: Readonly<Record<string, string>>; state: JobState }>

// Windows has a bash of its own, for another system; a runner takes the one that comes with git.
const shell = (name: string): string =>
  platform === 'win32' ? join(process.env['ProgramFiles'] ?? '', 'Git', 'bin', `${name}.exe`) : name

const shells: Readonly<Record<string, readonly string[]>> = {
  '': [shell('bash'), '-e'],
  bash: [shell('bash'), '--noprofile', '--norc', '-eo', 'pipefail'],
  sh: [shell('sh'), '-e'],
}

async function runScript(
  id: string,
  name: string,
  script: string,
  { chosen, env, state }: Around & Readonly<{ chosen: string }>,
): Promise<StepResult> {
  const [program, ...args] = shells[chosen] ?? []
  if (program === undefined) throw new WorkflowError(`The harness does not play shell: ${chosen}`)
  const file = join(state.machine.folder('script'), 'script.sh')
  writeFileSync(file, script)
  return runCommand(id, name, { program, args: [...args, file] }, env, state)
}

type Use = Around & Readonly<{ given: Readonly<Record<string, string>> }>

async function runAction(
  id: string,
  name: string,
  action: Action,
  { given, env, state }: Use,
): Promise<StepResult> {
  const inputs = inputVariables(action, given, contextsOf(state, env))
  const node = (file: string): Pick<ProcessOptions, 'program' | 'args'> => ({
    program: process.execPath,
    args: [...state.machine.nodeArguments, file],
  })
  const unknown = Object.keys(given).filter((input) => !action.inputs.has(input))
  const before =
    unknown.length === 0
      ? []
      : [
          `::warning::Unexpected input(s) '${unknown.join("', '")}', valid inputs are given in action.yml`,
        ]
  const kept: Record<string, string> = {}
  const { post } = action
  if (post !== undefined)
    state.posts.unshift({
      name: `Post ${name}`,
      run: () =>
        runCommand(`${id}-post`, `Post ${name}`, node(post), { ...env, ...inputs, ...kept }, state),
    })
  return runCommand(id, name, node(action.main), { ...env, ...inputs }, state, before, (files) => {
    for (const [key, value] of Object.entries(files.pairs('GITHUB_STATE')))
      kept[`STATE_${key}`] = value
  })
}

function inputVariables(
  action: Action,
  given: Readonly<Record<string, string>>,
  contexts: Contexts,
): Record<string, string> {
  const presets = [...action.inputs].flatMap(([input, preset]): [string, string][] =>
    preset.default === undefined ? [] : [[input, interpolate(preset.default, contexts)]],
  )
  const values = { ...Object.fromEntries(presets), ...given }
  return Object.fromEntries(
    Object.entries(values).map(([input, value]) => [
      `INPUT_${input.replaceAll(' ', '_').toUpperCase()}`,
      value,
    ]),
  )
}

async function runCommand(
  id: string,
  name: string,
  { program, args }: Pick<ProcessOptions, 'program' | 'args'>,
  env: Readonly<Record<string, string>>,
  state: JobState,
  before: readonly string[] = [],
  after: (files: FileCommands) => void = () => undefined,
): Promise<StepResult> {
  const { machine, masks } = state
  const files = createFileCommands(state.temp)
  const log = createStepLog(masks)
  for (const line of before) log.write(line)
  const path = [...state.path, machine.env['PATH'] ?? ''].join(delimiter)
  const given = {
    ...machine.env,
    PATH: path,
    ...env,
    ...state.runnerEnv,
    ...files.env,
    GITHUB_ACTION: id,
  }
  const code = await launchProcess({ program, args, cwd: state.workspace, env: given }, log.write)
  if (code !== 0) log.write(`::error::Process completed with exit code ${String(code)}.`)
  const { outputs, readable } = obeyFiles(files, log, state, after)
  const outcome = code === 0 && readable ? 'success' : 'failure'
  return {
    id,
    name,
    outcome,
    conclusion: outcome,
    outputs,
    log: log.lines,
    annotations: log.annotations,
    summary: masks.apply(files.summary()),
    env: given,
  }
}

function obeyFiles(
  files: FileCommands,
  log: StepLog,
  state: JobState,
  after: (files: FileCommands) => void,
): Readonly<{ outputs: Record<string, string>; readable: boolean }> {
  try {
    const outputs = files.pairs('GITHUB_OUTPUT')
    const variables = Object.entries(files.pairs('GITHUB_ENV')).filter(([name]) => isFree(name))
    state.env = { ...state.env, ...Object.fromEntries(variables) }
    state.path.unshift(...files.path())
    after(files)
    return { outputs, readable: true }
  } catch (error) {
    if (!(error instanceof FileCommandError)) throw error
    log.write(`::error::Unable to process file command successfully. ${error.message}`)
    return { outputs: {}, readable: false }
  }
}

/** The variables that a runner lets no step set. */
const isFree = (name: string): boolean => !/^(?:GITHUB_|RUNNER_|NODE_OPTIONS$)/i.test(name)
