import { describe, expect, test } from 'vitest'
import { readInputs } from '../../../src/inputs/read-inputs.ts'
import { closestMatch } from '../../../src/inputs/suggestions.ts'
import { INPUTS } from '../../../src/inputs/definitions.ts'
import { ALIASES, DRY_RUNS } from '../../../src/inputs/unknown/aliases.ts'
import { environment, problemWith, warningsFor } from './support.ts'

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

  test.each([
    ['INPUT_AWS-ROLE-ARN', '`role-to-assume`'],
    ['INPUT_ROLE-ARN', '`role-to-assume`'],
    ['INPUT_AWS-ASSUME-ROLE', '`role-to-assume`'],
    ['INPUT_REPO-TOKEN', '`github-token`'],
    ['INPUT_GITHUB_TOKEN', '`github-token`'],
    ['INPUT_GUEST-PERMISSIONS', '`unauthenticated-permissions`'],
    ['INPUT_APPID', '`app-id`'],
    ['INPUT_BACKENDENVIRONMENTNAME', '`backend-environment-name`'],
    ['INPUT_BUCKETNAME', '`bucket-name`'],
    ['INPUT_SERVICENAME', '`service-name`'],
    ['INPUT_UNAUTHENTICATED', '`unauthenticated-permissions`'],
    ['INPUT_ENV_NAME', '`backend-environment-name`'],
    ['INPUT_FAIL-ON-DRIFT', '`fail-on-changes`'],
    ['INPUT_DRY-RUN', '`mode`'],
  ])('%s, which other actions or the API have, leads to %s.', (name, suggestion) => {
    const value = name === 'INPUT_DRY-RUN' ? 'false' : 'x'
    expect(warningsFor({}, { [name]: value })).toContain(`Did you mean ${suggestion}?`)
  })

  test.each([
    ...[
      'dry-run',
      'dry_run',
      'DRYRUN',
      'plan-only',
      'check',
      'preview',
      'noop',
      'no-op',
      'what-if',
    ],
  ])('The input "%s" promises not to write, so it is an error that says mode: plan.', (name) => {
    for (const value of ['true', 'yes', '1', 'x']) {
      const problem = problemWith({}, { [`INPUT_${name.toUpperCase()}`]: value })
      expect(problem).toMatchObject({ input: name.toLowerCase(), value: `"${value}"` })
      expect(problem.remedy).toContain('`mode: plan`')
    }
  })

  test.each(['', ' ', 'false', 'FALSE', 'no', '0'])(
    'With dry-run: %j, it is a warning.',
    (value) => {
      expect(warningsFor({}, { 'INPUT_DRY-RUN': value })).toContain('"dry-run"')
    },
  )

  test.each(Object.keys(ALIASES))('The aliases of %s belong to a declared input.', (name) => {
    expect(INPUTS.map((input) => input.name)).toContain(name)
  })

  test('No alias leads to two inputs, or is an input itself.', () => {
    const aliases = Object.values(ALIASES).flatMap((words) => words.split(' '))
    expect(new Set(aliases).size).toBe(aliases.length)
    const declared = INPUTS.map(({ name }) => name.replaceAll('-', ''))
    expect(aliases.filter((alias) => declared.includes(alias) || DRY_RUNS.has(alias))).toEqual([])
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
