/** What every end of a step has to be like, whatever the scenario. */
import { expect } from 'vitest'

import type { StepResult } from '../../emulator/runner/step.ts'
import type { ErrorCode } from '../../src/errors/catalog.ts'
import { checkResult, unescapeCommand } from './result-invariants.ts'

/** A red end with this code: one error that people can read, and nothing left behind. Gives its text. */
export function expectFailure(end: StepResult, code: ErrorCode, result = 'failed'): string {
  expect(end.outputs).toMatchObject({ 'error-code': code, result, ready: '' })
  const errors = end.annotations.filter(({ level }) => level === 'error')
  expect(errors.map(({ title }) => title)).toEqual([expect.stringContaining(`(${code})`)])
  expect(end.exitCode).toBe(1)
  checkResult(end)
  return errors[0]?.message ?? ''
}

/** A green end with this result, without an error. */
export function expectSuccess(end: StepResult, result: string): void {
  expect(end.annotations.filter(({ level }) => level === 'error')).toEqual([])
  expect(end.outputs).toMatchObject({ result, 'error-code': '', 'error-message': '' })
  expect(end.exitCode).toBe(0)
  checkResult(end)
}

/** The log as people see it, as one text. */
export function getLog(end: StepResult): string {
  return end.log.join('\n')
}

/** No line that leaves the process, no output and no summary holds a secret; the masks themselves must. */
export function expectSecretsMasked(end: StepResult, secrets: readonly string[]): void {
  for (const secret of secrets) {
    expect(secret).not.toBe('')
    const lines = end.rawLines.filter((line) => line.includes(secret))
    expect(lines.filter((line) => !line.startsWith('::add-mask::'))).toEqual([])
    expect(Object.values(end.outputs).join('\n')).not.toContain(secret)
    expect(end.summary).not.toContain(secret)
    expect(end.masks.map(unescapeCommand)).toContain(secret)
  }
}
