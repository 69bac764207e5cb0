/** Markdown that foreign text cannot break out of. */
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

/** Text as code with places to break it, for the cell of a table: the screen may be that of a phone. */
export function breakableCode(text: string, limit = 300): string {
  const pieces = sanitizeLine(text, limit).match(/[^-_.:/ ]{1,12}[-_.:/ ]*|[-_.:/ ]+/gu) ?? []
  return `<code>${pieces.map(escapeCharacters).join('<wbr>')}</code>`
}

// Commands and policy statements are there to be copied, whoever's text they stand in; the full stop of a
// sentence is no part of them.
const INLINE_CODE =
  /`[^`]+`|aws amplifybackend [a-z-]+(?: --[a-z-]+ (?:(?:'[^'`]*'|\\')+|[\w.:-]*[\w-]))*|\{".*\}/gu

/** A sentence for people: what stands in backticks, and what is there to be copied, as code; the rest literal. */
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

/** A link whose address is our own and whose text may be foreign. */
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
