/** Regenerates the tables of the documentation from the two action.yml and the code. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildTables } from './generated-tables.ts'

/** The pages that have generated tables. */
const PAGES: readonly string[] = ['README.md', 'docs/emulator.md', 'docs/outputs.md']

/**
 * The pages with current tables, by their paths. Prettier ignores the tables, since it would pad every cell to
 * the width of the longest one.
 *
 * @param readFile reads a file by its path
 * @throws Error if a table is missing, unknown, or appears twice
 */
export function updateGeneratedTables(
  readFile: (path: string) => string,
): ReadonlyMap<string, string> {
  const tables = buildTables(readFile('action.yml'), readFile('emulator/action.yml'))
  const done = new Set<string>()
  const pages = PAGES.map((path): [string, string] => [
    path,
    readFile(path).replace(
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
  for (const [path, text] of updateGeneratedTables(readFile))
    if (text !== readFile(path)) writeFileSync(join(root, path), text)
}
