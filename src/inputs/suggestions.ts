/** What a person probably meant: misspelled words, unknown inputs, and dashes in place of hyphens. */
import { readVariable, type Env } from '../lib/env.ts'
import { formatInput } from './format.ts'
import { invalid, type Parsed } from './parsed.ts'
import { inputVariable } from './reader.ts'

// Longer words are not misspelled names, and the cost of the comparison grows with their length.
const MAX_LENGTH = 64
const MAX_WARNINGS = 10
const PREFIX = 'INPUT_'

/**
 * The known word that is closest to the given one, or undefined if none is close: at most a fifth of its
 * letters (but always two) inserted, missing, changed or swapped with their neighbor, or one word
 * contained in the other.
 */
export function closestMatch(word: string, known: readonly string[]): string | undefined {
  if (word.length > MAX_LENGTH) return undefined
  let closest: string | undefined
  let smallest = Math.max(2, Math.floor(word.length / 5)) + 1
  for (const candidate of known) {
    const edits = editDistance(word, candidate)
    if (edits < smallest && edits < candidate.length / 2) {
      closest = candidate
      smallest = edits
    }
  }
  return closest ?? containedWord(word, known)
}

/** "Did you mean" for a message, with a leading space; empty without a suggestion. */
export function didYouMean(suggestion: string | undefined): string {
  return suggestion === undefined ? '' : ` Did you mean \`${suggestion}\`?`
}

/**
 * A warning for each variable that the runner sets for an input that action.yml does not declare. A
 * misspelled input has no effect, and the default of the intended input applies.
 *
 * @param declared the names of the inputs in action.yml
 */
export function unknownInputWarnings(env: Env, declared: readonly string[]): readonly string[] {
  const known = new Set(declared.map(inputVariable))
  // A wrapping action often passes its own inputs as INPUT_APP_ID, too. That is no misspelling where the
  // input itself is set.
  const isDuplicate = (variable: string): boolean => {
    const hyphenated = PREFIX + variable.slice(PREFIX.length).replaceAll('_', '-')
    return known.has(hyphenated) && readVariable(env, hyphenated) !== ''
  }
  const unknown = Object.keys(env)
    .filter((name) => name.length > PREFIX.length && name.startsWith(PREFIX))
    .filter((name) => !known.has(name) && !isDuplicate(name))
    .map((name) => name.slice(PREFIX.length).toLowerCase())
    .sort()
  const warnings = unknown.slice(0, MAX_WARNINGS).map((name) => {
    const hint = didYouMean(closestMatch(name.replaceAll('_', '-'), declared))
    return `${formatInput(name)} is not an input of this action and has no effect.${hint}`
  })
  const rest = unknown.length - warnings.length
  return rest > 0 ? [...warnings, `${rest} more unknown inputs have no effect.`] : warnings
}

// Word processors and chats replace hyphens with these.
const DASHES: Readonly<Record<string, string>> = {
  '\u2010': 'a typographic hyphen (U+2010)',
  '\u2011': 'a non-breaking hyphen (U+2011)',
  '\u2012': 'a figure dash (U+2012)',
  '\u2013': 'an en dash (U+2013)',
  '\u2014': 'an em dash (U+2014)',
  '\u2015': 'a horizontal bar (U+2015)',
  '\u2212': 'a minus sign (U+2212)',
  '\uFE63': 'a small hyphen (U+FE63)',
  '\uFF0D': 'a full-width hyphen (U+FF0D)',
}

/** The problem of a text with a dash, for values in which only a hyphen is allowed. */
export function dashProblem(text: string): Parsed<never> | undefined {
  const dash = findDash(text)
  if (dash === undefined) return undefined
  return invalid(
    `contains ${dash} instead of a hyphen`,
    'Replace it with `-`. Word processors and chats turn hyphens into dashes.',
  )
}

/** The same for the end of a warning: a sentence with a leading space; empty if the text has no dash. */
export function dashHint(text: string): string {
  const dash = findDash(text)
  return dash === undefined ? '' : ` It contains ${dash}, which is not a hyphen.`
}

function findDash(text: string): string | undefined {
  return Array.from(text, (character) => DASHES[character]).find((name) => name !== undefined)
}

function containedWord(word: string, known: readonly string[]): string | undefined {
  if (word.length < 4) return undefined
  return known.find((candidate) => candidate.includes(word) || word.includes(candidate))
}

/** Optimal string alignment distance, in UTF-16 code units. */
function editDistance(a: string, b: string): number {
  let beforeLast: readonly number[] = []
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row.push(
        Math.min(
          valueAt(last, j) + 1,
          valueAt(row, j - 1) + 1,
          valueAt(last, j - 1) + (isSame ? 0 : 1),
          isSwapped ? valueAt(beforeLast, j - 2) + 1 : Infinity,
        ),
      )
    }
    beforeLast = last
    last = row
  }
  return valueAt(last, b.length)
}

function valueAt(row: readonly number[], index: number): number {
  return row[index] ?? Infinity
}
