import { describe, expect, test } from 'vitest'
import { formatInput } from '../../../src/inputs/format.ts'
import { problemWith, read, warningsFor } from './support.ts'

const unsafe = ['..', '.', 'a/b', 'a\\b', 'a..b', 'a b', 'a\tb', 'a\u0000b', 'a\u200Bb', 'a\u3164b']

describe('Names', () => {
  const unsafeInPath = ['a?x', 'a#x', 'a%2fb', '%2e%2e', '\uD800', '"d1"', "'d1'", '`d1`', 'd1"']
  const unexpanded = ['***', '${{ vars.X }}', 'x${{ y }}', '$APP', '${APP}', 'x'.repeat(256)]

  test.each([
    ...[...unsafe, ...unsafeInPath, ...unexpanded].flatMap((text) => [
      ['app-id', text] as const,
      ['backend-environment-name', text] as const,
    ]),
    ...unsafe.map((text) => ['resource-name', text] as const),
  ])('%s rejects %j.', (input, text) => {
    expect(problemWith({ [input]: text })).toMatchObject({ input, value: formatInput(text) })
  })

  test.each([
    ...['my-storage', 'é', 'x'.repeat(65), 'a?b'].map((text) => ['resource-name', text] as const),
    ...['D1ABC', 'abc', 'd', `d${'1'.repeat(20)}`, 'x.amplifyapp.com', 'é'].map(
      (text) => ['app-id', text] as const,
    ),
    ...['Dev', 'd', 'prod-eu', 'abcdefghijk', 'an'].map(
      (text) => ['backend-environment-name', text] as const,
    ),
  ])('%s accepts %j with a warning that names the input.', (input, text) => {
    expect(warningsFor({ [input]: text })).toContain(`${input} is ${formatInput(text)}: `)
    expect(Object.values(read({ [input]: text }))).toContain(text)
  })

  test.each(['AppStorage', 'res', 's3abcd1234'])('resource-name accepts %j.', (text) => {
    expect(warningsFor({ 'resource-name': text })).toBe('')
  })

  test('The warning about a host name as app ID suggests the ID in it.', () => {
    expect(warningsFor({ 'app-id': 'main.d1abc.amplifyapp.com' })).toContain('`d1abc`?')
  })

  test.each([
    ['"d1"', '""d1""', 'quotes'],
    ['d1\u00ADx', '"d1\\u{ad}x"', 'Type the value again'],
    ['d1\u00A0x', '"d1\\u{a0}x"', 'spaces'],
    ['d1\n::error::x', '"d1\\u{a}::error::x"', 'line breaks'],
    [`S${'s'.repeat(999)}`, '(a value of 1000 characters)', 'expression'],
  ])(
    'The problem with %j shows invisible characters and only the length of a long value.',
    (text, shown, remedy) => {
      const { value, remedy: actual } = problemWith({ 'app-id': text })
      expect(value).toContain(shown)
      expect(actual).toContain(remedy)
    },
  )
})

describe('bucket-name', () => {
  test.each([
    ['MyBucket', 'lowercase'],
    ['a'.repeat(64), '47'],
    ['a'.repeat(60), '47'],
    ['a..b', 'two dots'],
    ['a_b', 'underscores'],
    ['bücket', 'lowercase'],
    ['192.168.0.1', 'IP address'],
    ['-a-b', 'leading hyphen'],
    ['.ab', 'leading hyphen or dot'],
    ['xn--abc', '`xn--`'],
    ['sthree-abc', '`sthree-`'],
    ['amzn-s3-demo-abc', '`amzn-s3-demo-`'],
    ['s3://bucket', 'not a URL'],
    ['arn:aws:s3:::bucket', 'an ARN'],
    ['a b', 'white space'],
  ])('%j is rejected with a message about "%s".', (text, hint) => {
    const { input, rule, remedy } = problemWith({ 'bucket-name': text })
    expect(input).toBe('bucket-name')
    expect(`${rule}. ${remedy}`).toContain(hint)
  })

  test.each(['ab', 'a'.repeat(48), 'a'.repeat(59), 'a.b', '1.2.3'])(
    '%j is accepted with a warning.',
    (text) => {
      expect(warningsFor({ 'bucket-name': text })).toContain('bucket-name is ')
      expect(read({ 'bucket-name': text }).bucketName).toBe(text)
    },
  )

  test.each(['media', 'a-b', 'abc-', 'a'.repeat(47), '1ab', 'x-s3alias', 'x-an'])(
    '%j is accepted, because a suffix and the environment are appended.',
    (text) => {
      expect(warningsFor({ 'bucket-name': text })).toBe('')
    },
  )

  test('A longer environment name leaves less room for the bucket name.', () => {
    const long = { 'backend-environment-name': 'abcdefghij' }
    expect(warningsFor({ ...long, 'bucket-name': 'a'.repeat(46) })).toBe('')
    expect(warningsFor({ ...long, 'bucket-name': 'a'.repeat(47) })).toContain('more than 46')
    expect(problemWith({ ...long, 'bucket-name': 'a'.repeat(53) }).rule).toContain('than 52')
  })

  test('An environment name that S3 reserves at the end of a bucket name leads to a warning.', () => {
    expect(warningsFor({ 'backend-environment-name': 'an' })).toContain('`-an`')
    expect(warningsFor({ 'backend-environment-name': 's3alias' })).toContain('`-s3alias`')
    expect(warningsFor({ 'backend-environment-name': 'plan' })).toBe('')
  })
})

describe('A dash in place of a hyphen', () => {
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
  ])('%j is called by its name.', (dash, name) => {
    const { value, rule, remedy } = problemWith({ 'bucket-name': `my${dash}media` })
    expect(value).toBe(`"my${dash}media"`)
    expect(rule).toContain(name)
    expect(remedy).toContain('`-`')
  })

  test.each([
    ['bucket-name', 'My–Media', true],
    ['aws-region', 'eu–west-1', true],
    ['role-to-assume', 'arn:aws:iam::123456789012:role/my–role', true],
    ['plan-role-to-assume', 'arn:aws:iam::123456789012:role/my–role', true],
    ['role-session-name', 'my–session', true],
    ['bucket-name', 'my_media', false],
    ['bucket-name', 'my~media', false],
    ['aws-region', 'eu_west_1', false],
    ['role-session-name', 'my/session', false],
  ])('The problem of %s with %j is a dash: %s.', (input, text, isDash) => {
    expect(problemWith({ [input]: text }).rule.includes('U+')).toBe(isDash)
  })

  test.each([
    ['app-id', 'd1–abc'],
    ['backend-environment-name', 'prod–eu'],
    ['resource-name', 'my–storage'],
  ])('%s mentions it in the warning about %j.', (input, text) => {
    expect(warningsFor({ [input]: text })).toMatch(/an en dash \(U\+2013\)/)
    expect(warningsFor({ [input]: text.replace('–', '-') })).not.toContain('dash')
  })
})

describe('A letter of another alphabet', () => {
  test.each([
    ['bucket-name', 'acme-m\u0435dia', 'Cyrillic', 'U+0435'],
    ['bucket-name', 'acme-medi\u03B1', 'Greek', 'U+03B1'],
    ['aws-region', '\u0435u-west-1', 'Cyrillic', 'U+0435'],
    ['role-to-assume', 'arn:aws:iam::111122223333:role/\u0430', 'Cyrillic', 'U+0430'],
  ])(
    'In %s, the problem with %j names the %s letter and its code point.',
    (input, text, ...words) => {
      const { rule } = problemWith({ [input]: text })
      for (const word of words) expect(rule).toContain(word)
    },
  )

  test.each([
    ['resource-name', 'medi\u0430', 'Cyrillic', 'U+0430'],
    ['resource-name', '\uFF4Dedia', 'full-width', 'U+FF4D'],
    ['resource-name', 'm\u00E9dia', 'letter', 'U+00E9'],
    ['app-id', 'd1\u0430bc', 'Cyrillic', 'U+0430'],
    ['backend-environment-name', 'pr\u043Ed', 'Cyrillic', 'U+043E'],
  ])(
    'In %s, the warning about %j names the %s letter and its code point.',
    (input, text, ...words) => {
      const warnings = warningsFor({ [input]: text })
      for (const word of words) expect(warnings).toContain(word)
    },
  )
})

describe('A value that was not expanded or not set', () => {
  test.each([
    ['acme-media-${env}', '${env}', '${{ env.env }}'],
    ['acme-${github.repository}', '${github.repository}', '${{ github.repository }}'],
    ['acme-$STAGE', '$STAGE', '${{ env.STAGE }}'],
    ['acme-${{ github.ref_name }}', 'expression', '${{'],
    ['null', 'not set', 'output'],
    ['undefined', 'not set', 'output'],
    ['[object Object]', 'not set', 'output'],
  ])('The problem with %j says what it is and how to fix it.', (text, what, fix) => {
    for (const input of ['bucket-name', 'resource-name', 'role-session-name', 'apply-branches']) {
      const { rule, remedy } = problemWith({ [input]: text })
      expect(rule).toContain(what)
      expect(remedy).toContain(fix)
    }
  })
})
