import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { truncate, sanitizeLine, collapsePeriods, quote } from '../../src/lib/text.ts'
import { anyCharacter } from '../support/any-character.ts'

test.each([
  ['It said: Invalid.. Run again.', 'It said: Invalid. Run again.'],
  ['It said: Invalid..', 'It said: Invalid.'],
  ['Wait... and a..b stay', 'Wait... and a..b stay'],
  ['none', 'none'],
])('a sentence has one full stop: %s', (text, expected) => {
  expect(collapsePeriods(text)).toBe(expected)
})

describe('one line of a text', () => {
  test('is the text itself where there is nothing to mend', () => {
    expect(sanitizeLine('Rate exceeded: 5 of 5.')).toBe('Rate exceeded: 5 of 5.')
    expect(sanitizeLine('')).toBe('')
  })

  test.each([
    ['line ends', 'a\r\nb\nc', 'a b c'],
    ['control characters', 'a\u0000\u001b[31mb\u007fc\u0085d', 'a [31mb c d'],
    ['line and paragraph separators', 'a\u2028b\u2029c', 'a b c'],
    ['zero width characters', 'a\u200bb\u200dc\ufeffd', 'a b c d'],
    ['overrides of the direction', 'a\u202eb\u2066c', 'a b c'],
    ['lone halves of surrogate pairs', 'a\ud800b\udc00c', 'a b c'],
    ['several in a row', 'a\n\r\t\u200bb', 'a b'],
    ['spaces in a row', 'a   b  c', 'a b c'],
    ['spaces around', '  a b \n', 'a b'],
    ['spaces that a separator leaves behind', 'a \n b', 'a b'],
  ])('has no %s', (_what, text, line) => {
    expect(sanitizeLine(text)).toBe(line)
  })

  test('keeps every other character', () => {
    expect(sanitizeLine('Überprüfung 🚀 日本 — ok')).toBe('Überprüfung 🚀 日本 — ok')
  })

  test('is no command of the runner at its start', () => {
    expect(sanitizeLine('::error::forged')).toBe(': :error::forged')
    expect(sanitizeLine('\n  ::add-mask::a')).toBe(': :add-mask::a')
    expect(sanitizeLine('see ::error::')).toBe('see ::error::')
    expect(sanitizeLine(': :')).toBe(': :')
  })

  test('is no command of the older form anywhere', () => {
    expect(sanitizeLine('##[error]z')).toBe('## [error]z')
    expect(sanitizeLine('a ##[group]b ##[endgroup]')).toBe('a ## [group]b ## [endgroup]')
    expect(sanitizeLine('###[x]')).toBe('### [x]')
  })

  test('cannot be made a command by what is taken out of it', () => {
    expect(sanitizeLine(':\u200b:error::x')).toBe(': :error::x')
    expect(sanitizeLine('#\u200b#[error]x')).toBe('# #[error]x')
    expect(sanitizeLine('##\n[error]x')).toBe('## [error]x')
  })

  test('is at most 500 long, unless another limit is given', () => {
    expect(sanitizeLine('x'.repeat(500))).toBe('x'.repeat(500))
    expect(sanitizeLine('x'.repeat(501))).toBe(`${'x'.repeat(499)}…`)
    expect(sanitizeLine('abcdef', 4)).toBe('abc…')
    expect(sanitizeLine('abcd', 4)).toBe('abcd')
  })

  test('of a huge text is made of its beginning only', () => {
    expect(sanitizeLine(`${' '.repeat(40)}x`, 10)).toBe('')
    expect(sanitizeLine(`${' '.repeat(39)}x`, 10)).toBe('x')
  })

  property.prop([fc.string({ unit: anyCharacter }), fc.integer({ min: 1, max: 60 })])(
    'has none of the signs of a command, whatever the text',
    (text, limit) => {
      const line = sanitizeLine(text, limit)
      expect(line.length).toBeLessThanOrEqual(limit)
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
      expect(line.trimStart()).not.toMatch(/^::/)
      expect(line).not.toContain('##[')
    },
  )

  property.prop([
    fc.array(fc.constantFrom('::', ':', '##[', '#', '[', ' ', '\n', '\u200b', 'a', '\ud83d'), {
      maxLength: 12,
    }),
  ])('has none of them either where the text is made of them', (parts) => {
    const line = sanitizeLine(parts.join(''))
    expect(line).not.toMatch(/^\s*::/)
    expect(line).not.toContain('##[')
  })
})

describe('a cut text', () => {
  test.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['abcd', 1, '…'],
    ['abcd', 0, '…'],
    ['', 0, ''],
  ])('%j at %i is %j', (text, limit, expected) => {
    expect(truncate(text, limit)).toBe(expected)
  })

  test('never ends in half a character', () => {
    expect(truncate('ab🚀cd', 4)).toBe('ab…')
    expect(truncate('ab🚀cd', 5)).toBe('ab🚀…')
  })

  property.prop([fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 20 })])(
    'is no longer than asked, and whole characters',
    (text, limit) => {
      const kept = truncate(text, limit)
      expect(kept.length).toBeLessThanOrEqual(limit)
      expect(kept.isWellFormed()).toBe(true)
    },
  )
})

describe('a quoted value', () => {
  test('stands in double quotes, with none inside', () => {
    expect(quote('prod')).toBe('"prod"')
    expect(quote('a"b"c')).toBe('"a\'b\'c"')
    expect(quote('')).toBe('""')
    expect(quote('a\nb')).toBe('"a b"')
  })

  test('has at most 80 characters', () => {
    expect(quote('x'.repeat(80))).toBe(`"${'x'.repeat(80)}"`)
    expect(quote('x'.repeat(81))).toBe(`"${'x'.repeat(79)}…"`)
  })
})
