/** The inputs by name, and how their raw text is found in the environment of the step. */

import type { Env } from '../lib/env.ts'

type Entry = Readonly<{ name: string; required: boolean; default: string }>

/**
 * Every input with its default, in the order of action.yml, which a test compares with this table. An
 * empty value means the default here too, since a workflow often passes an expression that came out
 * empty.
 */
export const INPUTS = [
  { name: 'app-id', required: true, default: '' },
  { name: 'backend-environment-name', required: true, default: '' },
  { name: 'resource-name', required: true, default: '' },
  { name: 'bucket-name', required: false, default: '' },
  { name: 'authenticated-permissions', required: true, default: '' },
  { name: 'unauthenticated-permissions', required: false, default: '' },
  { name: 'aws-region', required: false, default: '' },
  { name: 'role-to-assume', required: false, default: '' },
  { name: 'plan-role-to-assume', required: false, default: '' },
  { name: 'role-session-name', required: false, default: '' },
  { name: 'role-duration-seconds', required: false, default: '3600' },
  { name: 'audience', required: false, default: '' },
  { name: 'allowed-account-ids', required: false, default: '' },
  { name: 'mode', required: false, default: 'auto' },
  { name: 'apply-branches', required: false, default: '' },
  { name: 'if-exists', required: false, default: 'match' },
  { name: 'wait', required: false, default: 'true' },
  { name: 'timeout-in-minutes', required: false, default: '30' },
  { name: 'max-attempts', required: false, default: '8' },
  { name: 'summary', required: false, default: 'true' },
  { name: 'comment-on-pr', required: false, default: 'false' },
  { name: 'github-token', required: false, default: '${{ github.token }}' },
  { name: 'allow-custom-endpoints', required: false, default: 'false' },
  { name: 'service-name', required: false, default: 'S3' },
] as const satisfies readonly Entry[]

export type InputName = (typeof INPUTS)[number]['name']

/**
 * The variable in which the runner hands over an input: `INPUT_`, then the name in upper case with
 * spaces as `_`; hyphens stay (actions/toolkit, `getInput`).
 */
export function inputVariable(input: string): string {
  return `INPUT_${input.replaceAll(' ', '_').toUpperCase()}`
}

/** An input's text as given, or its default where that is blank; not yet trimmed. */
export function inputText(env: Env, input: InputName): string {
  const given = env[inputVariable(input)] ?? ''
  if (given.trim() !== '') return given
  const fallback = INPUTS.find((entry) => entry.name === input)?.default ?? ''
  // Only the runner can expand an expression: without it this default is empty.
  return fallback.startsWith('${{') ? '' : fallback
}
