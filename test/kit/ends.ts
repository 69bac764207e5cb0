/** What every end of a step has to be like, whatever the scenario. */
import { expect } from 'vitest'

import type { StepEnd } from '../../emulator/runner/action-step.ts'
import type { ErrorCode } from '../../src/errors.ts'
import { checkEveryEnd, unescaped } from './every-end.ts'

/** A red end with this code: one error that people can read, and nothing left behind. Gives its text. */
export function expectRed(end: StepEnd, code: ErrorCode, result = 'failed'): string {
  expect(end.outputs).toMatchObject({ 'error-code': code, result, ready: '' })
  const errors = end.annotations.filter(({ level }) => level === 'error')
  expect(errors.map(({ title }) => title)).toEqual([expect.stringContaining(`(${code})`)])
  expect(end.exitCode).toBe(1)
  checkEveryEnd(end)
  return errors[0]?.message ?? ''
}

/** A green end with this result, without an error. */
export function expectGreen(end: StepEnd, result: string): void {
  expect(end.annotations.filter(({ level }) => level === 'error')).toEqual([])
  expect(end.outputs).toMatchObject({ result, 'error-code': '', 'error-message': '' })
  expect(end.exitCode).toBe(0)
  checkEveryEnd(end)
}

/** The log as people see it, as one text. */
export function logOf(end: StepEnd): string {
  return end.shown.join('\n')
}

/** No line that leaves the process, no output and no summary holds a secret; the masks themselves must. */
export function expectHidden(end: StepEnd, secrets: readonly string[]): void {
  for (const secret of secrets) {
    expect(secret).not.toBe('')
    const lines = end.raw.filter((line) => line.includes(secret))
    expect(lines.filter((line) => !line.startsWith('::add-mask::'))).toEqual([])
    expect(Object.values(end.outputs).join('\n')).not.toContain(secret)
    expect(end.summary).not.toContain(secret)
    expect(end.masks.map(unescaped)).toContain(secret)
  }
}
