/**
 * Makes text from outside (a server, an event, an input) safe to print.
 *
 * The runner executes a line that starts with `::`, and `##[` anywhere in a line, as a workflow command
 * (actions/runner, `ActionCommand.TryParse` and `TryParseV2`), so such text must never pass unchanged.
 */

// Control characters, line and paragraph separators, and format characters (zero width, bidirectional
// overrides): they are invisible and can make one text look like another. It is not a literal, because V8 takes
// half a millisecond for such a class when it parses the file, and most runs print only ASCII.
const INVISIBLE = String.raw`[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+`

/** Whether the text contains only the characters from U+0020 to U+007E. */
export const isPrintableAscii = (text: string): boolean => /^[ -~]*$/.test(text)

/**
 * Turns text into one line that contains no workflow command and no invisible characters.
 *
 * @param maxLength in UTF-16 code units
 */
export function sanitizeLine(text: string, maxLength = 500): string {
  // A longer text is cut off first, so that the work for a huge text is limited.
  const start = text.slice(0, maxLength * 4)
  const visible = isPrintableAscii(start) ? start : start.replace(new RegExp(INVISIBLE, 'gu'), ' ')
  const line = visible.replace(/ {2,}/g, ' ').trim().replaceAll('##[', '## [').replace(/^::/, ': :')
  return truncate(line, maxLength)
}

/** Shortens text to `maxLength` UTF-16 code units, ellipsis included; never splits a surrogate pair. */
export function truncate(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  const kept = text.slice(0, Math.max(0, maxLength - 1))
  return `${kept.replace(/[\uD800-\uDBFF]$/, '')}…`
}

/** Replaces `..` with `.` where a quoted message that ends in a period is followed by our own period. */
export function collapsePeriods(text: string): string {
  return text.replace(/(?<!\.)\.\.(?=\s|$)/g, '.')
}

/** Longer than any name, bucket or role ARN that AWS accepts. */
export const MAX_QUOTED_LENGTH = 700

/**
 * Quotes a value for a message, for example `"prod"`. A longer one is not shown at all: it may be a secret of
 * the workflow, and the runner masks only whole secrets.
 */
export function quote(value: string): string {
  return value.length > MAX_QUOTED_LENGTH
    ? `(a value of ${value.length} characters)`
    : `"${sanitizeLine(value, MAX_QUOTED_LENGTH)}"`
}
