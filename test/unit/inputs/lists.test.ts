import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatInput } from '../../../src/inputs/format.ts'
import { problemWith, read } from './support.ts'

const ALL = ['READ', 'CREATE_AND_UPDATE', 'DELETE']
const PERMISSION_INPUTS = ['authenticated-permissions', 'unauthenticated-permissions']

describe('Lists of permissions', () => {
  const two = ['READ', 'DELETE']
  test.each([
    ['["READ",\r\n "DELETE"]', two],
    ["['READ', 'DELETE',]", two],
    ['"READ, DELETE"', two],
    ['delete, create_and_update, read', ALL],
    ['none', []],
    ['None', []],
    ['["none"]', []],
    ['none, NONE', []],
  ])('%j is read as %j.', (text, expected) => {
    const inputs = read(Object.fromEntries(PERMISSION_INPUTS.map((input) => [input, text])))
    expect(inputs.authenticatedPermissions).toEqual(expected)
    expect(inputs.unauthenticatedPermissions).toEqual(expected)
  })

  test.each([
    ['READ;DELETE', '"READ;DELETE"'],
    ['READ|DELETE', '"READ|DELETE"'],
    ['CREATE', '"CREATE"'],
    ['CREATE AND UPDATE', '"CREATE", "AND", "UPDATE"'],
    ['READ # all', '"#", "all"'],
    ['READ\u200B', '"READ\\u{200b}"'],
    ['"READ', '""READ"'],
    ['["READ", "WRITE"]', '"WRITE"'],
    ['- [READ]', '"[READ]"'],
    ['none, READ', '`none`'],
    ['[]', 'at least one permission'],
    [',,', 'at least one permission'],
    ['[null]', 'JSON array'],
    ['["READ", ["DELETE"]]', 'JSON array'],
    ['READ,'.repeat(5000), '10000'],
    ['null', 'not set'],
    ['$PERMISSIONS', '${{ env.PERMISSIONS }}'],
    ['RE\u0410D', 'Cyrillic letter `\u0410` (U+0410)'],
    ['***', 'secret'],
    ['${{ inputs.permissions }}', 'expression'],
  ])('%j is rejected with a message about %s.', (text, detail) => {
    for (const input of PERMISSION_INPUTS) {
      const problem = problemWith({ [input]: text })
      expect(problem).toMatchObject({ input, value: formatInput(text) })
      expect(`${problem.rule} ${problem.remedy}`).toContain(detail)
    }
  })

  test.each([
    'create/update, read, delete',
    'Create/Update\nRead\nDelete',
    '["create/update", "read", "delete"]',
  ])("The Amplify CLI's own words are accepted: %j.", (text) => {
    const { authenticatedPermissions } = read({ 'authenticated-permissions': text })
    expect(authenticatedPermissions).toEqual(['READ', 'CREATE_AND_UPDATE', 'DELETE'])
  })

  test.each([
    ['authenticated-permissions', 'CREATE', '"CREATE" is'],
    ['authenticated-permissions', 'CREATE, UPDATE', '"CREATE", "UPDATE" are'],
    ['authenticated-permissions', 'A B C D', '"A", "B", "C" (and 1 more) are'],
    ['allowed-account-ids', '1, 111122223333', '"1" is'],
    ['allowed-account-ids', '1, 2', '"1", "2" are'],
    ['apply-branches', 'main, rel?', '"rel?" is'],
    ['apply-branches', '!main, rel?', '"!main", "rel?" are'],
  ])('%s: the problem with %j lists the first wrong entries: %s.', (input, list, entries) => {
    expect(problemWith({ [input]: list }).rule).toContain(`; ${entries} not`)
  })

  test.each([
    ['RAED', '`READ`'],
    ['READ, delet', '`DELETE`'],
    ['READ, CREATE_UPDATE', '`CREATE_AND_UPDATE`'],
    ['CRATE-AND-UPDATE', '`CREATE_AND_UPDATE`'],
    ['admin, DELTE', '`DELETE`'],
    ['READ;DELETE', 'commas'],
    ['CREATE, DELET', '`CREATE_AND_UPDATE`'],
    ['WRITE', '`CREATE_AND_UPDATE`'],
    ['admin', '`none`'],
  ])('The remedy for %j suggests %s.', (list, suggestion) => {
    expect(problemWith({ 'authenticated-permissions': list }).remedy).toContain(suggestion)
  })

  test('Every notation of the same permissions is read the same.', () => {
    const entry = fc.record({
      permission: fc.constantFrom(...ALL),
      isUpper: fc.func(fc.boolean()),
      quote: fc.constantFrom('', '"', "'"),
      hyphens: fc.boolean(),
    })
    const separator = fc.constantFrom(
      ...[',', ' ', '\n', '\r\n', '\r', '\t', ', ', ',\n', ' , ,', '\n- '],
    )
    const notation = fc.record({
      list: fc.array(entry, { minLength: 1, maxLength: 8 }),
      separators: fc.array(separator, { minLength: 9, maxLength: 9 }),
      form: fc.constantFrom('plain', 'json', 'flow', 'quoted'),
    })
    fc.assert(
      fc.property(notation, ({ list, separators, form }) => {
        const words = list.map(({ permission, isUpper, quote, hyphens }) => {
          const mixed = Array.from(permission, (letter, index) =>
            isUpper(index) ? letter : letter.toLowerCase(),
          ).join('')
          const word = hyphens ? mixed.replaceAll('_', '-') : mixed
          return form === 'plain' || form === 'flow' ? `${quote}${word}${quote}` : word
        })
        const text = {
          plain: words.map((word, index) => `${separators[index] ?? ','}${word}`).join(''),
          json: JSON.stringify(words),
          flow: `[${words.join(', ')}]`,
          quoted: `"${words.join(',')}"`,
        }[form]
        const expected = ALL.filter((each) => list.some(({ permission }) => permission === each))
        const inputs = read({ 'authenticated-permissions': text })
        expect(inputs.authenticatedPermissions).toEqual(expected)
      }),
      { numRuns: 2000 },
    )
  })
})
