/** Lists in every notation that workflows produce, and the lists of permissions and account IDs. */
import { parseJson } from '../lib/json.ts'
import { PERMISSIONS, type Permission } from '../storage/model.ts'
import { formatInput } from './format.ts'
import { invalid, ok, type Parsed } from './parsed.ts'
import { missingValue, placeholderProblem } from './scalars.ts'
import { closestMatch, lookAlikeHint } from './suggestions.ts'

const MAX_LENGTH = 10_000
const MAX_QUOTED = 3

/**
 * The entries of a list: separated by commas or white space (including LF, CR and CRLF), as a JSON array
 * or YAML's `[a, b]`, or as lines that start with `- `. Quotes around an entry or the whole list are
 * removed, and so are empty entries.
 */
export function listEntries(text: string): Parsed<readonly string[]> {
  if (text.length > MAX_LENGTH) {
    return invalid(
      `must not be longer than ${MAX_LENGTH} characters`,
      'Check that the expression provides the intended list.',
    )
  }
  const placeholder = placeholderProblem(text)
  if (placeholder !== undefined) return placeholder
  const list = unquote(text.trim()).trim()
  if (!list.startsWith('[')) return ok(split(list))
  const items = parseJsonArray(list)
  if (items === undefined) return ok(split(list.replace(/^\[([^[\]]*)\]$/u, '$1')))
  const scalars = items.filter((item) => typeof item === 'string' || typeof item === 'number')
  if (scalars.length < items.length) {
    return invalid(
      'must be a JSON array of strings',
      'Use strings only, for example `["one", "two"]`.',
    )
  }
  return ok(scalars.map((item) => String(item).trim()).filter((item) => item !== ''))
}

/**
 * A list of permissions, in the order of the API and without duplicates; `none` alone is the empty list.
 * Accepts any letter case, `-` in place of `_`, and the Amplify CLI's `create/update`.
 *
 * @param text trimmed
 */
export function permissions(text: string): Parsed<readonly Permission[]> {
  if (text === '') return missingValue()
  const list = listEntries(text)
  if ('problem' in list) return list
  const names = list.value.map(normalizePermission)
  const unknown = list.value.filter((_, index) => !isPermission(names[index]))
  const wrong = unknown.filter((entry) => entry.toUpperCase() !== 'NONE')
  if (wrong.length > 0) {
    return invalid(
      `must be \`none\` or a list of ${PERMISSIONS.join(', ')}; ${quoteList(wrong)} ${isOrAre(wrong)} not supported`,
      permissionHint(wrong),
    )
  }
  if (unknown.length > 0 && unknown.length < names.length) {
    return invalid(
      'must not combine `none` with permissions',
      'Write `none` alone, or remove it from the list.',
    )
  }
  if (names.length === 0) {
    return invalid('must name at least one permission', 'Write `none` for no permissions.')
  }
  return ok(PERMISSIONS.filter((permission) => names.includes(permission)))
}

/**
 * A list of AWS account IDs of 12 digits, without duplicates.
 *
 * @param text not blank
 */
export function accountIds(text: string): Parsed<readonly string[]> {
  const list = listEntries(text)
  if ('problem' in list) return list
  const wrong = list.value.filter((entry) => !/^\d{12}$/.test(entry))
  if (wrong.length > 0) {
    return invalid(
      `must list account IDs of 12 digits; ${quoteList(wrong)} ${isOrAre(wrong)} not valid`,
      'Remove hyphens. Put an ID that starts with 0 in quotes, so that YAML keeps the 0.',
    )
  }
  // An expression that evaluates to `[]` must not silently allow any account.
  if (list.value.length === 0) {
    return invalid('must name at least one account ID', 'Leave it empty to allow any account.')
  }
  return ok([...new Set(list.value)])
}

/** The first few entries, quoted, for a message. */
export function quoteList(list: readonly string[]): string {
  const first = list.slice(0, MAX_QUOTED).map(formatInput).join(', ')
  return list.length > MAX_QUOTED ? `${first} (and ${list.length - MAX_QUOTED} more)` : first
}

export function isOrAre(list: readonly string[]): 'is' | 'are' {
  return list.length === 1 ? 'is' : 'are'
}

function split(list: string): readonly string[] {
  return list
    .split(/[\s,]+/u)
    .map(unquote)
    .filter((entry) => entry !== '' && entry !== '-')
}

function unquote(text: string): string {
  return text.replace(/^(?:"([^"]*)"|'([^']*)')$/u, '$1$2')
}

function parseJsonArray(text: string): readonly unknown[] | undefined {
  const value = parseJson(text)
  return Array.isArray(value) ? value : undefined
}

function normalizePermission(entry: string): string {
  const name = entry.toUpperCase().replaceAll('-', '_')
  // The word of the Amplify CLI.
  return name === 'CREATE/UPDATE' ? 'CREATE_AND_UPDATE' : name
}

function isPermission(text: string | undefined): text is Permission {
  return PERMISSIONS.some((permission) => permission === text)
}

function permissionHint(entries: readonly string[]): string {
  const lookAlike = entries.map(lookAlikeHint).find((hint) => hint !== '')
  if (lookAlike !== undefined) return `Type the permissions again.${lookAlike}`
  if (entries.some((entry) => /[^\w-]/u.test(entry))) {
    return 'Separate permissions with commas, spaces or line breaks.'
  }
  if (entries.some((entry) => /^(?:AND$|CREATE|UPDATE|WRITE|PUT)/iu.test(entry))) {
    return 'To allow writing, use `CREATE_AND_UPDATE`.'
  }
  const suggestion = entries
    .map((entry) => closestMatch(normalizePermission(entry), PERMISSIONS))
    .find((match) => match !== undefined)
  return suggestion === undefined
    ? 'Use one or more of these permissions, or `none`.'
    : `Did you mean \`${suggestion}\`?`
}
