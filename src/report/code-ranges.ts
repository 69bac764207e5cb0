/** Finds the parts of a text that must be code in Markdown, so that they are shown as they are. */

/** Positions in a text, the end excluded. */
export type TextRange = Readonly<{
  start: number
  end: number
  /** The range is our own code in backticks, which are not part of it. */
  isQuoted: boolean
}>

type Candidate = TextRange & Readonly<{ isCode: boolean }>

/**
 * The part of a line that is shown, and the ranges of it that must be code, in order and apart from each other.
 *
 * @param values texts that no end of a range may divide
 * @param limit maximum length of the part; a value is shown as a whole or not at all
 */
export function findCodeRanges(
  line: string,
  values: readonly string[],
  limit: number,
): Readonly<{ shown: string; ranges: readonly TextRange[] }> {
  const occurrences = values.flatMap((value) => findOccurrences(line, value))
  const shown = truncateLine(line, occurrences, limit)
  const expand = createWordExpansion(shown)
  const candidates = [
    ...findQuotedCode(shown),
    ...occurrences
      .filter(({ end }) => end <= shown.length)
      .map((value) => toCandidate(shown, expand(value))),
  ]
  const ranges = joinRanges(candidates).filter(({ isCode }) => isCode)
  return { shown, ranges }
}

type Position = Readonly<{ start: number; end: number }>

function findOccurrences(line: string, value: string): Position[] {
  const found: Position[] = []
  if (value === '') return found
  for (let start = line.indexOf(value); start !== -1; start = line.indexOf(value, start + 1)) {
    found.push({ start, end: start + value.length })
  }
  return found
}

/** Shortens a line, and moves the cut to the start of values that it would divide. */
function truncateLine(line: string, occurrences: readonly Position[], limit: number): string {
  if (line.length <= limit) return line
  let end = limit - 1
  for (const each of occurrences.toSorted((one, other) => other.start - one.start)) {
    if (each.start < end && each.end > end) end = each.start
  }
  return `${line.slice(0, end).replace(/[\uD800-\uDBFF]$/, '')}…`
}

// People copy commands and policy statements; the period at the end of a sentence is not part of them. The commands of
// other services are the end of their lines.
const QUOTED_CODE =
  /`[^`]+`|(?<=: )aws (?:cloudformation|cloudtrail|ec2|s3) [^`]+$|aws amplifybackend [a-z-]+(?: --[a-z-]+ (?:(?:'[^'`]*'|\\')+|[\w.:-]*[\w-]))*|\{"(?:[^{}]|\{[^{}]*\})*\}/gu

/** Code in backticks, commands and policy statements, and between them the words that must be code. */
function findQuotedCode(line: string): Candidate[] {
  const found: Candidate[] = []
  let position = 0
  const addWords = (end: number): void => {
    found.push(...findActiveWords(line, position, end))
  }
  for (const { 0: match, index } of line.matchAll(QUOTED_CODE)) {
    addWords(index)
    position = index + match.length
    const isQuoted = match.startsWith('`')
    found.push({ start: index, end: position, isQuoted, isCode: true })
  }
  addWords(line.length)
  return found
}

/** The words that Markdown or GitHub might interpret; one range for those that only spaces separate. */
function findActiveWords(line: string, start: number, end: number): Candidate[] {
  const found: Candidate[] = []
  for (const { 0: word, index } of line.slice(start, end).matchAll(/\S+/gu)) {
    const wordStart = start + index
    const isListMarker = wordStart === 0 && /^\d{1,9}[.)]$/.test(word)
    if (isPlainWord(word) && !isListMarker) continue
    const range = trimPunctuation(line, wordStart, wordStart + word.length)
    const last = found.at(-1)
    if (last !== undefined && line.slice(last.end, range.start).trim() === '') {
      found[found.length - 1] = { ...last, end: range.end }
    } else {
      found.push({ ...range, isQuoted: false, isCode: true })
    }
  }
  return found
}

// Letters and digits, also with single characters between them that mean nothing there.
const PLAIN_WORD =
  /^["'(]*(?:[A-Za-z\d]|[^\p{ASCII}])+(?:[-_.,/%+='](?:[A-Za-z\d]|[^\p{ASCII}])+)*[%"').,;:!?]*$/u

/** What is left of a word beside code. */
const PUNCTUATION = /^["'().,;:!?%/]+$/

/** GitHub makes links of these: the first for any address, the second for an issue. */
const LINK = /(?<![A-Za-z\d])(?:www\.|gh-\d)/i

function isPlainWord(word: string): boolean {
  return (PLAIN_WORD.test(word) || PUNCTUATION.test(word)) && !LINK.test(word)
}

/** Expands the position of a value to the whole words that it is part of. */
function createWordExpansion(line: string): (value: Position) => Position {
  const starts = new Uint32Array(line.length + 1)
  const ends = new Uint32Array(line.length + 1)
  for (const { 0: word, index } of line.matchAll(/\S+/gu)) {
    starts.fill(index, index, index + word.length)
    ends.fill(index + word.length, index, index + word.length)
  }
  return ({ start, end }) => {
    const words = trimPunctuation(line, starts[start] ?? start, ends[end - 1] ?? end)
    return { start: Math.min(words.start, start), end: Math.max(words.end, end) }
  }
}

/** Leaves the punctuation of a sentence out, unless there is nothing else. */
function trimPunctuation(line: string, from: number, to: number): Position {
  let [start, end] = [from, to]
  while (start < end && `"'(`.includes(line.charAt(start))) start += 1
  while (end > start && `"').,;:!?`.includes(line.charAt(end - 1))) end -= 1
  return start === end ? { start: from, end: to } : { start, end }
}

function toCandidate(line: string, { start, end }: Position): Candidate {
  const isCode = line
    .slice(start, end)
    .split(/\s/u)
    .some((word) => word !== '' && !isPlainWord(word))
  return { start, end, isQuoted: false, isCode }
}

/** Joins ranges that overlap or touch: two code spans side by side would be read as one. */
function joinRanges(candidates: Candidate[]): readonly Candidate[] {
  const joined: Candidate[] = []
  for (const next of candidates.toSorted((one, other) => one.start - other.start)) {
    const last = joined.at(-1)
    if (last === undefined || next.start > last.end) joined.push(next)
    else joined[joined.length - 1] = join(last, next)
  }
  return joined
}

function join(one: Candidate, other: Candidate): Candidate {
  const end = Math.max(one.end, other.end)
  const isQuoted =
    (one.isQuoted && one.end === end) ||
    (other.isQuoted && other.start === one.start && other.end === end)
  return { start: one.start, end, isQuoted, isCode: one.isCode || other.isCode }
}
