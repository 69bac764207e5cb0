/** Markdown as people see it on GitHub. */
import { decodeEntities, htmlToText, markdownToHtml } from '../../emulator/cli/markdown.ts'

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
  const html = markdownToHtml(markdown)
  const names = [...html.matchAll(/<([a-z][a-z0-9]*)/gi)].map(([, name = '']) => name.toLowerCase())
  const urls = [...html.matchAll(/ (?:href|src)="([^"]*)"/g)]
  return {
    text: htmlToText(html),
    prose: htmlToText(html.replace(/<code[^>]*>[^<]*<\/code>|<a [^>]*>.*?<\/a>/g, '')),
    elements: [...new Set(names)].toSorted(),
    links: urls.map(([, url = '']) => decodeEntities(url)),
  }
}
