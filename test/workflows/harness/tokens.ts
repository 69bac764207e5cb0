/** From the tokens of GitHub's parser to plain values, with every expression evaluated. */
import {
  isBasicExpression,
  isBoolean,
  isMapping,
  isNumber,
  isSequence,
  isString,
} from '@actions/workflow-parser'
import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/template-token'

import {
  evaluate,
  isTruthy,
  textOf,
  type Contexts,
  type FunctionDefinition,
} from '../../../emulator/runner/expressions.ts'
import { isObject, type JsonObject } from '../../../emulator/lib/validation.ts'
import { WorkflowError } from './parse.ts'

/** What the expressions of one place may use. */
export type Scope = Readonly<{
  contexts: Contexts
  functions?: readonly FunctionDefinition[]
}>

/** The value of a token; null where there is none. */
export function valueOf(token: TemplateToken | undefined, scope: Scope): unknown {
  if (token === undefined) return null
  if (isBasicExpression(token)) return evaluate(token.expression, scope.contexts, scope.functions)
  if (isString(token) || isNumber(token) || isBoolean(token)) return token.value
  if (isSequence(token)) return [...token].map((item) => valueOf(item, scope))
  if (isMapping(token))
    return Object.fromEntries(
      [...token].map(({ key, value }) => [textOf(valueOf(key, scope)), valueOf(value, scope)]),
    )
  if (token.isLiteral) return null
  throw new WorkflowError(`The harness does not play a ${token.typeName()} here`)
}

/** The members of a mapping; none where it is something else. */
export function membersOf(token: TemplateToken | undefined, scope: Scope): JsonObject {
  const value = valueOf(token, scope)
  return isObject(value) ? value : {}
}

/** The members of a mapping as texts, as environment variables and inputs are. */
export const textsOf = (token: TemplateToken | undefined, scope: Scope): Record<string, string> =>
  Object.fromEntries(
    Object.entries(membersOf(token, scope)).map(([name, value]) => [name, textOf(value)]),
  )

/** Whether a condition, as GitHub's parser completes it, holds. */
export const holds = (condition: string, scope: Scope): boolean =>
  isTruthy(evaluate(condition, scope.contexts, scope.functions))

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
