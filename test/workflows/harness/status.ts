/** The functions that ask how things went so far: `success()`, `failure()`, `always()`, `cancelled()`. */
import { toData, type FunctionDefinition } from '../../../emulator/runner/expressions.ts'

export type Conclusion = 'success' | 'failure' | 'cancelled' | 'skipped'

const define = (name: string, value: boolean): FunctionDefinition => ({
  name,
  minArgs: 0,
  maxArgs: 0,
  call: () => toData(value),
})

/** For the condition of a step. */
export const stepStatus = (job: 'success' | 'failure'): readonly FunctionDefinition[] => [
  define('success', job === 'success'),
  define('failure', job === 'failure'),
  define('always', true),
  define('cancelled', false),
]

/** For the condition of a job: all jobs that it needs count, and all that those need. */
export const jobStatus = (ancestors: readonly Conclusion[]): readonly FunctionDefinition[] => [
  define(
    'success',
    ancestors.every((result) => result === 'success'),
  ),
  define('failure', ancestors.includes('failure')),
  define('always', true),
  define('cancelled', ancestors.includes('cancelled')),
]
