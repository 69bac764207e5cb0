/** Markdown as a reader on GitHub meets it. */
import { micromark } from 'micromark'
import { gfm, gfmHtml } from 'micromark-extension-gfm'

export type Read = Readonly<{
  /** The words on the page, a line for each block, cells parted by ` | `. */
  text: string
  /** The elements of the page, each name once, in order of the alphabet. */
  elements: readonly string[]
  /** Where links lead to. */
  links: readonly string[]
}>

export function readMarkdown(markdown: string): Read {
  const html = micromark(markdown, {
    allowDangerousHtml: true,
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
  })
  const names = [...html.matchAll(/<([a-z][a-z0-9]*)/gi)].map(([, name = '']) => name.toLowerCase())
  return {
    text: wordsOf(html),
    elements: [...new Set(names)].toSorted(),
    links: [...html.matchAll(/ (?:href|src)="([^"]*)"/g)].map(([, url = '']) => decoded(url)),
  }
}

function wordsOf(html: string): string {
  const lines = html
    .replace(/<!--[^]*?-->/g, '')
    .replace(/<wbr>/g, '')
    .replace(/<\/t[dh]><t[dh]>/g, ' | ')
    .replace(/\n/g, ' ')
    .replace(/<br ?\/?>|<\/(?:p|h\d|li|tr|summary)>/g, '\n')
    .replace(/<[^>]*>/g, '')
    .split('\n')
  return lines
    .map((line) => decoded(line).replace(/ +/g, ' ').trim())
    .filter((line) => line !== '')
    .join('\n')
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' }

function decoded(text: string): string {
  return text.replace(/&(?:#(\d+)|(\w+));/g, (whole, number?: string, name?: string) =>
    number === undefined ? (NAMED[name ?? ''] ?? whole) : String.fromCodePoint(Number(number)),
  )
}
