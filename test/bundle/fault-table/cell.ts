/** One cell of the fault table: a run of the bundle in which one call, or every such call, is spoilt. */
import { expect } from 'vitest'

import type { StepEnd } from '../../../emulator/runner/action-step.ts'
import type { Rules } from '../../../emulator/emulator.ts'
import { runAction, type Stage } from '../../kit/action.ts'
import type { Stages } from '../../kit/stages.ts'
import { share } from '../../kit/thorough.ts'
import { RETRY_AFTER_SECONDS, type Spoilt } from './faults.ts'
import type { Expected, Moment } from './moments.ts'

export type Cell = Readonly<{ moment: Moment; spoilt: Spoilt; title: string }>

/** Of the cells that are as many as all: one in this many is played in `npm test`. */
const STEP = 13

/**
 * Every moment with every fault, or a share of these.
 *
 * @param which of the shares
 * @param fits  leaves out faults that the table is not about
 */
export function cellsOf(
  moments: readonly Moment[],
  which: number,
  fits: (spoilt: Spoilt) => boolean = () => true,
): readonly Cell[] {
  const rows = moments.map((moment) =>
    moment.faults.filter(fits).map((spoilt) => ({
      moment,
      spoilt,
      title: `${moment.name} meets ${spoilt.name}`,
    })),
  )
  return share(rows, STEP, which)
}

export type Extent = Readonly<{ times: 1 | 'always'; with: Readonly<Record<string, string>> }>

/** On a machine that is too busy for the fast clock, a run can end before the call that is to be spoilt. */
const TRIES = 3

/** Plays a cell, and holds what came of it against what must. */
export async function playCell(
  stages: Stages,
  rules: Partial<Rules>,
  cell: Cell,
  extent: Extent,
): Promise<void> {
  const { moment, spoilt } = cell
  for (let tries = 1; ; tries += 1) {
    const played = await stages.use(rules, async (stage) => {
      const { emulator } = stage
      moment.prepare(emulator)
      const ordered = emulator.orderFault({
        operation: moment.operation,
        skip: moment.skip,
        times: extent.times,
        when: spoilt.effect === 'done' ? 'after' : 'before',
        ...spoilt.fault,
      })
      const end = await runAction(stage, { with: { ...moment.with, ...extent.with } })
      if (ordered.played === 0 && tries < TRIES) return false

      expect(ordered.played, end.shown.join('\n')).toBeGreaterThan(0)
      const expected = extent.times === 1 ? moment.once(spoilt) : moment.forGood
      expectEnd(stage, end, expected, spoilt)
      if (spoilt.name === '429 with Retry-After') expectPatience(end)
      return true
    })
    if (played) return
  }
}

function expectEnd(stage: Stage, end: StepEnd, expected: Expected, spoilt: Spoilt): void {
  const { emulator } = stage
  const { counters } = emulator.world
  const green = expected.result === 'created' || expected.result === 'updated'
  const log = end.shown.join('\n')
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
function expectPatience(end: StepEnd): void {
  const waits = end.shown.flatMap((line) => {
    const seconds = /429 .*Next (?:attempt|look) in (\d+) s/.exec(line)?.[1]
    return seconds === undefined ? [] : [Number(seconds)]
  })
  for (const seconds of waits) expect(seconds).toBeGreaterThanOrEqual(RETRY_AFTER_SECONDS)
}
