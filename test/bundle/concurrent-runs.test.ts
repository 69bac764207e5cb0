/** Two runs of the same workflow that start together. */
import { afterAll, describe, expect, it } from 'vitest'

import type { Rules } from '../../emulator/emulator.ts'
import { runAction } from '../support/run-action.ts'
import { getLog } from '../support/step-result.ts'
import { CAREFUL_SCALE } from '../support/time-scales.ts'
import { createEmulatorPool } from '../support/emulator-pool.ts'

/** Their calls must come in a certain order, on a busy machine too. */
const stages = createEmulatorPool(CAREFUL_SCALE)
afterAll(() => stages.stop())

const worlds: readonly Readonly<{ name: string; rules: Partial<Rules> }>[] = [
  { name: 'one job at a time', rules: {} },
  { name: 'storage that shows at once', rules: { storageVisible: 'at-once' } },
  { name: 'jobs that are listed late', rules: { jobListedAfterMs: 3_000 } },
  { name: 'a second storage refused at once', rules: { oneStorage: 'refused' } },
]

describe.concurrent.each(worlds)('two runs at the same time, with $name', ({ rules }) => {
  it('both end green, with one create', () =>
    stages.use({ jobMs: 30_000, ...rules }, async (stage) => {
      // Both have looked before either has sent.
      stage.emulator.injectFault({ operation: 'GetBackend', kind: 'delay', ms: 20_000, times: 2 })
      const ends = await Promise.all([runAction(stage), runAction(stage)])

      const logs = ends.map(getLog).join('\n---\n')
      expect(
        ends.map(({ exitCode }) => exitCode),
        logs,
      ).toEqual([0, 0])
      expect(ends.map(({ outputs }) => outputs['result']).sort(), logs).toEqual([
        'created',
        'unchanged',
      ])
      expect(ends.map(({ outputs }) => outputs['ready'])).toEqual(['true', 'true'])
      expect(stage.emulator.state.counters.create).toMatchObject({ accepted: 1, executed: 1 })
    }))
})
