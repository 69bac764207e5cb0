/** Writes results into docs/performance.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A path below docs/. */
export const docsPath = (path: string): string =>
  fileURLToPath(new URL(`../docs/${path}`, import.meta.url))

/** Replaces the text between `<!-- name -->` and `<!-- /name -->` in docs/performance.md. */
export function writeSection(name: string, text: string): void {
  const file = docsPath('performance.md')
  const section = new RegExp(`<!-- ${name} -->[^]*<!-- /${name} -->`)
  const page = readFileSync(file, 'utf8')
  if (!section.test(page)) throw new Error(`docs/performance.md has no section ${name}`)
  writeFileSync(
    file,
    page.replace(section, () => `<!-- ${name} -->\n\n${text}\n\n<!-- /${name} -->`),
  )
}
