/**
 * Every call of a run with every fault, on the real bundle, of a service that prevents nothing: at most one create takes effect, its job id is
 * reported, and the step is green exactly when the storage is there.
 */
import { afterAll, describe, it } from 'vitest'

import { permissive } from '../../../emulator/emulator.ts'
import { FAST } from '../../kit/action.ts'
import { createStages } from '../../kit/stages.ts'
import { cellsOf, playCell } from './cell.ts'
import { MOMENTS } from './moments.ts'

const stages = createStages(FAST)
afterAll(() => stages.stop())

const once = { times: 1, with: {} } as const

describe.concurrent('one spoilt call, where the service prevents nothing', () => {
  it.each(cellsOf(MOMENTS, 3))('$title', (cell) => playCell(stages, permissive, cell, once))
})
