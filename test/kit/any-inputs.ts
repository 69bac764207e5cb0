/** Sets of inputs by the thousand, of which it is known what has to become of each. */

/** What an input can be given: values that have to be taken, and values that have to be refused. */
type Pool = Readonly<{ good: readonly string[]; bad: readonly string[] }>

const long = (length: number): string => 'x'.repeat(length)

const ROLE = 'arn:aws:iam::111122223333:role/amplify-storage'
const unexpanded = ['***', '${{ secrets.X }}', '$X'] as const
const notAWord = ['a b', '"a"', 'a\u200bb', 'a\u0007b', ...unexpanded] as const
const notAPath = ['', ' ', '\t\r\n', '.', '..', 'a/b', 'a\\b', 'a?b', 'a#b', 'a%2fb', ...notAWord]
const booleans: Pool = {
  good: ['', ' ', 'true', 'True', 'TRUE', 'false', 'False', 'FALSE', 'true ', 'false\r\n'],
  bad: ['yes', 'no', 'on', '1', '0', 'tRUE', '"true"', 'flase', 'true false', '***'],
}
const numbers = (good: readonly string[], bad: readonly string[]): Pool => ({
  good: ['', ...good],
  bad: ['abc', '-1', '1.5', '1e2', '0x10', '１０', '1h', '1,000', 'NaN', 'Infinity', ...bad],
})

/** Every input, and the variables beside them that are judged. */
const POOLS: Readonly<Record<string, Pool>> = {
  'app-id': { good: ['d1abc', ' d1abc\n', 'odd-but-legal'], bad: [...notAPath, long(256)] },
  'backend-environment-name': { good: ['dev', 'prod', 'pr-12'], bad: [...notAPath, long(256)] },
  'resource-name': {
    good: ['media', 'Media1', 'my-media'],
    bad: ['', ' ', '..', 'a/b', 'a\\b', ...notAWord, long(256)],
  },
  'bucket-name': {
    good: ['', 'acme-media', 'acme.media'],
    bad: ['MyBucket', 'a_b', 'a..b', '192.168.0.1', '-a', 'xn--a', 's3://a', long(64), ...notAWord],
  },
  'authenticated-permissions': {
    good: ['READ', 'none', 'read delete', '- READ\n- DELETE', '["READ"]', 'CREATE-AND-UPDATE\r'],
    bad: [
      '',
      ' ',
      'WRITE',
      'READ;DELETE',
      'none, READ',
      '[]',
      ',,',
      '[1]',
      '[null]',
      ...unexpanded,
    ],
  },
  'unauthenticated-permissions': {
    good: ['', 'READ', 'none'],
    bad: ['WRITE', 'READ, none', '[]', 'all', ...unexpanded],
  },
  'aws-region': {
    good: ['eu-west-1', ' us-east-1 ', 'mars-1'],
    bad: ['us-east-1a', 'EU-WEST-1', 'eu_west_1', 'eu-west-1.evil.example', '"eu-west-1"', 'a b'],
  },
  'role-to-assume': {
    good: [ROLE, `${ROLE}\n`],
    bad: ['amplify-storage', 'arn:aws:iam::1:role/a', ROLE.replace('role', 'user'), ...unexpanded],
  },
  'plan-role-to-assume': {
    good: ['', ROLE],
    bad: ['plan', `${ROLE} ${ROLE}`, ROLE.replace('iam', 'sts'), ...unexpanded],
  },
  'role-session-name': { good: ['', 'ab', 'a@b.c'], bad: ['a', 'a/b', 'ä', long(65), ...notAWord] },
  'role-duration-seconds': numbers(['900', '43200'], ['899', '43201', '0']),
  audience: { good: ['', 'sts.amazonaws.com'], bad: [long(256), ...notAWord] },
  'allowed-account-ids': {
    good: ['', '111122223333', '["111122223333", "444455556666"]'],
    bad: ['1', '1111-2222-3333', '[]', 'all', '11112222333a', ...unexpanded],
  },
  mode: { good: ['', 'auto', 'plan', 'APPLY'], bad: ['both', 'plann', 'true', ...unexpanded] },
  'apply-branches': {
    good: ['', 'main', 'main, release/**', 'refs/heads/main'],
    bad: ['!main', 'a?', 'a[bc]', 'refs/tags/v1', 'a..b', '/a', '[""]', ...unexpanded],
  },
  'if-exists': { good: ['', 'match', 'Update', 'fail'], bad: ['replace', 'true', '***'] },
  wait: booleans,
  'timeout-in-minutes': numbers(['1', '350'], ['0', '351']),
  'max-attempts': numbers(['1', '20'], ['0', '21']),
  summary: booleans,
  'comment-on-pr': { good: ['', 'false', 'true', 'changes-only'], bad: ['changes', 'no', '***'] },
  'github-token': { good: ['', 'ghs_example'], bad: ['a b', '***', long(10_001)] },
  'allow-custom-endpoints': booleans,
  'service-name': { good: ['', 'S3', 's3'], bad: ['DynamoDB', 'S4', 'S 3'] },
  AWS_ENDPOINT_URL: {
    good: ['', 'http://127.0.0.1:1', 'https://sts.amazonaws.com'],
    bad: ['localhost:1', 'ftp://127.0.0.1', 'http://', 'http://u:p@127.0.0.1', '/x'],
  },
  HTTPS_PROXY: {
    good: ['', '127.0.0.1:1'],
    bad: ['socks5://127.0.0.1:1', 'http://a b', 'http://'],
  },
}

const NAMES = Object.keys(POOLS)

export type InputSet = Readonly<{
  with: Readonly<Record<string, string>>
  env: Readonly<Record<string, string>>
  /** The inputs and variables that have to be refused, each by its name. */
  bad: readonly string[]
}>

/** Sets without end, the same for the same seed. */
export function* inputSets(seed: number): Generator<InputSet, never> {
  let state = seed >>> 0
  const next = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
  const pick = (from: readonly string[]): string => from[next(from.length)] ?? ''
  for (;;) {
    const spoilt = new Set(Array.from({ length: next(6) }, () => pick(NAMES)))
    const values = NAMES.map((name): [string, string] => {
      const { good, bad } = POOLS[name] ?? { good: [''], bad: [] }
      return [name, pick(spoilt.has(name) ? bad : good)]
    })
    const isVariable = ([name]: [string, string]): boolean => /^[A-Z_]+$/.test(name)
    yield {
      with: Object.fromEntries(values.filter((value) => !isVariable(value))),
      env: Object.fromEntries(values.filter(isVariable)),
      bad: NAMES.filter((name) => spoilt.has(name)),
    }
  }
}

/** Takes some of the sets. */
export function take(sets: Iterable<InputSet>, count: number): readonly InputSet[] {
  const taken: InputSet[] = []
  for (const set of sets) if (taken.push(set) >= count) break
  return taken
}
