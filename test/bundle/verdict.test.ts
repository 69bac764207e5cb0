/** A process that would end without a verdict: it ends red, with an explanation, and with what is known. */
import { describe, expect, it } from 'vitest'

import type { StepEnd } from '../../emulator/runner/action-step.ts'
import { runAction, stage, type Stage } from '../kit/action.ts'
import { preload } from '../kit/preload.ts'

const unforeseen = [
  'a rejection that nobody handles',
  'a rejection without an error',
  'an exception in a timer',
  'exceptions one after the other',
  'promises that never settle',
  'a process in which nothing moves',
  'a premature exit',
] as const

type Sabotage = (typeof unforeseen)[number]

async function sabotaged(world: Stage, what: Sabotage, at: string): Promise<StepEnd> {
  return await runAction(world, {
    nodeArguments: preload('sabotage.ts'),
    env: { SABOTAGE: what, SABOTAGE_AT: at },
  })
}

function errorsOf(end: StepEnd): readonly string[] {
  return end.annotations.filter(({ level }) => level === 'error').map(({ message }) => message)
}

/** Where the process itself is at its end, the run can report no more than the error. */
const silenced: readonly Sabotage[] = ['a process in which nothing moves', 'a premature exit']

describe('something unforeseen before anything was sent', () => {
  it.each(unforeseen)('ends red, and says so: %s', async (what) => {
    const world = await stage()
    const end = await sabotaged(world, what, 'What is asked')

    const log = end.shown.join('\n')
    expect(end.exitCode, log).toBe(1)
    expect(errorsOf(end), log).toHaveLength(1)
    expect(errorsOf(end)[0]).toMatch(/unforeseen happened|ended before it came to a result/)
    expect(end.outputs, log).toMatchObject({
      result: 'failed',
      ready: '',
      'error-code': 'INTERNAL_ERROR',
    })
    expect(world.emulator.world.counters.create.received).toBe(0)
    if (!silenced.includes(what)) expect(end.summary).toContain('INTERNAL_ERROR')
  })
})

describe('something unforeseen while the job runs', () => {
  it.each(unforeseen)('ends red, with the job id: %s', async (what) => {
    const world = await stage({ rules: { jobMs: 600_000 } })
    const end = await sabotaged(world, what, 'Waiting for job')

    const [job] = world.emulator.environment().jobs
    const log = end.shown.join('\n')
    expect(end.exitCode, log).toBe(1)
    expect(errorsOf(end), log).toHaveLength(1)
    expect(end.outputs, log).toMatchObject({
      result: silenced.includes(what) ? 'failed' : 'unknown',
      ready: '',
      'job-id': job?.jobId,
      'error-code': 'INTERNAL_ERROR',
    })
    if (!silenced.includes(what)) {
      expect(errorsOf(end)[0]).toContain(`Job ${String(job?.jobId)} goes on remotely`)
      expect(end.summary).toContain(job?.jobId)
    }
    expect(world.emulator.world.counters.create.received).toBe(1)
  })
})

describe('something unforeseen once the result stands', () => {
  it.each(unforeseen.filter((what) => what !== 'a premature exit'))(
    'is no more than a warning: %s',
    async (what) => {
      const world = await stage()
      const end = await sabotaged(world, what, 'Result: ')

      const log = end.shown.join('\n')
      expect(end.exitCode, log).toBe(0)
      expect(errorsOf(end), log).toEqual([])
      expect(end.outputs, log).toMatchObject({ result: 'created', ready: 'true' })
    },
  )
})
