/** The workflows in the documentation. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import { isMap, isScalar, parseDocument } from 'yaml'

import { root } from './harness/actions.ts'

/** The Markdown files of the repository that people read. */
export const pages: readonly string[] = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]

export type Block = Readonly<{ line: number; text: string }>

/** The YAML blocks of a page that are whole workflows, without what all of their lines are indented by. */
export function workflowsIn(page: string): readonly Block[] {
  return [...page.matchAll(/^([ \t]*)```ya?ml\n(.*?)^\1```$/gms)].flatMap((match) => {
    const [, indent = '', block = ''] = match
    const text = block.replaceAll(new RegExp(`^${indent}`, 'gm'), '')
    const line = page.slice(0, match.index).split('\n').length
    return isWorkflow(text) ? [{ line, text }] : []
  })
}

function isWorkflow(text: string): boolean {
  const { contents } = parseDocument(text)
  if (!isMap(contents)) return false
  const keys = contents.items.map(({ key }) => (isScalar(key) ? key.value : undefined))
  return keys.includes('jobs') && keys.includes('on')
}
