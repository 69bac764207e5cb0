/** The documentation as data: anchors, links, code blocks and inline code. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../../', import.meta.url))

export type Block = Readonly<{
  /** The language of the block, for example `yaml`; empty if there is none. */
  language: string
  text: string
  /** The number of the first line of its text; the first line of a page is 1. */
  line: number
  /** The HTML comment in the line before the block, such as `policy: apply`; empty if there is none. */
  mark: string
}>

export type Page = Readonly<{
  /** Relative to the root of the repository, with `/`. */
  path: string
  text: string
  anchors: ReadonlySet<string>
  links: readonly Readonly<{ target: string; line: number }>[]
  blocks: readonly Block[]
  /** Inline code outside of code blocks. */
  codes: readonly string[]
}>

/** README.md, the other pages at the root, and those in docs/. */
export function pages(): readonly Page[] {
  const below = (folder: string): readonly string[] =>
    readdirSync(`${root}${folder}`, { withFileTypes: true }).flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) return folder === '' && entry.name !== 'docs' ? [] : below(path)
      return entry.name.endsWith('.md') ? [path] : []
    })
  return below('').map(readPage)
}

export function readPage(path: string): Page {
  const text = readFileSync(`${root}${path}`, 'utf8')
  return { path, text, ...parse(text) }
}

/** The rows of the first table below a heading of level 2, without the header; cells in Markdown. */
export function tableBelow({ text }: Page, heading: string): readonly (readonly string[])[] {
  const [, section = ''] = text.split(`\n## ${heading}\n`)
  const [table = ''] = /^\|[^]*?(?=\n(?!\|))/m.exec(section) ?? []
  const [, , ...rows] = table.split('\n')
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  )
}

export const findCode = (text: string): readonly string[] =>
  [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)

type Line = Readonly<{ text: string; number: number }>

function parse(text: string): Omit<Page, 'path' | 'text'> {
  const prose: Line[] = []
  const blocks: Block[] = []
  let open: { fence: string; indent: number; block: Block; lines: string[] } | undefined
  let mark = ''
  for (const [index, line] of text.split('\n').entries()) {
    const number = index + 1
    if (open !== undefined) {
      if (line.trim() === open.fence) {
        blocks.push({ ...open.block, text: `${open.lines.join('\n')}\n` })
        open = undefined
        mark = ''
      } else open.lines.push(line.slice(open.indent))
      continue
    }
    const fence = /^( *)(`{3,}|~{3,})([\w-]*)/.exec(line)
    if (fence !== null) {
      const [, indent = '', marks = '', language = ''] = fence
      const block = { language, text: '', line: number + 1, mark }
      open = { fence: marks, indent: indent.length, block, lines: [] }
      continue
    }
    const comment = /^<!-- (.*) -->$/.exec(line)?.[1]
    if (comment !== undefined) mark = comment
    else if (line.trim() !== '') mark = ''
    prose.push({ text: line, number })
  }
  if (open !== undefined) throw new Error(`The code block in line ${open.block.line} is not closed`)
  const codes = prose.flatMap((line) => [...line.text.matchAll(/(`+)(.+?)\1/g)])
  return {
    anchors: anchorsOf(prose),
    links: linksOf(prose),
    blocks,
    codes: codes.map(([, , code = '']) => code),
  }
}

function anchorsOf(prose: readonly Line[]): Page['anchors'] {
  const anchors = new Set<string>()
  for (const { text } of prose) {
    const heading = /^#{1,6} (.+)$/.exec(text)?.[1]
    if (heading === undefined) continue
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-')
    let anchor = slug
    for (let again = 1; anchors.has(anchor); again += 1) anchor = `${slug}-${again}`
    anchors.add(anchor)
  }
  return anchors
}

/** All lines are joined first, because a link can span two lines. */
function linksOf(prose: readonly Line[]): Page['links'] {
  const whole = prose.map(({ text }) => `${text}\n`).join('')
  const plain = whole.replace(/(`+)(?:(?!\n\n)[^])+?\1/g, (code) => code.replace(/[[\]()]/g, ' '))
  return [...plain.matchAll(/\]\(([^()\s]+)\)|(?:src|href)="([^"]+)"/g)].map((match) => ({
    target: match[1] ?? match[2] ?? '',
    line: prose[whole.slice(0, match.index).split('\n').length - 1]?.number ?? 0,
  }))
}
