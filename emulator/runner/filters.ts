/** The patterns of `branches`, `tags` and their likes in `on:`. */

/** Converts a pattern to a regular expression: `*` stops at a slash, `**` does not. */
function toRegExp(pattern: string): RegExp {
  const source = pattern.replace(/\*\*|[*.^$(){}|\\]/g, (part) =>
    part === '**' ? '.*' : part === '*' ? '[^/]*' : `\\${part}`,
  )
  return new RegExp(`^${source}$`)
}

const list = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value : [value]).filter((item) => typeof item === 'string')

/** Whether a name matches patterns in order, of which those with `!` exclude again. */
const matches = (patterns: unknown, name: string): boolean =>
  list(patterns).reduce(
    (included, pattern) =>
      pattern.startsWith('!')
        ? included && !toRegExp(pattern.slice(1)).test(name)
        : included || toRegExp(pattern).test(name),
    false,
  )

type Filters = Readonly<Record<string, unknown>>

/** The filter that a branch or a tag does not pass; undefined if it passes. */
export function failedFilter(
  filters: Filters,
  kind: 'branches' | 'tags',
  name: string,
): string | undefined {
  const ignored = `${kind}-ignore`
  if (filters[kind] !== undefined) return matches(filters[kind], name) ? undefined : kind
  if (filters[ignored] !== undefined) return matches(filters[ignored], name) ? ignored : undefined
  // A filter for only the other kind excludes this one.
  const other = kind === 'branches' ? 'tags' : 'branches'
  return [other, `${other}-ignore`].find((filter) => filters[filter] !== undefined)
}
