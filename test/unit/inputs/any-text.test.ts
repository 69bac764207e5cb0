import fc from 'fast-check'
import { expect, test } from 'vitest'
import { INPUTS } from '../../../src/inputs/definitions.ts'
import { formatInput, hasInvisible } from '../../../src/inputs/format.ts'
import type { InputProblem } from '../../../src/inputs/parsed.ts'
import { invalidInputError, readInputs, type Inputs } from '../../../src/inputs/read-inputs.ts'
import { inputVariable } from '../../../src/inputs/reader.ts'
import type { Env } from '../../../src/lib/env.ts'
import { anyCharacter } from '../../support/any-character.ts'
import { environment } from './support.ts'

const TEXTS = [
  ...['', ' ', 'd1abc', 'dev', 'READ', 'none', 'true', 'false', '8', '3600', '43201', 'S3', 'auto'],
  ...['..', '.', '/', 'a/b', 'a?b', 'a#b', 'a%b', 'a\\b', '***', '${{ x }}', '[', '[]', '["READ"]'],
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
const VARIABLES = [
  ...INPUTS.map(({ name }) => inputVariable(name)),
  ...['AWS_REGION', 'AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_STS', 'INPUT_X', 'INPUT___PROTO__'],
  ...['GITHUB_REPOSITORY', 'GITHUB_RUN_ID'],
]

/** Many environments from one seed, which is faster than one arbitrary for each. */
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
      changes[pick(VARIABLES)] = next(3) === 0 ? pick(TEXTS) + pick(TEXTS) : pick(TEXTS)
    }
    yield environment({}, changes)
  }
}

/** What is wrong with the message about invalid inputs. */
function messageFault(env: Env, problems: readonly InputProblem[]): string | undefined {
  const { message } = invalidInputError(problems)
  for (const { input, value } of problems) {
    const raw = env[inputVariable(input)] ?? env[input] ?? ''
    const isShown =
      value === '(not shown)' ||
      value === formatInput(raw.trim()) ||
      input.startsWith('AWS_ENDPOINT_URL')
    if (!isShown || !message.includes(`${input} is ${value}: `)) return `${input} is not named`
  }
  if (/^\s*(?:::|##\[)/mu.test(message) || message.includes('##[')) return 'a workflow command'
  return hasInvisible(message.replaceAll('\n', '')) ? 'an invisible character' : undefined
}

/** What is unsafe about valid inputs. */
function valueFault({
  appId,
  backendEnvironmentName,
  roleSessionName,
}: Inputs): string | undefined {
  for (const part of [appId, backendEnvironmentName]) {
    const path = new URL(`https://h.test/backend/${part}/storage`).pathname
    if (/[/?#%\\\s]/u.test(part) || path.split('/').length !== 4) return `the path ${path}`
  }
  return /^[\w+=,.@-]{2,64}$/.test(roleSessionName) ? undefined : `the session ${roleSessionName}`
}

test(
  'Any 10,000 environments are read without a crash: every rejected value is named, and every accepted one is safe.',
  { timeout: 60_000 },
  () => {
    let accepted = 0
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        for (const env of environments(seed, 1000)) {
          const { inputs, problems } = readInputs(env)
          if (inputs !== undefined) accepted++
          const fault = inputs === undefined ? messageFault(env, problems) : valueFault(inputs)
          if (fault !== undefined) throw new Error(`${fault} in ${JSON.stringify(env)}`)
        }
      }),
      { numRuns: 10 },
    )
    expect(accepted).toBeGreaterThan(1_000)
  },
)

test('Any text in any input is either accepted or reported as a problem.', () => {
  const value = fc.oneof(fc.string({ unit: anyCharacter }), fc.constantFrom(...TEXTS))
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...VARIABLES), value), (changes) => {
      const { inputs, problems } = readInputs({ ...environment(), ...changes })
      expect(inputs === undefined).toBe(problems.length > 0)
    }),
    { numRuns: 2000 },
  )
})
