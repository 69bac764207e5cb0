/** A process that would end without a verdict: it ends red, with an explanation, and with what is known. */
import { describe, expect, it } from 'vitest'

import type { StepResult } from '../../emulator/runner/step.ts'
import { pullRequest, push } from '../../emulator/runner/events.ts'
import { runAction, createTestBed, type TestBed } from '../support/run-action.ts'
import { checkResult } from '../support/result-invariants.ts'
import { preloadArguments } from '../support/preload.ts'

const unforeseen = [
  'a rejection that nobody handles',
  'a rejection without an error',
  'an exception in a timer',
  'exceptions one after the other',
  'an exception in the handler of a signal',
  'promises that never settle',
  'a process in which nothing moves',
  'a premature exit',
] as const

type Sabotage =
  (typeof unforeseen)[number] | 'an exception in the handler of the signal that cancels'

async function sabotaged(
  world: TestBed,
  what: Sabotage,
  at: string,
  event = push(),
): Promise<StepResult> {
  const end = await runAction(world, {
    event,
    nodeArguments: preloadArguments('preload/crash-preload.ts'),
    env: { SABOTAGE: what, SABOTAGE_AT: at },
  })
  checkResult(end)
  return end
}

function errorsOf(end: StepResult): readonly string[] {
  return end.annotations.filter(({ level }) => level === 'error').map(({ message }) => message)
}

describe('X04: something unforeseen before anything was sent', () => {
  it.each([
    { what: 'a rejection that nobody handles', result: 'failed' },
    { what: 'a rejection without an error', result: 'failed' },
    { what: 'an exception in a timer', result: 'failed' },
    { what: 'exceptions one after the other', result: 'failed' },
    { what: 'an exception in the handler of a signal', result: 'failed' },
    { what: 'promises that never settle', result: 'failed' },
    // Here the run itself may have no time to say how far it came.
    { what: 'a process in which nothing moves', result: /^(?:failed|unknown)$/ },
    { what: 'a premature exit', result: 'unknown' },
  ] as const)('ends red, and says so: $what', async ({ what, result }) => {
    const world = await createTestBed({ scale: 1 })
    const end = await sabotaged(world, what, 'Requested configuration')

    const log = end.log.join('\n')
    expect(end.exitCode, log).toBe(1)
    expect(errorsOf(end), log).toHaveLength(1)
    expect(errorsOf(end)[0]).toMatch(/unexpected error occurred|ended without a result/)
    expect(end.outputs, log).toMatchObject({ ready: '', 'error-code': 'INTERNAL_ERROR' })
    expect(end.outputs['result']).toMatch(result)
    expect(world.emulator.state.counters.create.received).toBe(0)
    if (result === 'failed') expect(end.summary).toContain('INTERNAL_ERROR')
  })
})

describe('X04: something unforeseen while the job runs', () => {
  it.each(unforeseen)('ends red, and has set the job id: %s', async (what) => {
    const world = await createTestBed({ rules: { jobMs: 600_000 }, scale: 1 })
    const end = await sabotaged(world, what, 'Waiting for job')

    const jobId = String(world.emulator.environment().jobs[0]?.jobId)
    const log = end.log.join('\n')
    expect(end.exitCode, log).toBe(1)
    expect(errorsOf(end), log).toHaveLength(1)
    expect(end.outputs, log).toMatchObject({
      result: 'unknown',
      ready: '',
      'job-id': jobId,
      'error-code': 'INTERNAL_ERROR',
    })
    expect(end.outputs['error-message']).toMatch(/\S/)
    if (what !== 'a premature exit') {
      expect(errorsOf(end)[0]).toContain(`Job ${jobId} is still running`)
      expect(end.summary).toContain(jobId)
    }
    expect(world.emulator.state.counters.create.received).toBe(1)
  })
})

describe('X04: something unforeseen while the run is cancelled', () => {
  it('leaves it cancelled, red with one error', async () => {
    const world = await createTestBed({ rules: { jobMs: 600_000 }, scale: 1 })
    const what = 'an exception in the handler of the signal that cancels'
    const end = await sabotaged(world, what, 'Waiting for job')

    const log = end.log.join('\n')
    expect(end.exitCode, log).toBe(1)
    expect(errorsOf(end), log).toHaveLength(1)
    expect(end.outputs, log).toMatchObject({
      result: 'cancelled',
      ready: '',
      'job-id': world.emulator.environment().jobs[0]?.jobId,
      'error-code': 'CANCELLED',
    })
  })
})

describe('X04: something unforeseen once the result stands', () => {
  it.each(unforeseen.filter((what) => what !== 'a premature exit'))(
    'is no more than a warning: %s',
    async (what) => {
      const world = await createTestBed({ scale: 1 })
      const end = await sabotaged(world, what, 'Result: ', pullRequest())

      const log = end.log.join('\n')
      expect(end.exitCode, log).toBe(0)
      expect(errorsOf(end), log).toEqual([])
      expect(end.outputs, log).toMatchObject({ result: 'planned' })
    },
  )
})
