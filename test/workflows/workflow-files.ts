/** The workflows that people read: the examples, and those in the documentation. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { parse } from 'yaml'

import { isObject } from '../../emulator/lib/validation.ts'
import { pages, root } from '../support/contract/pages.ts'

/** The file names of all examples. */
export const exampleNames: readonly string[] = readdirSync(join(root, 'examples')).sort()

/** The text of an example. */
export const readExample = (name: string): string =>
  readFileSync(join(root, 'examples', name), 'utf8')

/** The central workflow that examples call, by its `uses:`. */
export const calledWorkflows = {
  'YOUR-ORG/workflows/.github/workflows/reusable.yml@main': readExample('reusable.yml'),
} as const

/** The text with each part replaced; every part must be there. */
export function replaceAll(text: string, replacements: Readonly<Record<string, string>>): string {
  return Object.entries(replacements).reduce((replaced, [from, to]) => {
    if (!replaced.includes(from)) throw new Error(`The workflow does not contain ${from}`)
    return replaced.replaceAll(from, () => to)
  }, text)
}

/** The YAML blocks of the documentation that are whole workflows. */
export const documentedWorkflows: readonly Readonly<{
  page: string
  line: number
  text: string
}>[] = pages().flatMap(({ path, blocks }) =>
  blocks
    .filter(({ language, text }) => /^ya?ml$/.test(language) && isWorkflow(parse(text)))
    .map(({ line, text }) => ({ page: path, line, text })),
)

function isWorkflow(document: unknown): boolean {
  return isObject(document) && 'on' in document && 'jobs' in document
}
