/**
 * Runs a workflow. Labelled for what it is: GitHub's own parser and expression evaluator decide what the
 * file means; processes, file commands, masks and the order of jobs are played by this harness. Jobs
 * run one after the other on this machine, whatever `runs-on` says, and `concurrency` is not played.
 */
import type { Job, ReusableWorkflowJob } from '@actions/workflow-parser/model/workflow-template'
import { isReusableWorkflowJob } from '@actions/workflow-parser/model/type-guards'

import { isObject } from '../../../emulator/lib/validation.ts'
import { githubContext, type WorkflowEvent } from '../../../emulator/runner/events.ts'
import { textOf } from '../../../emulator/runner/expressions.ts'
import { placeOf, runJob, type JobResult } from './job.ts'
import type { Machine } from './machine.ts'
import { combinations, type Combination } from './matrix.ts'
import { readWorkflow, WorkflowError, type Workflow } from './parse.ts'
import {
  checkCeiling,
  readOnly,
  standard,
  writtenPermissions,
  type Permissions,
} from './permissions.ts'
import { jobStatus, type Conclusion } from './status.ts'
import { at, holds, membersOf, textsOf, type Scope } from './tokens.ts'
import { isStartedBy } from './trigger.ts'

export type RunResult = Readonly<{
  /** Whether the event starts the workflow at all. */
  started: boolean
  result: Conclusion
  /** In the order in which they ran; of a matrix one for each combination, of a called workflow its own. */
  jobs: readonly JobResult[]
}>

/** What the jobs of one workflow share. */
export type Run = Readonly<{
  workflow: Workflow
  event: WorkflowEvent
  machine: Machine
  inputs: Readonly<Record<string, unknown>>
  secrets: Readonly<Record<string, string>>
  /** What the calling job may do; undefined for a workflow that was not called. */
  ceiling: Permissions | undefined
  /** The called workflow, as `job_workflow_ref` names it. */
  calledWorkflow: string | undefined
}>

/** Runs a workflow's file for an event. */
export async function runWorkflow(
  file: string,
  text: string,
  event: WorkflowEvent,
  machine: Machine,
): Promise<RunResult> {
  const workflow = await readWorkflow(file, text)
  if (!isStartedBy(workflow, event)) return { started: false, result: 'skipped', jobs: [] }
  const GITHUB_TOKEN = machine.emulator.githubToken
  const { jobs, needs } = await runJobs({
    workflow,
    event,
    machine,
    inputs: {},
    secrets: event.trusted ? { ...machine.secrets, GITHUB_TOKEN } : { GITHUB_TOKEN },
    ceiling: undefined,
    calledWorkflow: undefined,
  })
  return { started: true, result: conclude(Object.values(needs).map(({ result }) => result)), jobs }
}

/** A job as others see it in `needs`. */
type Need = Readonly<{ result: Conclusion; outputs: Readonly<Record<string, string>> }>

type Ran = Readonly<{ jobs: readonly JobResult[]; needs: Readonly<Record<string, Need>> }>

async function runJobs(run: Run): Promise<Ran> {
  const needs: Record<string, Need> = {}
  const ancestors = new Map<string, readonly string[]>()
  const ran: JobResult[] = []
  const waiting = [...run.workflow.template.jobs]
  while (waiting.length > 0) {
    const next = waiting.findIndex(({ needs: wanted }) =>
      (wanted ?? []).every(({ value }) => value in needs),
    )
    const [job] = waiting.splice(next, 1)
    if (job === undefined) throw new WorkflowError('No job can be run next')
    const direct = (job.needs ?? []).map(({ value }) => value)
    const all = [...new Set(direct.flatMap((id) => [id, ...(ancestors.get(id) ?? [])]))]
    ancestors.set(job.id.value, all)
    const scope = {
      contexts: {
        ...baseContexts(run, job.id.value),
        needs: Object.fromEntries(direct.map((id) => [id, needs[id]])),
      },
      functions: jobStatus(all.flatMap((id) => needs[id]?.result ?? [])),
    }
    const done = holds(job.if.expression, scope)
      ? await runOne(run, job, scope)
      : { jobs: [], need: { result: 'skipped' as const, outputs: {} } }
    ran.push(...done.jobs)
    needs[job.id.value] = done.need
  }
  return { jobs: ran, needs }
}

function baseContexts(run: Run, job: string): Scope['contexts'] {
  return {
    github: githubContext(run.event, placeOf(run, job), run.secrets['GITHUB_TOKEN'] ?? ''),
    inputs: run.inputs,
    vars: run.machine.vars,
  }
}

type Done = Readonly<{ jobs: readonly JobResult[]; need: Need }>

/** All combinations of a job's matrix, one after the other. */
async function runOne(run: Run, job: Job | ReusableWorkflowJob, scope: Scope): Promise<Done> {
  const strategy = membersOf(job.strategy, scope)
  const failFast = strategy['fail-fast'] !== false
  const all = combinations(strategy['matrix'])
  const jobs: JobResult[] = []
  const each: Need[] = []
  for (const [index, matrix] of all.entries()) {
    if (failFast && each.some(({ result }) => result === 'failure')) {
      each.push({ result: 'cancelled', outputs: {} })
      continue
    }
    const inner = inMatrix(scope, matrix, {
      'fail-fast': failFast,
      'job-index': index,
      'job-total': all.length,
      'max-parallel': strategy['max-parallel'] ?? all.length,
    })
    const done = isReusableWorkflowJob(job)
      ? await callWorkflow(run, job, inner)
      : await ordinary(run, job, inner, matrix)
    jobs.push(...done.jobs)
    each.push(done.need)
  }
  const need = { result: conclude(each.map(({ result }) => result)), outputs: merged(each) }
  return { jobs, need }
}

/** Of the combinations of a matrix, the last one that gives an output some text decides. */
function merged(each: readonly Need[]): Readonly<Record<string, string>> {
  const outputs: Record<string, string> = {}
  for (const [name, value] of each.flatMap((one) => Object.entries(one.outputs)))
    if (value !== '' || !(name in outputs)) outputs[name] = value
  return outputs
}

const inMatrix = (scope: Scope, matrix: Combination, strategy: object): Scope => ({
  ...scope,
  contexts: { ...scope.contexts, matrix, strategy },
})

async function ordinary(run: Run, job: Job, scope: Scope, matrix: Combination): Promise<Done> {
  const result = await runJob(run, job, scope, matrix, permissionsOf(run, job.id.value))
  return { jobs: [result], need: { result: result.result, outputs: result.outputs } }
}

/** A job's own permissions replace the workflow's; a called workflow gets at most its caller's. */
function permissionsOf(run: Run, job: string): Permissions {
  const { root } = run.workflow
  const written =
    writtenPermissions(at(root, 'jobs', job, 'permissions')) ??
    writtenPermissions(at(root, 'permissions'))
  if (run.ceiling !== undefined && written !== undefined) checkCeiling(job, written, run.ceiling)
  const granted = written ?? run.ceiling ?? standard
  return run.event.trusted ? granted : readOnly(granted)
}

async function callWorkflow(run: Run, job: ReusableWorkflowJob, scope: Scope): Promise<Done> {
  const uses = job.ref.value
  const text = run.machine.called[uses]
  if (text === undefined) throw new WorkflowError(`Unable to find reusable workflow ${uses}`)
  const workflow = await readWorkflow(uses.replace(/^.*\/|@.*$/g, ''), text)
  const { jobs, needs } = await runJobs({
    ...run,
    workflow,
    inputs: callInputs(workflow, membersOf(job['input-values'], scope)),
    secrets: callSecrets(run, job, scope),
    ceiling: grantedTo(run, job.id.value),
    calledWorkflow: calledName(uses),
  })
  const declared = membersOf(at(workflow.root, 'on', 'workflow_call', 'outputs'), {
    contexts: { ...scope.contexts, jobs: needs },
  })
  const outputs = Object.fromEntries(
    Object.entries(declared).map(([name, output]) => [
      name,
      isObject(output) ? textOf(output['value']) : '',
    ]),
  )
  const result = conclude(Object.values(needs).map((need) => need.result))
  return { jobs, need: { result, outputs } }
}

/** What the calling job may hand on; GitHub's own rule for forks comes on top, in `permissionsOf`. */
const grantedTo = (run: Run, job: string): Permissions =>
  permissionsOf({ ...run, event: { ...run.event, trusted: true } }, job)

const calledName = (uses: string): string =>
  uses.replace(/@(?![0-9a-f]{40}$)(?!refs\/)(.*)$/, '@refs/heads/$1')

function callSecrets(
  run: Run,
  job: ReusableWorkflowJob,
  scope: Scope,
): Readonly<Record<string, string>> {
  if (job['inherit-secrets'] === true) return run.secrets
  const contexts = { ...scope.contexts, secrets: run.secrets }
  return {
    ...textsOf(job['secret-values'], { ...scope, contexts }),
    GITHUB_TOKEN: run.secrets['GITHUB_TOKEN'] ?? '',
  }
}

function callInputs(
  workflow: Workflow,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const declared = workflow.template.events.workflow_call?.inputs ?? {}
  for (const name of Object.keys(given))
    if (!(name in declared))
      throw new WorkflowError(`Invalid input, ${name} is not defined in the referenced workflow.`)
  return Object.fromEntries(
    Object.entries(declared).map(([name, { required, default: preset }]) => {
      if (name in given) return [name, given[name]]
      if (required === true)
        throw new WorkflowError(`Input ${name} is required, but not provided while calling.`)
      return [name, preset ?? null]
    }),
  )
}

function conclude(results: readonly Conclusion[]): Conclusion {
  if (results.includes('failure')) return 'failure'
  if (results.includes('cancelled')) return 'cancelled'
  return results.includes('success') ? 'success' : 'skipped'
}
