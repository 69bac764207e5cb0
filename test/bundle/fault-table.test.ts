/**
 * Every call of a run with every fault, on the real bundle: at most one create takes effect, its job id is
 * reported, and the step is green exactly when the storage is there.
 */
import { afterAll, describe, it, vi } from 'vitest'

import { permissive } from '../../emulator/emulator.ts'
import { FAST } from '../kit/action.ts'
import { createStages } from '../kit/stages.ts'
import { cellsOf, playCell } from './fault-table/cell.ts'
import { MOMENTS } from './fault-table/moments.ts'

vi.setConfig({ maxConcurrency: 8, testTimeout: 60_000 })

const stages = createStages(FAST)
afterAll(() => stages.stop())

const once = { times: 1, with: {} } as const

describe.concurrent('one spoilt call', () => {
  it.each(cellsOf(MOMENTS))('$title', (cell) => playCell(stages, {}, cell, once))
})

describe.concurrent('one spoilt call, where the service prevents nothing', () => {
  it.each(cellsOf(MOMENTS))('$title', (cell) => playCell(stages, permissive, cell, once))
})

const always = { times: 'always', with: { 'max-attempts': '2' } } as const

const withoutEffect = cellsOf(MOMENTS).filter(({ spoilt }) => spoilt.effect === 'none')

describe.concurrent('every call of an operation spoilt, where the service prevents nothing', () => {
  it.each(withoutEffect)('$title', (cell) => playCell(stages, permissive, cell, always))
})
