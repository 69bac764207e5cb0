/** Markdown as people see it on GitHub. */
import { micromark } from 'micromark'
import { gfm, gfmHtml } from 'micromark-extension-gfm'

export type RenderedMarkdown = Readonly<{
  /** The text of the page: a line for each block, and cells separated by ` | `. */
  text: string
  /** The part of the text that is neither code nor a link: what GitHub looks through for names and issues. */
  prose: string
  /** The names of the elements, each once and sorted. */
  elements: readonly string[]
  links: readonly string[]
}>

export function renderMarkdown(markdown: string): RenderedMarkdown {
  const html = micromark(markdown, {
    allowDangerousHtml: true,
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
  })
  const names = [...html.matchAll(/<([a-z][a-z0-9]*)/gi)].map(([, name = '']) => name.toLowerCase())
  const urls = [...html.matchAll(/ (?:href|src)="([^"]*)"/g)]
  return {
    text: toText(html),
    prose: toText(html.replace(/<code[^>]*>[^<]*<\/code>|<a [^>]*>.*?<\/a>/g, '')),
    elements: [...new Set(names)].toSorted(),
    links: urls.map(([, url = '']) => decodeEntities(url)),
  }
}

function toText(html: string): string {
  const lines = html
    .replace(/<!--[^]*?-->/g, '')
    .replace(/<pre>[^]*?<\/pre>/g, (block) => block.replaceAll('\n', '<br>'))
    .replace(/<\/t[dh]>\s*<t[dh]>/g, ' | ')
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
