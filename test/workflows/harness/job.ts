/** One job: its permissions, its contexts, and its steps one after the other. */
import { writeFileSync } from 'node:fs'
import { arch, platform } from 'node:process'
import { join } from 'node:path'

import type { Job } from '@actions/workflow-parser/model/workflow-template'

import { isObject } from '../../../emulator/lib/validation.ts'
import { githubVariables, tokenClaims, type RunInfo } from '../../../emulator/runner/events.ts'
import { textOf } from '../../../emulator/runner/expressions.ts'
import { createMasks } from '../../../emulator/runner/log.ts'
import type { Combination } from './matrix.ts'
import { WorkflowError } from './parse.ts'
import { levelFor, type Permissions } from './permissions.ts'
import type { Run } from './run.ts'
import type { Conclusion } from './status.ts'
import { runStep, type JobState, type StepResult } from './step.ts'
import { at, textsOf, valueOf, type Scope } from './tokens.ts'

export type JobResult = Readonly<{
  id: string
  name: string
  matrix: Combination
  permissions: Permissions
  result: Conclusion
  outputs: Readonly<Record<string, string>>
  steps: readonly StepResult[]
}>

/** Where a job's run takes place, as the emulator's addresses have it. */
export function placeOf(run: Run, job: string): RunInfo {
  const { emulator, serverUrl } = run.machine
  const { file, root } = run.workflow
  const name = textOf(valueOf(at(root, 'name'), { contexts: {} }))
  return {
    serverUrl,
    apiUrl: emulator.env['GITHUB_API_URL'] ?? '',
    graphqlUrl: emulator.env['GITHUB_GRAPHQL_URL'] ?? '',
    file,
    workflow: name === '' ? file : name,
    job,
  }
}

/** Runs a job's steps. */
export async function runJob(
  run: Run,
  job: Job,
  scope: Scope,
  matrix: Combination,
  permissions: Permissions,
): Promise<JobResult> {
  refuseUnplayed(run, job)
  const id = job.id.value
  const { machine } = run
  const { emulator } = machine
  const place = placeOf(run, id)
  const mayMint = levelFor(permissions, 'id-token') === 'write'
  const requestToken = emulator.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? ''
  emulator.state.github.canWrite = levelFor(permissions, 'pull-requests') === 'write'
  Object.assign(
    emulator.state.claims,
    tokenClaims(run.event, {
      file: place.file,
      workflow: place.workflow,
      environment: environmentOf(job, scope),
      calledWorkflow: run.calledWorkflow,
    }),
  )
  const temp = machine.folder('temp')
  const workspace = machine.folder('workspace')
  const eventPath = join(temp, 'event.json')
  writeFileSync(eventPath, JSON.stringify(run.event.payload))
  const outer = withContexts(scope, { secrets: run.secrets })
  const state: JobState = {
    machine,
    masks: createMasks([...Object.values(run.secrets), requestToken]),
    workspace,
    temp,
    runnerEnv: {
      ...githubVariables(run.event, place),
      GITHUB_EVENT_PATH: eventPath,
      GITHUB_WORKSPACE: workspace,
      RUNNER_ARCH: arch.toUpperCase(),
      RUNNER_ENVIRONMENT: 'github-hosted',
      RUNNER_NAME: 'harness',
      RUNNER_OS: operatingSystem,
      RUNNER_TEMP: temp,
      RUNNER_TOOL_CACHE: join(temp, 'tools'),
      ...(mayMint
        ? {
            ACTIONS_ID_TOKEN_REQUEST_URL: machine.tokenUrl,
            ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
          }
        : {}),
    },
    contexts: { ...outer.contexts, runner: { os: operatingSystem, temp } },
    env: { ...textsOf(run.workflow.template.env, outer), ...textsOf(job.env, outer) },
    path: [],
    steps: {},
    status: 'success',
    posts: [],
  }
  const steps = await runSteps(run, job, state)
  return {
    id,
    name: textOf(valueOf(job.name, scope)),
    matrix,
    permissions,
    result: state.status,
    outputs: outputsOf(job, state, outer),
    steps,
  }
}

async function runSteps(run: Run, job: Job, state: JobState): Promise<readonly StepResult[]> {
  const results: StepResult[] = []
  for (const [index, step] of job.steps.entries()) {
    const token = at(run.workflow.root, 'jobs', job.id.value, 'steps', index)
    results.push(await runStep(step, token, state))
  }
  for (const post of state.posts) {
    const result = await post.run()
    if (result.conclusion === 'failure') state.status = 'failure'
    results.push(result)
  }
  return results
}

/** A runner leaves out an output that holds a secret. */
function outputsOf(job: Job, state: JobState, scope: Scope): Record<string, string> {
  const outputs = textsOf(
    job.outputs,
    withContexts(scope, { steps: state.steps, env: state.env, job: { status: state.status } }),
  )
  return Object.fromEntries(
    Object.entries(outputs).filter(([, value]) => !state.masks.containsSecret(value)),
  )
}

const withContexts = (scope: Scope, contexts: Scope['contexts']): Scope => ({
  ...scope,
  contexts: { ...scope.contexts, ...contexts },
})

function environmentOf(job: Job, scope: Scope): string | undefined {
  const value = valueOf(job.environment, scope)
  const name = textOf(isObject(value) ? value['name'] : value)
  return name === '' ? undefined : name
}

function refuseUnplayed(run: Run, job: Job): void {
  const { root } = run.workflow
  for (const key of ['container', 'services', 'defaults', 'snapshot'])
    if (at(root, key) !== undefined || at(root, 'jobs', job.id.value, key) !== undefined)
      throw new WorkflowError(`The harness does not play ${key}`)
}

const systems: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  darwin: 'macOS',
  linux: 'Linux',
  win32: 'Windows',
}

const operatingSystem = systems[platform] ?? 'Linux'
