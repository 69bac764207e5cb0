/** The actions that a workflow can use here: folders with an action.yml. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { parse } from 'yaml'

import { isObject, type JsonObject } from '../../../emulator/lib/validation.ts'
import { textOf } from '../../../emulator/runner/expressions.ts'
import { WorkflowError } from './parse.ts'

export type ActionInput = Readonly<{ required: boolean; default: string | undefined }>

export type Action = Readonly<{
  /** The text of its action.yml. */
  metadata: string
  inputs: ReadonlyMap<string, ActionInput>
  outputs: readonly string[]
  /** The files that Node runs. */
  main: string
  post: string | undefined
}>

export type Actions = Readonly<{
  /** The action of a `uses:`; undefined for one that is not played. */
  find(uses: string): Action | undefined
  /** The same; throws a WorkflowError for one that is not played. */
  get(uses: string): Action
}>

/** The repository's own folder. */
export const root = fileURLToPath(new URL('../../../', import.meta.url))

/** The name under which workflows use this action. */
export const ownAction = 'amplify-create-backend-storage'

const standIn = (name: string): string => join(root, 'test', 'workflows', 'actions', name)

/**
 * The actions that the examples use. `actions/checkout` and `aws-actions/configure-aws-credentials` are
 * stand-ins: they do what the examples need of them, and know the inputs that the examples give.
 */
const folders: ReadonlyMap<string, string> = new Map([
  ['actions/checkout', standIn('checkout')],
  ['aws-actions/configure-aws-credentials', standIn('configure-aws-credentials')],
])

/** This action, from the folder given, and the stand-ins for others; more can be added by name. */
export function createActions(own: string, others: ReadonlyMap<string, string>): Actions {
  const known = new Map([...folders, ...others])
  const read = new Map<string, Action>()
  const folderOf = (uses: string): string | undefined => {
    const [path = ''] = uses.split('@')
    if (path === './' || path.endsWith(`/${ownAction}`)) return own
    return known.get(path)
  }
  const find = (uses: string): Action | undefined => {
    const folder = folderOf(uses)
    if (folder === undefined) return undefined
    const action = read.get(folder) ?? readAction(folder)
    read.set(folder, action)
    return action
  }
  return {
    find,
    get: (uses) => {
      const action = find(uses)
      if (action === undefined) throw new WorkflowError(`The harness has no stand-in for ${uses}`)
      return action
    },
  }
}

function readAction(folder: string): Action {
  const metadata = readFileSync(join(folder, 'action.yml'), 'utf8')
  const document = mapping(parse(metadata))
  const runs = mapping(document['runs'])
  if (runs['using'] !== 'node24')
    throw new WorkflowError(`The harness only runs node24, not ${textOf(runs['using'])}`)
  const post = runs['post']
  return {
    metadata,
    inputs: new Map(
      Object.entries(mapping(document['inputs'])).map(([name, value]) => {
        const input = mapping(value)
        const preset = input['default']
        return [
          name,
          {
            required: input['required'] === true,
            default: preset === undefined ? undefined : textOf(preset),
          },
        ]
      }),
    ),
    outputs: Object.keys(mapping(document['outputs'])),
    main: join(folder, textOf(runs['main'])),
    post: typeof post === 'string' ? join(folder, post) : undefined,
  }
}

const mapping = (value: unknown): JsonObject => (isObject(value) ? value : {})
