/** Escapes text from outside, so that it cannot change the structure of the Markdown around it. */
import { sanitizeLine } from '../lib/text.ts'

/**
 * Text as literal Markdown, one line: every character that Markdown, HTML or GitHub could read as more than
 * a letter becomes a character reference, which CommonMark never takes for structure (section 2.5).
 */
export function escapeMarkdown(text: string, limit = 500): string {
  return escapeCharacters(sanitizeLine(text, limit))
}

/** Text as code, one line. */
export function code(text: string, limit = 300): string {
  return `<code>${escapeMarkdown(text, limit)}</code>`
}

/** Text as code for a table cell, with places to break it on narrow screens. */
export function breakableCode(text: string, limit = 300): string {
  const pieces = sanitizeLine(text, limit).match(/[^-_.:/ ]{1,12}[-_.:/ ]*|[-_.:/ ]+/gu) ?? []
  return `<code>${pieces.map(escapeCharacters).join('<wbr>')}</code>`
}

// People copy commands and policy statements, so they are shown as code in every text; the period at the end
// of a sentence is not part of them.
const INLINE_CODE =
  /`[^`]+`|aws amplifybackend [a-z-]+(?: --[a-z-]+ (?:(?:'[^'`]*'|\\')+|[\w.:-]*[\w-]))*|\{".*\}/gu

/** A sentence for people: code in backticks, commands and policy statements as code, the rest escaped. */
export function renderText(text: string, limit = 500): string {
  const line = sanitizeLine(text, limit)
  let end = 0
  let rendered = ''
  for (const { 0: match, index } of line.matchAll(INLINE_CODE)) {
    rendered += escapeCharacters(line.slice(end, index))
    rendered += `<code>${escapeCharacters(match.replaceAll('`', ''))}</code>`
    end = index + match.length
  }
  return rendered + escapeCharacters(line.slice(end))
}

/** A link to one of our own addresses; its text may come from outside. */
export function link(text: string, url: string): string {
  const address = url.replace(/[^\w\-.~:/?#@!$&*+,;=%]/gu, encodeURIComponent)
  return `<a href="${address.replaceAll('&', '&amp;')}">${escapeMarkdown(text)}</a>`
}

/** A table of Markdown cells; cells of the first column are plain words. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (tag: string, cells: readonly string[]): string =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join('')}</tr>`
  return [
    '<table>',
    row('th', headings),
    ...rows.map((cells) => row('td', cells)),
    '</table>',
  ].join('\n')
}

function escapeCharacters(line: string): string {
  return line.replace(
    // Between letters, hyphens and underscores mean nothing.
    /(?![-_](?<=[\p{L}\p{N}][-_])(?=[\p{L}\p{N}]))[^\p{L}\p{M}\p{N} ,]/gu,
    (character) => `&#${String(character.codePointAt(0))};`,
  )
}
