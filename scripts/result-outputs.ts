/** The table of the outputs that each result sets, from the least and the most that a run can know. */
import { ActionError, type FailureResult } from '../src/errors/action-error.ts'
import { OUTPUTS, toOutputs, type OutputName } from '../src/report/outputs.ts'
import { RESULTS, type RunOutcome, type RunResult } from '../src/run/outcome.ts'
import { createRunState, type RunState } from '../src/run/state.ts'

/** Whether a result always sets an output, sets it if the value is known, or never sets it. */
export type Presence = 'set' | 'known' | 'empty'

type Case = Readonly<{ state: RunState; outcome: RunOutcome }>

const inputs = {
  appId: 'd1a2b3c4d5e6f7',
  backendEnvironmentName: 'prod',
  resourceName: 'media',
} as const
const compared = { ...inputs, comparison: 'different' } as const
const withJob = { ...compared, jobId: '7f3c2b9d', status: 'RUNNING' } as const
const withBucket = { ...withJob, bucketName: 'media-prod' } as const

const createCase = (known: Partial<RunState>, outcome: RunOutcome): Case => ({
  state: { ...createRunState(), ...known },
  outcome,
})

/** After a change, the storage was verified or not, and its job is known or not. */
const afterChange = (result: 'created' | 'updated'): readonly Case[] => [
  createCase(compared, { result, verified: false, bucketName: undefined }),
  createCase(withJob, { result, verified: true, bucketName: 'media-prod' }),
]

const failure = (result: FailureResult, known: Partial<RunState>, requestId?: string): Case =>
  createCase(known, { result, error: new ActionError('INTERNAL_ERROR', 'message', { requestId }) })

/** For each result, a run that knows the least and a run that knows the most. */
const CASES: Readonly<Record<RunResult, readonly Case[]>> = {
  created: afterChange('created'),
  updated: afterChange('updated'),
  unchanged: [
    createCase(inputs, { result: 'unchanged', verified: true, bucketName: undefined }),
    // The job of this run can have failed because another run was first.
    createCase(withJob, { result: 'unchanged', verified: true, bucketName: 'media-prod' }),
  ],
  planned: [
    createCase(inputs, { result: 'planned' }),
    createCase(compared, { result: 'planned', bucketName: 'media-prod' }),
  ],
  started: [{ ...withJob, status: '' }, withJob].map((known) =>
    createCase(known, { result: 'started', verified: false, bucketName: undefined }),
  ),
  skipped: [createCase({}, { result: 'skipped', reason: 'a reason' })],
  failed: [failure('failed', {}), failure('failed', withBucket, 'request-id')],
  unknown: [failure('unknown', inputs), failure('unknown', withJob, 'request-id')],
  'timed-out': [failure('timed-out', inputs), failure('timed-out', withJob, 'request-id')],
  cancelled: [failure('cancelled', {}), failure('cancelled', withJob)],
}

/** The outcomes of a result that the table is made of. */
export const getOutcomes = (result: RunResult): readonly RunOutcome[] =>
  CASES[result].map(({ outcome }) => outcome)

export function getPresence(result: RunResult, output: OutputName): Presence {
  const values = CASES[result].map(({ state, outcome }) => toOutputs(state, outcome)[output])
  if (values.every((value) => value !== '')) return 'set'
  return values.some((value) => value !== '') ? 'known' : 'empty'
}

/** The Markdown table of the outputs that each result sets. */
export function resultOutputsTable(): string {
  const namesOf = (result: RunResult, presence: Presence): string =>
    OUTPUTS.filter((output) => getPresence(result, output) === presence)
      .map((output) => `\`${output}\``)
      .join(', ')
  const rows = RESULTS.map(
    (result) => `| \`${result}\` | ${namesOf(result, 'set')} | ${namesOf(result, 'known')} |`,
  )
  return ['| result | always set | set if known |', '| --- | --- | --- |', ...rows].join('\n')
}
