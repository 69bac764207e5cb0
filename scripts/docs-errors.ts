/**
 * Updates docs/errors.md. The error catalog provides the first paragraph of every code and the one that begins
 * with "What to do". Everything else is written by hand and is kept: the reasons between the two paragraphs, the
 * details after them, and the sections that are not about a code.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { ERROR_CATALOG } from '../src/errors/catalog.ts'

const PATH = fileURLToPath(new URL('../docs/errors.md', import.meta.url))

const INTRODUCTION = `# Errors

<!-- "npm run docs" writes the first paragraph and "What to do" of every code from src/errors/catalog.ts, and keeps the rest. -->

A step that fails reports one error: what happened, what to do next, and a code. The code is also the output
\`error-code\`. Codes are stable, so a workflow can compare them; the texts can change. Log, annotation and summary link to
the section of the code on this page.

**It is safe to run a failed job again.** Every run checks what exists and which jobs are pending before it changes anything.

For more details in the log, run the job again with debug logging (Re-run jobs, Enable debug logging). The log then has every
request with its host, status and duration, and never a token, a key or a body. Account IDs and messages from AWS are in the
log and the summary, and never in the comment on a pull request.`

type Handwritten = Readonly<{ reasons: string; details: string }>

/**
 * The page with a current section for every code.
 *
 * @param page the present page, whose handwritten parts are kept
 * @throws Error if the page has a section for a code that is not in the catalog
 */
export async function updateErrorsPage(page: string): Promise<string> {
  const { codes: handwritten, others } = readHandwritten(page)
  const codes = Object.keys(ERROR_CATALOG)
  const unknown = [...handwritten.keys()].filter((code) => !codes.includes(code))
  if (unknown.length > 0) throw new Error(`Not in the error catalog: ${unknown.join(', ')}`)
  const sections = Object.entries(ERROR_CATALOG).map(([code, { cause, remedy }]) => {
    const { reasons = '', details = '' } = handwritten.get(code) ?? {}
    return [`## ${code}`, cause, reasons, `**What to do**: ${remedy}`, details].join('\n\n')
  })
  const links = codes.map((code) => `[${code}](#${code.toLowerCase()})`).join(' · ')
  const options = await resolveConfig(PATH)
  const text = [INTRODUCTION, links, ...sections, ...others].join('\n\n')
  return await format(text, { ...options, filepath: PATH })
}

function readHandwritten(page: string): {
  codes: ReadonlyMap<string, Handwritten>
  others: readonly string[]
} {
  const codes = new Map<string, Handwritten>()
  const others: string[] = []
  const sections = page.split(/^(?=## )/m).filter((part) => part.startsWith('## '))
  for (const section of sections) {
    const code = /^## ([A-Z_]+)\n/.exec(section)?.[1]
    if (code === undefined) others.push(section.trim())
    else codes.set(code, readSection(section))
  }
  return { codes, others }
}

function readSection(section: string): Handwritten {
  const [before = '', details = ''] = section.split(/^\*\*What to do\*\*: .*$/m)
  // The heading and the cause.
  const [, , ...reasons] = before.trim().split('\n\n')
  return { reasons: reasons.join('\n\n'), details: details.trim() }
}

if (import.meta.main) {
  writeFileSync(PATH, await updateErrorsPage(readFileSync(PATH, 'utf8')))
}
