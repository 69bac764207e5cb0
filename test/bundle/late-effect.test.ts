/**
 * A create whose answer is lost and whose effect comes later. Within the 30 seconds of the search it is
 * found; beyond them no client can know of it, and only the service's own rules are left.
 */
import { afterAll, describe, expect, it } from 'vitest'

import { permissiveRules, type Emulator, type Rules } from '../../emulator/emulator.ts'
import type { StepResult } from '../../emulator/runner/step.ts'
import { FAST_SCALE, runAction } from '../support/run-action.ts'
import { createEmulatorPool } from '../support/emulator-pool.ts'

const stages = createEmulatorPool(FAST_SCALE)
afterAll(() => stages.stop())

/** A run whose first create is answered with 504 at once and takes effect so much later. */
async function runWithLateEffect(
  rules: Partial<Rules>,
  lateSeconds: number,
  then: (end: StepResult, emulator: Emulator) => void,
): Promise<void> {
  await stages.use({ jobMs: 20_000, ...rules }, async (stage) => {
    const { emulator } = stage
    emulator.injectFault({
      operation: 'CreateBackendStorage',
      kind: 'status',
      status: 504,
      when: 'late',
      lateMs: lateSeconds * 1_000,
    })
    const end = await runAction(stage)
    // The run may have ended before; what the late effect does belongs to the picture.
    const sentAt = emulator.calls('CreateBackendStorage')[0]?.time ?? 0
    await passed(emulator, sentAt + (lateSeconds + 1) * 1_000)
    then(end, emulator)
  })
}

function passed({ clock }: Emulator, time: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimeout(resolve, Math.max(0, time - clock.now()))
  })
}

const worlds: readonly Readonly<{ world: string; rules: Partial<Rules> }>[] = [
  { world: "under the service's own rules", rules: {} },
  { world: 'where the service prevents nothing', rules: permissiveRules },
  {
    world: 'where nothing is prevented and jobs are listed ten seconds late',
    rules: { ...permissiveRules, jobListedAfterMs: 10_000, jobMs: 4_000 },
  },
  {
    world: 'where nothing is prevented, no job is listed, and the storage shows at once',
    rules: { ...permissiveRules, jobListedAfterMs: 300_000, storageVisible: 'at-once' },
  },
]

describe.concurrent.each(worlds)('a create that takes effect late, $world', ({ rules }) => {
  it.each([1, 9, 17])('is found when it comes %d seconds after its lost answer', (seconds) =>
    runWithLateEffect(rules, seconds, (end, emulator) => {
      const { create } = emulator.state.counters
      expect(create, end.log.join('\n')).toEqual({ received: 1, accepted: 1, executed: 1 })
      expect(end.outputs).toMatchObject({ result: 'created', ready: 'true' })
      expect(end.exitCode).toBe(0)
    }),
  )
})

describe.concurrent('a create that takes effect after the search for it has ended', () => {
  it('is refused by the service while the job of the second send runs: one storage, green', () =>
    runWithLateEffect({ jobMs: 60_000 }, 45, (end, emulator) => {
      const { create } = emulator.state.counters
      expect(create, end.log.join('\n')).toEqual({ received: 2, accepted: 1, executed: 1 })
      expect(end.outputs).toMatchObject({
        result: 'created',
        ready: 'true',
        'job-id': emulator.environment().jobs[0]?.jobId,
      })
    }))

  it('starts a job that fails once the second send has done its work: one storage, green', () =>
    runWithLateEffect({ jobMs: 8_000 }, 60, (end, emulator) => {
      const { create } = emulator.state.counters
      expect(create, end.log.join('\n')).toEqual({ received: 2, accepted: 2, executed: 1 })
      expect(end.outputs).toMatchObject({
        result: 'created',
        ready: 'true',
        'job-id': emulator.environment().jobs[0]?.jobId,
      })
      expect(emulator.environment().storages.size).toBe(1)
    }))

  it('is a second create where the service has no rule against it; the run is green, for the storage is there as asked', () =>
    runWithLateEffect({ ...permissiveRules, jobMs: 60_000 }, 45, (end, emulator) => {
      const { create } = emulator.state.counters
      expect(create, end.log.join('\n')).toMatchObject({ received: 2, accepted: 2 })
      expect(end.outputs).toMatchObject({ result: 'created', ready: 'true' })
      expect(emulator.environment().storages.size).toBe(1)
    }))
})
