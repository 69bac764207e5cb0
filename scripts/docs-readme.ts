/** Regenerates the tables of README.md from action.yml and the code. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildTables } from './readme-tables.ts'

/**
 * The README with current tables. Prettier ignores them, since it would pad every cell to the width of the
 * longest one.
 *
 * @throws Error if a table is missing, unknown, or appears twice
 */
export function updateGeneratedTables(readme: string, action: string): string {
  const tables = buildTables(action)
  const done = new Set<string>()
  const text = readme.replace(
    /(<!-- generated: ([\w-]+) -->\n)[^]*?(<!-- \/generated -->)/g,
    (_, begin: string, name: string, end: string) => {
      const table = tables[name]
      if (table === undefined || done.has(name))
        throw new Error(`README.md: unknown or repeated table ${name}`)
      done.add(name)
      return `${begin}<!-- prettier-ignore-start -->\n\n${table}\n\n<!-- prettier-ignore-end -->\n${end}`
    },
  )
  const missing = Object.keys(tables).filter((name) => !done.has(name))
  if (missing.length > 0) throw new Error(`README.md lacks the tables ${missing.join(', ')}`)
  return text
}

if (import.meta.main) {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const path = join(root, 'README.md')
  const before = readFileSync(path, 'utf8')
  const after = updateGeneratedTables(before, readFileSync(join(root, 'action.yml'), 'utf8'))
  if (after !== before) writeFileSync(path, after)
}
