/** Markdown that foreign text cannot break out of. */
import { oneLine } from '../text.ts'

/**
 * Text as literal Markdown, one line: every character that Markdown, HTML or GitHub could read as more than
 * a letter becomes a character reference, which CommonMark never takes for structure (section 2.5).
 */
export function literal(text: string, limit = 500): string {
  return oneLine(text, limit).replace(
    // Between letters, hyphens and underscores mean nothing.
    /(?![-_](?<=[\p{L}\p{N}][-_])(?=[\p{L}\p{N}]))[^\p{L}\p{M}\p{N} ,]/gu,
    (character) => `&#${String(character.codePointAt(0))};`,
  )
}

/** Text as code, one line. */
export function code(text: string, limit = 300): string {
  return `<code>${literal(text, limit)}</code>`
}

/** A link whose address is our own and whose text may be foreign. */
export function link(text: string, url: string): string {
  const address = url.replace(/[^\w\-.~:/?#@!$&*+,;=%]/g, encodeURIComponent)
  return `<a href="${address.replaceAll('&', '&amp;')}">${literal(text)}</a>`
}
