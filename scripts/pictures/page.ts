/** Renders Markdown as GitHub does, with its styles, in the frame of a summary or a comment. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { markdownToHtml } from '../../emulator/cli/markdown.ts'
import type { Picture } from './scenes.ts'

const styles = readFileSync(
  fileURLToPath(import.meta.resolve('github-markdown-css/github-markdown-light.css')),
  'utf8',
)

const FRAME = `
  * { box-sizing: border-box }
  body { margin: 0; padding: 16px; background: #fff; font-family: Helvetica, Arial, sans-serif }
  .frame { border: 1px solid #d1d9e0; border-radius: 6px; overflow: hidden }
  .frame > header { padding: 8px 16px; background: #f6f8fa; border-bottom: 1px solid #d1d9e0;
    font-size: 14px; color: #59636e }
  .frame > header b { color: #1f2328 }
  .markdown-body { padding: 16px; font-family: Helvetica, Arial, sans-serif }
  .comment .markdown-body { font-size: 14px }
`

/** A complete HTML page that shows one report. */
export function renderPage({ kind, markdown }: Picture): string {
  const header =
    kind === 'comment'
      ? '<b>github-actions</b> <small>bot</small> commented'
      : '<b>storage</b> summary'
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><style>${styles}${FRAME}</style></head>
<body><div class="frame ${kind}"><header>${header}</header><div class="markdown-body">${markdownToHtml(markdown)}</div></div></body></html>`
}

/** A page of the documentation, without the pictures in it. */
export const renderDocument = (markdown: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><style>${styles}${FRAME} body { padding: 0 }</style></head>
<body><div class="markdown-body">${markdownToHtml(markdown)}</div></body></html>`
