/**
 * Every call of a run with every fault, on the real bundle, of a service that prevents nothing: at most one create takes effect, its job id is
 * reported, and the step is green exactly when the storage is there.
 */
import { afterAll, describe, it } from 'vitest'

import { permissiveRules } from '../../../emulator/emulator.ts'
import { FAST_SCALE } from '../../support/run-action.ts'
import { createEmulatorPool } from '../../support/emulator-pool.ts'
import { listCases, playCase } from './play-case.ts'
import { FAULT_TARGETS } from './targets.ts'

const stages = createEmulatorPool(FAST_SCALE)
afterAll(() => stages.stop())

const once = { times: 1, with: {} } as const

describe.concurrent('one spoilt call, where the service prevents nothing', () => {
  it.each(listCases(FAULT_TARGETS, 3))('$title', (cell) =>
    playCase(stages, permissiveRules, cell, once),
  )
})
