/** `timeout-in-minutes` bounds everything. At its end: red, with what is known and how to look further. */
import { afterAll, describe, expect, it } from 'vitest'

import { addStorage, type Emulator, type FaultSpec } from '../../emulator/emulator.ts'
import { FAST_SCALE, runAction } from '../support/run-action.ts'
import { getError, getLog } from '../support/step-result.ts'
import { createEmulatorPool } from '../support/emulator-pool.ts'

const stages = createEmulatorPool(FAST_SCALE)
afterAll(() => stages.stop())

const minute = { 'timeout-in-minutes': '1', 'max-attempts': '20' }

describe.concurrent('the time of a run', () => {
  it('W02, P06: ends while the job still runs: the id, the last status, and how to look further', () =>
    stages.use({}, async (stage) => {
      const { emulator } = stage
      emulator.planJob({ ms: 'never', statuses: ['PROVISIONING'] })
      const end = await runAction(stage, { with: minute })

      const [job] = emulator.environment().jobs
      expect(end.exitCode, getLog(end)).toBe(1)
      expect(end.outputs).toMatchObject({
        result: 'timed-out',
        'error-code': 'TIMED_OUT',
        ready: '',
        changed: '',
        'job-id': job?.jobId,
        status: 'PROVISIONING',
      })
      expect(getError(end)).toContain(
        `aws amplifybackend get-backend-job --region eu-west-1 --app-id d1a2b3c4d5e6f7 --backend-environment-name prod --job-id ${String(job?.jobId)}`,
      )
      expect(getError(end)).toContain('its last status was PROVISIONING')
      expect(getError(end)).toContain('timeout-in-minutes')
      expect(end.summary).toContain('not ready in time')
    }))

  const silent = (operation: FaultSpec['operation']): FaultSpec => ({
    operation,
    kind: 'stall',
    times: 'always',
  })
  const throttled = (operation: FaultSpec['operation']): FaultSpec => ({
    operation,
    kind: 'status',
    status: 429,
    times: 'always',
    headers: { 'retry-after': '20' },
  })

  it.each([
    silent('token'),
    silent('AssumeRoleWithWebIdentity'),
    silent('GetBackendStorage'),
    throttled('GetBackendStorage'),
    throttled('CreateBackendStorage'),
  ] satisfies FaultSpec[])(
    'ends while $operation keeps failing ($kind): nothing was changed',
    (fault) =>
      stages.use({}, async (stage) => {
        stage.emulator.injectFault(fault)
        const end = await runAction(stage, { with: minute })

        expect(end.exitCode, getLog(end)).toBe(1)
        expect(end.outputs).toMatchObject({ ready: '', 'job-id': '' })
        expect(end.outputs['result']).toMatch(/^(?:timed-out|failed)$/)
        expect(getError(end)).not.toBe('')
        expect(stage.emulator.state.counters.create.accepted).toBe(0)
      }),
  )

  it('T04: is not waited out where the next attempt could only come after it', () =>
    stages.use({}, async (stage) => {
      stage.emulator.injectFault({
        operation: 'GetBackendStorage',
        kind: 'status',
        status: 429,
        times: 'always',
        headers: { 'retry-after': '3600' },
      })
      const end = await runAction(stage, { with: minute })

      expect(end.outputs, getLog(end)).toMatchObject({ result: 'timed-out' })
      expect(stage.emulator.calls('GetBackendStorage')).toHaveLength(1)
      expect(end.summary).toContain('not ready in time')
    }))

  it.each([
    { name: 'create', seed: (): void => undefined, with: {} },
    {
      name: 'update',
      seed: (emulator: Emulator): void => {
        addStorage(emulator.environment(), {
          resourceName: 'media',
          permissions: { authenticated: ['READ'] },
        })
      },
      with: { 'if-exists': 'update' },
    },
  ])('ends while the answer to a lost $name is looked for: unknown, never sent again', (row) =>
    stages.use({ jobListedAfterMs: 600_000_000, jobMs: 600_000 }, async (stage) => {
      const { emulator } = stage
      row.seed(emulator)
      emulator.injectFault({
        operation: row.name === 'create' ? 'CreateBackendStorage' : 'UpdateBackendStorage',
        kind: 'stall',
        when: 'after',
      })
      const end = await runAction(stage, { with: { ...minute, ...row.with } })

      expect(end.exitCode, getLog(end)).toBe(1)
      expect(end.outputs).toMatchObject({
        result: 'unknown',
        ready: '',
        'job-id': '',
        'error-code': 'UNKNOWN_OUTCOME',
      })
      expect(getError(end)).toContain('aws amplifybackend get-backend-storage')
      const { create, update } = emulator.state.counters
      expect(create.received + update.received).toBe(1)
    }),
  )
})
