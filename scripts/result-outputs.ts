/** Which result sets which output: what the code makes of the least and the most that a run can know. */
import { RESULTS, type RunOutcome, type RunResult } from '../src/run/outcome.ts'
import { ActionError, type FailureResult } from '../src/errors/action-error.ts'
import { createRunState, type RunState } from '../src/run/state.ts'
import { OUTPUTS, toOutputs, type OutputName } from '../src/report/outputs.ts'

/** `set` always, `known` where it is known, `empty` never. */
export type Presence = 'set' | 'known' | 'empty'

type Case = Readonly<{ findings: RunState; ending: RunOutcome }>

const asked = {
  appId: 'd1a2b3c4d5e6f7',
  backendEnvironmentName: 'prod',
  resourceName: 'media',
} as const
const started = { ...asked, jobId: '7f3c2b9d', status: 'RUNNING' } as const

const findings = (known: Partial<RunState> = {}): RunState => ({ ...createRunState(), ...known })

/** After a change, the storage was looked at or could not be, and its job was seen or not. */
const done = (result: 'created' | 'updated'): readonly Case[] => [
  { findings: findings(asked), ending: { result, verified: false, bucketName: undefined } },
  { findings: findings(started), ending: { result, verified: true, bucketName: 'media-prod' } },
]

const red = (result: FailureResult, known: Partial<RunState>, requestId?: string): Case => ({
  findings: findings(known),
  ending: { result, error: new ActionError('INTERNAL_ERROR', 'message', { requestId }) },
})

/** For every result, the least and the most that a run which ends so can know. */
const CASES: Readonly<Record<RunResult, readonly Case[]>> = {
  created: done('created'),
  updated: done('updated'),
  unchanged: [
    {
      findings: findings(asked),
      ending: { result: 'unchanged', verified: true, bucketName: undefined },
    },
    // A job of its own can have failed because another run was first.
    {
      findings: findings(started),
      ending: { result: 'unchanged', verified: true, bucketName: 'media-prod' },
    },
  ],
  planned: [{ findings: findings(asked), ending: { result: 'planned' } }],
  started: [
    {
      findings: findings({ ...started, status: '' }),
      ending: { result: 'started', verified: false, bucketName: undefined },
    },
    {
      findings: findings(started),
      ending: { result: 'started', verified: false, bucketName: undefined },
    },
  ],
  skipped: [{ findings: findings(), ending: { result: 'skipped', reason: 'a reason' } }],
  failed: [red('failed', {}), red('failed', started, 'request-id')],
  unknown: [red('unknown', asked), red('unknown', started, 'request-id')],
  'timed-out': [red('timed-out', asked), red('timed-out', started, 'request-id')],
  cancelled: [red('cancelled', {}), red('cancelled', started)],
}

/** The endings of a result that the table is made of. */
export const getOutcomes = (result: RunResult): readonly RunOutcome[] =>
  CASES[result].map(({ ending }) => ending)

/** What a result says about an output. */
export function getPresence(result: RunResult, output: OutputName): Presence {
  const values = CASES[result].map(({ findings, ending }) => toOutputs(findings, ending)[output])
  if (values.every((value) => value !== '')) return 'set'
  return values.some((value) => value !== '') ? 'known' : 'empty'
}

const MARKS: Readonly<Record<Presence, string>> = { set: '✓', known: '(✓)', empty: '' }

export function resultOutputsTable(): string {
  const rows = OUTPUTS.map((output) =>
    [`\`${output}\``, ...RESULTS.map((result) => MARKS[getPresence(result, output)])].join(' | '),
  )
  return [
    `| | ${RESULTS.map((result) => `\`${result}\``).join(' | ')} |`,
    `| --- |${RESULTS.map(() => ' :-: |').join('')}`,
    ...rows.map((row) => `| ${row} |`),
    '',
    '✓ is set, (✓) is set where it is known, everything else is empty.',
  ].join('\n')
}
