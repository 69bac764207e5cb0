/** Single values: tokens, booleans, integers and values of a fixed set. */
import { hasInvisible } from './format.ts'
import { invalid, ok, type Parsed } from './parsed.ts'
import { closestMatch, lookAlikeHint } from './suggestions.ts'

/** The problem of a required value that is empty. */
export function missingValue(): Parsed<never> {
  return invalid(
    'is required',
    'Set it under `with:`. If an expression provides the value, check the secret, variable or output that it reads.',
  )
}

/** The problem of a text that is not the value: an expression or a variable as it was written, a mask, `null`. */
export function placeholderProblem(text: string): Parsed<never> | undefined {
  if (text.includes('${{')) {
    return invalid(
      'must not contain an expression that was not evaluated',
      'GitHub evaluates `${{ ... }}` only in a workflow file. Check how the value is passed to this input.',
    )
  }
  if (text.includes('***')) {
    return invalid(
      'must not be the `***` that logs show instead of a secret',
      'Pass the secret itself. A masked value that is copied or passed between jobs is lost.',
    )
  }
  const [variable, name = ''] = /\$\{?([A-Za-z_][\w.-]{0,99})\}?/.exec(text) ?? []
  if (variable !== undefined) {
    return invalid(
      `must not contain \`${variable}\`, which was not expanded`,
      `Only \`\${{ … }}\` is expanded under \`with:\`. Write an expression in its place, for example \`\${{ ${name.includes('.') ? name : `env.${name}`} }}\` for a variable that the workflow sets in \`env\`.`,
    )
  }
  if (/^(?:null|undefined|NaN|\[object Object\])$/.test(text)) {
    return invalid(
      `must not be \`${text}\`, which a script or an expression returns for a value that is not set`,
      'Check the step, the output or the variable that provides the value.',
    )
  }
  return undefined
}

/**
 * A single token: no placeholder, no quotes around it, no white space, and no control or invisible
 * characters.
 *
 * @param text trimmed
 * @param maxLength in UTF-16 code units
 */
export function singleToken(text: string, maxLength: number): Parsed<string> {
  if (text === '') return missingValue()
  const placeholder = placeholderProblem(text)
  if (placeholder !== undefined) return placeholder
  if (/^(["'`]).*\1$/su.test(text)) {
    return invalid('must not be in quotes', 'Remove the quotes that are part of the value.')
  }
  if (/^["'`]|["'`]$/u.test(text)) {
    return invalid(
      'must not start or end with a quote',
      'Remove the quote that is part of the value.',
    )
  }
  // Tabs and line breaks are control characters, too; "white space" is the more familiar name.
  if (/\s/u.test(text)) {
    return invalid(
      'must not contain white space',
      'Remove spaces, line breaks and everything else that is not part of the value.',
    )
  }
  if (hasInvisible(text)) {
    return invalid(
      'must not contain control or invisible characters',
      'Type the value again. Copied text often contains such characters.',
    )
  }
  if (text.length > maxLength) {
    return invalid(
      `must not be longer than ${maxLength} characters`,
      'Check that the expression provides the intended value.',
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
  return (
    placeholderProblem(text) ??
    invalid('must be `true` or `false`', 'Write `true` or `false`, without additional quotes.')
  )
}

/** An integer in decimal digits, from `min` to `max`. */
export function integer(min: number, max: number, unit: string): (text: string) => Parsed<number> {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN
    if (value >= min && value <= max) return ok(value)
    return (
      placeholderProblem(text) ??
      invalid(
        `must be an integer from ${min} to ${max}`,
        Number.isNaN(value)
          ? `Write the number of ${unit} in digits only.`
          : `Set it to at ${value > max ? `most ${max}` : `least ${min}`} ${unit}.`,
      )
    )
  }
}

/** One value of a fixed set, in any letter case. */
export function oneOf<const T extends string>(choices: readonly T[]): (text: string) => Parsed<T> {
  const list = choices.map((choice) => `\`${choice}\``).join(', ')
  return (text) => {
    const lower = text.toLowerCase()
    const match = choices.find((choice) => choice.toLowerCase() === lower)
    if (match !== undefined) return ok(match)
    const placeholder = placeholderProblem(text)
    if (placeholder !== undefined) return placeholder
    if (choices.length === 1) return invalid(`must be ${list}`, 'Correct it, or leave it empty.')
    const suggestion = closestMatch(lower, choices)
    return invalid(
      `must be one of ${list}`,
      suggestion === undefined
        ? `Use one of these values, or leave it empty.${lookAlikeHint(text)}`
        : `Did you mean \`${suggestion}\`?${lookAlikeHint(text)}`,
    )
  }
}
