/** The difference as a table, for the summary and the comment. */
import { LABELS } from '../difference.ts'
import { describeValue, type Change } from '../storage.ts'
import { breakableCode, literal, table } from './markdown.ts'

/**
 * The changes as a table; empty when there are none.
 *
 * @param before heading of what was, left out where all is new
 * @param after heading of what is asked for
 */
export function differenceTable(changes: readonly Change[], before: string, after: string): string {
  if (changes.length === 0) return ''
  const allNew = changes.every(({ from }) => from === null)
  return table(
    allNew ? ['', after] : ['', before, after],
    changes.map(({ field, from, to }) => [
      LABELS[field],
      ...(allNew ? [] : [valueCell(from)]),
      valueCell(to),
    ]),
  )
}

/** More than the API knows; the rest of a longer list is an accident. */
const MOST_VALUES = 10

/** A value as the cell of a table. */
export function valueCell(value: Change['from']): string {
  if (value === null || value.length === 0 || typeof value === 'string') {
    return value === null || value.length === 0
      ? literal(describeValue(value))
      : breakableCode(describeValue(value), 100)
  }
  const more = value.length - MOST_VALUES
  return [
    ...value.slice(0, MOST_VALUES).map((item) => breakableCode(item, 60)),
    ...(more > 0 ? [`and ${more} more`] : []),
  ].join(', ')
}
