/** The inputs of a workflow that is started by hand or called: their types, defaults and rules. */
import { isObject, type JsonObject } from '../lib/validation.ts'
import { evaluateValue, toText, type Contexts } from './expressions.ts'

/** A value from the command line is missing or not valid; the message is for the user. */
export class WorkflowInputError extends Error {}

export type InputValues = Readonly<Record<string, string | number | boolean>>

type InputKind = 'workflow_dispatch' | 'workflow_call'

const toObject = (value: unknown): JsonObject => (isObject(value) ? value : {})

function parseTyped(name: string, type: string, text: string): string | number | boolean {
  switch (type) {
    case 'boolean':
      if (text === 'true' || text === 'false') return text === 'true'
      throw new WorkflowInputError(`The input ${name} must be true or false, not "${text}"`)
    case 'number': {
      const value = text.trim() === '' ? NaN : Number(text)
      if (!Number.isNaN(value)) return value
      throw new WorkflowInputError(`The input ${name} must be a number, not "${text}"`)
    }
    default:
      return text
  }
}

/** The value of an input that nobody gave and that has no default; undefined if GitHub does not say. */
function emptyValue(kind: InputKind, type: string): string | number | boolean | undefined {
  if (type === 'boolean') return false
  if (type === 'string' || type === 'environment') return ''
  return type === 'number' && kind === 'workflow_call' ? 0 : undefined
}

function inputValue(
  kind: InputKind,
  name: string,
  declared: JsonObject,
  given: string | undefined,
  contexts: Contexts,
): string | number | boolean {
  const type = typeof declared['type'] === 'string' ? declared['type'] : 'string'
  const missing = new WorkflowInputError(
    `The workflow needs a value for its input ${name}: add --input ${name}=VALUE`,
  )
  if (given === undefined && declared['default'] === undefined) {
    const empty = declared['required'] === true ? undefined : emptyValue(kind, type)
    if (empty === undefined) throw missing
    return empty
  }
  const text = given ?? toText(evaluateValue(declared['default'], contexts))
  const options: unknown = declared['options']
  if (type === 'choice' && Array.isArray(options) && !options.map(toText).includes(text))
    throw new WorkflowInputError(
      `The input ${name} must be one of ${options.map(toText).join(', ')}, not "${text}"`,
    )
  return parseTyped(name, type, text)
}

/**
 * The inputs of a run that starts by `kind`.
 *
 * @param trigger the value of `on.workflow_dispatch` or `on.workflow_call`
 * @throws WorkflowInputError if one is missing, not declared, or of another type
 */
export function workflowInputs(
  kind: InputKind,
  trigger: unknown,
  given: Readonly<Record<string, string>>,
  contexts: Contexts,
): InputValues {
  const declared = toObject(toObject(trigger)['inputs'])
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(declared, name))
  if (unknown !== undefined) {
    const known = Object.keys(declared).join(', ')
    throw new WorkflowInputError(
      `The workflow has no input ${unknown}. Its inputs are: ${known === '' ? 'none' : known}`,
    )
  }
  return Object.fromEntries(
    Object.entries(declared).map(([name, input]) => [
      name,
      inputValue(kind, name, toObject(input), given[name], contexts),
    ]),
  )
}
