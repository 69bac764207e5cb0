/**
 * Updates docs/errors.md. The error catalog provides the cause and the remedy of every code; what follows
 * them in a section is written by hand and is kept.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { ERROR_CATALOG } from '../src/errors/catalog.ts'

const PATH = fileURLToPath(new URL('../docs/errors.md', import.meta.url))

const INTRODUCTION = `# Errors

<!-- "npm run docs" generates this page from src/errors/catalog.ts, except for the text after "What to do". -->

A failed step reports one error: what happened, what to do next, and a code, which is also the output \`error-code\`. The
codes are stable, so workflows can compare them. The wording of messages can change. Account IDs and messages from AWS
appear in the log and the job summary, but never in the comment on a pull request.

It is safe to run a failed job again: every run checks what exists and which jobs are running before it changes anything.`

/**
 * The page with a current section for every code.
 *
 * @param page the present page, whose details are kept
 * @throws Error if the page has details for a code that is not in the catalog
 */
export async function updateErrorsPage(page: string): Promise<string> {
  const details = readDetails(page)
  const codes = Object.keys(ERROR_CATALOG)
  const unknown = [...details.keys()].filter((code) => !codes.includes(code))
  if (unknown.length > 0) throw new Error(`Not in the error catalog: ${unknown.join(', ')}`)
  const sections = Object.entries(ERROR_CATALOG).map(([code, { cause, remedy }]) =>
    [`## ${code}`, cause, `**What to do**: ${remedy}`, details.get(code) ?? ''].join('\n\n'),
  )
  const links = codes.map((code) => `[\`${code}\`](#${code.toLowerCase()})`).join(' · ')
  const options = await resolveConfig(PATH)
  const text = [INTRODUCTION, links, ...sections].join('\n\n')
  return await format(text, { ...options, filepath: PATH })
}

/** What is written by hand in each section: the text after the paragraph "What to do". */
function readDetails(page: string): ReadonlyMap<string, string> {
  const sections = page.split(/^## /m).slice(1)
  return new Map(
    sections.map((section) => {
      const [code = ''] = section.split('\n', 1)
      const [, details = ''] = section.split(/^\*\*What to do\*\*: .*$/m)
      return [code, details.trim()]
    }),
  )
}

if (import.meta.main) {
  writeFileSync(PATH, await updateErrorsPage(readFileSync(PATH, 'utf8')))
}
