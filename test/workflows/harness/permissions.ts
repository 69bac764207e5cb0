/** What a job's token may do: the job's own `permissions:` replace those of the workflow. */
import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/template-token'

import { isObject } from '../../../emulator/lib/validation.ts'
import { WorkflowError } from './parse.ts'
import { valueOf } from './tokens.ts'

type Level = 'none' | 'read' | 'write'

export type Permissions = Readonly<Record<string, Level>>

const levels: readonly Level[] = ['none', 'read', 'write']

const scopes = ['actions', 'checks', 'contents', 'deployments', 'id-token', 'issues', 'packages']
const allScopes = [...scopes, 'pages', 'pull-requests', 'security-events', 'statuses']

const all = (level: Level): Permissions =>
  Object.fromEntries(allScopes.map((scope) => [scope, level]))

/** What a token may do where no `permissions:` are written at all, by a new repository's settings. */
export const standard: Permissions = { contents: 'read', packages: 'read' }

/** The permissions written at a place; undefined where none are. */
export function writtenPermissions(token: TemplateToken | undefined): Permissions | undefined {
  if (token === undefined) return undefined
  const value = valueOf(token, { contexts: {} })
  if (value === 'write-all') return all('write')
  if (value === 'read-all') return { ...all('read'), 'id-token': 'none' }
  if (!isObject(value)) return {}
  return Object.fromEntries(Object.entries(value).map(([scope, level]) => [scope, levelOf(level)]))
}

function levelOf(value: unknown): Level {
  const level = levels.find((known) => known === value)
  if (level === undefined) throw new WorkflowError(`There is no permission level ${String(value)}`)
  return level
}

/** How far a token may go for one scope; what is not named is `none`. */
export const levelFor = (permissions: Permissions, scope: string): Level =>
  permissions[scope] ?? 'none'

/** What GitHub leaves to the runs of forks and of Dependabot. */
export const readOnly = (permissions: Permissions): Permissions =>
  Object.fromEntries(
    Object.entries(permissions).map(([scope, level]) => [
      scope,
      scope === 'id-token' || level === 'none' ? 'none' : 'read',
    ]),
  )

/** Refuses, as GitHub does at the start, a called workflow that asks for more than its caller has. */
export function checkCeiling(job: string, wanted: Permissions, ceiling: Permissions): void {
  for (const [scope, level] of Object.entries(wanted)) {
    const allowed = levelFor(ceiling, scope)
    if (levels.indexOf(level) > levels.indexOf(allowed))
      throw new WorkflowError(
        `The nested job '${job}' is requesting '${scope}: ${level}', but is only allowed '${scope}: ${allowed}'.`,
      )
  }
}
