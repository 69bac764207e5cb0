/** Our own rules for workflows: what GitHub's language service and actionlint do not see. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { isBasicExpression, isMapping } from '@actions/workflow-parser'
import {
  isActionStep,
  isJob,
  isReusableWorkflowJob,
} from '@actions/workflow-parser/model/type-guards'
import type { Job, WorkflowJob } from '@actions/workflow-parser/model/workflow-template'
import { TemplateToken } from '@actions/workflow-parser/templates/tokens/template-token'

import { isObject } from '../../emulator/lib/validation.ts'
import type { Actions } from './harness/actions.ts'
import { ownAction, root } from './harness/actions.ts'
import type { Finding } from './validate.ts'
import type { Workflow } from './harness/parse.ts'
import { referencesIn, type Reference } from './expressions.ts'
import { at } from './harness/tokens.ts'

const finding = (message: string, token?: TemplateToken): Finding => ({
  by: 'us',
  line: token?.range?.start.line ?? 0,
  message,
})

/** For every workflow of this repository. */
export const rules = (workflow: Workflow, actions: Actions): readonly Finding[] => [
  ...workflow.template.jobs.flatMap((job) => outputsUsed(workflow, job, actions)),
  ...pins(workflow),
  ...images(workflow),
  ...permissions(workflow),
]

/** For the workflows that people copy. */
export const copiedRules = (workflow: Workflow): readonly Finding[] => [
  ...branches(workflow),
  ...workflow.template.jobs.flatMap((job) => [
    ...concurrency(workflow, job),
    ...needed(workflow, job),
    ...parallel(workflow, job),
  ]),
  ...scripts(workflow),
]

type Located = Readonly<{ expression: string; token: TemplateToken | undefined }>

/** Every expression of a job: in its texts, and in its conditions, which need no `${{ }}`. */
function expressionsOf(workflow: Workflow, job: WorkflowJob): readonly Located[] {
  const token = at(workflow.root, 'jobs', job.id.value)
  const steps = isJob(job) ? job.steps : []
  const conditions = [job.if, ...steps.flatMap((step) => step.if ?? [])]
  const all = token === undefined ? [] : [...TemplateToken.traverse(token)]
  return [...conditions, ...all.map(([, child]) => child)].flatMap((child) =>
    isBasicExpression(child) ? [{ expression: child.expression, token: child }] : [],
  )
}

// What our own outputs can say, apart from nothing.
const texts: Readonly<Record<string, readonly string[]>> = {
  ready: ['true'],
  changed: ['true'],
  result: [
    ...['created', 'updated', 'unchanged', 'planned', 'started', 'skipped'],
    ...['failed', 'unknown', 'timed-out', 'cancelled'],
  ],
}

function outputsUsed(workflow: Workflow, job: WorkflowJob, actions: Actions): readonly Finding[] {
  return expressionsOf(workflow, job).flatMap(({ expression, token }) =>
    referencesIn(expression).flatMap((reference) => [
      ...undeclared(reference, job, actions, token),
      ...compared(reference, token),
    ]),
  )
}

function undeclared(
  { path }: Reference,
  job: WorkflowJob,
  actions: Actions,
  token: TemplateToken | undefined,
): readonly Finding[] {
  const [context, id, kind, output] = path
  if (context !== 'steps' || kind !== 'outputs' || output === undefined || !isJob(job)) return []
  const step = job.steps.find((one) => one.id === id)
  const action =
    step !== undefined && isActionStep(step) ? actions.find(step.uses.value) : undefined
  if (action === undefined || action.outputs.includes(output)) return []
  return [finding(`The action of step ${id ?? ''} has no output ${output}`, token)]
}

function compared(
  { path, comparedWith }: Reference,
  token: TemplateToken | undefined,
): readonly Finding[] {
  const output = path.at(-2) === 'outputs' ? path.at(-1) : undefined
  if (output === undefined || comparedWith === undefined) return []
  if (typeof comparedWith !== 'string')
    return [
      finding(
        `The output ${output} is a text, and never equal to ${JSON.stringify(comparedWith)}`,
        token,
      ),
    ]
  const possible = texts[output]
  return possible === undefined || comparedWith === '' || possible.includes(comparedWith)
    ? []
    : [finding(`The output ${output} is never '${comparedWith}'`, token)]
}

/** `uses:` names a full commit, with the version in a comment behind it. */
function pins(workflow: Workflow): readonly Finding[] {
  const lines = workflow.text.split('\n')
  return workflow.template.jobs
    .flatMap((job) =>
      isReusableWorkflowJob(job)
        ? [job.ref]
        : job.steps.flatMap((step) => (isActionStep(step) ? [step.uses] : [])),
    )
    .flatMap((uses) => {
      const { value } = uses
      if (value.startsWith('./') || isOwnWorkflow(value)) return []
      if (!isPinned(value)) return [finding(`${value} is not pinned by a full commit`, uses)]
      const line = lines[(uses.range?.start.line ?? 0) - 1] ?? ''
      return / # v\d+\.\d+\.\d+$/.test(line)
        ? []
        : [finding(`${value} does not name its version in a comment`, uses)]
    })
}

/** Containers are images by their digest: a tag is whatever its owner makes of it. */
function images(workflow: Workflow): readonly Finding[] {
  return workflow.template.jobs
    .flatMap(({ id }) => {
      const job = at(workflow.root, 'jobs', id.value)
      const container = at(job, 'container')
      const services = at(job, 'services')
      return [
        container !== undefined && isMapping(container) ? at(container, 'image') : container,
        ...(services !== undefined && isMapping(services)
          ? [...services].map(({ value }) => at(value, 'image'))
          : []),
      ]
    })
    .filter((image) => image !== undefined)
    .filter((image) => !/@sha256:[0-9a-f]{64}$/.test(sourceOf(image)))
    .map((image) => finding(`The image ${sourceOf(image)} is not pinned by its digest`, image))
}

const isPinned = (uses: string): boolean =>
  /@[0-9a-f]{40}$/.test(uses) || uses === `OWNER/${ownAction}@FULL_SHA`

/** A workflow of the reader's own organisation, which only they change. */
const isOwnWorkflow = (uses: string): boolean =>
  /^YOUR-ORG\/[\w.-]+\/\.github\/workflows\/[\w.-]+@main$/.test(uses)

/** Nothing by default, and every job says what it needs. */
function permissions(workflow: Workflow): readonly Finding[] {
  const top = at(workflow.root, 'permissions')
  const nothing = top !== undefined && isMapping(top) && top.count === 0
  return [
    ...(nothing ? [] : [finding('There is no `permissions: {}` at the top', top)]),
    ...workflow.template.jobs
      .filter((job) => at(workflow.root, 'jobs', job.id.value, 'permissions') === undefined)
      .map((job) => finding(`The job ${job.id.value} has no permissions`, job.id)),
  ]
}

// For the roles, the checkout and the comment.
const NEEDED: readonly string[] = ['id-token: write', 'contents: read', 'pull-requests: write']

/** A job may do no more than what the action and a checkout need. */
function needed(workflow: Workflow, job: WorkflowJob): readonly Finding[] {
  const token = at(workflow.root, 'jobs', job.id.value, 'permissions')
  if (token === undefined) return []
  const granted = isMapping(token)
    ? [...token].map(({ key, value }) => `${sourceOf(key)}: ${sourceOf(value)}`)
    : [sourceOf(token)]
  return granted
    .filter((permission) => !NEEDED.includes(permission))
    .map((permission) => finding(`The job ${job.id.value} does not need ${permission}`, token))
}

/** More at once than docs/performance.md advises, and the service refuses calls. */
const MOST_PARALLEL = 20

function parallel(workflow: Workflow, job: WorkflowJob): readonly Finding[] {
  const strategy = at(workflow.root, 'jobs', job.id.value, 'strategy')
  if (at(strategy, 'matrix') === undefined) return []
  const most = Number(sourceOf(at(strategy, 'max-parallel')))
  return most >= 1 && most <= MOST_PARALLEL
    ? []
    : [finding(`The job ${job.id.value} has no max-parallel of 1 to ${MOST_PARALLEL}`, strategy)]
}

/** A file of its own starts with what it does and what to replace, and names only files beside it. */
export function headerRules(text: string): readonly Finding[] {
  const comment = /^(?:#.*\n)+/.exec(text)?.[0] ?? ''
  return [
    ...(comment.split('\n').length > 3 ? [] : [finding('It does not start with what it does')]),
    ...(/^# .*\bReplace\b/m.test(comment) ? [] : [finding('It does not say what to replace')]),
    ...[...comment.matchAll(/[\w-]+\.ya?ml\b/g)]
      .filter(([name]) => !existsSync(join(root, 'examples', name)))
      .map(([name]) => finding(`It names ${name}, which is no example`)),
  ]
}

/** A push and a pull request name the branches. */
const branches = (workflow: Workflow): readonly Finding[] =>
  ['push', 'pull_request'].flatMap((event) => {
    const filter: unknown = workflow.template.events[event]
    if (filter === undefined || (isObject(filter) && filter['branches'] !== undefined)) return []
    return [finding(`${event} names no branches`, at(workflow.root, 'on', event))]
  })

/**
 * Each job runs in a group, of the workflow or its own, that is never cancelled; where it uses the action,
 * the group is of the app, the environment and the ref.
 */
function concurrency(workflow: Workflow, job: WorkflowJob): readonly Finding[] {
  const own = at(workflow.root, 'jobs', job.id.value, 'concurrency')
  const token = own ?? at(workflow.root, 'concurrency')
  if (token === undefined) return [finding(`The job ${job.id.value} has no concurrency`, job.id)]
  const cancels = sourceOf(at(token, 'cancel-in-progress'))
  const group = sourceOf(at(token, 'group'))
  const wanted = isJob(job) ? [...groupedBy(workflow, job)] : []
  return [
    ...(cancels === 'false' ? [] : [finding('It does not say cancel-in-progress: false', token)]),
    ...wanted
      .filter((part) => !group.includes(part))
      .map((part) => finding(`The concurrency group does not name ${part}`, token)),
  ]
}

function groupedBy(workflow: Workflow, job: Job): readonly string[] {
  const index = job.steps.findIndex(
    (step) => isActionStep(step) && step.uses.value.includes(`/${ownAction}@`),
  )
  if (index < 0) return []
  const given = at(workflow.root, 'jobs', job.id.value, 'steps', index, 'with')
  return [
    sourceOf(at(given, 'app-id')),
    sourceOf(at(given, 'backend-environment-name')),
    '${{ github.ref }}',
  ]
}

/** A value as the file has it. */
function sourceOf(token: TemplateToken | undefined): string {
  if (token === undefined) return ''
  if (isBasicExpression(token)) return token.source ?? token.toString()
  return token.isScalar ? token.assertScalar('value').toString() : ''
}

/** An expression inside a script is a text that others may write. */
const scripts = (workflow: Workflow): readonly Finding[] =>
  workflow.template.jobs.flatMap((job) =>
    (isJob(job) ? job.steps : []).flatMap((step) =>
      'run' in step && step.run.isExpression
        ? [finding('A script holds an expression: use env', step.run)]
        : [],
    ),
  )
