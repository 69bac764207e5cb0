/** Markdown, as GitHub shows it: as HTML, and as text for a terminal. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { micromark } from 'micromark'
import { gfm, gfmHtml } from 'micromark-extension-gfm'

export const markdownToHtml = (markdown: string): string =>
  micromark(markdown, {
    allowDangerousHtml: true,
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
  })

const namedEntities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' }

export const decodeEntities = (text: string): string =>
  text.replace(/&(?:#(\d+)|(\w+));/g, (whole, number?: string, name?: string) =>
    number === undefined
      ? (namedEntities[name ?? ''] ?? whole)
      : String.fromCodePoint(Number(number)),
  )

/** Replaces every part of a text from one mark to the next other one, both included. */
function mapBetween(
  text: string,
  open: string,
  close: string,
  map: (part: string) => string,
): string {
  const [before = '', ...parts] = text.split(open)
  return parts.reduce((done, part) => {
    const end = part.indexOf(close)
    if (end < 0) return done + open + part
    const at = end + close.length
    return done + map(open + part.slice(0, at)) + part.slice(at)
  }, before)
}

/** The text of a page: a line for each block, and cells separated by ` | `. Code keeps its indentation. */
export function htmlToText(html: string): string {
  const visible = mapBetween(html, '<!--', '-->', () => '')
  // An entity survives until the end, so the spaces of code are kept.
  const lines = mapBetween(visible, '<pre>', '</pre>', (block) =>
    block.replaceAll(' ', '&#32;').replaceAll('\n', '<br>'),
  )
    .replace(/<\/t[dh]>\s*<t[dh]>/g, ' | ')
    .replace(/\n/g, ' ')
    .replace(/<br ?\/?>|<\/(?:p|h\d|li|tr|summary)>/g, '\n')
    .replace(/<[^<>]*>/g, '')
    .split('\n')
  return lines
    .map((line) => decodeEntities(line.replace(/ +/g, ' ').trim()))
    .filter((line) => line !== '')
    .join('\n')
}

/** A complete page with a summary. */
export function summaryPage(markdown: string): string {
  const stylesheet = import.meta.resolve('github-markdown-css/github-markdown-light.css')
  const styles = readFileSync(fileURLToPath(stylesheet), 'utf8')
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Summary</title><style>${styles}
body { margin: 2rem auto; max-width: 60rem }</style></head>
<body class="markdown-body">${markdownToHtml(markdown)}</body></html>
`
}
