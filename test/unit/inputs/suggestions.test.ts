import { describe, expect, test } from 'vitest'
import { readInputs } from '../../../src/inputs/read-inputs.ts'
import { closestMatch } from '../../../src/inputs/suggestions.ts'
import { environment, warningsFor } from './support.ts'

describe('An input that action.yml does not declare', () => {
  test.each([
    ['INPUT_UNAUTHENTICATED-PERMISIONS', '`unauthenticated-permissions`'],
    ['INPUT_REGION', '`aws-region`'],
    ['INPUT_RESOURCE_NAMES', '`resource-name`'],
    ['INPUT_ALLOWED-ACCOUNT-ID', '`allowed-account-ids`'],
    ['INPUT_TIMEOUT', '`timeout-in-minutes`'],
  ])('%s leads to a warning that suggests %s.', (name, suggestion) => {
    const warning = warningsFor({}, { [name]: 'READ' })
    expect(warning).toContain(`"${name.slice('INPUT_'.length).toLowerCase()}"`)
    expect(warning).toContain(`${suggestion}?`)
  })

  test('Underscores instead of hyphens lead to a warning only if the input itself is not set.', () => {
    expect(warningsFor({}, { INPUT_BUCKET_NAME: 'x' })).toContain('`bucket-name`')
    expect(warningsFor({ 'bucket-name': ' ' }, { INPUT_BUCKET_NAME: 'x' })).toContain('bucket-name')
    expect(warningsFor({ 'bucket-name': 'media' }, { INPUT_BUCKET_NAME: 'x' })).toBe('')
  })

  test('A name that resembles no input gets no suggestion, and many are counted.', () => {
    expect(warningsFor({}, { INPUT_QQQQ: '', INPUT_: '', OTHER: '' })).toMatch(/^"qqqq"[^?\n]*$/)
    const many = Array.from({ length: 40 }, (_, index) => [`INPUT_QQ${index}`, ''] as const)
    const { warnings } = readInputs(environment({}, Object.fromEntries(many)))
    expect(warnings).toHaveLength(11)
    expect(warnings.at(-1)).toMatch(/^30 /)
  })
})

describe('The closest match', () => {
  test.each([
    ['wiat', 'wait'],
    ['wai', 'wait'],
    ['timeout', 'timeout-in-minutes'],
    ['my-mode', 'mode'],
    ['zz', undefined],
    ['mo', undefined],
    ['x'.repeat(10_000), undefined],
  ])('For %j it is %j.', (word, expected) => {
    expect(closestMatch(word, ['wait', 'mode', 'timeout-in-minutes'])).toBe(expected)
  })
})
