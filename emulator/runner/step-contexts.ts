/** The contexts that the expressions of a step see, and which of their values are unknown. */
import { isObject, type JsonObject } from '../lib/validation.ts'
import { PartialContext, UnknownValueError, type Contexts } from './expressions.ts'
import { isCalled, toTriggers } from './triggers.ts'
import { WorkflowInputError, workflowInputs } from './workflow-inputs.ts'

/** Values that only the user knows. */
export type GivenValues = Readonly<{
  vars?: Readonly<Record<string, string>>
  secrets?: Readonly<Record<string, string>>
  inputs?: Readonly<Record<string, string>>
}>

export type KnownContexts = Readonly<{ github: Readonly<Record<string, unknown>> }>

const toObject = (value: unknown): JsonObject => (isObject(value) ? value : {})

const unknownValue = (path: string): UnknownValueError =>
  new UnknownValueError(`${path} is known only in a run of the whole workflow`)

/** Contexts that only a run of the whole workflow has. */
const wholeRun = ['needs', 'steps', 'job', 'runner', 'strategy', 'jobs']

const unknownContexts: Contexts = Object.fromEntries(
  wholeRun.map((name) => [
    name,
    new PartialContext({}, (member) => unknownValue(`${name}.${member}`)),
  ]),
)

/** An object of the payload, of which the event here has only some members. */
const partialObject = (value: unknown, path: string): unknown =>
  isObject(value)
    ? new PartialContext(
        Object.fromEntries(
          Object.entries(value).map(([name, member]) => [
            name,
            partialObject(member, `${path}.${name}`),
          ]),
        ),
        (name) => unknownValue(`${path}.${name}`),
      )
    : value

function partialGithub(github: Readonly<Record<string, unknown>>): PartialContext {
  const event = Object.fromEntries(
    Object.entries(toObject(github['event'])).map(([name, member]) => [
      name,
      // The inputs of a dispatch are complete.
      name === 'inputs' ? member : partialObject(member, `github.event.${name}`),
    ]),
  )
  return new PartialContext({ ...github, event }, (name) => unknownValue(`github.${name}`))
}

/** The inputs of a workflow that the event starts by hand, or of one that another workflow calls. */
function evaluateInputs(
  on: unknown,
  github: Readonly<Record<string, unknown>>,
  contexts: Contexts,
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  const triggers = toTriggers(on)
  const event = String(github['event_name'])
  if (event === 'workflow_dispatch')
    return workflowInputs('workflow_dispatch', triggers.get('workflow_dispatch'), given, contexts)
  const isWorkflowCalled = isCalled(triggers, event)
  if (!isWorkflowCalled && Object.keys(given).length > 0)
    throw new WorkflowInputError(
      `${event} has no inputs. ${
        triggers.has('workflow_dispatch')
          ? 'For those of workflow_dispatch, add --event workflow_dispatch'
          : 'Leave --input out: the workflow is neither started by hand nor called'
      }`,
    )
  return workflowInputs(
    'workflow_call',
    isWorkflowCalled ? triggers.get('workflow_call') : undefined,
    given,
    contexts,
  )
}

/** The contexts that do not depend on a job. */
export function baseContexts(
  workflow: JsonObject,
  { github }: KnownContexts,
  { vars = {}, secrets = {}, inputs = {} }: GivenValues = {},
): Contexts {
  const known = {
    vars: new PartialContext(
      vars,
      (name) =>
        new WorkflowInputError(
          `the variable ${name} is unknown: add --var ${name}=VALUE, or --var ${name}= if it is not set`,
        ),
    ),
    secrets: new PartialContext(
      { GITHUB_TOKEN: github['token'], ...secrets },
      (name) =>
        new WorkflowInputError(
          `the secret ${name} is unknown: add --secret ${name}=VALUE, or --secret ${name}= if it is not set`,
        ),
    ),
  }
  const values = evaluateInputs(workflow['on'], github, { github, vars: known.vars }, inputs)
  const isDispatch = github['event_name'] === 'workflow_dispatch'
  const strings = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, String(value)]),
  )
  const event = { ...toObject(github['event']), ...(isDispatch ? { inputs: strings } : {}) }
  return { ...known, github: partialGithub({ ...github, event }), inputs: values }
}

/**
 * The contexts of a job, or of a step if it has variables.
 *
 * @param follows whether earlier steps can have set other variables
 */
export const stepContexts = (
  base: Contexts,
  env?: Readonly<Record<string, string>>,
  follows = false,
): Contexts => ({
  ...unknownContexts,
  ...Object.fromEntries(Object.entries(base).filter(([, value]) => value !== undefined)),
  ...(env === undefined
    ? {}
    : {
        env: follows ? new PartialContext(env, (name) => unknownValue(`env.${name}`)) : env,
      }),
})
