/** The patterns of `apply-branches`, with a subset of the meaning they have in `on.push.branches`. */

import { listEntries, quoteList, isOrAre } from './lists.ts'
import { invalid, ok } from './parsed.ts'
import type { Parsed } from './parsed.ts'
import { hasInvisible } from './format.ts'

const HEADS = 'refs/heads/'
const MAX_LENGTH = 255

/**
 * A list of branch patterns; `refs/heads/` in front of one is dropped. What GitHub's filters write
 * with `?`, `[...]` or a leading `!` is refused: taken literally it would select other branches than
 * meant. A branch whose name holds a comma can be named in a JSON array.
 *
 * @param text not blank
 */
export function branchPatterns(text: string): Parsed<readonly string[]> {
  const list = listEntries(text)
  if ('flaw' in list) return list
  const patterns = list.value.map((entry) =>
    entry.startsWith(HEADS) ? entry.slice(HEADS.length) : entry,
  )
  const wrong = patterns.filter((pattern) => !isPattern(pattern))
  if (wrong.length > 0) {
    return invalid(
      `must list names of branches, in which only \`*\` and \`**\` have a meaning; ${quoteList(wrong)} ${isOrAre(wrong)} none`,
      'List the branches without `!`, `?` and `[...]`, for example `main, release/*`.',
    )
  }
  if (patterns.length === 0) {
    return invalid('must name a branch', "Leave the input out for the repository's default branch.")
  }
  return ok([...new Set(patterns)])
}

/**
 * Whether a branch fits a pattern: `*` stands for any text without `/`, `**` for any text (GitHub's
 * filter pattern cheat sheet); everything else, letter case included, for itself.
 */
export function matchesBranch(pattern: string, branch: string): boolean {
  // The positions in the pattern that the branch read so far can have led to: linear in the branch,
  // where a regular expression could be made to backtrack for ever.
  const parts = pattern.match(/\*+|[^*]/gsu) ?? []
  let positions = past(new Set([0]), parts)
  for (const character of branch) {
    const next = new Set<number>()
    for (const position of positions) {
      const part = parts[position]
      if (part === undefined) continue
      if (part === character) next.add(position + 1)
      else if (part.startsWith('**')) next.add(position)
      else if (part === '*' && character !== '/') next.add(position)
    }
    positions = past(next, parts)
  }
  return positions.has(parts.length)
}

/** The positions, and those behind a star, which may stand for nothing. */
function past(positions: Set<number>, parts: readonly string[]): Set<number> {
  for (const position of positions) {
    if (parts[position]?.startsWith('*') === true) positions.add(position + 1)
  }
  return positions
}

// git's own rules for names (git-check-ref-format) leave out white space and ~ ^ : ? [ \ and `..`.
function isPattern(text: string): boolean {
  return (
    text !== '' &&
    text.length <= MAX_LENGTH &&
    !/[\s~^:?[\]\\"'`]|\.\.|^[!/]|\/$|^refs\//u.test(text) &&
    !hasInvisible(text)
  )
}
