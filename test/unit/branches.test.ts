import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { branchPatterns, matchesBranch } from '../../src/inputs/branch-patterns.ts'
import { listEntries } from '../../src/inputs/lists.ts'

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
    ['💥', 'x💥', false],
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

describe('the value of apply-branches', () => {
  test.each([
    ['main, release/*', ['main', 'release/*']],
    ['main\nmain', ['main']],
    ['refs/heads/main, main', ['main']],
    ['x/refs/heads/', undefined],
    ['x/refs/heads/y', ['x/refs/heads/y']],
    ['["a,b"]', ['a,b']],
    ['a!b', ['a!b']],
    ['a.b', ['a.b']],
    ['n'.repeat(255), ['n'.repeat(255)]],
    ['n'.repeat(256), undefined],
    ['!main', undefined],
    ['/main', undefined],
    ['main/', undefined],
    ['a..b', undefined],
    ['["a b"]', undefined],
    ['a~b', undefined],
    ['release/?', undefined],
    ['release/[12]', undefined],
    ['refs/tags/v1', undefined],
    ['refs/heads/', undefined],
    ['["a\u200bb"]', undefined],
    ['main, a~b', undefined],
  ])('%j stands for %j', (text, patterns) => {
    const outcome = branchPatterns(text)
    expect('flaw' in outcome ? undefined : outcome.value).toEqual(patterns)
  })

  test.each([
    [
      'main, !x, y?',
      'must list names of branches, in which only `*` and `**` have a meaning; "!x", "y?" are none',
      'List the branches without `!`, `?` and `[...]`, for example `main, release/*`.',
    ],
    ['[]', 'must name a branch', "Leave the input out for the repository's default branch."],
  ])('%j is refused, and why', (text, rule, remedy) => {
    expect(branchPatterns(text)).toEqual({ flaw: { rule, remedy } })
  })

  test('is refused as a list before its entries are judged', () => {
    expect(branchPatterns('["main", {}, "!x"]')).toEqual(listEntries('["main", {}, "!x"]'))
    expect(listEntries('["main", {}, "!x"]')).toHaveProperty('flaw')
  })
})
