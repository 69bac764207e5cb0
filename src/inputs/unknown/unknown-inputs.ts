/** Inputs that the workflow sets and action.yml does not declare: the input that was probably meant. */
import { readVariable, type Env } from '../../lib/env.ts'
import { formatInput } from '../format.ts'
import type { InputProblem } from '../parsed.ts'
import { inputVariable } from '../reader.ts'
import { closestMatch, didYouMean } from '../suggestions.ts'
import { ALIASES, DRY_RUNS } from './aliases.ts'

const MAX_WARNINGS = 10
const PREFIX = 'INPUT_'

export type UnknownInputs = Readonly<{
  problems: readonly InputProblem[]
  warnings: readonly string[]
}>

/**
 * A warning for each variable that the runner sets for an input that action.yml does not declare: it has no
 * effect, and the default of the intended input applies. An input that promises not to write is a problem.
 *
 * @param declared the names of the inputs in action.yml
 */
export function checkUnknownInputs(env: Env, declared: readonly string[]): UnknownInputs {
  const names = findUnknownInputs(env, declared)
  const dryRuns = names.filter((name) => isDryRun(name, env))
  const others = names.filter((name) => !dryRuns.includes(name))
  const warnings = others.slice(0, MAX_WARNINGS).map((name) => {
    const hint = didYouMean(findIntendedInput(name, declared))
    return `${formatInput(name)} is not an input of this action and has no effect.${hint}`
  })
  const rest = others.length - warnings.length
  return {
    problems: dryRuns.map((name) => ({
      input: name,
      value: formatInput(readVariable(env, inputVariable(name))),
      rule: 'is not an input of this action, so the run would make changes',
      remedy: 'To see the changes without making them, set `mode: plan`.',
    })),
    warnings: rest > 0 ? [...warnings, `${rest} more unknown inputs have no effect.`] : warnings,
  }
}

/** The names in lower case, sorted. */
function findUnknownInputs(env: Env, declared: readonly string[]): readonly string[] {
  const known = new Set(declared.map(inputVariable))
  // A wrapping action often passes its own inputs as INPUT_APP_ID, too. That is not a misspelling if
  // the input itself is set.
  const isDuplicate = (variable: string): boolean => {
    const hyphenated = PREFIX + variable.slice(PREFIX.length).replaceAll('_', '-')
    return known.has(hyphenated) && readVariable(env, hyphenated) !== ''
  }
  return Object.keys(env)
    .filter((name) => name.length > PREFIX.length && name.startsWith(PREFIX))
    .filter((name) => !known.has(name) && !isDuplicate(name))
    .map((name) => name.slice(PREFIX.length).toLowerCase())
    .sort()
}

/** Whether an input asks not to write. */
function isDryRun(name: string, env: Env): boolean {
  const value = readVariable(env, inputVariable(name)).toLowerCase()
  return DRY_RUNS.has(stripSeparators(name)) && !['', 'false', 'no', 'off', '0'].includes(value)
}

function findIntendedInput(name: string, declared: readonly string[]): string | undefined {
  const bareName = stripSeparators(name)
  if (DRY_RUNS.has(bareName)) return 'mode'
  const same = declared.find((each) => stripSeparators(each) === bareName)
  const [alias] =
    Object.entries(ALIASES).find(([, words]) => words.split(' ').includes(bareName)) ?? []
  return same ?? alias ?? closestMatch(name.replaceAll('_', '-'), declared)
}

function stripSeparators(name: string): string {
  return name.replace(/[-_ .]/g, '')
}
