/** The difference as a table, for the summary and the comment. */
import { FIELD_LABELS } from './changes.ts'
import { formatValue, type Change } from '../storage/model.ts'
import { breakableCode, escapeMarkdown, table } from './markdown.ts'

/**
 * The changes as a table; empty when there are none.
 *
 * @param before heading of what was, left out where all is new
 * @param after heading of what is asked for
 */
export function changesTable(changes: readonly Change[], before: string, after: string): string {
  if (changes.length === 0) return ''
  const allNew = changes.every(({ from }) => from === null)
  return table(
    allNew ? ['', after] : ['', before, after],
    changes.map(({ field, from, to }) => [
      FIELD_LABELS[field],
      ...(allNew ? [] : [valueCell(from)]),
      valueCell(to),
    ]),
  )
}

/** More than the API knows; the rest of a longer list is an accident. */
const MAX_VALUES = 10

/** A value as the cell of a table. */
export function valueCell(value: Change['from']): string {
  if (value === null || value.length === 0 || typeof value === 'string') {
    return value === null || value.length === 0
      ? escapeMarkdown(formatValue(value))
      : breakableCode(formatValue(value), 100)
  }
  const more = value.length - MAX_VALUES
  return [
    ...value.slice(0, MAX_VALUES).map((item) => breakableCode(item, 60)),
    ...(more > 0 ? [`and ${more} more`] : []),
  ].join(', ')
}
