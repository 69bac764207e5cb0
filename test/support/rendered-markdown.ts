/** Markdown as a reader on GitHub meets it. */
import { micromark } from 'micromark'
import { gfm, gfmHtml } from 'micromark-extension-gfm'

export type RenderedMarkdown = Readonly<{
  /** The words on the page, a line for each block, cells parted by ` | `. */
  text: string
  /** The elements of the page, each name once, in order of the alphabet. */
  elements: readonly string[]
  /** Where links lead to. */
  links: readonly string[]
}>

export function renderMarkdown(markdown: string): RenderedMarkdown {
  const html = micromark(markdown, {
    allowDangerousHtml: true,
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
  })
  const names = [...html.matchAll(/<([a-z][a-z0-9]*)/gi)].map(([, name = '']) => name.toLowerCase())
  return {
    text: toText(html),
    elements: [...new Set(names)].toSorted(),
    links: [...html.matchAll(/ (?:href|src)="([^"]*)"/g)].map(([, url = '']) =>
      decodeEntities(url),
    ),
  }
}

function toText(html: string): string {
  const lines = html
    .replace(/<!--[^]*?-->/g, '')
    .replace(/<wbr>/g, '')
    .replace(/<\/t[dh]><t[dh]>/g, ' | ')
    .replace(/\n/g, ' ')
    .replace(/<br ?\/?>|<\/(?:p|h\d|li|tr|summary)>/g, '\n')
    .replace(/<[^>]*>/g, '')
    .split('\n')
  return lines
    .map((line) => decodeEntities(line).replace(/ +/g, ' ').trim())
    .filter((line) => line !== '')
    .join('\n')
}

const NAMED_ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' }

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d+)|(\w+));/g, (whole, number?: string, name?: string) =>
    number === undefined
      ? (NAMED_ENTITIES[name ?? ''] ?? whole)
      : String.fromCodePoint(Number(number)),
  )
}
