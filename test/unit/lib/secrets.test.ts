import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, it, test } from 'vitest'
import { createSecrets, type Secrets } from '../../../src/lib/secrets.ts'

function secretsOf(...values: readonly string[]): { secrets: Secrets; masked: string[] } {
  const masked: string[] = []
  const secrets = createSecrets((secret) => masked.push(secret))
  for (const value of values) secrets.add(value)
  return { secrets, masked }
}

test('A secret is masked once, as soon as it is added', () => {
  const { masked } = secretsOf('ASIAEXAMPLE', 'ASIAEXAMPLE', 'other-secret')
  expect(masked).toEqual(['ASIAEXAMPLE', 'other-secret'])
})

test('A value of less than six characters is not a secret', () => {
  const { secrets, masked } = secretsOf('', 'a', 'token', 'sixsix')
  expect(masked).toEqual(['sixsix'])
  expect(secrets.redact('a token is sixsix')).toBe('a token is ***')
})

test('Every occurrence of a secret is redacted, special characters included', () => {
  const { secrets } = secretsOf('s3cr3t$&')
  expect(secrets.redact('s3cr3t$&, again s3cr3t$&s3cr3t$&')).toBe('***, again ******')
  expect(secrets.redact('nothing here')).toBe('nothing here')
})

test('A short secret that is part of a name in the workflow is masked, and not redacted', () => {
  const { secrets, masked } = secretsOf('testing', 'wJalrXUtnFEMIK7MDENG')
  for (const name of ['testing-media', 'wJalrXUtnFEMIK7MDENG', 'password']) secrets.exempt(name)
  secrets.add('passwor')
  expect(masked).toEqual(['testing', 'wJalrXUtnFEMIK7MDENG', 'passwor'])
  expect(secrets.redact('testing, wJalrXUtnFEMIK7MDENG, password')).toBe('testing, ***, password')
})

test('A secret of sixteen characters is redacted, although a name contains it', () => {
  const { secrets } = secretsOf('fifteen-letters', 'sixteen--letters')
  for (const name of ['my-fifteen-letters', 'my-sixteen--letters']) secrets.exempt(name)
  expect(secrets.redact('fifteen-letters, sixteen--letters')).toBe('fifteen-letters, ***')
})

test('Secrets are redacted in whatever order they were added', () => {
  const { secrets } = secretsOf('second-secret', 'sixsix', 'first-secret')
  expect(secrets.redact('first-secret, second-secret, first-secret')).toBe('***, ***, ***')
  expect(secrets.redact('sixsix')).toBe('***')
})

test('White space may interrupt a secret of twelve characters, but not a shorter one', () => {
  const { secrets } = secretsOf('abcdefghijkl', 'mnopqrstuvw', 'a    b')
  expect(secrets.redact('abcdef ghijkl, mnopq rstuvw, cab')).toBe('***, mnopq rstuvw, cab')
})

test.each([
  ['a secret', '***='],
  ['a secret!', '***'],
  ['~~~???>>>', '***'],
  ['a:a secret!', 'YT***='],
  ['1a secret?', 'M***=='],
])('Of %j in Base64, all characters that depend on the secret are redacted', (text, redacted) => {
  const { secrets } = secretsOf('a secret', 'a secret!', 'a secret?', '~~~???>>>')
  expect(secrets.redact(toBase64(text))).toBe(redacted)
  const url = Buffer.from(text).toString('base64url')
  expect(secrets.redact(`${url} `)).toBe(`${redacted.replace(/=+/, '')} `)
})

property.prop([
  fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 12, maxLength: 20 }),
  fc.array(fc.tuple(fc.nat(8), fc.integer({ min: 6, max: 20 })), { minLength: 1, maxLength: 6 }),
  fc.string({ unit: fc.constantFrom('x', 'y', ' ') }),
])('No part of a secret remains, whatever other secrets there are', (whole, parts, between) => {
  const values = parts
    .map(([start, length]) => whole.slice(start, start + length))
    .filter((value) => value.length >= 6)
  const { secrets } = secretsOf(...values)
  expect(secrets.redact(values.join(` ${between} `))).not.toMatch(/[abc]/)
})

/** With each character that Base64 and the encodings treat differently. */
const SECRET = 'wJalr+XUtnFEMI/K7MDENG"bPx<Rfi&CY\\EXAMPLE=='

const percentEncode = (text: string, pattern: RegExp): string =>
  text.replace(pattern, (character) => {
    const hex = character.charCodeAt(0).toString(16).padStart(2, '0')
    return `%${hex}`
  })

const toBase64 = (text: string): string => Buffer.from(text).toString('base64')

const FORMS: Readonly<Record<string, (secret: string) => string>> = {
  plain: (secret) => secret,
  'percent-encoded': encodeURIComponent,
  'percent-encoded in lower case': (secret) => percentEncode(secret, /[^\w]/g),
  'percent-encoded in part': (secret) => percentEncode(secret, /[+/=]/g),
  'percent-encoded in every character': (secret) => percentEncode(secret, /./g),
  'percent-encoded twice': (secret) => encodeURIComponent(encodeURIComponent(secret)),
  JSON: (secret) => JSON.stringify(secret).slice(1, -1),
  'JSON with escaped slashes': (secret) => JSON.stringify(secret).replaceAll('/', '\\/'),
  'JSON within JSON': (secret) => JSON.stringify(JSON.stringify(secret)),
  'JSON with code units': (secret) =>
    secret.replace(/./g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`),
  'HTML with names': (secret) =>
    secret
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('"', '&quot;')
      .replaceAll('+', '&plus;')
      .replaceAll('/', '&sol;')
      .replaceAll('=', '&equals;'),
  'HTML with decimal numbers': (secret) =>
    secret.replace(/\W/g, (each) => `&#${each.charCodeAt(0)};`),
  'HTML with hexadecimal numbers': (secret) =>
    secret.replace(/./g, (each) => `&#x00${each.charCodeAt(0).toString(16).toUpperCase()};`),
  'HTML within JSON': (secret) =>
    JSON.stringify(secret.replaceAll('&', '&amp;').replaceAll('"', '&quot;')),
  'with places to break it': (secret) => secret.match(/.{1,7}/g)?.join('<wbr>') ?? '',
  'on several lines': (secret) => secret.match(/.{1,16}/g)?.join('\r\n  ') ?? '',
  'with invisible characters': (secret) => secret.match(/.{1,9}/g)?.join('\u200b') ?? '',
  Base64: toBase64,
  'Base64 after one byte': (secret) => toBase64(`:${secret}`),
  'Base64 after two bytes, before others': (secret) => toBase64(`a:${secret} and more`),
  'Base64 for URLs': (secret) => Buffer.from(`user:${secret}`).toString('base64url'),
  'Base64 on several lines': (secret) =>
    toBase64(secret)
      .match(/.{1,20}/g)
      ?.join('\n') ?? '',
  'Base64, percent-encoded': (secret) => encodeURIComponent(toBase64(`${secret}\u00ff>`)),
}

describe('A secret that a server repeats', () => {
  it.each(Object.entries(FORMS))('A secret is redacted in the form: %s', (_, encode) => {
    const { secrets } = secretsOf('other-secret-1234', SECRET)
    const form = encode(SECRET)
    const redacted = secrets.redact(`You sent ${form}; and more.`)
    // Characters of Base64 may hold other bytes as well.
    expect(redacted).toMatch(/^You sent .{0,6}\*\*\*.{0,20}; and more\.$/)
    expect(secrets.redact(redacted)).toBe(redacted)
    expect(redacted.length).toBeLessThan(60)
  })

  it('A percent-encoded secret that is not ASCII is redacted', () => {
    const { secrets } = secretsOf('pässwörd€😀')
    expect(secrets.redact(`x=${encodeURIComponent('pässwörd€😀')}&y`)).toBe('x=***&y')
  })

  it('Text that only resembles an encoding stays as it is', () => {
    const { secrets } = secretsOf(SECRET)
    const text = '100 % &nosuch; &#9999999; %zz %c3%28 \\ <b>x</b> \ud83d'
    expect(secrets.redact(text)).toBe(text)
  })

  it('A short secret is not found in words that white space separates', () => {
    const { secrets } = secretsOf('testing')
    expect(secrets.redact('the latest ingress, testing, test%69ng')).toBe(
      'the latest ingress, ***, ***',
    )
  })

  const hex = (each: string): string => each.charCodeAt(0).toString(16)
  const encoders: readonly ((each: string) => string)[] = [
    (each) => each,
    (each) => `%${hex(each)}`,
    (each) => `%25${hex(each).toUpperCase()}`,
    (each) => `&#${each.charCodeAt(0)};`,
    (each) => `&amp;#x${hex(each)};`,
    (each) => `\\u00${hex(each)}`,
    (each) => `${each}<wbr>`,
    (each) => `\u200b${each}`,
  ]
  property.prop([
    fc.array(
      fc.tuple(
        fc.constantFrom(...'ABCabc019+/=_-."'.split('')),
        fc.integer({ min: 0, max: encoders.length - 1 }),
      ),
      { minLength: 12, maxLength: 60 },
    ),
    fc.stringMatching(/^[x-z %&;]*[!?]$/),
  ])('A secret is redacted in any mixture of encodings', (characters, around) => {
    const { secrets } = secretsOf(characters.map(([each]) => each).join(''))
    const form = characters.map(([each, encoder]) => encoders[encoder]?.(each)).join('')
    const redacted = secrets.redact(`${around}${form}${around}`)
    expect(redacted.replace(/<wbr>|\u200b/g, '')).toBe(`${around}***${around}`)
  })
})
