/**
 * Every call of an operation spoilt in every way that keeps it without effect, on the real bundle, of a
 * service that prevents nothing.
 */
import { afterAll, describe, it } from 'vitest'

import { permissive } from '../../../emulator/emulator.ts'
import { FAST } from '../../kit/action.ts'
import { createStages } from '../../kit/stages.ts'
import { cellsOf, playCell } from './cell.ts'
import { MOMENTS } from './moments.ts'

const stages = createStages(FAST)
afterAll(() => stages.stop())

const always = { times: 'always', with: { 'max-attempts': '2' } } as const

const withoutEffect = cellsOf(MOMENTS, 6, ({ effect }) => effect === 'none')

describe.concurrent('every call of an operation spoilt, where the service prevents nothing', () => {
  it.each(withoutEffect)('$title', (cell) => playCell(stages, permissive, cell, always))
})
