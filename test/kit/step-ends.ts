/** Parts of the end of a step: lines, annotations; and a role that may do less. */
import { defaults, allow, type Emulator } from '../../emulator/emulator.ts'
import { readActions, writeActions } from '../../emulator/world.ts'
import type { StepEnd } from '../../emulator/runner/action-step.ts'
import { checkEveryEnd } from './every-end.ts'

/** The log as people see it. */
export const logOf = (end: StepEnd): string => end.shown.join('\n')

/** The lines of the log that match. */
export const linesOf = (end: StepEnd, pattern: RegExp): readonly string[] =>
  end.shown.filter((line) => pattern.test(line))

export function annotationsOf(
  end: StepEnd,
  level: 'error' | 'warning' | 'notice',
): readonly Readonly<{ title: string; message: string }>[] {
  return end.annotations
    .filter((annotation) => annotation.level === level)
    .map(({ title, message }) => ({ title, message }))
}

/** The text of the one error annotation of a red step. */
export function errorOf(end: StepEnd): string {
  const errors = annotationsOf(end, 'error')
  if (errors.length !== 1) throw new Error(`${errors.length} errors:\n${logOf(end)}`)
  checkEveryEnd(end)
  return errors[0]?.message ?? ''
}

/** Takes actions of the Amplify Backend away from the role that applies. */
export function forbid({ world }: Emulator, ...operations: readonly string[]): void {
  const role = world.roles.get(defaults.applyRole)
  if (role === undefined) throw new Error('There is no such role')
  const denied = operations.map((operation) => `amplifybackend:${operation}`)
  const left = [...readActions, ...writeActions].filter((action) => !denied.includes(action))
  role.policies = [allow(left)]
}
