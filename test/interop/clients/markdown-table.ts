/** A table in a Markdown page: read, compared cell by cell, and written as Prettier has it. */
export type Table = readonly (readonly string[])[]

const isRow = (line: string): boolean => line.startsWith('|')

const isRule = (cells: readonly string[]): boolean => cells.every((cell) => /^:?-+:?$/.test(cell))

const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())

/** The cells of the only table of a page, the head first. */
export function tableIn(page: string): Table {
  return page
    .split('\n')
    .filter(isRow)
    .map(cellsOf)
    .filter((cells) => !isRule(cells))
}

function render(table: Table): string[] {
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(3, ...table.map((row) => (row[column] ?? '').length)),
  )
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`
  const [head = [], ...rows] = table
  return [head, widths.map((width) => '-'.repeat(width)), ...rows].map(line)
}

/** The page with another table in the place of its own. */
export function withTable(page: string, table: Table): string {
  const lines = page.split('\n')
  const first = lines.findIndex(isRow)
  if (first === -1) throw new Error('The page has no table')
  const after = lines.slice(first).findIndex((line) => !isRow(line))
  const rest = after === -1 ? [] : lines.slice(first + after)
  return [...lines.slice(0, first), ...render(table), ...rest].join('\n')
}
