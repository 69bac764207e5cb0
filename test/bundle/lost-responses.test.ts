/** A create whose answer is lost: what became of it is found out before anything is sent again. */
import { afterAll, describe, expect, it } from 'vitest'

import { addStorage, type Emulator, type Rules } from '../../emulator/emulator.ts'
import { FAST_SCALE, runAction } from '../support/run-action.ts'
import { expectSuccess, expectFailure } from '../support/expect-result.ts'
import { createEmulatorPool } from '../support/emulator-pool.ts'
import { getAnnotations, denyOperations, getLog } from '../support/step-result.ts'

const stages = createEmulatorPool(FAST_SCALE)
afterAll(() => stages.stop())

const CREATE = 'CreateBackendStorage'

/** The answer to the next create is a gateway's time-out, `when` it has taken effect or not. */
function lose(emulator: Emulator, when: 'before' | 'after'): void {
  emulator.injectFault({ operation: CREATE, kind: 'status', status: 504, when })
}

describe.concurrent('A01: the last attempt at a create', () => {
  it.each([1, 2])('that left nothing says so, after %i in all, and promises no other', (attempts) =>
    stages.use({}, async (stage) => {
      const { emulator } = stage
      for (let sends = 0; sends < attempts; sends += 1) lose(emulator, 'before')
      const end = await runAction(stage, { with: { 'max-attempts': String(attempts) } })

      const message = expectFailure(end, 'GATEWAY_TIMEOUT')
      expect(message).toContain('It was looked for during 30 s, and nothing of it is there.')
      expect(message).toContain('should the call take effect after all, it sees that')
      const log = getLog(end)
      expect(log).toMatch(
        new RegExp(`attempt ${attempts} of ${attempts}\\).+ during the next 30 s\\.(?:\\n|$)`),
      )
      expect(log).toContain(`It had no effect. ${CREATE} is not sent again`)
      expect(log.split('before anything is sent again')).toHaveLength(attempts)
      expect(emulator.calls(CREATE)).toHaveLength(attempts)
    }),
  )
})

describe.concurrent('A01: a create that took effect', () => {
  it('is found by its job, whose id is told: created, sent once', () =>
    stages.use({ jobMs: 20_000 }, async (stage) => {
      const { emulator } = stage
      lose(emulator, 'after')
      const end = await runAction(stage)

      expectSuccess(end, 'created')
      expect(end.outputs).toMatchObject({
        ready: 'true',
        changed: 'true',
        'job-id': emulator.environment().jobs[0]?.jobId,
        status: 'COMPLETED',
      })
      expect(getLog(end)).toContain('It may have taken effect; looking for it')
      expect(emulator.state.counters.create).toEqual({ received: 1, accepted: 1, executed: 1 })
    }))

  it('is found by its job where nobody waits for it: started', () =>
    stages.use({ jobMs: 600_000 }, async (stage) => {
      lose(stage.emulator, 'after')
      const end = await runAction(stage, { with: { wait: 'false' } })

      expectSuccess(end, 'started')
      expect(end.outputs['job-id']).toBe(stage.emulator.environment().jobs[0]?.jobId)
      expect(stage.emulator.calls(CREATE)).toHaveLength(1)
    }))

  it('is found by its storage where its job is not listed: created, with a warning', () =>
    stages.use({ jobListedAfterMs: 600_000_000, jobMs: 2_000 }, async (stage) => {
      lose(stage.emulator, 'after')
      const end = await runAction(stage)

      expectSuccess(end, 'created')
      expect(end.outputs).toMatchObject({ ready: 'true', changed: 'true', 'job-id': '' })
      expect(getAnnotations(end, 'warning').map(({ title }) => title)).toEqual([
        'An answer was lost',
      ])
      expect(stage.emulator.calls(CREATE)).toHaveLength(1)
    }))

  type Refusal = Readonly<{
    how: string
    rules: Partial<Rules>
    says: string
    accepted: number
    executed: number
  }>
  const refusals: readonly Refusal[] = [
    {
      how: 'by its own job, which is pending',
      rules: { jobMs: 600_000 },
      says: 'There is already a pending job',
      accepted: 1,
      executed: 0,
    },
    {
      how: 'at once, by its own storage',
      rules: { jobMs: 2_000, oneStorage: 'refused' },
      says: 'was already added',
      accepted: 1,
      executed: 1,
    },
    {
      how: 'by its own storage, in a job that fails',
      rules: { jobMs: 2_000, oneStorage: 'failed-job' },
      says: 'was already added',
      accepted: 2,
      executed: 1,
    },
  ]

  it.each(refusals)(
    'is sent again where the role may not look for it; refused $how, it was probably executed: red, unknown',
    ({ rules, says, accepted, executed }) =>
      stages.use(rules, async (stage) => {
        const { emulator } = stage
        denyOperations(emulator, 'GetBackendStorage', 'ListBackendJobs')
        lose(emulator, 'after')
        const end = await runAction(stage, { with: { 'timeout-in-minutes': '3' } })

        const message = expectFailure(end, 'UNKNOWN_OUTCOME', 'unknown')
        expect(message).toContain('so the first was probably executed')
        expect(message).toContain(says)
        expect(message).toContain('aws amplifybackend get-backend-storage')
        const [first, second, ...more] = emulator.calls(CREATE).map(({ time }) => time)
        expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(29_000)
        expect(more).toEqual([])
        expect(emulator.state.counters.create).toEqual({ received: 2, accepted, executed })
      }),
  )
})

describe.concurrent('A02: a create that took no effect', () => {
  it.each(['not-found', 'empty'] as const)(
    'is sent again once nothing has shown for half a minute: created, one storage (%s)',
    (absentStorage) =>
      stages.use({ absentStorage }, async (stage) => {
        const { emulator } = stage
        lose(emulator, 'before')
        const end = await runAction(stage)

        expectSuccess(end, 'created')
        expect(end.outputs['job-id']).toBe(emulator.environment().jobs[0]?.jobId)
        const [first, second, ...more] = emulator.calls(CREATE).map(({ time }) => time)
        expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(29_000)
        expect(more).toEqual([])
        expect(emulator.state.counters.create).toEqual({ received: 2, accepted: 1, executed: 1 })
        expect(emulator.environment().storages.size).toBe(1)
      }),
  )

  it('A04: is not found in a storage of somebody else that differs: red, with the difference', () =>
    stages.use({}, async (stage) => {
      const { emulator } = stage
      lose(emulator, 'before')
      emulator.injectFault({ operation: CREATE, kind: 'status', status: 500, times: 'always' })
      const end = await runAction(stage, {
        onLine: (line) => {
          if (!line.includes('It may have taken effect')) return
          addStorage(emulator.environment(), {
            resourceName: 'media',
            permissions: { authenticated: ['READ'] },
          })
        },
      })

      expectFailure(end, 'STORAGE_DIFFERS')
      expect(JSON.parse(end.outputs['changes'] ?? '')).toMatchObject([
        { field: 'authenticated-permissions', from: ['READ'] },
      ])
      expect(emulator.calls(CREATE)).toHaveLength(1)
    }))

  it('is not sent again where one of the two looks fails to the end: red, unknown', () =>
    stages.use({}, async (stage) => {
      const { emulator } = stage
      lose(emulator, 'before')
      emulator.injectFault({
        operation: 'ListBackendJobs',
        kind: 'status',
        status: 500,
        times: 'always',
      })
      const end = await runAction(stage)

      expectFailure(end, 'UNKNOWN_OUTCOME', 'unknown')
      expect(emulator.calls(CREATE)).toHaveLength(1)
    }))
})
