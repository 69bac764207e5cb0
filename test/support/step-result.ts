/** Parts of the end of a step: lines, annotations; and a role that may do less. */
import { defaults, allowPolicy, type Emulator } from '../../emulator/emulator.ts'
import { readActions, writeActions } from '../../emulator/emulator.ts'
import type { StepResult } from '../../emulator/runner/step.ts'
import { checkResult } from './result-invariants.ts'

/** The log as people see it. */
export const getLog = (end: StepResult): string => end.log.join('\n')

/** The lines of the log that match. */
export const getLines = (end: StepResult, pattern: RegExp): readonly string[] =>
  end.log.filter((line) => pattern.test(line))

export function getAnnotations(
  end: StepResult,
  level: 'error' | 'warning' | 'notice',
): readonly Readonly<{ title: string; message: string }>[] {
  return end.annotations
    .filter((annotation) => annotation.level === level)
    .map(({ title, message }) => ({ title, message }))
}

/** The text of the one error annotation of a red step. */
export function getError(end: StepResult): string {
  const errors = getAnnotations(end, 'error')
  if (errors.length !== 1) throw new Error(`${errors.length} errors:\n${getLog(end)}`)
  checkResult(end)
  return errors[0]?.message ?? ''
}

/** Takes actions of the Amplify Backend away from the role that applies. */
export function denyOperations({ state }: Emulator, ...operations: readonly string[]): void {
  const role = state.roles.get(defaults.applyRole)
  if (role === undefined) throw new Error('There is no such role')
  const denied = operations.map((operation) => `amplifybackend:${operation}`)
  const left = [...readActions, ...writeActions].filter((action) => !denied.includes(action))
  role.policies = [allowPolicy(left)]
}
