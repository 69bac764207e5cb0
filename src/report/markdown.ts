/**
 * Text from outside as Markdown in which nothing but our own markup is active. Every text stands in it literally:
 * the value of an input may be a secret of the workflow, which the runner masks in the summary only if it finds
 * it unchanged. So there are no character references and no escapes; what Markdown would interpret becomes code.
 */
import { sanitizeLine } from '../lib/text.ts'
import { findCodeRanges, type TextRange } from './code-ranges.ts'

/** What is shown in place of a value that cannot be shown as it is. */
const NOT_SHOWN = '(not shown)'

/** Longer texts are cut before anything looks at them. */
const MAX_TEXT_LENGTH = 20_000

/** A value as code; a placeholder if it is longer than the limit, or not one line of visible characters. */
export function code(value: string, limit = 300): string {
  return value !== '' && sanitizeLine(value, limit) === value ? codeSpan(value) : NOT_SHOWN
}

/**
 * A sentence for people. Code in backticks, commands, policy statements, and what Markdown or GitHub would
 * interpret become code; all other words stay as they are.
 *
 * @param values values of inputs that must stay whole
 */
export function renderText(text: string, values: readonly string[] = [], limit = 500): string {
  const line = sanitizeLine(text, MAX_TEXT_LENGTH)
  const { shown, ranges } = findCodeRanges(line, values, limit)
  let end = 0
  let rendered = ''
  for (const range of ranges) {
    rendered += shown.slice(end, range.start) + codeSpan(codeContent(shown, range))
    end = range.end
  }
  return rendered + shown.slice(end)
}

/**
 * A text of several lines as blocks. Lines that are indented by two spaces or more, such as YAML, become a code
 * block that keeps its line breaks, or code that wraps if a phone would cut them off.
 */
export function renderBlocks(
  text: string,
  values: readonly string[],
  limit: number,
): readonly string[] {
  const blocks: string[] = []
  let indented: string[] = []
  const endIndented = (): void => {
    if (indented.length > 0) blocks.push(renderIndented(indented))
    indented = []
  }
  for (const line of text.split('\n')) {
    const indentation = /^ {2,20}(?=\S)/.exec(line)?.[0]
    if (indentation === undefined) {
      endIndented()
      const rendered = renderText(line, values, limit)
      if (rendered !== '') blocks.push(rendered)
    } else {
      indented.push(indentation + sanitizeLine(line, limit))
    }
  }
  endIndented()
  return blocks
}

/** A link to one of our own addresses. */
export function link(text: string, url: string): string {
  const address = url.replace(/[^\w\-.~:/?#@!$&*+,;=%]/gu, encodeURIComponent)
  return `<a href="${address.replaceAll('&', '&amp;')}">${text}</a>`
}

/** A list of Markdown items. */
export function bulletList(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n')
}

/** The content of a range, without the backticks if it is one that our own text put into backticks. */
function codeContent(line: string, { start, end, isQuoted }: TextRange): string {
  return isQuoted ? line.slice(start + 1, end - 1) : line.slice(start, end)
}

/** Code spans and code blocks show their content literally between two runs of more backticks than it has. */
function codeSpan(content: string): string {
  const fence = '`'.repeat(longestBacktickRun(content) + 1)
  const padding = /^[` ]|[` ]$/.test(content) ? ' ' : ''
  return `${fence}${padding}${content}${padding}${fence}`
}

/** Longer lines of a code block are cut off on a phone of 390 pixels. */
const MAX_BLOCK_LINE_LENGTH = 34

/** A code block does not wrap, code spans do. Only a block can show lines of different indentation. */
function renderIndented(lines: readonly string[]): string {
  const margins = new Set(lines.map((line) => line.search(/\S/)))
  const contents = lines.map((line) => line.trimStart())
  if (margins.size > 1 || contents.every(({ length }) => length <= MAX_BLOCK_LINE_LENGTH)) {
    return codeBlock(lines)
  }
  const [first = '', ...more] = contents.map(codeSpan)
  return more.length === 0 ? first : bulletList([first, ...more])
}

function codeBlock(lines: readonly string[]): string {
  const margin = Math.min(...lines.map((line) => line.search(/\S/)))
  const content = lines.map((line) => line.slice(margin)).join('\n')
  const fence = '`'.repeat(Math.max(3, longestBacktickRun(content) + 1))
  return `${fence}\n${content}\n${fence}`
}

function longestBacktickRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(({ 0: run }) => run.length))
}
