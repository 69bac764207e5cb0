/** Inputs that action.yml does not declare: a misspelt one means that a default is used unseen. */

import { closestMatch } from './suggestions.ts'
import { formatInput } from './format.ts'
import { INPUTS, inputVariable } from './definitions.ts'
import type { Env } from '../lib/env.ts'

const PREFIX = 'INPUT_'
const MAX_WARNINGS = 10
const NAMES: readonly string[] = INPUTS.map((input) => input.name)
const DECLARED: ReadonlySet<string> = new Set(NAMES.map(inputVariable))

/** A warning for each variable that the runner would use for an input and that is none of ours. */
export function unknownInputWarnings(env: Env): readonly string[] {
  const odd = Object.keys(env)
    .filter((name) => name.length > PREFIX.length && name.startsWith(PREFIX))
    .filter((name) => !DECLARED.has(name) && !doubles(name, env))
    .map((name) => name.slice(PREFIX.length).toLowerCase())
    .sort()
  const warnings = odd.slice(0, MAX_WARNINGS).map((name) => {
    const meant = closestMatch(name.replaceAll('_', '-'), NAMES)
    const hint = meant === undefined ? '' : ` Is \`${meant}\` meant?`
    return `${formatInput(name)} is not an input of this action and has no effect.${hint}`
  })
  const rest = odd.length - warnings.length
  return rest > 0 ? [...warnings, `${rest} more inputs of unknown names have no effect.`] : warnings
}

// A wrapping action often hands on its own inputs as INPUT_APP_ID besides; where ours is set as well,
// nothing is misspelt.
function doubles(name: string, env: Env): boolean {
  const twin = PREFIX + name.slice(PREFIX.length).replaceAll('_', '-')
  return DECLARED.has(twin) && (env[twin] ?? '').trim() !== ''
}
