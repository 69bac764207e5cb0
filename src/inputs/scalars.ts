/** Single values: what any text must keep to, then booleans, whole numbers and words of a closed set. */

import { hasInvisible } from './format.ts'
import { closestMatch } from './suggestions.ts'
import { invalid, ok } from './parsed.ts'
import type { Parsed } from './parsed.ts'

/** Required values that are empty. */
export function missingValue(): Parsed<never> {
  return invalid(
    'is required',
    'Set it under `with:`; where an expression gives the value, check the secret, variable or output behind it.',
  )
}

/**
 * What no input may hold: an expression that nobody expanded, or what a masked secret looks like in a
 * log.
 */
export function rejectPlaceholder(text: string): Parsed<never> | undefined {
  if (text.includes('${{')) {
    return invalid(
      'must not hold an expression that was not expanded',
      'GitHub expands `${{ ... }}` only in a workflow file: check how the value reaches this input.',
    )
  }
  if (text.includes('***')) {
    return invalid(
      'must not be the `***` that a log shows in place of a secret',
      'Pass the secret itself; a masked value copied or passed on between jobs is lost.',
    )
  }
  if (/^\$(?:\w+|\{\w+\})$/.test(text)) {
    return invalid(
      'must not be a shell variable',
      'Nothing expands `$NAME` under `with:`; write `${{ env.NAME }}`.',
    )
  }
  return undefined
}

/**
 * One word: not a placeholder, not in quotes, without white space, control or invisible characters.
 *
 * @param text trimmed
 * @param limit the most UTF-16 code units
 */
export function singleToken(text: string, limit: number): Parsed<string> {
  if (text === '') return missingValue()
  const left = rejectPlaceholder(text)
  if (left !== undefined) return left
  if (/^(["'`]).*\1$/su.test(text)) {
    return invalid('must not be in quotes', 'Remove the quotes that are part of the value.')
  }
  if (/^["'`]|["'`]$/u.test(text)) {
    return invalid(
      'must not begin or end with a quote',
      'Remove the quote that is part of the value.',
    )
  }
  // A tab or a new line is both; the simpler name for it comes first.
  if (/\s/u.test(text)) {
    return invalid(
      'must not hold white space',
      'Give the value alone, without spaces or line breaks.',
    )
  }
  if (hasInvisible(text)) {
    return invalid(
      'must not hold control or invisible characters',
      'Type the value anew; copied text often brings such characters along.',
    )
  }
  if (text.length > limit) {
    return invalid(
      `must not be longer than ${limit} characters`,
      'Check that the expression gives the value that you mean.',
    )
  }
  return ok(text)
}

/**
 * `true`, `True`, `TRUE`, `false`, `False` or `FALSE`: the booleans of YAML 1.2's core schema, as in
 * `getBooleanInput` of actions/toolkit.
 */
export function boolean(text: string): Parsed<boolean> {
  if (/^(?:true|True|TRUE)$/.test(text)) return ok(true)
  if (/^(?:false|False|FALSE)$/.test(text)) return ok(false)
  const left = rejectPlaceholder(text)
  return (
    left ?? invalid('must be `true` or `false`', 'Write `true` or `false`, without more quotes.')
  )
}

/** A whole number in decimal digits, from `least` to `most`. */
export function integer(min: number, max: number, unit: string): (text: string) => Parsed<number> {
  return (text) => {
    const left = rejectPlaceholder(text)
    if (left !== undefined) return left
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN
    return value >= min && value <= max
      ? ok(value)
      : invalid(
          `must be a whole number from ${min} to ${max}`,
          `Give digits only, the number of ${unit}.`,
        )
  }
}

/** One word of a closed set, in any letter case. */
export function oneOf<const T extends string>(choices: readonly T[]): (text: string) => Parsed<T> {
  return (text) => {
    const lower = text.toLowerCase()
    const choice = choices.find((each) => each.toLowerCase() === lower)
    if (choice !== undefined) return ok(choice)
    const left = rejectPlaceholder(text)
    if (left !== undefined) return left
    if (choices.length === 1) {
      return invalid(`must be ${listed(choices)}`, 'Write it so, or leave the input out.')
    }
    const meant = closestMatch(lower, choices)
    return invalid(
      `must be one of ${listed(choices)}`,
      meant === undefined
        ? 'Write one of these words, or leave the input out.'
        : `Perhaps \`${meant}\` is meant; or leave the input out.`,
    )
  }
}

function listed(choices: readonly string[]): string {
  return choices.map((each) => `\`${each}\``).join(', ')
}
