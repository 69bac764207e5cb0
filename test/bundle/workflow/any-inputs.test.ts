import dns from 'node:dns'
import { Socket } from 'node:net'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { push } from '../../../emulator/runner/events.ts'
import { githubVariables } from '../../../emulator/runner/github-context.ts'
import { decide } from '../../../src/workflow/decide.ts'
import { detectCredentials } from '../../../src/inputs/environment.ts'
import { readEvent } from '../../../src/workflow/event.ts'
import { readInputs, readTriggerInputs } from '../../../src/inputs/read-inputs.ts'
import type { InputProblem } from '../../../src/inputs/parsed.ts'
import { createTestBed, inputVariables, runAction, runInfo } from '../../support/run-action.ts'
import { generateInputSets, type InputSet } from '../../support/random-inputs.ts'
import { expectFailure } from '../../support/step-result.ts'
import { fastClock, runInProcess } from '../../support/run-in-process.ts'
import { caseCount } from '../../support/sampling.ts'

const mayMint = {
  ACTIONS_ID_TOKEN_REQUEST_URL: 'http://127.0.0.1:1/idtoken?a=b',
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'example-request-token',
} as const

const SETS = caseCount(3_000, 100_000)
const RUNS = caseCount(5, 60)

const event = push()
const facts = githubVariables(event, runInfo)

const environment = (set: InputSet): Record<string, string | undefined> => ({
  ...facts,
  ...inputVariables(set.with),
  ...set.env,
})

/** The value of an input, as far as a message may show it as it is. */
function plain({ with: inputs, env }: InputSet, name: string): string | undefined {
  const value = (inputs[name] ?? env[name] ?? '').trim()
  return /^[\w ./:,;!?[\]{}$*()-]{1,60}$/.test(value) ? value : undefined
}

/** Each input that had to be refused is named, with its value, and no other. */
function checkProblems(set: InputSet, problems: readonly InputProblem[]): void {
  const named = [...new Set(problems.map(({ input }) => input))].toSorted()
  if (named.join() !== set.invalid.toSorted().join()) {
    throw new Error(
      `refused ${named.join()} and not ${set.invalid.join()} of ${JSON.stringify(set)}`,
    )
  }
  for (const { input, value, rule, remedy } of problems) {
    const given = plain(set, input)
    if (given !== undefined && value !== '(not shown)' && value !== `"${given}"`) {
      throw new Error(`${input} is ${value} and not ${given}`)
    }
    if (rule === '' || remedy === '') throw new Error(`${input}: no rule or no remedy`)
  }
}

let touched = 0
beforeEach(() => {
  touched = 0
  const touch = (): never => {
    touched += 1
    throw Object.assign(new Error('the network was touched'), { code: 'ECONNREFUSED' })
  }
  vi.spyOn(Socket.prototype, 'connect').mockImplementation(touch)
  vi.spyOn(dns, 'lookup').mockImplementation(touch)
})
afterEach(() => {
  vi.restoreAllMocks()
})

it(`All readers of ${SETS} sets of inputs accept or reject the same ones, and name every problem`, () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      for (const set of generateInputSets(seed, 1_000)) {
        const env = environment(set)
        const trigger = readTriggerInputs(env)
        const reading = readInputs(env)
        checkProblems(set, reading.problems)
        expect(trigger === undefined).toBe(
          set.invalid.some((name) => name === 'mode' || name === 'apply-branches'),
        )
        expect(reading.inputs === undefined).toBe(set.invalid.length > 0)
        if (trigger === undefined) continue
        const { event: read } = readEvent(
          { ...env, GITHUB_EVENT_PATH: 'event' },
          () => '{"repository":{"default_branch":"main"}}',
        )
        expect(decide(read, trigger, detectCredentials(env)).command).toMatch(/^(?:apply|plan)$/)
      }
    }),
    { numRuns: SETS / 1_000 },
  )
  expect(touched).toBe(0)
})

it('A run with any set of inputs does not crash, and sends nothing before every input is valid', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      for (const set of generateInputSets(seed, 100)) {
        touched = 0
        const { outcome, outputs } = await runInProcess({
          with: set.with,
          env: { ...mayMint, ...set.env },
          clock: fastClock(5_000),
        })
        const code = outputs['error-code'] ?? ''
        const message = outputs['error-message'] ?? ''
        if (set.invalid.length > 0) expect(code).toBe('INVALID_INPUT')
        else expect(code).toMatch(/^(?:TOKEN_UNAVAILABLE|TIMED_OUT)$/)
        expect(touched > 0).toBe(set.invalid.length === 0)
        for (const name of set.invalid) expect(message).toContain(name)
        // The fast clock may use up a short timeout first.
        expect(outcome.result).toMatch(
          set.invalid.length > 0 ? /^failed$/ : /^(?:failed|timed-out)$/,
        )
      }
    }),
    { numRuns: caseCount(2, 20) },
  )
})

it(`The bundle rejects ${RUNS} sets with invalid inputs as a whole, and names each of them`, async () => {
  vi.restoreAllMocks()
  const bed = await createTestBed()
  const [seed = 0] = fc.sample(fc.integer(), 1)
  const sets = generateInputSets(seed, RUNS * 4)
    .filter(({ invalid }) => invalid.length > 0)
    .slice(0, RUNS)
  for (const set of sets) {
    const step = await runAction(bed, { with: set.with, env: set.env })
    const message = expectFailure(step, 'INVALID_INPUT')
    for (const name of set.invalid) {
      const value = plain(set, name)
      // Inputs that are missing are one problem, which names all of them.
      const shown = name === 'github-token' || value === undefined ? '' : ` is "${value}"`
      expect(message, `seed ${seed}`).toContain(`${name}${shown}`)
    }
  }
  expect(bed.emulator.requests).toEqual([])
})
