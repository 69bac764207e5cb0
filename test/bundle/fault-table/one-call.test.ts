/**
 * Every call of a run with every fault, on the real bundle: at most one create takes effect, its job id is
 * reported, and the step is green exactly when the storage is there.
 */
import { afterAll, describe, it } from 'vitest'

import { FAST } from '../../kit/action.ts'
import { createStages } from '../../kit/stages.ts'
import { cellsOf, playCell } from './cell.ts'
import { MOMENTS } from './moments.ts'

const stages = createStages(FAST)
afterAll(() => stages.stop())

const once = { times: 1, with: {} } as const

describe.concurrent('one spoilt call', () => {
  it.each(cellsOf(MOMENTS, 0))('$title', (cell) => playCell(stages, {}, cell, once))
})
