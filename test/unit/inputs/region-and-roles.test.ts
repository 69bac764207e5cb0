import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatInput } from '../../../src/inputs/format.ts'
import { defaultSessionName } from '../../../src/inputs/roles.ts'
import { anyCharacter } from '../../support/any-character.ts'
import { problemWith, read, warningsFor } from './support.ts'

const NONE = { 'aws-region': '' }
const CHINA_ROLE = 'arn:aws-cn:iam::123456789012:role/r'
const CHINA = { 'aws-region': 'cn-north-1', 'role-to-assume': CHINA_ROLE }

describe('The region', () => {
  test.each([
    ['"us-east-1"', 'Remove the quotes'],
    ['us-east-1 # prod', 'Remove spaces'],
    ['us-east-1,', '`eu-west-1`'],
    ['US-EAST-1', '`us-east-1`'],
    ['us-east-1a', '`us-east-1`'],
    ['us-west-2-lax-1a', '`us-west-2`'],
    ['us_east_1', '`eu-west-1`'],
    ['us-east-1.evil.test', '`eu-west-1`'],
    ['evil.test/', '`eu-west-1`'],
    ['-us-east-1', '`eu-west-1`'],
    ['***', 'secret'],
    ['${{ vars.REGION }}', 'workflow file'],
    ['a'.repeat(64), 'expression'],
  ])(
    '%j is rejected from the input and from AWS_REGION, with a remedy about "%s".',
    (text, remedy) => {
      expect(problemWith({ 'aws-region': text }).remedy).toContain(remedy)
      const problem = problemWith(NONE, { AWS_REGION: text })
      expect(problem).toMatchObject({ input: 'AWS_REGION', value: formatInput(text) })
      expect(problem.remedy).toContain(remedy)
    },
  )

  test.each([
    ['mars-1', ''],
    ['af-south-1', ''],
    ['eu-wset-1', '`eu-west-1`?'],
    ['us-east-7', '`us-east-1`?'],
  ])(
    '%j, which has no known endpoint, is accepted with a warning that suggests "%s".',
    (text, suggestion) => {
      expect(warningsFor({ 'aws-region': text })).toMatch(/no known endpoint/)
      expect(warningsFor({ 'aws-region': text })).toContain(suggestion)
    },
  )

  test('A region of another partition gets no suggestion.', () => {
    expect(warningsFor(CHINA)).toMatch(/no known endpoint[^?]*$/)
  })
})

describe('Roles, sessions and accounts', () => {
  test('The default audience is that of the partition.', () => {
    expect(read(CHINA).audience).toBe('sts.amazonaws.com.cn')
    expect(read({ ...CHINA, audience: 'sts.amazonaws.com' }).audience).toBe('sts.amazonaws.com')
    expect(problemWith({ audience: 'a b' }).input).toBe('audience')
    expect(problemWith({ audience: 'a'.repeat(256) }).rule).toContain('255')
  })

  test.each(['role-to-assume', 'plan-role-to-assume'])(
    '%s must be in the partition of the region and in an allowed account.',
    (input) => {
      const { input: wrong, rule } = problemWith({ [input]: CHINA_ROLE })
      expect(wrong).toBe(input)
      for (const part of ['`aws`', '`aws-cn`', '`us-east-1`']) expect(rule).toContain(part)
      const allowed = { 'allowed-account-ids': '123456789012' }
      expect(read(allowed).allowedAccountIds).toEqual(['123456789012'])
      const problem = problemWith({ ...allowed, [input]: 'arn:aws:iam::999999999999:role/r' })
      expect(problem.input).toBe(input)
      expect(problem.rule).toMatch(/"123456789012".*"999999999999"/)
    },
  )

  test.each([
    ['r', 'name of a role'],
    ['arn:aws:iam::123456789012:user/u', 'does not belong to a role'],
    ['arn:aws:sts::123456789012:assumed-role/r/s', 'ARN of a session'],
    ['arn:aws:iam::1234:role/r', '4 digits instead of 12'],
    ['arn:aws:iam::123456789012:role/', 'format'],
    ['arn:aws:iam::123456789012:role/a b', 'Remove spaces'],
    ['"arn:aws:iam::123456789012:role/r"', 'Remove the quotes'],
    ['***', 'secret'],
    [`arn:aws:iam::123456789012:role/${'a'.repeat(65)}`, 'format'],
  ])('role-to-assume rejects %j with a remedy about "%s".', (text, remedy) => {
    expect(problemWith({ 'role-to-assume': text }).remedy).toContain(remedy)
  })

  test('role-to-assume accepts a role with a path, and an empty value for ambient credentials.', () => {
    const arn = 'arn:aws:iam::123456789012:role/ci/amplify/r+=,.@-_1'
    expect(read({ 'role-to-assume': arn }).roleToAssume?.arn).toBe(arn)
    expect(read({ 'role-to-assume': '' }).roleToAssume).toBeUndefined()
  })

  test('role-session-name accepts every character that STS accepts.', () => {
    expect(read({ 'role-session-name': 'aZ0_+=,.@-' }).roleSessionName).toBe('aZ0_+=,.@-')
  })

  test.each([
    ['o/r', '1', 'o-r-1'],
    ['o/dependabot[bot] →', '17', 'o-dependabot-bot----17'],
    ['', '', 'GitHubActions'],
    ['', '7', 'GitHubActions-7'],
    ['', '17', '17'],
    ['o/r', '', 'o-r'],
  ])('The default session name for %j and %j is %j.', (repository, run, expected) => {
    expect(defaultSessionName(repository, run)).toBe(expected)
  })

  test('Every default session name is valid and ends in the whole run ID.', () => {
    const text = fc.string({ unit: anyCharacter })
    fc.assert(
      fc.property(text, text, fc.bigInt({ min: 0n, max: 10n ** 40n }), (repository, run, id) => {
        expect(defaultSessionName(repository, run)).toMatch(/^[\w+=,.@-]{2,64}$/)
        const name = defaultSessionName(repository, String(id))
        expect(name).toMatch(/^[\w+=,.@-]{2,64}$/)
        expect(name.endsWith(String(id))).toBe(true)
      }),
    )
  })

  test.each([
    ['111122223333, 111122223333 444455556666', ['111122223333', '444455556666']],
    ['[111122223333, "000055556666"]', ['111122223333', '000055556666']],
    ['- "111122223333"', ['111122223333']],
  ])('allowed-account-ids reads %j as %j.', (text, expected) => {
    const inputs = read({ 'role-to-assume': '', 'allowed-account-ids': text })
    expect(inputs.allowedAccountIds).toEqual(expected)
  })

  test.each(['1111-2222-3333', '11112222333', 'x', '[]', ',', '[11112222333.5]'])(
    'allowed-account-ids rejects %j, instead of allowing any account.',
    (text) => {
      expect(problemWith({ 'allowed-account-ids': text }).input).toBe('allowed-account-ids')
    },
  )
})
