import '../module-hooks.ts'

import {
  convertWorkflowTemplate,
  isMapping,
  NoOperationTraceWriter,
  parseWorkflow,
  type WorkflowTemplate,
} from '@actions/workflow-parser'
import type { MappingToken } from '@actions/workflow-parser/templates/tokens/mapping-token'

/** A workflow that GitHub would not start, or that this harness does not play; the message says why. */
export class WorkflowError extends Error {}

export type Workflow = Readonly<{
  /** The file's name, for example `plan-and-apply.yml`. */
  file: string
  text: string
  /** Everything that the file says, as GitHub's parser gives it. */
  root: MappingToken
  /** What the parser makes of it: events, jobs, and conditions with their `success()`. */
  template: WorkflowTemplate
}>

/** Reads a workflow with GitHub's own parser; throws a WorkflowError that lists what it complains about. */
export async function readWorkflow(file: string, text: string): Promise<Workflow> {
  const { context, value } = parseWorkflow(
    { name: file, content: text },
    new NoOperationTraceWriter(),
  )
  if (value === undefined || !isMapping(value)) throw complaint(file, context.errors.getErrors())
  const template = await convertWorkflowTemplate(context, value)
  const errors = context.errors.getErrors()
  if (errors.length > 0) throw complaint(file, errors)
  return { file, text, root: value, template }
}

const complaint = (file: string, errors: readonly { readonly message: string }[]): WorkflowError =>
  new WorkflowError(
    [`GitHub refuses ${file}:`, ...errors.map(({ message }) => `  ${message}`)].join('\n'),
  )
