/** Regenerates the tables of README.md and docs/outputs.md from action.yml and the code. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildTables } from './generated-tables.ts'

/** The pages that have generated tables. */
const PAGES: readonly string[] = ['README.md', 'docs/outputs.md']

/**
 * The pages with current tables, by their paths. Prettier ignores the tables, since it would pad every cell to
 * the width of the longest one.
 *
 * @param readPage reads a page by its path
 * @throws Error if a table is missing, unknown, or appears twice
 */
export function updateGeneratedTables(
  readPage: (path: string) => string,
  action: string,
): ReadonlyMap<string, string> {
  const tables = buildTables(action)
  const done = new Set<string>()
  const pages = PAGES.map((path): [string, string] => [
    path,
    readPage(path).replace(
      /(<!-- generated: ([\w-]+) -->\n)(?:[^<]|<(?!!-- \/?generated))*(<!-- \/generated -->)/g,
      (_, begin: string, name: string, end: string) => {
        const table = tables[name]
        if (table === undefined || done.has(name))
          throw new Error(`${path}: unknown or repeated table ${name}`)
        done.add(name)
        return `${begin}<!-- prettier-ignore-start -->\n\n${table}\n\n<!-- prettier-ignore-end -->\n${end}`
      },
    ),
  ])
  const missing = Object.keys(tables).filter((name) => !done.has(name))
  if (missing.length > 0) throw new Error(`No page has the tables ${missing.join(', ')}`)
  return new Map(pages)
}

if (import.meta.main) {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const readFile = (path: string): string => readFileSync(join(root, path), 'utf8')
  for (const [path, text] of updateGeneratedTables(readFile, readFile('action.yml')))
    if (text !== readFile(path)) writeFileSync(join(root, path), text)
}
