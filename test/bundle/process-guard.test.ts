/** A process that would end without a result fails, with an explanation and with the known outputs. */
import { describe, expect, it } from 'vitest'

import type { StepResult } from '../../emulator/runner/step.ts'
import { pullRequest, push } from '../../emulator/runner/events.ts'
import { runAction, createTestBed, type TestBed } from '../support/run-action.ts'
import { checkResult } from '../support/result-invariants.ts'
import { preloadArguments } from '../support/preload.ts'

const unexpectedErrors = [
  'a rejection that nothing handles',
  'a rejection without an error',
  'an exception in a timer',
  'exceptions one after the other',
  'an exception in the handler of a signal',
  'promises that never settle',
  'a process in which nothing moves',
  'a premature exit',
] as const

type Sabotage =
  (typeof unexpectedErrors)[number] | 'an exception in the handler of the signal that cancels'

async function sabotaged(
  world: TestBed,
  what: Sabotage,
  at: string,
  event = push(),
): Promise<StepResult> {
  const end = await runAction(world, {
    event,
    nodeArguments: preloadArguments('preload/crash-preload.ts'),
    env: { CRASH: what, CRASH_AT: at },
  })
  checkResult(end)
  return end
}

function errorsOf(end: StepResult): readonly string[] {
  return end.annotations.filter(({ level }) => level === 'error').map(({ message }) => message)
}

describe('An unexpected error before any request was sent', () => {
  it.each([
    { what: 'a rejection that nothing handles', result: 'failed' },
    { what: 'a rejection without an error', result: 'failed' },
    { what: 'an exception in a timer', result: 'failed' },
    { what: 'exceptions one after the other', result: 'failed' },
    { what: 'an exception in the handler of a signal', result: 'failed' },
    { what: 'promises that never settle', result: 'failed' },
    // Here the run itself may have no time to say how far it came.
    { what: 'a process in which nothing moves', result: /^(?:failed|unknown)$/ },
    { what: 'a premature exit', result: 'unknown' },
  ] as const)(
    'A run fails and says so after $what before any request was sent',
    async ({ what, result }) => {
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
    },
  )
})

describe('An unexpected error while the job runs', () => {
  it.each(unexpectedErrors)(
    'A run fails with the job ID set after %s while the job runs',
    async (what) => {
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
    },
  )
})

describe('An unexpected error while the run is cancelled', () => {
  it('A cancelled run stays cancelled, with one error, after an exception in a signal handler', async () => {
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

describe('An unexpected error once the result is known', () => {
  it.each(unexpectedErrors.filter((what) => what !== 'a premature exit'))(
    'A run keeps its result after %s once the result is known',
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
