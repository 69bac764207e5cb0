import { readFileSync } from 'node:fs'
import { partition } from '@aws-sdk/core/client'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import {
  INPUTS,
  invalidInputError,
  readInputs,
  readTriggerInputs,
} from '../../src/inputs/read-inputs.ts'
import type { InputProblem, Inputs, InputsResult } from '../../src/inputs/read-inputs.ts'
import type { Env } from '../../src/lib/env.ts'
import { closestMatch } from '../../src/inputs/suggestions.ts'
import { PARTITIONS } from '../../src/lib/aws-partitions.ts'
import { defaultSessionName } from '../../src/inputs/roles.ts'
import { hasInvisible, formatInput } from '../../src/inputs/format.ts'
import { inputVariable } from '../../src/inputs/definitions.ts'
import { anyCharacter } from '../support/any-character.ts'

const GOOD: Readonly<Record<string, string>> = {
  'app-id': 'd1abc',
  'backend-environment-name': 'dev',
  'resource-name': 'res',
  'authenticated-permissions': 'READ',
  'aws-region': 'us-east-1',
  'role-to-assume': 'arn:aws:iam::123456789012:role/r',
}

/** An environment as the runner makes it: good inputs, changed as given. */
function env(changes: Readonly<Record<string, string>> = {}, others: Env = {}): Env {
  const inputs = Object.entries({ ...GOOD, ...changes })
  return {
    GITHUB_REPOSITORY: 'o/r',
    GITHUB_RUN_ID: '1',
    ...Object.fromEntries(inputs.map(([name, value]) => [inputVariable(name), value])),
    ...others,
  }
}

function accepted(reading: InputsResult): Inputs {
  expect(reading.problems).toEqual([])
  if (reading.inputs === undefined) throw new Error('no inputs and no problems')
  return reading.inputs
}

function read(changes: Readonly<Record<string, string>> = {}, others: Env = {}): Inputs {
  return accepted(readInputs(env(changes, others)))
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new Error('no object')
  return Object.fromEntries(Object.entries(value))
}

/** The one problem of a reading. */
function problem(changes: Readonly<Record<string, string>>, others: Env = {}): InputProblem {
  const reading = readInputs(env(changes, others))
  expect(reading.inputs).toBeUndefined()
  expect(reading.problems).toHaveLength(1)
  const [first] = reading.problems
  if (first === undefined) throw new Error('no problem')
  return first
}

function warnings(changes: Readonly<Record<string, string>>, others: Env = {}): string {
  const reading = readInputs(env(changes, others))
  expect(reading.problems).toEqual([])
  return reading.warnings.join('\n')
}

describe('the contract with action.yml', () => {
  const action: unknown = parse(readFileSync(new URL('../../action.yml', import.meta.url), 'utf8'))

  test('declares the inputs of the table, with the same defaults', () => {
    expect(action).toMatchObject({ runs: { using: 'node24', main: 'dist/index.js' } })
    const declared = Object.entries(record(record(action)['inputs'])).map(([name, value]) => {
      const entry = record(value)
      return {
        name,
        required: entry['required'] === true,
        default: entry['default'] ?? '',
      }
    })
    expect(declared).toEqual(INPUTS)
  })

  test('an empty value means the default, as does what the runner hands over', () => {
    const runner = Object.fromEntries(
      INPUTS.filter((input) => !input.default.startsWith('${{') && !(input.name in GOOD)).map(
        (input) => [input.name, input.default],
      ),
    )
    const blank = Object.fromEntries(
      INPUTS.filter((input) => !(input.name in GOOD)).map((input) => [input.name, ' ']),
    )
    expect(read(blank)).toEqual(read())
    expect(read(runner)).toEqual(read())
    expect(readTriggerInputs(env(blank))).toEqual({
      trigger: { mode: 'auto', applyBranches: [], hasRole: { apply: true, plan: true } },
      problems: [],
    })
  })

  test('the defaults are those of the design', () => {
    expect(read()).toEqual({
      appId: 'd1abc',
      backendEnvironmentName: 'dev',
      resourceName: 'res',
      bucketName: undefined,
      authenticatedPermissions: ['READ'],
      unauthenticatedPermissions: undefined,
      region: 'us-east-1',
      regionSource: 'aws-region',
      roleToAssume: 'arn:aws:iam::123456789012:role/r',
      planRoleToAssume: undefined,
      roleSessionName: 'o-r-1',
      roleDurationSeconds: 3600,
      audience: 'sts.amazonaws.com',
      allowedAccountIds: [],
      ifExists: 'match',
      wait: true,
      timeoutMs: 1_800_000,
      maxAttempts: 8,
      summary: true,
      commentOnPr: 'false',
      githubToken: '',
      allowCustomEndpoints: false,
      serviceName: 'S3',
    })
  })

  test('is frozen to the bottom', () => {
    const reading = readInputs(env({ 'unauthenticated-permissions': 'READ' }))
    const inputs = accepted(reading)
    for (const each of [reading, reading.problems, reading.warnings, inputs]) {
      expect(Object.isFrozen(each)).toBe(true)
    }
    for (const value of Object.values(inputs)) expect(Object.isFrozen(value)).toBe(true)
  })
})

describe('I01, I02, I12: lists in every spelling', () => {
  const all = ['READ', 'CREATE_AND_UPDATE', 'DELETE']
  test.each([
    ['READ,DELETE', ['READ', 'DELETE']],
    ['READ\nDELETE', ['READ', 'DELETE']],
    ['["READ","DELETE"]', ['READ', 'DELETE']],
    ['["READ",\r\n "DELETE"]', ['READ', 'DELETE']],
    ['[READ, DELETE]', ['READ', 'DELETE']],
    ["['READ', 'DELETE',]", ['READ', 'DELETE']],
    ['- READ\n- DELETE', ['READ', 'DELETE']],
    ['- "READ"\r\n- \'DELETE\'\r\n', ['READ', 'DELETE']],
    ['READ DELETE', ['READ', 'DELETE']],
    ["'READ'", ['READ']],
    ['"READ, DELETE"', ['READ', 'DELETE']],
    ['"READ" "DELETE"', ['READ', 'DELETE']],
    [',,READ,', ['READ']],
    ['READ,READ', ['READ']],
    ['READ\r\nDELETE\r\n', ['READ', 'DELETE']],
    ['READ\rDELETE', ['READ', 'DELETE']],
    ['delete, create_and_update, read', all],
    ['CREATE-AND-UPDATE', ['CREATE_AND_UPDATE']],
    ['none', []],
    ['None', []],
    ['["none"]', []],
    ['none, NONE', []],
  ])('%j is taken', (spelling, expected) => {
    const inputs = read({
      'authenticated-permissions': spelling,
      'unauthenticated-permissions': spelling,
    })
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
    ['"READ', `"'READ"`],
    ['["READ", "WRITE"]', '"WRITE"'],
    ['- [READ]', '"[READ]"'],
    ['none, READ', 'beside `none`'],
    ['[]', 'must name a permission'],
    [',,', 'must name a permission'],
    ['[null]', 'JSON array of plain texts'],
    ['["READ", ["DELETE"]]', 'JSON array of plain texts'],
    ['READ,'.repeat(5000), 'longer than 10000'],
    ['***', 'log shows'],
    ['${{ inputs.permissions }}', 'not expanded'],
  ])('%j is refused and named', (spelling, rule) => {
    for (const input of ['authenticated-permissions', 'unauthenticated-permissions']) {
      const found = problem({ [input]: spelling })
      expect(found.input).toBe(input)
      expect(found.value).toBe(formatInput(spelling))
      expect(found.rule).toContain(rule)
    }
  })

  test.each([
    ['authenticated-permissions', 'CREATE', '; "CREATE" is none of them'],
    ['authenticated-permissions', 'CREATE, UPDATE', '; "CREATE", "UPDATE" are none of them'],
    ['authenticated-permissions', 'A B C D', '; "A", "B", "C" (and 1 more) are none of them'],
    ['allowed-account-ids', '1, 111122223333', '; "1" is none'],
    ['allowed-account-ids', '1, 2', '; "1", "2" are none'],
    ['apply-branches', 'main, rel?', '; "rel?" is none'],
    ['apply-branches', '!main, rel?', '; "!main", "rel?" are none'],
  ])('%s: %j is told of one or of several', (input, list, end) => {
    const { rule } = problem({ [input]: list })
    expect(rule.slice(rule.indexOf(';'))).toBe(end)
  })

  test.each([
    ['RAED', 'Perhaps `READ` is meant.'],
    ['READ, delet', 'Perhaps `DELETE` is meant.'],
    ['READ, CREATE_UPDATE', 'Writing is the one word CREATE_AND_UPDATE.'],
    ['CRATE-AND-UPDATE', 'Perhaps `CREATE_AND_UPDATE` is meant.'],
    ['admin, DELTE', 'Perhaps `DELETE` is meant.'],
    ['READ;DELETE', 'Separate the words by commas, spaces or new lines.'],
    ['CREATE, DELET', 'Writing is the one word CREATE_AND_UPDATE.'],
    ['admin', 'Name some of these three, or write `none`.'],
  ])('%j is refused with a remedy that fits', (list, remedy) => {
    expect(problem({ 'authenticated-permissions': list }).remedy).toBe(remedy)
  })

  test('any spelling of the same permissions is read the same', () => {
    const permission = fc.constantFrom('READ', 'CREATE_AND_UPDATE', 'DELETE')
    const letters = fc.func(fc.boolean())
    const entry = fc.tuple(permission, letters, fc.constantFrom('', '"', "'"), fc.boolean())
    const separator = fc.constantFrom(
      ',',
      ' ',
      '\n',
      '\r\n',
      '\r',
      '\t',
      ', ',
      ',\n',
      ' , ,',
      '\n- ',
    )
    const spelling = fc.record({
      list: fc.array(entry, { minLength: 1, maxLength: 8 }),
      separators: fc.array(separator, { minLength: 9, maxLength: 9 }),
      form: fc.constantFrom('plain', 'json', 'flow', 'quoted'),
    })
    fc.assert(
      fc.property(spelling, ({ list, separators, form }) => {
        const words = list.map(([word, upper, quote, hyphens]) => {
          const cased = Array.from(word, (c, index) => (upper(index) ? c : c.toLowerCase())).join(
            '',
          )
          const text = hyphens ? cased.replaceAll('_', '-') : cased
          return form === 'plain' || form === 'flow' ? `${quote}${text}${quote}` : text
        })
        const plain = words.map((word, index) => `${separators[index] ?? ','}${word}`).join('')
        const text = {
          plain,
          json: JSON.stringify(words),
          flow: `[${words.join(', ')}]`,
          quoted: `"${words.join(',')}"`,
        }[form]
        const expected = ['READ', 'CREATE_AND_UPDATE', 'DELETE'].filter((each) =>
          list.some(([word]) => word === each),
        )
        expect(read({ 'authenticated-permissions': text }).authenticatedPermissions).toEqual(
          expected,
        )
      }),
      { numRuns: 2000 },
    )
  })

  test('I02: a carriage return at the end of any value does not count', () => {
    const inputs = read({ 'app-id': 'd1\r', wait: 'false\r\n', 'aws-region': 'us-east-1\r\n' })
    expect(inputs).toMatchObject({ appId: 'd1', wait: false, region: 'us-east-1' })
  })

  test.each(['s3', ' S3 ', 'S3', ''])('I12: service-name %j is S3', (name) => {
    expect(read({ 'service-name': name }).serviceName).toBe('S3')
  })

  test('I12: another service-name is refused', () => {
    expect(problem({ 'service-name': 'DynamoDB' })).toMatchObject({
      input: 'service-name',
      value: '"DynamoDB"',
      rule: 'must be `S3`',
      remedy: 'Write it so, or leave the input out.',
    })
  })
})

describe('I04: booleans', () => {
  test.each([
    ['True', true],
    ['TRUE', true],
    ['true', true],
    ['false ', false],
    ['False', false],
    ['FALSE', false],
    ['', true],
    ['  ', true],
  ])('wait: %j is %j', (text, expected) => {
    expect(read({ wait: text }).wait).toBe(expected)
  })

  test.each(['yes', '1', 'flase', 'tRUE', '"true"', 'on', 'no', '0', 'true false'])(
    'wait: %j is refused',
    (text) => {
      expect(problem({ wait: text })).toMatchObject({ input: 'wait', value: formatInput(text) })
    },
  )

  test.each([
    ['true', 'true'],
    ['True', 'true'],
    ['Changes-Only', 'changes-only'],
  ])('comment-on-pr: %j is %j', (text, expected) => {
    expect(read({ 'comment-on-pr': text, 'github-token': 't' }).commentOnPr).toBe(expected)
  })

  test('a near miss in a closed set names the word', () => {
    expect(problem({ 'if-exists': 'updaet' }).remedy).toContain('`update`')
    expect(problem({ mode: 'aply' }).remedy).toContain('`apply`')
  })
})

describe('S05: numbers', () => {
  test.each([
    ['role-duration-seconds', 'roleDurationSeconds', '900', 900],
    ['role-duration-seconds', 'roleDurationSeconds', '43200', 43_200],
    ['role-duration-seconds', 'roleDurationSeconds', '', 3600],
    ['timeout-in-minutes', 'timeoutMs', '1', 60_000],
    ['timeout-in-minutes', 'timeoutMs', '350', 21_000_000],
    ['max-attempts', 'maxAttempts', '20', 20],
  ])('%s: %s %j', (input, field, text, expected) => {
    expect(read({ [input]: text })).toMatchObject({ [field]: expected })
  })

  test.each([
    ['role-duration-seconds', '899'],
    ['role-duration-seconds', '43201'],
    ['role-duration-seconds', 'abc'],
    ['role-duration-seconds', '1h'],
    ['role-duration-seconds', '3600.0'],
    ['role-duration-seconds', '1e3'],
    ['role-duration-seconds', '0x1000'],
    ['role-duration-seconds', '٣٦٠٠'],
    ['role-duration-seconds', '99999999999999999999'],
    ['timeout-in-minutes', '0'],
    ['timeout-in-minutes', '351'],
    ['timeout-in-minutes', '-5'],
    ['timeout-in-minutes', '5m'],
    ['timeout-in-minutes', 'Infinity'],
    ['max-attempts', '0'],
    ['max-attempts', '21'],
    ['max-attempts', 'NaN'],
  ])('%s: %j is refused, never defaulted', (input, text) => {
    const found = problem({ [input]: text })
    expect(found).toMatchObject({ input, value: formatInput(text) })
    expect(found.rule).toMatch(/whole number from \d+ to \d+/)
  })
})

describe('I05: required inputs', () => {
  const required = INPUTS.filter((input) => input.required).map((input) => input.name)

  test.each(['', '   ', '\r\n', '\uFEFF', undefined])(
    '%j in all of them: named together',
    (blank) => {
      const bare = required.map((name) => [inputVariable(name), blank] as const)
      const { inputs, problems } = readInputs(Object.fromEntries(bare))
      expect(inputs).toBeUndefined()
      expect(problems.map((each) => each.input)).toEqual([...required, 'aws-region'])
      const { code, message } = invalidInputError(problems)
      expect(code).toBe('INVALID_INPUT')
      for (const name of required) expect(message).toContain(`${name} is empty`)
    },
  )

  test('problems of all inputs come together, the trigger included', () => {
    const { problems } = readInputs(
      env({ mode: 'x', 'app-id': '..', wait: 'y', 'max-attempts': 'z', 'aws-region': 'A B' }),
    )
    expect(problems.map((each) => each.input)).toEqual([
      'mode',
      'app-id',
      'aws-region',
      'wait',
      'max-attempts',
    ])
    expect(invalidInputError(problems).message.split('\n')).toHaveLength(6)
  })
})

describe('I06, I10, I13: names', () => {
  const inPath = ['app-id', 'backend-environment-name']
  const bad = ['..', '.', 'a/b', 'a\\b', 'a..b', 'a b', 'a\tb', 'a\u0000b', 'a\u200Bb', 'a\u3164b']
  const worse = ['a?x', 'a#x', 'a%2fb', '%2e%2e', '\uD800', '"d1"', "'d1'", '`d1`', 'd1"', '***']
  const unexpanded = ['${{ vars.X }}', 'x${{ y }}', '$APP', '${APP}', 'x'.repeat(256)]

  test.each(
    [...bad, ...worse, ...unexpanded].flatMap((text) => inPath.map((input) => [input, text])),
  )('I06: %s %j is refused', (input, text) => {
    expect(problem({ [input]: text })).toMatchObject({ input, value: formatInput(text) })
  })

  test.each([...bad, '***', '${{ x }}', '"res"', 'x'.repeat(100_000)])(
    'I10, I13: resource-name %j is refused',
    (text) => {
      const found = problem({ 'resource-name': text })
      expect(found.input).toBe('resource-name')
      expect(invalidInputError([found]).message.length).toBeLessThan(500)
    },
  )

  test.each(['my-storage', 'é', 'x'.repeat(65), 'a?b'])(
    'I10: resource-name %j is a warning',
    (text) => {
      expect(warnings({ 'resource-name': text })).toContain('resource-name is ')
      expect(read({ 'resource-name': text }).resourceName).toBe(text)
    },
  )

  test.each(['AppStorage', 'res', 's3abcd1234'])('I10: resource-name %j is fine', (text) => {
    expect(warnings({ 'resource-name': text })).toBe('')
  })

  test.each(['D1ABC', 'abc', 'd', `d${'1'.repeat(20)}`, 'main.d1abc.amplifyapp.com', 'é'])(
    'app-id %j is a warning',
    (text) => {
      expect(warnings({ 'app-id': text })).toContain('app-id is ')
    },
  )

  test('the app id inside an address is pointed out', () => {
    expect(warnings({ 'app-id': 'main.d1abc.amplifyapp.com' })).toContain('Is `d1abc` meant?')
  })

  test.each(['Dev', 'd', 'prod-eu', 'abcdefghijk', 'an'])(
    'backend-environment-name %j is a warning',
    (text) => {
      expect(warnings({ 'backend-environment-name': text })).toContain(
        'backend-environment-name is ',
      )
    },
  )

  test('quotes are named as what is wrong, invisible characters are made visible', () => {
    expect(problem({ 'app-id': '"d1"' }).remedy).toContain('Remove the quotes')
    expect(problem({ 'app-id': 'd1\u00ADx' }).value).toBe('"d1\\u{ad}x"')
    expect(problem({ 'app-id': 'd1\u00A0x' }).value).toBe('"d1\\u{a0}x"')
    expect(problem({ 'app-id': 'd1\n::error::x' }).value).toBe('"d1\\u{a}::error::x"')
  })

  test('I13: of a long value only the beginning is shown, since it may be a secret', () => {
    expect(problem({ 'app-id': `S${'s'.repeat(999)}` }).value).toBe(
      `"S${'s'.repeat(22)}…" (1000 characters)`,
    )
  })
})

describe('I09: bucket names', () => {
  test.each([
    ['MyBucket', 'lower case'],
    ['a'.repeat(64), 'Shorten it to 47'],
    ['a'.repeat(60), 'Shorten it to 47'],
    ['a..b', 'two dots'],
    ['a_b', 'underscores'],
    ['bücket', 'lower-case'],
    ['192.168.0.1', 'IP address'],
    ['-a-b', 'begin with a letter or a digit. Remove the hyphen or dot in front.'],
    ['.ab', 'begin with a letter or a digit. Remove the hyphen or dot in front.'],
    ['xn--abc', '`xn--`'],
    ['sthree-abc', '`sthree-`'],
    ['amzn-s3-demo-abc', '`amzn-s3-demo-`'],
    ['s3://bucket', 'not a URL'],
    ['arn:aws:s3:::bucket', 'an ARN'],
    ['a b', 'white space'],
  ])('%j is refused', (text, hint) => {
    const found = problem({ 'bucket-name': text })
    expect(found.input).toBe('bucket-name')
    expect(`${found.rule}. ${found.remedy}`).toContain(hint)
  })

  test.each(['ab', 'a'.repeat(48), 'a'.repeat(59), 'a.b', '1.2.3'])('%j is a warning', (text) => {
    expect(warnings({ 'bucket-name': text })).toContain('bucket-name is ')
    expect(read({ 'bucket-name': text }).bucketName).toBe(text)
  })

  test.each(['media', 'a-b', 'abc-', 'a'.repeat(47), '1ab', 'x-s3alias', 'x-an'])(
    '%j is fine: a suffix and the environment are appended',
    (text) => {
      expect(warnings({ 'bucket-name': text })).toBe('')
    },
  )

  test('the room shrinks with the environment', () => {
    const long = { 'backend-environment-name': 'abcdefghij' }
    expect(warnings({ ...long, 'bucket-name': 'a'.repeat(46) })).toBe('')
    expect(warnings({ ...long, 'bucket-name': 'a'.repeat(47) })).toContain('more than 46')
    expect(problem({ ...long, 'bucket-name': 'a'.repeat(53) }).rule).toContain('than 52')
  })

  test('an environment that ends the name as S3 reserves it is a warning', () => {
    expect(warnings({ 'backend-environment-name': 'an' })).toContain('`-an`')
    expect(warnings({ 'backend-environment-name': 's3alias' })).toContain('`-s3alias`')
    expect(warnings({ 'backend-environment-name': 'plan' })).toBe('')
  })

  test('an empty name is left to the service', () => {
    expect(read({ 'bucket-name': '' }).bucketName).toBeUndefined()
  })
})

describe('what looks like a hyphen in a document', () => {
  test.each([
    ['\u2010', 'a typographic hyphen (U+2010)'],
    ['\u2011', 'a non-breaking hyphen (U+2011)'],
    ['\u2012', 'a figure dash (U+2012)'],
    ['\u2013', 'an en dash (U+2013)'],
    ['\u2014', 'an em dash (U+2014)'],
    ['\u2015', 'a horizontal bar (U+2015)'],
    ['\u2212', 'a minus sign (U+2212)'],
    ['\uFE63', 'a small hyphen (U+FE63)'],
    ['\uFF0D', 'a full-width hyphen (U+FF0D)'],
  ])('%j in a bucket name is called by its name', (dash, name) => {
    expect(problem({ 'bucket-name': `my${dash}media` })).toMatchObject({
      value: `"my${dash}media"`,
      rule: `has ${name} where a hyphen belongs`,
      remedy: 'Type `-` in its place; documents and chats turn hyphens into dashes.',
    })
  })

  test.each([
    ['bucket-name', 'My–Media'],
    ['aws-region', 'eu–west-1'],
    ['role-to-assume', 'arn:aws:iam::123456789012:role/my–role'],
    ['plan-role-to-assume', 'arn:aws:iam::123456789012:role/my–role'],
    ['role-session-name', 'my–session'],
  ])('%s: it is what is wrong with %j', (input, text) => {
    expect(problem({ [input]: text }).rule).toBe('has an en dash (U+2013) where a hyphen belongs')
  })

  test.each([
    ['bucket-name', 'my_media'],
    ['bucket-name', 'my~media'],
    ['aws-region', 'eu_west_1'],
    ['role-session-name', 'my/session'],
  ])('%s: %j has nothing of the kind', (input, text) => {
    expect(problem({ [input]: text }).rule).not.toContain('where a hyphen belongs')
  })

  test.each([
    ['app-id', 'd1–abc'],
    ['backend-environment-name', 'prod–eu'],
    ['resource-name', 'my–storage'],
  ])('%s: where %j is only warned about, the warning names it', (input, text) => {
    expect(warnings({ [input]: text })).toMatch(
      / It has an en dash \(U\+2013\), which is not a hyphen\.$/,
    )
    expect(warnings({ [input]: text.replace('–', '-') })).not.toContain('dash')
  })
})

describe('R01, R02, R04: regions', () => {
  const none = { 'aws-region': '' }

  test.each([
    [{}, { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'eu-west-2' }, 'us-east-1', 'aws-region'],
    [none, { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'eu-west-2' }, 'eu-west-1', 'AWS_REGION'],
    [none, { AWS_REGION: '', AWS_DEFAULT_REGION: 'eu-west-2' }, 'eu-west-2', 'AWS_DEFAULT_REGION'],
    [none, { AWS_REGION: 'us-east-1\n' }, 'us-east-1', 'AWS_REGION'],
    [{ 'aws-region': ' eu-west-1 ' }, {}, 'eu-west-1', 'aws-region'],
  ])('R01: %j with %j is %s of %s', (inputs, others, region, regionSource) => {
    expect(read(inputs, others)).toMatchObject({ region, regionSource })
  })

  test.each([{}, { AWS_REGION: '' }, { AWS_REGION: ' ', AWS_DEFAULT_REGION: '\n' }])(
    'R01: none with %j',
    (others) => {
      const found = problem(none, others)
      expect(found).toMatchObject({ input: 'aws-region', value: 'empty' })
      expect(found.rule).toContain('AWS_DEFAULT_REGION')
    },
  )

  test.each([
    ['"us-east-1"', 'Remove the quotes'],
    ['us-east-1 # prod', 'without spaces'],
    ['us-east-1,', 'one code'],
    ['US-EAST-1', '`us-east-1`'],
    ['us-east-1a', '`us-east-1`'],
    ['us-west-2-lax-1a', '`us-west-2`'],
    ['us_east_1', 'one code'],
    ['us-east-1.evil.test', 'one code'],
    ['evil.test/', 'one code'],
    ['-us-east-1', 'one code'],
    ['***', 'secret'],
    ['${{ vars.REGION }}', 'expands'],
    ['a'.repeat(64), 'expression'],
  ])('R02, R04: %j is refused, from the input and from AWS_REGION', (text, remedy) => {
    expect(problem({ 'aws-region': text }).remedy).toContain(remedy)
    const found = problem(none, { AWS_REGION: text })
    expect(found).toMatchObject({ input: 'AWS_REGION', value: formatInput(text) })
    expect(found.remedy).toContain(remedy)
  })

  test.each(['mars-1', 'undefined', 'af-south-1', 'eu-wset-1', 'us-east-7'])(
    'R04: %j is a warning',
    (text) => {
      expect(warnings({ 'aws-region': text })).toContain('no endpoint of Amplify Backend is known')
    },
  )

  test('R04: a typo is pointed out', () => {
    expect(warnings({ 'aws-region': 'eu-wset-1' })).toContain('Is `eu-west-1` meant?')
    expect(
      warnings({
        'aws-region': 'cn-north-1',
        'role-to-assume': 'arn:aws-cn:iam::123456789012:role/r',
      }),
    ).not.toContain('meant?')
  })

  test('the partitions agree with those of the AWS SDK', () => {
    const regions = 'us-east-1 cn-north-1 us-gov-west-1 eusc-de-east-1 us-iso-east-1 us-isob-east-1'
    for (const region of [...regions.split(' '), 'eu-isoe-west-1', 'us-isof-south-1', 'ap-new-9']) {
      const theirs = partition(region)
      const ours = PARTITIONS.find((each) => each.regions.test(region))
      expect(ours?.id).toBe(theirs.name)
      expect(ours?.dnsSuffixes).toEqual([theirs.dnsSuffix, theirs.dualStackDnsSuffix])
    }
  })
})

describe('O12, S03: roles, sessions and accounts', () => {
  const china = 'arn:aws-cn:iam::123456789012:role/r'

  test('O12: the audience is that of the partition, or as given', () => {
    const cn = { 'aws-region': 'cn-north-1', 'role-to-assume': china }
    expect(read(cn).audience).toBe('sts.amazonaws.com.cn')
    expect(read({ ...cn, audience: 'sts.amazonaws.com' }).audience).toBe('sts.amazonaws.com')
    expect(problem({ audience: 'a b' }).input).toBe('audience')
  })

  test.each(['role-to-assume', 'plan-role-to-assume'])('%s of another partition', (input) => {
    const found = problem({ [input]: china })
    expect(found.input).toBe(input)
    expect(found.rule).toContain('`aws`')
    expect(found.rule).toContain('`aws-cn`')
    expect(found.rule).toContain('us-east-1')
  })

  test.each(['role-to-assume', 'plan-role-to-assume'])('%s of an account not allowed', (input) => {
    const allowed = { 'allowed-account-ids': '123456789012' }
    expect(read(allowed).allowedAccountIds).toEqual(['123456789012'])
    const found = problem({ ...allowed, [input]: 'arn:aws:iam::999999999999:role/r' })
    expect(found.input).toBe(input)
    expect(found.rule).toContain('123456789012')
    expect(found.rule).toContain('999999999999')
  })

  test.each([
    ['r', "role's name is not enough"],
    ['arn:aws:iam::123456789012:user/u', 'something else than a role'],
    ['arn:aws:sts::123456789012:assumed-role/r/s', 'ARN of a session'],
    ['arn:aws:iam::1234:role/r', '12 digits'],
    ['arn:aws:iam::123456789012:role/', 'form'],
    ['arn:aws:iam::123456789012:role/a b', 'without spaces'],
    ['"arn:aws:iam::123456789012:role/r"', 'Remove the quotes'],
    ['***', 'secret'],
    [`arn:aws:iam::123456789012:role/${'a'.repeat(65)}`, 'form'],
  ])('role-to-assume %j is refused', (text, remedy) => {
    expect(problem({ 'role-to-assume': text }).remedy).toContain(remedy)
  })

  test('a role with a path is taken; C05: an empty one is ambient credentials', () => {
    const arn = 'arn:aws:iam::123456789012:role/ci/amplify/r+=,.@-_1'
    expect(read({ 'role-to-assume': arn }).roleToAssume).toBe(arn)
    expect(read({ 'role-to-assume': '' }).roleToAssume).toBeUndefined()
  })

  test.each(['a/b', 'x', 'a'.repeat(65), 'dependabot[bot]', 'a b', 'é'.repeat(3)])(
    'S03: role-session-name %j is refused',
    (text) => {
      expect(problem({ 'role-session-name': text })).toMatchObject({
        input: 'role-session-name',
        value: formatInput(text),
      })
    },
  )

  test.each([
    ['o/r', '1', 'o-r-1'],
    ['o/dependabot[bot] →', '17', 'o-dependabot-bot----17'],
    ['', '', 'GitHubActions'],
    ['', '7', 'GitHubActions-7'],
    ['', '17', '17'],
    ['o/r', '', 'o-r'],
  ])('S03: of %j and %j comes %j', (repository, run, expected) => {
    expect(defaultSessionName(repository, run)).toBe(expected)
  })

  test('S03: a derived session name is legal, and ends in the whole run id', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: anyCharacter }),
        fc.bigInt({ min: 0n, max: 10n ** 40n }),
        (a, id) => {
          const name = defaultSessionName(a, String(id))
          expect(name).toMatch(/^[\w+=,.@-]{2,64}$/)
          expect(name.endsWith(String(id))).toBe(true)
        },
      ),
    )
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), fc.string({ unit: anyCharacter }), (a, b) => {
        expect(defaultSessionName(a, b)).toMatch(/^[\w+=,.@-]{2,64}$/)
      }),
    )
  })

  test.each([
    ['111122223333, 111122223333 444455556666', ['111122223333', '444455556666']],
    ['[111122223333, "000055556666"]', ['111122223333', '000055556666']],
    ['- "111122223333"', ['111122223333']],
  ])('allowed-account-ids %j', (text, expected) => {
    expect(read({ 'role-to-assume': '', 'allowed-account-ids': text })).toMatchObject({
      allowedAccountIds: expected,
    })
  })

  test.each(['1111-2222-3333', '11112222333', 'x', '[]', ',', '[11112222333.5]'])(
    'allowed-account-ids %j is refused, never "any account"',
    (text) => {
      expect(problem({ 'allowed-account-ids': text }).input).toBe('allowed-account-ids')
    },
  )
})

describe('the trigger', () => {
  test.each([
    ['main', ['main']],
    ['main, release/*', ['main', 'release/*']],
    ['refs/heads/main', ['main']],
    ['- main\n- "**"', ['main', '**']],
    ['["a,b", "main"]', ['a,b', 'main']],
    ['main main', ['main']],
    ['fix/#12', ['fix/#12']],
  ])('apply-branches %j', (text, applyBranches) => {
    expect(readTriggerInputs(env({ 'apply-branches': text, mode: ' Plan ' }))).toEqual({
      trigger: { mode: 'plan', applyBranches, hasRole: { apply: true, plan: true } },
      problems: [],
    })
  })

  test.each(['!main', 'rel?', '[ab]*', 'refs/tags/v1', '[]', ',', 'a\u200Bb', '***', 'a..b', '/x'])(
    'apply-branches %j is refused',
    (text) => {
      const { trigger, problems } = readTriggerInputs(env({ 'apply-branches': text, mode: 'aply' }))
      expect(trigger).toMatchObject({ mode: 'auto', applyBranches: [] })
      expect(problems.map((each) => each.input)).toEqual(['mode', 'apply-branches'])
      expect(readInputs(env({ 'apply-branches': text })).inputs).toBeUndefined()
    },
  )
})

describe('the roles, as far as the trigger asks for them', () => {
  test.each([
    ['none', { 'role-to-assume': '' }, { apply: false, plan: false }],
    ['blank ones', { 'role-to-assume': ' ' }, { apply: false, plan: false }],
    ['one for everything', { 'role-to-assume': 'x' }, { apply: true, plan: true }],
    [
      'one for plans',
      { 'role-to-assume': '', 'plan-role-to-assume': 'x' },
      { apply: false, plan: true },
    ],
  ])('%s', (_, given, hasRole) => {
    expect(readTriggerInputs(env(given)).trigger.hasRole).toEqual(hasRole)
  })
})

describe('I07: misspelt inputs', () => {
  test.each([
    ['INPUT_UNAUTHENTICATED-PERMISIONS', 'unauthenticated-permissions'],
    ['INPUT_REGION', 'aws-region'],
    ['INPUT_RESOURCE_NAMES', 'resource-name'],
    ['INPUT_ALLOWED-ACCOUNT-ID', 'allowed-account-ids'],
    ['INPUT_TIMEOUT', 'timeout-in-minutes'],
  ])('%s is noticed, and what is meant is named', (name, meant) => {
    const text = warnings({}, { [name]: 'READ' })
    expect(text).toContain(name.slice('INPUT_'.length).toLowerCase())
    expect(text).toContain(`\`${meant}\``)
  })

  test('an underscore for a hyphen is noticed where the input itself is not set', () => {
    expect(warnings({}, { INPUT_BUCKET_NAME: 'x' })).toContain('`bucket-name`')
    expect(warnings({ 'bucket-name': 'media' }, { INPUT_BUCKET_NAME: 'x' })).toBe('')
  })

  test('an unlike name is noticed without a guess; many are cut short', () => {
    expect(warnings({}, { INPUT_QQQQ: '' })).toBe(
      '"qqqq" is not an input of this action and has no effect.',
    )
    const many = Array.from({ length: 40 }, (_, index) => [`INPUT_QQ${index}`, ''] as const)
    expect(readInputs(env({}, Object.fromEntries(many))).warnings).toHaveLength(11)
  })

  test('the nearest word', () => {
    expect(closestMatch('wiat', ['wait', 'mode'])).toBe('wait')
    expect(closestMatch('zz', ['wait', 'mode'])).toBeUndefined()
    expect(closestMatch('x'.repeat(10_000), ['wait'])).toBeUndefined()
  })
})

describe('X10: endpoint variables', () => {
  test.each([
    'http://127.0.0.1:4566',
    'http://localhost:4566',
    'http://[::1]:4566',
    'https://sts.us-east-1.amazonaws.com',
    '',
  ])('%j is taken', (url) => {
    read({}, { AWS_ENDPOINT_URL: url, AWS_ENDPOINT_URL_STS: url })
  })

  test.each([
    ['localhost:4566', '"localhost:4566"'],
    ['127.0.0.1:4566', '"127.0.0.1:4566"'],
    ['ftp://127.0.0.1', '"ftp://127.0.0.1"'],
    [' ', 'empty'],
    ['http://', '"http://"'],
    ['http://stranger.test', '"http://stranger.test"'],
    ['http://sts.us-east-1.amazonaws.com/x', '"http://sts.us-east-1.amazonaws.com"'],
    ['https://amazonaws.com.evil.test', '"https://amazonaws.com.evil.test"'],
  ])('%j is reported by the name of its variable', (url, value) => {
    for (const name of ['', '_STS', '_AMPLIFYBACKEND'].map((end) => `AWS_ENDPOINT_URL${end}`)) {
      expect(problem({}, { [name]: url })).toMatchObject({ input: name, value })
    }
  })

  test.each(['http://user:pass@127.0.0.1', 'user:pass@127.0.0.1', 'https://u@sts.amazonaws.com'])(
    'what %j holds is not shown',
    (url) => {
      const found = problem({ 'allow-custom-endpoints': 'true' }, { AWS_ENDPOINT_URL: url })
      expect(found.value).toBe('(not shown)')
      expect(invalidInputError([found]).message).not.toContain(':pass')
    },
  )

  test('custom hosts are taken where they are allowed, malformed ones are not', () => {
    const allow = { 'allow-custom-endpoints': 'true' }
    read(allow, { AWS_ENDPOINT_URL: 'http://stranger.test:4566' })
    expect(problem(allow, { AWS_ENDPOINT_URL: 'stranger.test:4566' }).input).toBe(
      'AWS_ENDPOINT_URL',
    )
  })

  test('AWS_IGNORE_CONFIGURED_ENDPOINT_URLS sets them aside', () => {
    read({}, { AWS_ENDPOINT_URL: 'localhost:1', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' })
  })
})

describe('C07: the token for comments', () => {
  test.each(['gh s_hush', '***', '${{ secrets.T }}', 'x'.repeat(10_001), 'ghs_\u200Bx'])(
    '%j is refused and not shown',
    (token) => {
      const found = problem({ 'github-token': token })
      expect(found).toMatchObject({ input: 'github-token', value: '(not shown)' })
      expect(invalidInputError([found]).message).not.toContain('hush')
    },
  )

  test('a missing one is a warning where it is needed', () => {
    expect(warnings({ 'comment-on-pr': 'true' })).toContain('github-token is empty')
    expect(warnings({ 'comment-on-pr': 'true', 'github-token': 'ghs_x' })).toBe('')
  })
})

describe('any inputs', () => {
  const pool = [
    ...[
      '',
      ' ',
      'd1abc',
      'dev',
      'READ',
      'none',
      'true',
      'false',
      '8',
      '3600',
      '43201',
      'S3',
      'auto',
    ],
    ...[
      '..',
      '.',
      '/',
      'a/b',
      'a?b',
      'a#b',
      'a%b',
      'a\\b',
      '***',
      '${{ x }}',
      '[',
      '[]',
      '["READ"]',
    ],
    ...['[{}]', '- READ', '"', "''", '\r\n', '\u0000', '\u200B', '\uD800', '💥', 'é', '::error::x'],
    ...[
      'us-east-1',
      'cn-north-1',
      'us-east-1a',
      'main',
      '**',
      '*',
      '!x',
      '123456789012',
      '__proto__',
    ],
    ...[
      'arn:aws:iam::123456789012:role/r',
      'arn:aws-cn:iam::123456789012:role/p/r',
      'Infinity',
      '-1',
    ],
    ...[
      'http://127.0.0.1:1',
      'http://evil.test',
      'localhost:1',
      'x'.repeat(300),
      '##[error]z',
      '%0A',
    ],
  ]
  const names = [
    ...INPUTS.map((input) => inputVariable(input.name)),
    ...['AWS_REGION', 'AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_STS', 'INPUT_X', 'INPUT___PROTO__'],
    ...['GITHUB_REPOSITORY', 'GITHUB_RUN_ID'],
  ]

  /** Environments by the thousand from one seed: quicker than one arbitrary for each. */
  function* environments(seed: number, count: number): Generator<Env> {
    let state = seed >>> 0
    const next = (limit: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((state / 2 ** 32) * limit)
    }
    const pick = (list: readonly string[]): string => list[next(list.length)] ?? ''
    for (let made = 0; made < count; made++) {
      const changes: Record<string, string> = {}
      for (let left = next(6); left > 0; left--) {
        changes[pick(names)] = next(3) === 0 ? pick(pool) + pick(pool) : pick(pool)
      }
      yield env({}, changes)
    }
  }

  test(
    '10,000 of them never crash; every refused value is named; what is taken is safe',
    { timeout: 60_000 },
    () => {
      let taken = 0
      fc.assert(
        fc.property(fc.integer(), (seed) => {
          for (const each of environments(seed, 1000)) {
            const { inputs, problems } = readInputs(each)
            if (inputs === undefined) {
              const { message } = invalidInputError(problems)
              for (const found of problems) {
                const raw = each[inputVariable(found.input)] ?? each[found.input] ?? ''
                if (!message.includes(`${found.input} is ${found.value}: `))
                  throw new Error(message)
                const named =
                  found.value === '(not shown)' ||
                  found.value === formatInput(raw.trim()) ||
                  found.input.startsWith('AWS_ENDPOINT_URL')
                if (!named) throw new Error(`${found.input} ${found.value}`)
              }
              if (/^\s*(?:::|##\[)/mu.test(message) || message.includes('##[')) {
                throw new Error(message)
              }
              if (hasInvisible(message.replaceAll('\n', ''))) throw new Error(message)
            } else {
              taken++
              for (const part of [inputs.appId, inputs.backendEnvironmentName]) {
                const path = new URL(`https://h.test/backend/${part}/storage`).pathname
                if (/[/?#%\\\s]/u.test(part) || path.split('/').length !== 4) throw new Error(part)
              }
              if (!/^[\w+=,.@-]{2,64}$/.test(inputs.roleSessionName)) {
                throw new Error(inputs.roleSessionName)
              }
            }
          }
        }),
        { numRuns: 10 },
      )
      expect(taken).toBeGreaterThan(1_000)
    },
  )

  test('text of any kind in any input', () => {
    const value = fc.oneof(fc.string({ unit: anyCharacter }), fc.constantFrom(...pool))
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), value), (changes) => {
        const { inputs, problems } = readInputs({ ...env(), ...changes })
        expect(inputs === undefined).toBe(problems.length > 0)
      }),
      { numRuns: 2000 },
    )
  })
})
