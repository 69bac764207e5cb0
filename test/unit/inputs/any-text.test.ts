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
  ...['us-east-1', 'cn-north-1', 'us-east-1a', 'main', '**', '*', '!x', '123456789012'],
  ...['__proto__', 'arn:aws:iam::123456789012:role/r', 'arn:aws-cn:iam::123456789012:role/p/r'],
  ...['Infinity', '-1', 'http://127.0.0.1:1', 'http://evil.test', 'localhost:1', '##[error]z'],
  ...['x'.repeat(300), '%0A'],
]
const VARIABLES = [
  ...INPUTS.map(({ name }) => inputVariable(name)),
  ...['AWS_REGION', 'AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_STS', 'INPUT_X', 'INPUT___PROTO__'],
  ...['GITHUB_REPOSITORY', 'GITHUB_RUN_ID'],
]

/** What is wrong with the message about invalid inputs. */
function messageFault(env: Env, problems: readonly InputProblem[]): string | undefined {
  const { message } = invalidInputError(problems)
  for (const { input, value } of problems) {
    const raw = env[inputVariable(input)] ?? env[input] ?? ''
    const isShown =
      value === '(not shown)' ||
      value === formatInput(raw.trim()) ||
      input.startsWith('AWS_ENDPOINT_URL')
    const isNamed =
      message.includes(`${input} is ${value}: `) ||
      (value === 'empty' && message.includes(input) && message.includes('are empty: '))
    if (!isShown || !isNamed) return `${input} is not named`
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

test('Any text in any input is read without a crash: a rejected value is named, and an accepted one is safe.', () => {
  const value = fc.oneof(fc.string({ unit: anyCharacter }), fc.constantFrom(...TEXTS))
  const variables = fc.dictionary(fc.constantFrom(...VARIABLES), value, { maxKeys: 6 })
  let accepted = 0
  fc.assert(
    fc.property(variables, (changes) => {
      const env = { ...environment(), ...changes }
      const { inputs, problems } = readInputs(env)
      if (inputs !== undefined) accepted++
      expect(inputs === undefined).toBe(problems.length > 0)
      expect(
        inputs === undefined ? messageFault(env, problems) : valueFault(inputs),
      ).toBeUndefined()
    }),
    { numRuns: 5000 },
  )
  expect(accepted).toBeGreaterThan(500)
})
