/** The patterns of `apply-branches`: a subset of the filter patterns of `on.push.branches`. */
import { hasInvisible } from './format.ts'
import { isOrAre, listEntries, quoteList } from './lists.ts'
import { invalid, ok, type Parsed } from './parsed.ts'

const HEADS = 'refs/heads/'
const MAX_LENGTH = 255

/**
 * A list of branch patterns; a leading `refs/heads/` is removed. Patterns with `?`, `[...]` or a leading
 * `!`, which GitHub's filters support, are rejected: as literal text they would select other branches
 * than intended. A branch whose name contains a comma can be given in a JSON array.
 *
 * @param text not blank
 */
export function branchPatterns(text: string): Parsed<readonly string[]> {
  const list = listEntries(text)
  if ('problem' in list) return list
  const patterns = list.value.map((entry) =>
    entry.startsWith(HEADS) ? entry.slice(HEADS.length) : entry,
  )
  const wrong = patterns.filter((pattern) => !isPattern(pattern))
  if (wrong.length > 0) {
    return invalid(
      `must list branch names, in which only \`*\` and \`**\` are wildcards; ${quoteList(wrong)} ${isOrAre(wrong)} not supported`,
      'Write the branches without `!`, `?` and `[...]`, for example `main, release/*`.',
    )
  }
  if (patterns.length === 0) {
    return invalid(
      'must name at least one branch',
      'Leave the input empty to use the default branch of the repository.',
    )
  }
  return ok([...new Set(patterns)])
}

/**
 * Whether a branch matches a pattern: `*` matches any text without `/`, `**` matches any text (GitHub's
 * filter pattern cheat sheet), and everything else matches itself, including its letter case.
 */
export function matchesBranch(pattern: string, branch: string): boolean {
  // Follows all possible positions in the pattern at once. That takes linear time in the branch, whereas
  // a regular expression could backtrack for a very long time.
  const tokens = pattern.match(/\*+|[^*]/gsu) ?? []
  let positions = skipWildcards(new Set([0]), tokens)
  for (const character of branch) {
    const next = new Set<number>()
    for (const position of positions) {
      const token = tokens[position]
      if (token === undefined) continue
      if (token === character) next.add(position + 1)
      else if (token.startsWith('**')) next.add(position)
      else if (token === '*' && character !== '/') next.add(position)
    }
    positions = skipWildcards(next, tokens)
  }
  return positions.has(tokens.length)
}

/** Adds the positions after each wildcard, since a wildcard also matches the empty text. */
function skipWildcards(positions: Set<number>, tokens: readonly string[]): Set<number> {
  for (const position of positions) {
    if (tokens[position]?.startsWith('*') === true) positions.add(position + 1)
  }
  return positions
}

// Git does not allow white space and ~ ^ : ? [ \ and `..` in a branch name (git-check-ref-format).
function isPattern(text: string): boolean {
  return (
    text !== '' &&
    text.length <= MAX_LENGTH &&
    !/[\s~^:?[\]\\"'`]|\.\.|^[!/]|\/$|^refs\//u.test(text) &&
    !hasInvisible(text)
  )
}
