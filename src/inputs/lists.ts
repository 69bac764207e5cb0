/** Lists in every spelling that a workflow produces, and the lists of permissions and accounts. */

import { closestMatch } from './suggestions.ts'
import { invalid, ok } from './parsed.ts'
import type { Parsed } from './parsed.ts'
import { missingValue, rejectPlaceholder } from './scalars.ts'
import { formatInput } from './format.ts'

/** What signed-in users or guests may do with the storage, in the API's words and order. */
export const PERMISSIONS = ['READ', 'CREATE_AND_UPDATE', 'DELETE'] as const
export type Permission = (typeof PERMISSIONS)[number]

const MAX_LENGTH = 10_000
const MAX_QUOTED = 3

/**
 * The entries of a list: separated by commas or white space (LF, CR and CRLF are that too), as a JSON
 * array or YAML's `[a, b]`, or as lines that begin with `- `. Quotes around an entry or the whole list
 * are dropped, and so are blank entries.
 */
export function listEntries(text: string): Parsed<readonly string[]> {
  if (text.length > MAX_LENGTH) {
    return invalid(
      `must not be longer than ${MAX_LENGTH} characters`,
      'Check that the expression gives the list that you mean.',
    )
  }
  const left = rejectPlaceholder(text)
  if (left !== undefined) return left
  const list = unquote(text.trim()).trim()
  if (!list.startsWith('[')) return ok(split(list))
  const items = parseJson(list)
  if (items === undefined) return ok(split(list.replace(/^\[([^[\]]*)\]$/u, '$1')))
  const texts = items.filter((item) => typeof item === 'string' || typeof item === 'number')
  if (texts.length < items.length) {
    return invalid('must be a JSON array of plain texts', 'Write for example `["one", "two"]`.')
  }
  return ok(texts.map((item) => String(item).trim()).filter((item) => item !== ''))
}

/**
 * A list of permissions, each named once and in the API's order; `none` alone is the empty list. Any
 * letter case, and `-` for `_`.
 *
 * @param text not blank
 */
export function permissions(text: string): Parsed<readonly Permission[]> {
  if (text === '') return missingValue()
  const list = listEntries(text)
  if ('flaw' in list) return list
  const words = list.value.map((entry) => entry.toUpperCase().replaceAll('-', '_'))
  const unknown = list.value.filter((_, index) => !isPermission(words[index]))
  const others = unknown.filter((entry) => entry.toUpperCase() !== 'NONE')
  if (others.length > 0) {
    return invalid(
      `must list only READ, CREATE_AND_UPDATE and DELETE, or be \`none\`; ${quoteList(others)} ${isOrAre(others)} none of them`,
      permissionHint(others),
    )
  }
  if (unknown.length > 0 && unknown.length < words.length) {
    return invalid(
      'must not name permissions beside `none`',
      'Write `none` alone, or leave it out.',
    )
  }
  if (words.length === 0) {
    return invalid('must name a permission', 'Write `none` for no permissions at all.')
  }
  return ok(PERMISSIONS.filter((permission) => words.includes(permission)))
}

/**
 * A list of AWS account ids, 12 digits each and each once.
 *
 * @param text not blank
 */
export function accountIds(text: string): Parsed<readonly string[]> {
  const list = listEntries(text)
  if ('flaw' in list) return list
  const wrong = list.value.filter((entry) => !/^\d{12}$/.test(entry))
  if (wrong.length > 0) {
    return invalid(
      `must list account ids of 12 digits each; ${quoteList(wrong)} ${isOrAre(wrong)} none`,
      'Leave out hyphens, and put an id that begins with 0 in quotes so that YAML keeps the 0.',
    )
  }
  // An expression that came out as `[]` must not silently mean "any account".
  if (list.value.length === 0) {
    return invalid('must name an account id', 'Leave the input out where any account is allowed.')
  }
  return ok([...new Set(list.value)])
}

/** The first few of the entries, quoted, for a message. */
export function quoteList(list: readonly string[]): string {
  const first = list.slice(0, MAX_QUOTED).map(formatInput).join(', ')
  return list.length > MAX_QUOTED ? `${first} (and ${list.length - MAX_QUOTED} more)` : first
}

/** The verb that goes with the entries. */
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

function parseJson(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isPermission(text: string | undefined): text is Permission {
  return PERMISSIONS.some((permission) => permission === text)
}

/** How to mend words that name no permission. */
function permissionHint(words: readonly string[]): string {
  if (words.some((word) => /[^\w-]/u.test(word))) {
    return 'Separate the words by commas, spaces or new lines.'
  }
  if (words.some((word) => /^(?:AND$|CREATE|UPDATE|WRITE|PUT)/iu.test(word))) {
    return 'Writing is the one word CREATE_AND_UPDATE.'
  }
  const meant = words
    .map((word) => closestMatch(word.toUpperCase().replaceAll('-', '_'), PERMISSIONS))
    .find((word) => word !== undefined)
  return meant === undefined
    ? 'Name some of these three, or write `none`.'
    : `Perhaps \`${meant}\` is meant.`
}
