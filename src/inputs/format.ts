/** How a value that a person wrote is shown to that person. */

import { truncate, quote } from '../lib/text.ts'

// Default_Ignorable_Code_Point takes in the Hangul fillers, the variation selectors and the combining
// grapheme joiner, which are letters and marks and yet show nothing; so does the blank Braille cell.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}\u2800]/u
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}\u2800]|(?! )\p{Zs}/gu

// A longer value is likely something else than what was meant, perhaps a secret. The runner masks a
// secret only where it stands whole, so little of it is shown.
const MAX_SHOWN_LENGTH = 80
const EXCERPT_LENGTH = 24

/** Whether the text holds a control, format or otherwise invisible character (a plain space is none). */
export function hasInvisible(text: string): boolean {
  return INVISIBLE.test(text)
}

/** The text with everything that cannot be seen, except plain spaces, written as `\u{HEX}`. */
function escapeInvisible(text: string): string {
  return text.replace(HIDDEN, (character) => `\\u{${codePoint(character).toString(16)}}`)
}

/** A value for a message: quoted, invisible characters as `\u{HEX}`, a long one cut with its length. */
export function formatInput(text: string): string {
  if (text.trim() === '') return 'empty'
  if (text.length <= MAX_SHOWN_LENGTH) {
    const whole = escapeInvisible(text)
    if (whole.length <= MAX_SHOWN_LENGTH) return quote(whole)
  }
  return `${quote(truncate(escapeInvisible(truncate(text, EXCERPT_LENGTH)), MAX_SHOWN_LENGTH))} (${text.length} characters)`
}

function codePoint(character: string): number {
  return character.codePointAt(0) ?? 0
}
