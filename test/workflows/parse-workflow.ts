/** Workflows as GitHub's own parser reads them. */
import './module-hooks.ts'

import {
  convertWorkflowTemplate,
  isBasicExpression,
  isMapping,
  isSequence,
  NoOperationTraceWriter,
  parseWorkflow,
  type WorkflowTemplate,
} from '@actions/workflow-parser'
import type { MappingToken } from '@actions/workflow-parser/templates/tokens/mapping-token'
import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/template-token'

export type Workflow = Readonly<{
  /** Everything that the file says, as GitHub's parser gives it. */
  root: MappingToken
  /** What the parser makes of it: jobs, steps, and conditions with their `success()`. */
  template: WorkflowTemplate
}>

/** Reads a workflow; undefined for one that GitHub does not accept, which the language service reports. */
export async function readWorkflow(file: string, text: string): Promise<Workflow | undefined> {
  const { context, value } = parseWorkflow(
    { name: file, content: text },
    new NoOperationTraceWriter(),
  )
  if (value === undefined || !isMapping(value)) return undefined
  const template = await convertWorkflowTemplate(context, value)
  return context.errors.getErrors().length > 0 ? undefined : { root: value, template }
}

/** The token below some keys or positions; undefined where a part of the way is missing. */
export function at(
  token: TemplateToken | undefined,
  ...path: readonly (string | number)[]
): TemplateToken | undefined {
  let found = token
  for (const step of path) {
    if (found === undefined) return undefined
    if (typeof step === 'string') found = isMapping(found) ? found.find(step) : undefined
    else found = isSequence(found) && step < found.count ? found.get(step) : undefined
  }
  return found
}

/** A scalar as the file has it; empty for anything else. */
export function sourceOf(token: TemplateToken | undefined): string {
  if (token === undefined) return ''
  if (isBasicExpression(token)) return token.source ?? token.toString()
  return token.isScalar ? token.assertScalar('value').toString() : ''
}
