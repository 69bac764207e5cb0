/** Undoes the encodings in which a server may repeat what it was sent. */

export type DecodedText = Readonly<{
  text: string
  /** The positions in the original text of what was decoded from them, the ends excluded. */
  toSource(start: number, end: number): Readonly<{ start: number; end: number }>
}>

/** A text can be encoded several times, for example JSON within JSON. */
const MAX_ROUNDS = 4

/**
 * Decodes percent-encoding, character references of HTML, and escapes of JSON and JavaScript. Leaves out white
 * space, invisible characters and tags without attributes, which only interrupt a text.
 */
export function decodeText(text: string): DecodedText {
  const encoded: string[] = []
  let decoded = text
  while (encoded.length < MAX_ROUNDS) {
    const next = decoded.replaceAll(encodedPattern(decoded), decodeToken)
    if (next === decoded) break
    encoded.push(decoded)
    decoded = next
  }
  // Hardly any text contains a secret, so the positions are seldom needed.
  let positions: Positions | undefined
  return {
    text: decoded,
    toSource: (start, end) => {
      positions ??= findPositions(encoded)
      return { start: positions?.starts[start] ?? start, end: positions?.ends[end - 1] ?? end }
    },
  }
}

const ESCAPES = [
  String.raw`%(?:[0-7][\da-f]|[cd][\da-f]%[89ab][\da-f]|e[\da-f](?:%[89ab][\da-f]){2}|f[0-7](?:%[89ab][\da-f]){3})`,
  String.raw`&(?:#\d{1,9};?|#x[\da-f]{1,8};?|[a-z]{2,8};)`,
  String.raw`\\(?:u[\da-f]{4}|x[\da-f]{2}|[^])`,
  String.raw`<\/?[a-z]{1,6} ?\/?>`,
].join('|')

const ENCODED_ASCII = new RegExp(String.raw`${ESCAPES}|[\0- \x7F]+`, 'gi')

/** V8 takes half a millisecond to compile the classes of Unicode, and most texts are ASCII. */
const encodedPattern = (text: string): RegExp =>
  /[\u0080-\uFFFF]/.test(text)
    ? new RegExp(String.raw`${ESCAPES}|[\p{C}\p{Z}\p{DI}]+`, 'giu')
    : ENCODED_ASCII

/** The positions in the original text of each character; `ends` are excluded. */
type Positions = Readonly<{ starts: Uint32Array; ends: Uint32Array }>

/** @param texts the original text, and what each round but the last has made of it */
const findPositions = (texts: readonly string[]): Positions | undefined =>
  texts.reduce<Positions | undefined>(
    (before, text) => positionsAfterDecoding(text, before),
    undefined,
  )

/** @param before the positions of the characters of the text; undefined if it is the original text */
function positionsAfterDecoding(text: string, before: Positions | undefined): Positions {
  const starts = new Uint32Array(text.length)
  const ends = new Uint32Array(text.length)
  let position = 0
  let copied = 0
  const copyUntil = (end: number): void => {
    for (let index = copied; index < end; index += 1, position += 1) {
      starts[position] = before?.starts[index] ?? index
      ends[position] = before?.ends[index] ?? index + 1
    }
  }
  for (const { 0: token, index } of text.matchAll(encodedPattern(text))) {
    copyUntil(index)
    copied = index + token.length
    const next = position + decodeToken(token).length
    starts.fill(before?.starts[index] ?? index, position, next)
    ends.fill(before?.ends[copied - 1] ?? copied, position, next)
    position = next
  }
  copyUntil(text.length)
  return { starts, ends }
}

/** At most as long as the token; empty for what only interrupts a text. */
function decodeToken(token: string): string {
  switch (token[0]) {
    case '%':
      return decodePercent(token)
    case '&':
      return decodeReference(token)
    case '\\':
      return decodeEscape(token)
    default:
      return ''
  }
}

function decodePercent(token: string): string {
  try {
    return decodeURIComponent(token)
  } catch {
    // The bytes are not valid UTF-8.
    return token
  }
}

function decodeReference(token: string): string {
  const number = /^&#(?:x([\da-f]+)|(\d+));?$/i.exec(token)
  if (number === null) return NAMED_REFERENCES[token.slice(1, -1).toLowerCase()] ?? token
  const [, hex, decimal = ''] = number
  const codePoint = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
  return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : token
}

function decodeEscape(token: string): string {
  const hex = token.slice(2)
  if (hex !== '') return String.fromCharCode(Number.parseInt(hex, 16))
  const character = token.slice(1)
  return /[bfnrtv]/.test(character) ? '' : character
}

/** The named character references of HTML for ASCII punctuation. */
const NAMED_REFERENCES: Readonly<Record<string, string>> = {
  ...{
    amp: '&',
    apos: "'",
    ast: '*',
    bsol: '\\',
    colon: ':',
    comma: ',',
    commat: '@',
    dollar: '$',
  },
  ...{ equals: '=', excl: '!', grave: '`', gt: '>', hat: '^', lbrace: '{', lbrack: '[', lcub: '{' },
  ...{ lowbar: '_', lpar: '(', lsqb: '[', lt: '<', num: '#', percnt: '%', period: '.', plus: '+' },
  ...{ quest: '?', quot: '"', rbrace: '}', rbrack: ']', rcub: '}', rpar: ')', rsqb: ']' },
  ...{ semi: ';', sol: '/', verbar: '|', vert: '|' },
}
