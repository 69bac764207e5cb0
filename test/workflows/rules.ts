/** The rules for workflows that only this action can know. */
import { isBasicExpression } from '@actions/workflow-parser'
import { isActionStep, isJob, isRunStep } from '@actions/workflow-parser/model/type-guards'
import type { Job, Step, WorkflowJob } from '@actions/workflow-parser/model/workflow-template'
import { TemplateToken } from '@actions/workflow-parser/templates/tokens/template-token'

import { RESULTS } from '../../src/run/outcome.ts'
import { at as valueAt, entries, readYaml } from '../support/contract/repository-files.ts'
import { referencesIn, type Reference } from './expressions.ts'
import { at, sourceOf, type Workflow } from './parse-workflow.ts'

export type RuleViolation = Readonly<{ line: number; message: string }>

const outputs = entries(valueAt(readYaml('action.yml'), 'outputs')).map(([name]) => name)

/** What an output can be, apart from empty. */
const outputValues: Readonly<Record<string, readonly string[]>> = {
  ready: ['true'],
  changed: ['true'],
  result: RESULTS,
}

const usesThisAction = (step: Step): boolean =>
  isActionStep(step) && /^\.\/$|\/amplify-create-backend-storage@/.test(step.uses.value)

const violation = (message: string, token?: TemplateToken): RuleViolation => ({
  line: token?.range?.start.line ?? 0,
  message,
})

/** The rules for every workflow that uses the action. */
export const checkRules = (
  workflow: Workflow,
  called: readonly Workflow[],
): readonly RuleViolation[] =>
  workflow.template.jobs.flatMap((job) => [
    ...checkOutputs(workflow, job),
    ...checkIdToken(workflow, job, called),
  ])

/** The action has every output that a job reads, and the output can have the value it is compared with. */
function checkOutputs(workflow: Workflow, job: WorkflowJob): readonly RuleViolation[] {
  return expressionsOf(workflow, job).flatMap((token) =>
    referencesIn(token.expression).flatMap((reference) => [
      ...checkDeclared(reference, job, token),
      ...checkComparison(reference, token),
    ]),
  )
}

type ExpressionToken = TemplateToken & Readonly<{ expression: string }>

/** Every expression of a job: in its texts, and in its conditions, which need no `${{ }}`. */
function expressionsOf(workflow: Workflow, job: WorkflowJob): readonly ExpressionToken[] {
  const token = at(workflow.root, 'jobs', job.id.value)
  const steps = isJob(job) ? job.steps : []
  const conditions = [job.if, ...steps.map((step) => step.if)]
  const all = token === undefined ? [] : [...TemplateToken.traverse(token)]
  return [...conditions, ...all.map(([, child]) => child)].filter(
    (child) => child !== undefined && isBasicExpression(child),
  )
}

function checkDeclared(
  { path }: Reference,
  job: WorkflowJob,
  token: TemplateToken,
): readonly RuleViolation[] {
  const [context, id, kind, output] = path
  if (context !== 'steps' || kind !== 'outputs' || output === undefined || !isJob(job)) return []
  const step = job.steps.find((candidate) => candidate.id === id)
  if (step === undefined || !usesThisAction(step) || outputs.includes(output)) return []
  return [violation(`The action of step ${id ?? ''} has no output ${output}`, token)]
}

function checkComparison(
  { path, comparedWith }: Reference,
  token: TemplateToken,
): readonly RuleViolation[] {
  const output = path.at(-2) === 'outputs' ? path.at(-1) : undefined
  if (output === undefined || comparedWith === undefined || comparedWith === '') return []
  if (typeof comparedWith !== 'string')
    return [
      violation(
        `The output ${output} is a string, and never equal to ${JSON.stringify(comparedWith)}`,
        token,
      ),
    ]
  return outputValues[output]?.includes(comparedWith) === false
    ? [violation(`The output ${output} is never '${comparedWith}'`, token)]
    : []
}

/**
 * A job that sets a role, or calls a workflow that does, has `id-token: write`, unless an earlier step starts
 * the emulator, which issues tokens of its own.
 */
function checkIdToken(
  workflow: Workflow,
  job: WorkflowJob,
  called: readonly Workflow[],
): readonly RuleViolation[] {
  const permissions =
    at(workflow.root, 'jobs', job.id.value, 'permissions') ?? at(workflow.root, 'permissions')
  if (sourceOf(permissions) === 'write-all' || sourceOf(at(permissions, 'id-token')) === 'write')
    return []
  const message = `The job ${job.id.value} ${isJob(job) ? 'sets a role' : 'calls a workflow that sets a role'}, and lacks id-token: write`
  const needsToken = isJob(job)
    ? setsRole(workflow, job)
    : called.some((each) =>
        each.template.jobs.some((inner) => isJob(inner) && setsRole(each, inner)),
      )
  return needsToken ? [violation(message, job.id)] : []
}

const roleInputs = ['role-to-assume', 'plan-role-to-assume']

function setsRole(workflow: Workflow, { id, steps }: Job): boolean {
  const index = steps.findIndex((_, step) =>
    roleInputs.some((input) => at(workflow.root, 'jobs', id.value, 'steps', step, 'with', input)),
  )
  return index >= 0 && !steps.slice(0, index).some(startsEmulator)
}

const startsEmulator = (step: Step): boolean =>
  isRunStep(step)
    ? /\bemulator\b.* --variables /.test(sourceOf(step.run))
    : isActionStep(step) &&
      /^\.\/emulator$|\/amplify-create-backend-storage\/emulator@/.test(step.uses.value)

/**
 * For workflows that people copy: a job that uses the action runs in a concurrency group of the app, the
 * environment and the ref, which is never cancelled.
 */
export const checkConcurrency = (workflow: Workflow): readonly RuleViolation[] =>
  workflow.template.jobs.filter(isJob).flatMap((job) => checkGroup(workflow, job))

function checkGroup(workflow: Workflow, job: Job): readonly RuleViolation[] {
  const index = job.steps.findIndex(usesThisAction)
  if (index < 0) return []
  const jobToken = at(workflow.root, 'jobs', job.id.value)
  const token = at(jobToken, 'concurrency') ?? at(workflow.root, 'concurrency')
  if (token === undefined) return [violation(`The job ${job.id.value} has no concurrency`, job.id)]
  const inputs = at(jobToken, 'steps', index, 'with')
  const parts = [
    sourceOf(at(inputs, 'app-id')),
    sourceOf(at(inputs, 'backend-environment-name')),
    '${{ github.ref }}',
  ]
  const group = sourceOf(at(token, 'group'))
  const missing = parts.filter((part) => !group.includes(part))
  return [
    ...missing.map((part) => violation(`The concurrency group does not contain ${part}`, token)),
    ...(sourceOf(at(token, 'cancel-in-progress')) === 'false'
      ? []
      : [violation('cancel-in-progress is not false', token)]),
  ]
}
