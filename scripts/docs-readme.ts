/** Writes the generated parts of the README anew. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildTables } from './readme-tables.ts'

/**
 * The README with its generated parts as they have to be. Prettier keeps away from them: it would pad every
 * cell to the width of the longest.
 *
 * @throws Error when a part is missing, twice there, or unknown
 */
export function updateGeneratedTables(readme: string, action: string): string {
  const tables = buildTables(action)
  const done = new Set<string>()
  const text = readme.replace(
    /(<!-- generated: ([\w-]+) -->\n)[^]*?(<!-- \/generated -->)/g,
    (_, begin: string, name: string, end: string) => {
      const table = tables[name]
      if (table === undefined || done.has(name)) throw new Error(`What is the part ${name}?`)
      done.add(name)
      return `${begin}<!-- prettier-ignore-start -->\n\n${table}\n\n<!-- prettier-ignore-end -->\n${end}`
    },
  )
  const missing = Object.keys(tables).filter((name) => !done.has(name))
  if (missing.length > 0) throw new Error(`The README lacks ${missing.join(', ')}.`)
  return text
}

if (import.meta.main) {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const path = join(root, 'README.md')
  const before = readFileSync(path, 'utf8')
  const after = updateGeneratedTables(before, readFileSync(join(root, 'action.yml'), 'utf8'))
  if (after !== before) writeFileSync(path, after)
}
