/** What a step has left behind, and what must hold for it. */
import { expect } from 'vitest'

import type { StepResult } from '../../emulator/runner/step.ts'
import type { ErrorCode } from '../../src/errors/catalog.ts'
import { checkResult, unescapeCommand } from './result-invariants.ts'

/** The log as people see it. */
export const getLog = (step: StepResult): string => step.log.join('\n')

export const getLines = (step: StepResult, pattern: RegExp): readonly string[] =>
  step.log.filter((line) => pattern.test(line))

export function getAnnotations(
  step: StepResult,
  level: 'error' | 'warning' | 'notice',
): readonly Readonly<{ title: string; message: string }>[] {
  return step.annotations
    .filter((annotation) => annotation.level === level)
    .map(({ title, message }) => ({ title, message }))
}

/** Outputs by their names; undefined is never equal, so a value that could not be found fails the test. */
type Outputs = Readonly<Record<string, string | undefined>>

/**
 * The step failed with this code, one error that people can read, and these outputs; its result is `failed`
 * unless they say otherwise.
 *
 * @returns the message of the error
 */
export function expectFailure(step: StepResult, code: ErrorCode, outputs: Outputs = {}): string {
  expect(step.outputs, getLog(step)).toMatchObject({
    result: 'failed',
    'error-code': code,
    ready: '',
    changed: '',
    ...outputs,
  })
  const [error, ...others] = getAnnotations(step, 'error')
  expect(error?.title).toContain(`(${code})`)
  expect(others).toEqual([])
  expect(step.exitCode).toBe(1)
  checkResult(step)
  return error?.message ?? ''
}

/** The step succeeded with this result, these outputs and no error. */
export function expectSuccess(step: StepResult, result: string, outputs: Outputs = {}): void {
  expect(step.outputs, getLog(step)).toMatchObject({
    result,
    'error-code': '',
    'error-message': '',
    ...outputs,
  })
  expect(getAnnotations(step, 'error')).toEqual([])
  expect(step.exitCode, getLog(step)).toBe(0)
  checkResult(step)
}

/** No line, no output and no summary contains a secret, and each secret is masked. */
export function expectSecretsMasked(step: StepResult, secrets: readonly string[]): void {
  for (const secret of secrets) {
    expect(secret).not.toBe('')
    const lines = step.rawLines.filter((line) => line.includes(secret))
    expect(lines.filter((line) => !line.startsWith('::add-mask::'))).toEqual([])
    expect(Object.values(step.outputs).join('\n')).not.toContain(secret)
    expect(step.summary).not.toContain(secret)
    expect(step.masks.map(unescapeCommand)).toContain(secret)
  }
}
