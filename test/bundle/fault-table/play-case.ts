/** One cell of the fault table: a run of the bundle in which one call, or every such call, is spoilt. */
import { expect } from 'vitest'

import type { StepResult } from '../../../emulator/runner/step.ts'
import type { Rules } from '../../../emulator/emulator.ts'
import { runAction, type TestBed } from '../../support/run-action.ts'
import type { EmulatorPool } from '../../support/emulator-pool.ts'
import { sampleTable } from '../../support/sampling.ts'
import { RETRY_AFTER_SECONDS, type TableFault } from './faults.ts'
import type { Expected, FaultTarget } from './targets.ts'

export type FaultCase = Readonly<{ target: FaultTarget; fault: TableFault; title: string }>

/** Of the cells that are as many as all: one in this many is played in `npm test`. */
const SAMPLE_STEP = 13

/**
 * Every moment with every fault, or a share of these.
 *
 * @param which of the shares
 * @param fits  leaves out faults that the table is not about
 */
export function listCases(
  moments: readonly FaultTarget[],
  which: number,
  fits: (spoilt: TableFault) => boolean = () => true,
): readonly FaultCase[] {
  const rows = moments.map((moment) =>
    moment.faults.filter(fits).map((spoilt) => ({
      target: moment,
      fault: spoilt,
      title: `${moment.name} meets ${spoilt.name}`,
    })),
  )
  return sampleTable(rows, SAMPLE_STEP, which)
}

export type Extent = Readonly<{ times: 1 | 'always'; with: Readonly<Record<string, string>> }>

/** On a machine that is too busy for the fast clock, a run can end before the call that is to be spoilt. */
const MAX_TRIES = 3

/** Plays a cell, and holds what came of it against what must. */
export async function playCase(
  stages: EmulatorPool,
  rules: Partial<Rules>,
  cell: FaultCase,
  extent: Extent,
): Promise<void> {
  const { target, fault } = cell
  for (let tries = 1; ; tries += 1) {
    const played = await stages.use(rules, async (stage) => {
      const { emulator } = stage
      target.prepare(emulator)
      const ordered = emulator.injectFault({
        operation: target.operation,
        skip: target.skip,
        times: extent.times,
        when: fault.effect === 'done' ? 'after' : 'before',
        ...fault.spec,
      })
      const end = await runAction(stage, { with: { ...target.with, ...extent.with } })
      if (ordered.timesApplied === 0 && tries < MAX_TRIES) return false

      expect(ordered.timesApplied, end.log.join('\n')).toBeGreaterThan(0)
      const expected = extent.times === 1 ? target.once(fault) : target.persistent
      expectResult(stage, end, expected, fault)
      if (fault.name === '429 with Retry-After') expectRetryAfterHonored(end)
      return true
    })
    if (played) return
  }
}

function expectResult(
  stage: TestBed,
  end: StepResult,
  expected: Expected,
  spoilt: TableFault,
): void {
  const { emulator } = stage
  const { counters } = emulator.state
  const green = expected.result === 'created' || expected.result === 'updated'
  const log = end.log.join('\n')
  const jobs = emulator.environment().jobs.map(({ jobId }) => jobId)

  expect(
    {
      exitCode: end.exitCode,
      result: end.outputs['result'],
      ready: end.outputs['ready'],
      jobId: end.outputs['job-id'],
      create: counters.create,
      update: counters.update,
    },
    log,
  ).toEqual({
    exitCode: green ? 0 : 1,
    result: expected.result,
    ready: green ? 'true' : '',
    jobId: expected.knowsJob ? jobs.at(-1) : '',
    create: expected.create,
    update: expected.update,
  })
  if (expected.namesFault === true) expect(end.outputs['error-code'], log).toBe(spoilt.code)
  const errors = end.annotations.filter(({ level }) => level === 'error')
  expect(errors, log).toHaveLength(green ? 0 : 1)
  if (green) {
    const storage = emulator.environment().storages.get('media')
    expect(storage?.permissions.authenticated).toEqual(['READ', 'CREATE_AND_UPDATE', 'DELETE'])
  }
}

/** A wait that is said aloud in the log is at least the one that the server asked for. */
function expectRetryAfterHonored(end: StepResult): void {
  const waits = end.log.flatMap((line) => {
    const seconds = /429 .*Next (?:attempt|look) in (\d+) s/.exec(line)?.[1]
    return seconds === undefined ? [] : [Number(seconds)]
  })
  for (const seconds of waits) expect(seconds).toBeGreaterThanOrEqual(RETRY_AFTER_SECONDS)
}
