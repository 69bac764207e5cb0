/** Markdown that foreign text cannot break out of. */
import { oneLine } from '../text.ts'

/**
 * Text as literal Markdown, one line: every character that Markdown, HTML or GitHub could read as more than
 * a letter becomes a character reference, which CommonMark never takes for structure (section 2.5).
 */
export function literal(text: string, limit = 500): string {
  return escaped(oneLine(text, limit))
}

/** Text as code, one line. */
export function code(text: string, limit = 300): string {
  return `<code>${literal(text, limit)}</code>`
}

/** Text as code with places to break it, for the cell of a table: the screen may be that of a phone. */
export function breakableCode(text: string, limit = 300): string {
  const pieces = oneLine(text, limit).match(/[^-_.:/ ]{1,12}[-_.:/ ]*|[-_.:/ ]+/gu) ?? []
  return `<code>${pieces.map(escaped).join('<wbr>')}</code>`
}

// Commands and policy statements are there to be copied, whoever's text they stand in; the full stop of a
// sentence is no part of them.
const CODE_IN_PROSE =
  /`[^`]+`|aws amplifybackend [a-z-]+(?: --[a-z-]+ (?:(?:'[^'`]*'|\\')+|[\w.:-]*[\w-]))*|\{".*\}/gu

/** A sentence for people: what stands in backticks, and what is there to be copied, as code; the rest literal. */
export function prose(text: string, limit = 500): string {
  const line = oneLine(text, limit)
  let end = 0
  let made = ''
  for (const { 0: found, index } of line.matchAll(CODE_IN_PROSE)) {
    made += escaped(line.slice(end, index))
    made += `<code>${escaped(found.replaceAll('`', ''))}</code>`
    end = index + found.length
  }
  return made + escaped(line.slice(end))
}

/** A link whose address is our own and whose text may be foreign. */
export function link(text: string, url: string): string {
  const address = url.replace(/[^\w\-.~:/?#@!$&*+,;=%]/gu, encodeURIComponent)
  return `<a href="${address.replaceAll('&', '&amp;')}">${literal(text)}</a>`
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

function escaped(line: string): string {
  return line.replace(
    // Between letters, hyphens and underscores mean nothing.
    /(?![-_](?<=[\p{L}\p{N}][-_])(?=[\p{L}\p{N}]))[^\p{L}\p{M}\p{N} ,]/gu,
    (character) => `&#${String(character.codePointAt(0))};`,
  )
}
