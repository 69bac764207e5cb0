/** What a person probably meant: misspelled words, and characters that look like others. */
import { invalid, type Parsed } from './parsed.ts'

// Longer words are not misspelled names, and the cost of the comparison grows with their length.
const MAX_LENGTH = 64

/**
 * The known word that is closest to the given one, or undefined if none is close: at most a fifth of its
 * letters (but always two) inserted, missing, changed or swapped with their neighbor, or one word
 * contained in the other.
 */
export function closestMatch(word: string, known: readonly string[]): string | undefined {
  if (word.length > MAX_LENGTH) return undefined
  let closest: string | undefined
  let smallest = Math.max(2, Math.floor(word.length / 5)) + 1
  for (const candidate of known) {
    const edits = editDistance(word, candidate)
    if (edits < smallest && edits < candidate.length / 2) {
      closest = candidate
      smallest = edits
    }
  }
  return closest ?? containedWord(word, known)
}

/** "Did you mean" for a message, with a leading space; empty without a suggestion. */
export function didYouMean(suggestion: string | undefined): string {
  return suggestion === undefined ? '' : ` Did you mean \`${suggestion}\`?`
}

// Word processors and chats replace hyphens with these.
const DASHES: Readonly<Record<string, string>> = {
  '\u2010': 'a typographic hyphen (U+2010)',
  '\u2011': 'a non-breaking hyphen (U+2011)',
  '\u2012': 'a figure dash (U+2012)',
  '\u2013': 'an en dash (U+2013)',
  '\u2014': 'an em dash (U+2014)',
  '\u2015': 'a horizontal bar (U+2015)',
  '\u2212': 'a minus sign (U+2212)',
  '\uFE63': 'a small hyphen (U+FE63)',
  '\uFF0D': 'a full-width hyphen (U+FF0D)',
}

/**
 * Alphabets with letters that look like Latin ones, as character classes. They are not literals, because V8 takes
 * time for each when it parses the file, and hardly any run needs one.
 */
const ALPHABETS: readonly (readonly [name: string, letters: string])[] = [
  ['Cyrillic', String.raw`\p{Script=Cyrillic}`],
  ['Greek', String.raw`\p{Script=Greek}`],
  ['Armenian', String.raw`\p{Script=Armenian}`],
  ['full-width', String.raw`[\uFF10-\uFF5A]`],
]

const OTHER_LETTER = String.raw`(?![\0-\x7F\p{DI}])[\p{L}\p{N}]`

/** The problem of a text with a dash or with a letter of another alphabet, where only ASCII is allowed. */
export function lookAlikeProblem(text: string): Parsed<never> | undefined {
  const dash = findDash(text)
  if (dash !== undefined) {
    return invalid(
      `contains ${dash} instead of a hyphen`,
      'Replace it with `-`. Word processors and chats turn hyphens into dashes.',
    )
  }
  const letter = findOtherLetter(text)
  if (letter?.alphabet === undefined) return undefined
  return invalid(
    `contains ${letter.description}`,
    'Type it again in plain Latin letters: some letters look the same.',
  )
}

/** The same for the end of a message: a sentence with a leading space; empty if there is nothing to say. */
export function lookAlikeHint(text: string): string {
  const dash = findDash(text)
  if (dash !== undefined) return ` It contains ${dash}, which is not a hyphen.`
  const letter = findOtherLetter(text)
  return letter === undefined ? '' : ` It contains ${letter.description}.`
}

function findDash(text: string): string | undefined {
  return Array.from(text, (character) => DASHES[character]).find((name) => name !== undefined)
}

type OtherLetter = Readonly<{
  /** Undefined if its letters do not look like Latin ones. */
  alphabet: string | undefined
  /** For example "the Cyrillic letter `а` (U+0430)". */
  description: string
}>

function findOtherLetter(text: string): OtherLetter | undefined {
  const [letter] = new RegExp(OTHER_LETTER, 'u').exec(text) ?? []
  if (letter === undefined) return undefined
  const [alphabet] = ALPHABETS.find(([, letters]) => new RegExp(letters, 'u').test(letter)) ?? []
  const codePoint = (letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  const kind = alphabet === undefined ? 'the letter' : `the ${alphabet} letter`
  return { alphabet, description: `${kind} \`${letter}\` (U+${codePoint})` }
}

function containedWord(word: string, known: readonly string[]): string | undefined {
  if (word.length < 4) return undefined
  return known.find((candidate) => candidate.includes(word) || word.includes(candidate))
}

/** Optimal string alignment distance, in UTF-16 code units. */
function editDistance(a: string, b: string): number {
  let beforeLast: readonly number[] = []
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row.push(
        Math.min(
          valueAt(last, j) + 1,
          valueAt(row, j - 1) + 1,
          valueAt(last, j - 1) + (isSame ? 0 : 1),
          isSwapped ? valueAt(beforeLast, j - 2) + 1 : Infinity,
        ),
      )
    }
    beforeLast = last
    last = row
  }
  return valueAt(last, b.length)
}

function valueAt(row: readonly number[], index: number): number {
  return row[index] ?? Infinity
}
