/**
 * Every call of an operation spoilt in every way that keeps it without effect, on the real bundle, of a
 * service that prevents nothing.
 */
import { afterAll, describe, it } from 'vitest'

import { permissiveRules } from '../../../emulator/emulator.ts'
import { FAST_SCALE } from '../../support/run-action.ts'
import { createEmulatorPool } from '../../support/emulator-pool.ts'
import { listCases, playCase } from './play-case.ts'
import { FAULT_TARGETS } from './targets.ts'

const stages = createEmulatorPool(FAST_SCALE)
afterAll(() => stages.stop())

const always = { times: 'always', with: { 'max-attempts': '2' } } as const

const withoutEffect = listCases(FAULT_TARGETS, 6, ({ effect }) => effect === 'none')

describe.concurrent('every call of an operation spoilt, where the service prevents nothing', () => {
  it.each(withoutEffect)('$title', (cell) => playCase(stages, permissiveRules, cell, always))
})
