import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { collapsePeriods, quote, sanitizeLine, truncate } from '../../../src/lib/text.ts'
import { anyCharacter } from '../../support/any-character.ts'

describe('collapsePeriods', () => {
  test.each([
    ['It said: Invalid.. Run again.', 'It said: Invalid. Run again.'],
    ['It said: Invalid..', 'It said: Invalid.'],
    ['Wait... and a..b stay', 'Wait... and a..b stay'],
    ['none', 'none'],
  ])('"%s" becomes "%s"', (text, expected) => {
    expect(collapsePeriods(text)).toBe(expected)
  })
})

describe('sanitizeLine', () => {
  test.each(['Rate exceeded: 5 of 5.', '', 'Überprüfung 🚀 日本 — ok', 'see ::error::', ': :'])(
    'Harmless text stays unchanged: "%s"',
    (text) => {
      expect(sanitizeLine(text)).toBe(text)
    },
  )

  test.each([
    ['line breaks', 'a\r\nb\nc', 'a b c'],
    ['control characters', 'a\u0000\u001b[31mb\u007fc\u0085d', 'a [31mb c d'],
    ['line and paragraph separators', 'a\u2028b\u2029c', 'a b c'],
    ['zero-width characters', 'a\u200bb\u200dc\ufeffd', 'a b c d'],
    ['bidirectional overrides', 'a\u202eb\u2066c', 'a b c'],
    ['lone surrogates', 'a\ud800b\udc00c', 'a b c'],
    ['several invisible characters in a row', 'a\n\r\t\u200bb', 'a b'],
    ['several spaces in a row', 'a   b  c', 'a b c'],
    ['surrounding spaces', '  a b \n', 'a b'],
    ['spaces around a line break', 'a \n b', 'a b'],
  ])('The result contains no %s', (_what, text, line) => {
    expect(sanitizeLine(text)).toBe(line)
  })

  test.each([
    ['::error::forged', ': :error::forged'],
    ['\n  ::add-mask::a', ': :add-mask::a'],
    [':\u200b:error::x', ': :error::x'],
    ['##[error]z', '## [error]z'],
    ['a ##[group]b ##[endgroup]', 'a ## [group]b ## [endgroup]'],
    ['###[x]', '### [x]'],
    ['#\u200b#[error]x', '# #[error]x'],
    ['##\n[error]x', '## [error]x'],
  ])('The workflow command in %j is disarmed', (text, line) => {
    expect(sanitizeLine(text)).toBe(line)
  })

  test('The result has at most 500 characters, or as many as requested', () => {
    expect(sanitizeLine('x'.repeat(500))).toBe('x'.repeat(500))
    expect(sanitizeLine('x'.repeat(501))).toBe(`${'x'.repeat(499)}…`)
    expect(sanitizeLine('abcdef', 4)).toBe('abc…')
    expect(sanitizeLine('abcd', 4)).toBe('abcd')
  })

  test('Only the beginning of a huge text is read', () => {
    expect(sanitizeLine(`${' '.repeat(40)}x`, 10)).toBe('')
    expect(sanitizeLine(`${' '.repeat(39)}x`, 10)).toBe('x')
  })

  const fragments = fc.constantFrom('::', ':', '##[', '#', '[', ' ', '\n', '\u200b', 'a', '\ud83d')
  property.prop([
    fc.oneof(
      fc.string({ unit: anyCharacter }),
      fc.array(fragments, { maxLength: 12 }).map((parts) => parts.join('')),
    ),
    fc.integer({ min: 1, max: 60 }),
  ])('The result never contains a workflow command, whatever the text', (text, maxLength) => {
    const line = sanitizeLine(text, maxLength)
    expect(line.length).toBeLessThanOrEqual(maxLength)
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
    expect(line).not.toMatch(/^\s*::/)
    expect(line).not.toContain('##[')
  })
})

describe('truncate', () => {
  test.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['abcd', 1, '…'],
    ['abcd', 0, '…'],
    ['', 0, ''],
    ['ab🚀cd', 4, 'ab…'],
    ['ab🚀cd', 5, 'ab🚀…'],
  ])('%j with a maximum of %i is %j', (text, maxLength, expected) => {
    expect(truncate(text, maxLength)).toBe(expected)
  })

  property.prop([fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 20 })])(
    'The result has at most the maximum length and only whole characters',
    (text, maxLength) => {
      const kept = truncate(text, maxLength)
      expect(kept.length).toBeLessThanOrEqual(maxLength)
      expect(kept.isWellFormed()).toBe(true)
    },
  )
})

describe('quote', () => {
  test.each([
    ['prod', '"prod"'],
    ['a"b"c', '"a"b"c"'],
    ['', '""'],
    ['a\nb', '"a b"'],
    ['x'.repeat(700), `"${'x'.repeat(700)}"`],
    ['x'.repeat(701), '(a value of 701 characters)'],
  ])('%j becomes %s', (value, expected) => {
    expect(quote(value)).toBe(expected)
  })
})
