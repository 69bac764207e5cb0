/** Two runs for the same storage, one after the other or at the same time. */
import { expect } from 'vitest'

import type { Rules } from '../../../emulator/emulator.ts'
import type { StepResult } from '../../../emulator/runner/step.ts'
import type { ErrorCode } from '../../../src/errors/catalog.ts'
import { createTestBed, runAction, type TestBed } from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { expectFailure, expectSuccess, getAnnotations, getLog } from '../../support/step-result.ts'

const CREATE = 'CreateBackendStorage'

type Inputs = Readonly<Record<string, string>>

scenario('A second run with the same inputs changes nothing', async () => {
  const bed = await createTestBed()
  const inputs = { 'bucket-name': 'octo-media' }
  const first = await runAction(bed, { with: inputs })
  const second = await runAction(bed, { with: inputs, env: { GITHUB_RUN_ATTEMPT: '2' } })

  expectSuccess(first, 'created')
  expectSuccess(second, 'unchanged')
  expect(second.outputs).toEqual({
    ...first.outputs,
    result: 'unchanged',
    changed: '',
    changes: '[]',
    'has-changes': 'false',
    'job-id': '',
    status: '',
  })
  expect(second.annotations).toEqual([])
  expect(bed.emulator.calls(CREATE)).toHaveLength(1)
})

scenario('A second run waits for the job of a first one that did not wait', async () => {
  const bed = await createTestBed({ rules: { jobMs: 100_000 } })
  const first = await runAction(bed, { with: { wait: 'false' } })
  const second = await runAction(bed)

  expectSuccess(first, 'started')
  // Steps that are gated on a change run after the run that saw the storage.
  expectSuccess(second, 'created', { ready: 'true', changed: 'true' })
  expect(getLog(second)).toContain(String(first.outputs['job-id']))
  expect(bed.emulator.state.counters.create).toMatchObject({ accepted: 1, executed: 1 })
})

/** Starts two runs that have both read the backend before either of them sends its create. */
async function runBoth(bed: TestBed, one: Inputs = {}, other: Inputs = {}): Promise<StepResult[]> {
  bed.emulator.injectFault({ operation: 'GetBackend', kind: 'delay', ms: 20_000, times: 2 })
  return Promise.all([runAction(bed, { with: one }), runAction(bed, { with: other })])
}

/** Makes the second create arrive when the job of the first is over. */
function delaySecondCreate({ emulator }: TestBed): void {
  emulator.injectFault({ operation: CREATE, skip: 1, kind: 'delay', ms: 20_000 })
}

const byResult = (steps: readonly StepResult[], result: string): StepResult => {
  const step = steps.find(({ outputs }) => outputs['result'] === result)
  if (step === undefined) throw new Error(steps.map(getLog).join('\n---\n'))
  return step
}

scenarios<Partial<Rules>>(
  'Two runs at the same time both succeed with one create',
  {
    'one job at a time': {},
    'storage that shows at once': { storageVisible: 'at-once' },
    'jobs that are listed late': { jobListedAfterMs: 3_000 },
    'a second storage rejected at once': { oneStorage: 'refused' },
  },
  async (rules) => {
    const bed = await createTestBed({ rules: { jobMs: 30_000, ...rules } })
    const steps = await runBoth(bed)
    // The storage was absent when each of them read it first.
    for (const step of steps) expectSuccess(step, 'created', { ready: 'true' })
    expect(bed.emulator.state.counters.create).toMatchObject({ accepted: 1, executed: 1 })
  },
)

scenarios<Partial<Rules>>(
  'A create that another run was faster with finds the storage as configured, and warns',
  {
    'rejected by a job that fails': { onePendingJob: false },
    'rejected at once': { oneStorage: 'refused' },
  },
  async (rules) => {
    const bed = await createTestBed({ rules })
    delaySecondCreate(bed)
    const steps = await runBoth(bed)
    for (const step of steps) expectSuccess(step, 'created', { ready: 'true', changed: 'true' })
    const warnings = steps.flatMap((step) => getAnnotations(step, 'warning'))
    expect(warnings).toMatchObject([{ title: 'Created by another run' }])
    expect(bed.emulator.state.counters.create.executed).toBe(1)
    expect(bed.emulator.environment().storages.size).toBe(1)
  },
)

scenarios<Readonly<{ code: ErrorCode; one: Inputs; other: Inputs }>>(
  'A create that another run was faster with fails when the storage differs',
  {
    'authenticated-permissions': {
      code: 'STORAGE_DIFFERS',
      one: { 'authenticated-permissions': 'READ' },
      other: { 'authenticated-permissions': 'READ, DELETE' },
    },
    'bucket-name': {
      code: 'BUCKET_FIXED',
      one: { 'bucket-name': 'acme-media' },
      other: { 'bucket-name': 'acme-files' },
    },
  },
  async ({ code, one, other }, field) => {
    const bed = await createTestBed({ rules: { oneStorage: 'refused' } })
    delaySecondCreate(bed)
    const steps = await runBoth(bed, one, other)
    expectSuccess(byResult(steps, 'created'), 'created')
    const second = byResult(steps, 'failed')
    expect(expectFailure(second, code)).toContain(field)
    // The first difference that a run finds stays in the output.
    expect(second.outputs['changes']).toContain('{"field":"resource-name","from":null,')
    expect(bed.emulator.environment().storages.size).toBe(1)
  },
)
