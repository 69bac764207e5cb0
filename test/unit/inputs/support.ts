import { expect } from 'vitest'
import { readInputs, type Inputs, type InputsResult } from '../../../src/inputs/read-inputs.ts'
import { inputVariable } from '../../../src/inputs/reader.ts'
import type { InputProblem } from '../../../src/inputs/parsed.ts'
import type { Env } from '../../../src/lib/env.ts'

type Values = Readonly<Record<string, string>>

const VALID: Values = {
  'app-id': 'd1abc',
  'backend-environment-name': 'dev',
  'resource-name': 'res',
  'authenticated-permissions': 'READ',
  'aws-region': 'us-east-1',
  'role-to-assume': 'arn:aws:iam::123456789012:role/r',
}

/** An environment as the runner provides it: valid inputs, except for the given ones. */
export function environment(inputs: Values = {}, variables: Env = {}): Env {
  const values = Object.entries({ ...VALID, ...inputs })
  return {
    GITHUB_REPOSITORY: 'o/r',
    GITHUB_RUN_ID: '1',
    ...Object.fromEntries(values.map(([name, value]) => [inputVariable(name), value])),
    ...variables,
  }
}

export function valid({ inputs, problems }: InputsResult): Inputs {
  expect(problems).toEqual([])
  if (inputs === undefined) throw new Error('no inputs, but no problems either')
  return inputs
}

/** The inputs, which must be valid. */
export function read(inputs: Values = {}, variables: Env = {}): Inputs {
  return valid(readInputs(environment(inputs, variables)))
}

/** The warnings about inputs that must be valid. */
export function warningsFor(inputs: Values, variables: Env = {}): string {
  const result = readInputs(environment(inputs, variables))
  valid(result)
  return result.warnings.join('\n')
}

/** The problem of inputs that must have exactly one. */
export function problemWith(inputs: Values, variables: Env = {}): InputProblem {
  const { inputs: none, problems } = readInputs(environment(inputs, variables))
  expect(none).toBeUndefined()
  expect(problems).toHaveLength(1)
  const [problem] = problems
  if (problem === undefined) throw new Error('no problem')
  return problem
}
