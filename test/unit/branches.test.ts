import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matchesBranch } from '../../src/inputs/branches.ts'

describe('branch patterns', () => {
  test.each([
    ['main', 'main', true],
    ['main', 'Main', false],
    ['main', 'main2', false],
    ['ma', 'main', false],
    ['*', 'main', true],
    ['*', 'release/1', false],
    ['**', 'release/1', true],
    ['**', 'main', true],
    ['release/*', 'release/1', true],
    ['release/*', 'release/1/x', false],
    ['release/**', 'release/1/x', true],
    ['release/**', 'release/', true],
    ['*/main', 'a/main', true],
    ['**/main', 'a/b/main', true],
    ['v*.x', 'v1.x', true],
    ['v*.x', 'v1.y', false],
    ['m*n', 'mn', true],
    ['a.c', 'abc', false],
    ['a+', 'aa', false],
    ['(a|b)', 'a', false],
    ['💥*', '💥x', true],
    ['', '', true],
    ['', 'x', false],
  ])('%j and %j: %j', (pattern, branch, fits) => {
    expect(matchesBranch(pattern, branch)).toBe(fits)
  })

  test('mean the same as the regular expression they stand for', () => {
    const piece = fc.constantFrom('a', 'b', '/', '.', '*', '**')
    const pattern = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''))
    const branch = fc.array(fc.constantFrom('a', 'b', '/', '.'), { maxLength: 8 })
    fc.assert(
      fc.property(pattern, branch, (text, letters) => {
        const source = text
          .replaceAll('.', '\\.')
          .replace(/\*+/g, (stars) => (stars.length > 1 ? '.*' : '[^/]*'))
        const name = letters.join('')
        expect(matchesBranch(text, name)).toBe(new RegExp(`^${source}$`).test(name))
      }),
      { numRuns: 5000 },
    )
  })

  test('take no time to speak of, whatever the pattern', () => {
    expect(matchesBranch(`${'*a'.repeat(120)}b`, 'a'.repeat(250))).toBe(false)
    expect(matchesBranch(`${'**a'.repeat(80)}b`, 'a'.repeat(250))).toBe(false)
  })
})
