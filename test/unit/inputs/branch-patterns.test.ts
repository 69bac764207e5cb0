import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { branchPatterns, matchesBranch } from '../../../src/inputs/branch-patterns.ts'
import { listEntries } from '../../../src/inputs/lists.ts'
import { problemWith } from './support.ts'

describe('A pattern of apply-branches', () => {
  test.each([
    ['main', ['main'], ['Main', 'main2']],
    ['ma', ['ma'], ['main']],
    ['*', ['main'], ['release/1']],
    ['**', ['release/1', 'main'], []],
    ['release/*', ['release/1'], ['release/1/x']],
    ['release/**', ['release/1/x', 'release/'], []],
    ['*/main', ['a/main'], ['main']],
    ['**/main', ['a/b/main'], ['main']],
    ['v*.x', ['v1.x'], ['v1.y']],
    ['m*n', ['mn'], ['m/n']],
    ['a.c', ['a.c'], ['abc']],
    ['a+', ['a+'], ['aa']],
    ['(a|b)', [], ['a']],
    ['💥*', ['💥x'], []],
    ['💥', [], ['x💥']],
    ['', [''], ['x']],
  ])('%j matches %j and does not match %j.', (pattern, matching, other) => {
    for (const branch of matching) expect(matchesBranch(pattern, branch), branch).toBe(true)
    for (const branch of other) expect(matchesBranch(pattern, branch), branch).toBe(false)
  })

  test('It matches the same branches as the equivalent regular expression.', () => {
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

  test('It takes little time, even with many wildcards.', { timeout: 1_000 }, () => {
    expect(matchesBranch(`${'*a'.repeat(120)}b`, 'a'.repeat(250))).toBe(false)
    expect(matchesBranch(`${'**a'.repeat(80)}b`, 'a'.repeat(250))).toBe(false)
  })
})

describe('The value of apply-branches', () => {
  test.each([
    ['main, release/*', ['main', 'release/*']],
    ['main\nmain', ['main']],
    ['- main\n- "**"', ['main', '**']],
    ['refs/heads/main, main', ['main']],
    ['x/refs/heads/y', ['x/refs/heads/y']],
    ['["a,b", "main"]', ['a,b', 'main']],
    ['a!b', ['a!b']],
    ['a.b', ['a.b']],
    ['fix/#12', ['fix/#12']],
    ['n'.repeat(255), ['n'.repeat(255)]],
  ])('%j is read as %j.', (text, patterns) => {
    expect(branchPatterns(text)).toEqual({ value: patterns, warnings: [] })
  })

  test.each([
    ...['x/refs/heads/', '!main', '/main', 'main/', 'a..b', '["a b"]', 'a~b', 'release/?'],
    ...['release/[12]', '[ab]*', 'refs/tags/v1', 'refs/heads/', '["a\u200bb"]', 'main, a~b'],
    ...['n'.repeat(256), '***'],
  ])('%j is rejected.', (text) => {
    expect(branchPatterns(text)).toHaveProperty('problem')
  })

  test('The problem lists the entries that are not supported, and the remedy shows an example.', () => {
    const { rule, remedy } = problemWith({ 'apply-branches': 'main, !x, y?' })
    expect(rule).toMatch(/`\*` and `\*\*`.*; "!x", "y\?" are /)
    expect(remedy).toContain('`main, release/*`')
  })

  test.each(['[]', ','])('The empty list %j does not select the default branch.', (text) => {
    const { rule, remedy } = problemWith({ 'apply-branches': text })
    expect(rule).toContain('at least one')
    expect(remedy).toContain('default branch')
  })

  test('A malformed list is rejected before its entries are checked.', () => {
    const text = '["main", {}, "!x"]'
    expect(branchPatterns(text)).toEqual(listEntries(text))
    expect(listEntries(text)).toHaveProperty('problem')
  })
})
