/** Formats the values of inputs for messages. */
import { quote, truncate } from '../lib/text.ts'

// Default_Ignorable_Code_Point covers the Hangul fillers, the variation selectors and the combining
// grapheme joiner, which are letters and marks but invisible. So is the blank Braille cell.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}\u2800]/u
const INVISIBLE_OR_SPACE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}\u2800]|(?! )\p{Zs}/gu

// A longer value is probably not what was intended, and may be a secret. The runner masks a secret only
// as a whole, so only a short excerpt is shown.
const MAX_SHOWN_LENGTH = 80
const EXCERPT_LENGTH = 24

/** Whether the text contains a control, format or other invisible character (spaces do not count). */
export function hasInvisible(text: string): boolean {
  return INVISIBLE.test(text)
}

/** A value for a message: quoted, invisible characters as `\u{HEX}`, a long one truncated with its length. */
export function formatInput(text: string): string {
  if (text.trim() === '') return 'empty'
  if (text.length <= MAX_SHOWN_LENGTH) {
    const escaped = escapeInvisible(text)
    if (escaped.length <= MAX_SHOWN_LENGTH) return quote(escaped)
  }
  const excerpt = truncate(escapeInvisible(truncate(text, EXCERPT_LENGTH)), MAX_SHOWN_LENGTH)
  return `${quote(excerpt)} (${text.length} characters)`
}

/** The text with every invisible character and every space other than U+0020 as `\u{HEX}`. */
function escapeInvisible(text: string): string {
  return text.replace(
    INVISIBLE_OR_SPACE,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )
}
