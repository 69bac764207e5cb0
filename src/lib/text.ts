/**
 * Text from outside (a server, an event, an input) as it may be shown: pure functions.
 *
 * The runner reads a line that starts with `::` as a command, and `##[` as one anywhere in a line
 * (actions/runner, `ActionCommand.TryParse` and `TryParseV2`), so no such text may pass unchanged.
 */

// Control characters, line and paragraph separators, and everything Unicode calls a format character
// (zero width, bidirectional overrides): invisible, and able to make a text look like another.
const UNSHOWABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu

/**
 * One line of text that the runner cannot read as a command and that hides nothing.
 *
 * @param text any string
 * @param limit the most UTF-16 code units of the result
 */
export function sanitizeLine(text: string, limit = 500): string {
  const line = text
    // Enough of a huge text to fill the limit; the expressions below need not see the rest.
    .slice(0, limit * 4)
    .replace(UNSHOWABLE, ' ')
    .replace(/ {2,}/g, ' ')
    .trim()
    .replaceAll('##[', '## [')
    .replace(/^::/, ': :')
  return truncate(line, limit)
}

/** The text, cut to `limit` UTF-16 code units with an ellipsis, never inside a surrogate pair. */
export function truncate(text: string, limit: number): string {
  if (text.length <= limit) return text
  const kept = text.slice(0, Math.max(0, limit - 1))
  return `${kept.replace(/[\uD800-\uDBFF]$/, '')}…`
}

/** The text with one full stop where a sentence of ours ends in one that has its own. */
export function collapsePeriods(text: string): string {
  return text.replace(/(?<!\.)\.\.(?=\s|$)/g, '.')
}

/** A value quoted for a message, for example `"prod"`: one line, at most 80 characters. */
export function quote(value: string): string {
  return `"${sanitizeLine(value, 80).replaceAll('"', "'")}"`
}
