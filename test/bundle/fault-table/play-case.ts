/** One case of the fault table: a run in which one call, or every call of an operation, fails. */
import { expect } from 'vitest'

import type { Emulator, Rules } from '../../../emulator/emulator.ts'
import type { StepResult } from '../../../emulator/runner/step.ts'
import { ALL } from '../../support/emulator-state.ts'
import { createTestBed, runAction } from '../../support/run-action.ts'
import { sampleTable } from '../../support/sampling.ts'
import { scenario } from '../../support/scenario.ts'
import { getLog } from '../../support/step-result.ts'
import { RETRY_AFTER_SECONDS, type TableFault } from './faults.ts'
import { FAULT_TARGETS, type Expected, type FaultTarget } from './targets.ts'

/** `npm test` plays one case of this many. */
const SAMPLE_STEP = 13

export type FaultTable = Readonly<{
  /** Begins the titles: what the table is about. */
  title: string
  /** Which sample `npm test` plays. */
  sample: number
  rules: Partial<Rules>
  times: 1 | 'always'
  with?: Readonly<Record<string, string>>
  /** Selects the faults that the table is about. */
  includes?: (fault: TableFault) => boolean
}>

/** Declares a test for each target with each of its faults, or for a sample of them. */
export function testFaultTable(table: FaultTable): void {
  const { includes = () => true } = table
  const rows = FAULT_TARGETS.map((target) =>
    target.faults.filter(includes).map((fault) => ({ target, fault })),
  )
  for (const { target, fault } of sampleTable(rows, SAMPLE_STEP, table.sample))
    scenario(`${table.title}: ${target.name} gets ${fault.name}`, () =>
      playCase(table, target, fault),
    )
}

async function playCase(table: FaultTable, target: FaultTarget, fault: TableFault): Promise<void> {
  const bed = await createTestBed({ rules: table.rules })
  const { emulator } = bed
  target.prepare?.(emulator)
  const injected = emulator.injectFault({
    operation: target.operation,
    skip: target.skip,
    times: table.times,
    when: fault.effect === 'done' ? 'after' : 'before',
    ...fault.spec,
  })
  const step = await runAction(bed, { with: { ...target.with, ...table.with } })

  expect(injected.timesApplied, getLog(step)).toBeGreaterThan(0)
  expectResult(emulator, step, table.times === 1 ? target.once(fault) : target.persistent, fault)
  if (fault.name === '429 with Retry-After') expectRetryAfterHonored(step)
}

function expectResult(
  emulator: Emulator,
  step: StepResult,
  expected: Expected,
  fault: TableFault,
): void {
  const { counters } = emulator.state
  const succeeds = expected.result === 'created' || expected.result === 'updated'
  const { outputs } = step
  expect(
    {
      exitCode: step.exitCode,
      errors: step.annotations.filter(({ level }) => level === 'error').length,
      result: outputs['result'],
      ready: outputs['ready'],
      jobId: outputs['job-id'],
      errorCode: expected.namesFault === true ? outputs['error-code'] : undefined,
      create: counters.create,
      update: counters.update,
    },
    getLog(step),
  ).toEqual({
    exitCode: succeeds ? 0 : 1,
    errors: succeeds ? 0 : 1,
    result: expected.result,
    ready: succeeds ? 'true' : '',
    jobId: expected.knowsJob ? emulator.environment().jobs.at(-1)?.jobId : '',
    errorCode: expected.namesFault === true ? fault.code : undefined,
    create: expected.create,
    update: expected.update,
  })
  if (!succeeds) return
  const storage = emulator.environment().storages.get('media')
  expect(storage?.permissions.authenticated).toEqual(ALL)
}

/** No wait that the log announces is shorter than the server asked for. */
function expectRetryAfterHonored(step: StepResult): void {
  for (const line of step.log) {
    const seconds = /429 .*Next \w+ in (\d+) s/.exec(line)?.[1]
    if (seconds !== undefined) expect(Number(seconds)).toBeGreaterThanOrEqual(RETRY_AFTER_SECONDS)
  }
}
