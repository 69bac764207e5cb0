/** The secrets of a run. The runner masks them in its log; we also remove them from our own texts. */
import { decodeText } from './decode-text.ts'

export type Secrets = Readonly<{
  /** Registers a secret before anything can print it. Ignores values that are shorter than six characters. */
  add(secret: string): void
  /**
   * Replaces every known secret with `***`, for example one that a server repeats in an error: as it is, in
   * percent-encoding, as HTML or JSON, in Base64, or interrupted by white space, invisible characters or tags.
   */
  redact(text: string): string
  /**
   * Leaves short secrets that are part of a name in the workflow out of `redact`, for example the key `testing`
   * of an emulator beside a bucket `testing-media`: the workflow shows such a name itself, and later steps need it.
   */
  exempt(name: string): void
}>

/** Masking shorter values would remove ordinary words from the log. */
const MIN_LENGTH = 6

/** Shorter secrets are not looked for across white space, because ordinary words can contain them. */
const MIN_SPLIT_LENGTH = 12

/** The credentials of AWS and GitHub are longer; shorter values are passwords that people choose. */
const MIN_CREDENTIAL_LENGTH = 16

/** @param setSecret registers a secret with the runner, as `core.setSecret` does */
export function createSecrets(setSecret: (secret: string) => void): Secrets {
  const masked = new Set<string>()
  const redacted = new Map<string, SecretForms>()
  const exemptNames: string[] = []
  const isExempt = (secret: string): boolean =>
    secret.length < MIN_CREDENTIAL_LENGTH && exemptNames.some((name) => name.includes(secret))
  return {
    add: (secret) => {
      if (secret.length < MIN_LENGTH || masked.has(secret)) return
      masked.add(secret)
      setSecret(secret)
      if (!isExempt(secret)) redacted.set(secret, toForms(secret))
    },
    redact: (text) => {
      if (text.length < MIN_LENGTH || redacted.size === 0) return text
      return replaceRanges(text, findSecrets(text, redacted))
    },
    exempt: (name) => {
      exemptNames.push(name)
      for (const secret of [...redacted.keys()].filter(isExempt)) redacted.delete(secret)
    },
  }
}

/** What a secret looks like in a text that is decoded. */
type SecretForms = Readonly<{ decoded: string; base64: readonly Base64Form[] }>

/** Base64 with the alphabet of RFC 4648, section 4. */
type Base64Form = Readonly<{
  /** The characters that the secret alone decides. */
  text: string
  /** How many characters before and after it hold bits of the first and the last byte. */
  before: number
  after: number
}>

function toForms(secret: string): SecretForms {
  return {
    decoded: decodeText(secret).text,
    base64: [0, 1, 2].map((offset) => toBase64(secret, offset)),
  }
}

/** @param offset the number of bytes before the secret, modulo three */
function toBase64(secret: string, offset: number): Base64Form {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)])
  const [firstBit, lastBit] = [offset * 8, bytes.length * 8]
  return {
    text: bytes.toString('base64').slice(Math.ceil(firstBit / 6), Math.floor(lastBit / 6)),
    before: firstBit % 6 === 0 ? 0 : 1,
    after: lastBit % 6 === 0 ? 0 : 1,
  }
}

/** Positions in a text, the end excluded. */
type Range = Readonly<{ start: number; end: number }>

function findSecrets(text: string, known: ReadonlyMap<string, SecretForms>): Range[] {
  const decoded = decodeText(text)
  const base64 = decoded.text.replaceAll('-', '+').replaceAll('_', '/')
  const toSource = ({ start, end }: Range): Range => decoded.toSource(start, end)
  return [...known].flatMap(([secret, forms]) => [
    ...findAll(text, secret),
    ...findAll(decoded.text, forms.decoded)
      .map(toSource)
      .filter(
        ({ start, end }) =>
          secret.length >= MIN_SPLIT_LENGTH || !/\s/u.test(text.slice(start, end)),
      ),
    ...forms.base64.flatMap(({ text: form, before, after }) =>
      findAll(base64, form).map(({ start, end }) =>
        toSource({
          start: Math.max(0, start - before),
          end: Math.min(base64.length, end + after),
        }),
      ),
    ),
  ])
}

function findAll(text: string, form: string): Range[] {
  const ranges: Range[] = []
  if (form.length < MIN_LENGTH) return ranges
  for (
    let start = text.indexOf(form);
    start !== -1;
    // Occurrences may overlap.
    start = text.indexOf(form, start + 1)
  ) {
    ranges.push({ start, end: start + form.length })
  }
  return ranges
}

/** Replaces each range, and ranges that overlap as one: the rest of a longer secret must not stay. */
function replaceRanges(text: string, ranges: Range[]): string {
  let redacted = ''
  let position = 0
  for (const { start, end } of ranges.toSorted((one, other) => one.start - other.start)) {
    if (start >= position) redacted += `${text.slice(position, start)}***`
    position = Math.max(position, end)
  }
  return redacted + text.slice(position)
}
