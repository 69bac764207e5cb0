/** Formats the values of inputs for messages. */
import { isPrintableAscii, MAX_QUOTED_LENGTH, quote } from '../lib/text.ts'

// Default_Ignorable_Code_Point covers the Hangul fillers, the variation selectors and the combining
// grapheme joiner, which are letters and marks but invisible. So is the blank Braille cell. It is not a literal
// for the reason that lib/text.ts gives.
const INVISIBLE = String.raw`[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}\u2800]`

/** Whether the text contains a control, format or other invisible character (spaces do not count). */
export function hasInvisible(text: string): boolean {
  return !isPrintableAscii(text) && new RegExp(INVISIBLE, 'u').test(text)
}

/** A value for a message: quoted, with invisible characters as `\u{HEX}`. */
export function formatInput(text: string): string {
  if (text.trim() === '') return 'empty'
  // Escaping makes a text longer, so it is only done where the text is shown.
  return quote(text.length > MAX_QUOTED_LENGTH ? text : escapeInvisible(text))
}

/** The text with every invisible character and every space other than U+0020 as `\u{HEX}`. */
function escapeInvisible(text: string): string {
  if (isPrintableAscii(text)) return text
  return text.replace(
    new RegExp(String.raw`${INVISIBLE}|(?! )\p{Zs}`, 'gu'),
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )
}
