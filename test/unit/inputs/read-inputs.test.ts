import { describe, expect, test } from 'vitest'
import { INPUTS } from '../../../src/inputs/definitions.ts'
import {
  getRole,
  invalidInputError,
  isSummaryEnabled,
  readInputs,
  readTriggerInputs,
  toDesiredStorage,
} from '../../../src/inputs/read-inputs.ts'
import { inputVariable } from '../../../src/inputs/reader.ts'
import { environment, problemWith, read, valid, warningsFor } from './support.ts'

const ROLE = 'arn:aws:iam::123456789012:role/r'
const REQUIRED = INPUTS.filter((input) => input.required).map(({ name }) => name)

describe('The inputs as a whole', () => {
  test('Every input has the documented default.', () => {
    expect(read()).toEqual({
      appId: 'd1abc',
      backendEnvironmentName: 'dev',
      resourceName: 'res',
      bucketName: undefined,
      authenticatedPermissions: ['READ'],
      unauthenticatedPermissions: undefined,
      region: 'us-east-1',
      regionSource: 'aws-region',
      roleToAssume: { arn: ROLE, partition: 'aws', accountId: '123456789012' },
      planRoleToAssume: undefined,
      roleSessionName: 'o-r-1',
      roleDurationSeconds: 3600,
      audience: 'sts.amazonaws.com',
      allowedAccountIds: [],
      mode: 'auto',
      applyBranches: [],
      ifExists: 'match',
      wait: true,
      timeoutMs: 1_800_000,
      maxAttempts: 8,
      summary: true,
      commentOnPr: 'false',
      githubToken: '',
      failOnChanges: false,
      allowCustomEndpoints: false,
      serviceName: 'S3',
    })
  })

  test('The result and every value in it are frozen.', () => {
    const result = readInputs(environment({ 'unauthenticated-permissions': 'READ' }))
    const inputs = valid(result)
    for (const each of [
      result,
      result.problems,
      result.warnings,
      inputs,
      ...Object.values(inputs),
    ]) {
      expect(Object.isFrozen(each)).toBe(true)
    }
  })

  test.each(['', '   ', '\r\n', '\uFEFF', undefined])(
    'Required inputs that are %j are one problem, along with the missing region.',
    (blank) => {
      const env = Object.fromEntries(REQUIRED.map((name) => [inputVariable(name), blank]))
      const { inputs, problems } = readInputs(env)
      expect(inputs).toBeUndefined()
      expect(problems.map(({ input }) => input)).toEqual([...REQUIRED, 'aws-region'])
      const { code, message } = invalidInputError(problems)
      expect(code).toBe('INVALID_INPUT')
      expect(message).not.toContain('\n')
      for (const name of [...REQUIRED, 'AWS_REGION']) expect(message).toContain(name)
    },
  )

  test('Missing inputs are one line beside the lines of other problems.', () => {
    const { problems } = readInputs(environment({ 'app-id': '', 'resource-name': '', wait: 'x' }))
    const { message } = invalidInputError(problems)
    expect(message.split('\n')).toEqual([
      '2 invalid inputs:',
      expect.stringContaining('app-id and resource-name are empty'),
      expect.stringContaining('wait is "x"'),
    ])
  })

  test('A single problem has the input, its value and the rule as the message, and the remedy as the advice.', () => {
    const problem = problemWith({ wait: 'maybe' })
    const { message, advice } = invalidInputError([problem])
    expect(message).toBe(`wait is "maybe": it ${problem.rule}.`)
    expect(advice).toBe(problem.remedy)
  })

  test('The inputs describe the desired storage.', () => {
    const inputs = read({ 'bucket-name': 'media', 'unauthenticated-permissions': 'none' })
    expect(toDesiredStorage(inputs)).toEqual({
      resourceName: 'res',
      serviceName: 'S3',
      bucketName: 'media',
      authenticated: ['READ'],
      unauthenticated: [],
    })
  })

  test.each([
    ['False', false],
    [' false ', false],
    ['true', true],
    ['', true],
    ['nonsense', true],
  ])(
    'The summary input %j enables the summary of a run without valid inputs: %j.',
    (text, enabled) => {
      expect(isSummaryEnabled({ INPUT_SUMMARY: text })).toBe(enabled)
    },
  )
})

describe('Inputs with a single value', () => {
  test.each([
    ['wait', 'wait', 'True', true],
    ['wait', 'wait', 'TRUE', true],
    ['wait', 'wait', 'true', true],
    ['wait', 'wait', 'false ', false],
    ['wait', 'wait', 'False', false],
    ['wait', 'wait', 'FALSE', false],
    ['comment-on-pr', 'commentOnPr', 'true', 'true'],
    ['comment-on-pr', 'commentOnPr', 'True', 'true'],
    ['comment-on-pr', 'commentOnPr', 'Changes-Only', 'changes-only'],
    ['service-name', 'serviceName', 's3', 'S3'],
    ['service-name', 'serviceName', ' S3 ', 'S3'],
    ['role-duration-seconds', 'roleDurationSeconds', '900', 900],
    ['role-duration-seconds', 'roleDurationSeconds', '43200', 43_200],
    ['timeout-in-minutes', 'timeoutMs', '1', 60_000],
    ['timeout-in-minutes', 'timeoutMs', '350', 21_000_000],
    ['max-attempts', 'maxAttempts', '1', 1],
    ['max-attempts', 'maxAttempts', '20', 20],
  ])('%s sets %s: %j is read as %j.', (input, property, text, expected) => {
    expect(read({ [input]: text })).toHaveProperty(property, expected)
  })

  test('The problem of a number names its limits.', () => {
    expect(problemWith({ 'max-attempts': '0' }).rule).toMatch(/\b1 to 20\b/)
  })

  test.each([
    ['if-exists', 'updaet', '`update`'],
    ['mode', 'aply', '`apply`'],
    ['mode', 'zzz', 'leave it empty'],
    ['service-name', 'DynamoDB', 'leave it empty'],
  ])('%s: the remedy for %j is %s.', (input, text, remedy) => {
    expect(problemWith({ [input]: text }).remedy).toContain(remedy)
  })

  test.each(['gh s_hush', '***', '${{ secrets.T }}', 'x'.repeat(10_001), 'ghs_\u200Bx'])(
    'github-token rejects %j without showing it.',
    (token) => {
      const problem = problemWith({ 'github-token': token })
      expect(problem).toMatchObject({ input: 'github-token', value: '(not shown)' })
      expect(invalidInputError([problem]).message).not.toContain('hush')
    },
  )

  test('A missing token leads to a warning if comments are on.', () => {
    expect(warningsFor({ 'comment-on-pr': 'true' })).toContain('github-token')
    expect(warningsFor({ 'comment-on-pr': 'true', 'github-token': 'ghs_x' })).toBe('')
  })
})

describe('The inputs that decide between plan and apply', () => {
  test.each([
    ['no role', { 'role-to-assume': '' }, { apply: false, plan: false }],
    ['a blank role', { 'role-to-assume': ' ' }, { apply: false, plan: false }],
    ['one role', { 'role-to-assume': 'x' }, { apply: true, plan: true }],
    [
      'a role for plans',
      { 'role-to-assume': '', 'plan-role-to-assume': 'x' },
      { apply: false, plan: true },
    ],
  ])('With %s, it is known for which runs a role is set.', (_, roles, hasRole) => {
    const env = environment({ ...roles, mode: ' Plan ', 'apply-branches': 'main' })
    expect(readTriggerInputs(env)).toEqual({ mode: 'plan', applyBranches: ['main'], hasRole })
  })

  test.each([
    { mode: 'aply' },
    { 'apply-branches': '!main' },
    { mode: 'aply', 'apply-branches': '!main' },
  ])('%j is invalid for the decision and is reported with the other inputs.', (wrong) => {
    expect(readTriggerInputs(environment(wrong))).toBeUndefined()
    expect(readInputs(environment(wrong)).problems.map(({ input }) => input)).toEqual(
      expect.arrayContaining(Object.keys(wrong)),
    )
  })

  test('A plan uses the role for plans if there is one, and an apply never does.', () => {
    const plan = 'arn:aws:iam::123456789012:role/plan'
    const both = read({ 'plan-role-to-assume': plan })
    expect(getRole(both, 'plan')?.arn).toBe(plan)
    expect(getRole(both, 'apply')?.arn).toBe(ROLE)
    expect(getRole(read(), 'plan')?.arn).toBe(ROLE)
    expect(getRole(read({ 'role-to-assume': '' }), 'plan')).toBeUndefined()
  })
})
