/** Sets of inputs by the thousand, of which it is known what has to become of each. */
import { seededRandom } from './seeded-random.ts'

/** What an input can be given: values that have to be taken, and values that have to be refused. */
type Values = Readonly<{ valid: readonly string[]; invalid: readonly string[] }>

const long = (length: number): string => 'x'.repeat(length)

const ROLE = 'arn:aws:iam::111122223333:role/amplify-storage'
const unexpanded = ['***', '${{ secrets.X }}', '$X'] as const
const notASingleToken = ['a b', '"a"', 'a\u200bb', 'a\u0007b', ...unexpanded] as const
const notAPath = [
  ...['', ' ', '\t\r\n', '.', '..', 'a/b', 'a\\b', 'a?b', 'a#b', 'a%2fb'],
  ...notASingleToken,
]
const booleans: Values = {
  valid: ['', ' ', 'true', 'True', 'TRUE', 'false', 'False', 'FALSE', 'true ', 'false\r\n'],
  invalid: ['yes', 'no', 'on', '1', '0', 'tRUE', '"true"', 'flase', 'true false', '***'],
}
const numbers = (good: readonly string[], bad: readonly string[]): Values => ({
  valid: ['', ...good],
  invalid: ['abc', '-1', '1.5', '1e2', '0x10', '１０', '1h', '1,000', 'NaN', 'Infinity', ...bad],
})

/** Every input, and the variables beside them that are judged. */
const VALUES: Readonly<Record<string, Values>> = {
  'app-id': { valid: ['d1abc', ' d1abc\n', 'odd-but-legal'], invalid: [...notAPath, long(256)] },
  'backend-environment-name': {
    valid: ['dev', 'prod', 'pr-12'],
    invalid: [...notAPath, long(256)],
  },
  'resource-name': {
    valid: ['media', 'Media1', 'my-media'],
    invalid: ['', ' ', '..', 'a/b', 'a\\b', ...notASingleToken, long(256)],
  },
  'bucket-name': {
    valid: ['', 'acme-media', 'acme.media'],
    invalid: [
      ...['MyBucket', 'a_b', 'a..b', '192.168.0.1', '-a', 'xn--a', 's3://a', long(64)],
      ...notASingleToken,
    ],
  },
  'authenticated-permissions': {
    valid: ['READ', 'none', 'read delete', '- READ\n- DELETE', '["READ"]', 'CREATE-AND-UPDATE\r'],
    invalid: ['', ' ', 'WRITE', 'READ;DELETE', ',,', '[1]', '[null]', ...unexpanded],
  },
  'unauthenticated-permissions': {
    valid: ['', 'READ', 'none'],
    invalid: ['WRITE', 'READ, none', '[]', 'all', ...unexpanded],
  },
  'aws-region': {
    valid: ['eu-west-1', ' us-east-1 ', 'mars-1'],
    invalid: ['us-east-1a', 'EU-WEST-1', 'eu-west-1.evil.example', '"eu-west-1"', 'a b'],
  },
  'role-to-assume': {
    valid: [ROLE, `${ROLE}\n`],
    invalid: [
      'amplify-storage',
      'arn:aws:iam::1:role/a',
      ROLE.replace('role', 'user'),
      ...unexpanded,
    ],
  },
  'plan-role-to-assume': {
    valid: ['', ROLE],
    invalid: ['plan', `${ROLE} ${ROLE}`, ROLE.replace('iam', 'sts'), ...unexpanded],
  },
  'role-session-name': {
    valid: ['', 'ab', 'a@b.c'],
    invalid: ['a', 'a/b', 'ä', long(65), ...notASingleToken],
  },
  'role-duration-seconds': numbers(['900', '43200'], ['899', '43201', '0']),
  audience: { valid: ['', 'sts.amazonaws.com'], invalid: [long(256), ...notASingleToken] },
  'allowed-account-ids': {
    valid: ['', '111122223333', '["111122223333", "444455556666"]'],
    invalid: ['1', '1111-2222-3333', '[]', 'all', '11112222333a', ...unexpanded],
  },
  mode: { valid: ['', 'auto', 'plan', 'APPLY'], invalid: ['both', 'plann', 'true', ...unexpanded] },
  'apply-branches': {
    valid: ['', 'main', 'main, release/**', 'refs/heads/main'],
    invalid: ['!main', 'a?', 'a[bc]', 'refs/tags/v1', 'a..b', '/a', '[""]', ...unexpanded],
  },
  'if-exists': { valid: ['', 'match', 'Update', 'fail'], invalid: ['replace', 'true', '***'] },
  wait: booleans,
  'timeout-in-minutes': numbers(['1', '350'], ['0', '351']),
  'max-attempts': numbers(['1', '20'], ['0', '21']),
  summary: booleans,
  'comment-on-pr': {
    valid: ['', 'false', 'true', 'changes-only'],
    invalid: ['changes', 'no', '***'],
  },
  'github-token': { valid: ['', 'ghs_example'], invalid: ['a b', '***', long(10_001)] },
  'fail-on-changes': booleans,
  'allow-custom-endpoints': booleans,
  'service-name': { valid: ['', 'S3', 's3'], invalid: ['DynamoDB', 'S4', 'S 3'] },
  AWS_ENDPOINT_URL: {
    valid: ['', 'http://127.0.0.1:1', 'https://sts.amazonaws.com'],
    invalid: ['localhost:1', 'ftp://127.0.0.1', 'http://', 'http://u:p@127.0.0.1', '/x'],
  },
  HTTPS_PROXY: {
    valid: ['', '127.0.0.1:1'],
    invalid: ['socks5://127.0.0.1:1', 'http://a b', 'http://'],
  },
}

const NAMES = Object.keys(VALUES)

export type InputSet = Readonly<{
  with: Readonly<Record<string, string>>
  env: Readonly<Record<string, string>>
  /** The inputs and variables that have to be refused, each by its name. */
  invalid: readonly string[]
}>

/** As many sets as are asked for, the same for the same seed. */
export function generateInputSets(seed: number, count: number): readonly InputSet[] {
  const { between, oneOf } = seededRandom(seed)
  return Array.from({ length: count }, () => {
    const spoilt = new Set(Array.from({ length: between(0, 5) }, () => oneOf(NAMES)))
    const values = Object.entries(VALUES).map(([name, { valid, invalid }]): [string, string] => [
      name,
      oneOf(spoilt.has(name) ? invalid : valid),
    ])
    const isVariable = ([name]: [string, string]): boolean => /^[A-Z_]+$/.test(name)
    return {
      with: Object.fromEntries(values.filter((value) => !isVariable(value))),
      env: Object.fromEntries(values.filter(isVariable)),
      invalid: NAMES.filter((name) => spoilt.has(name)),
    }
  })
}
