/** `timeout-in-minutes` limits the whole run. */
import { expect } from 'vitest'

import type { FaultSpec } from '../../../emulator/emulator.ts'
import { addMedia, getJobId } from '../../support/emulator-state.ts'
import { runOnce } from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { expectFailure } from '../../support/step-result.ts'

const oneMinute = { 'timeout-in-minutes': '1', 'max-attempts': '20' }

scenario(
  'A run that ends while its job runs reports the job, its last status and a command to check it',
  async () => {
    const { step, emulator } = await runOnce({
      with: oneMinute,
      job: { ms: 'never', statuses: ['PROVISIONING'] },
    })
    const jobId = getJobId(emulator)
    const message = expectFailure(step, 'TIMED_OUT', {
      result: 'timed-out',
      'job-id': jobId,
      status: 'PROVISIONING',
    })
    expect(message).toContain(
      `aws amplifybackend get-backend-job --region eu-west-1 --app-id d1a2b3c4d5e6f7 --backend-environment-name prod --job-id ${String(jobId)}`,
    )
    expect(message).toContain('PROVISIONING')
    expect(message).toContain('timeout-in-minutes')
  },
)

const throttled = (operation: FaultSpec['operation'], retryAfter: number): FaultSpec => ({
  ...{ operation, kind: 'status', status: 429, times: 'always' },
  headers: { 'retry-after': String(retryAfter) },
})

scenarios<FaultSpec>(
  'A run whose calls keep failing ends in time and changes nothing',
  {
    'no role': { operation: 'AssumeRoleWithWebIdentity', kind: 'stall', times: 'always' },
    'a throttled create': throttled('CreateBackendStorage', 20),
  },
  async (fault) => {
    const { step, emulator } = await runOnce({ with: oneMinute, faults: [fault] })
    expect(step.exitCode).toBe(1)
    expect(step.outputs).toMatchObject({ ready: '', 'job-id': '' })
    expect(step.outputs['result']).toMatch(/^(?:timed-out|failed)$/)
    expect(emulator.state.counters.create.accepted).toBe(0)
  },
)

scenario('A run does not wait for a Retry-After that is longer than its time', async () => {
  const { step, emulator } = await runOnce({
    with: oneMinute,
    faults: [throttled('GetBackendStorage', 3_600)],
  })
  expect(expectFailure(step, 'TIMED_OUT', { result: 'timed-out', ready: '' })).toContain('3600 s')
  expect(emulator.calls('GetBackendStorage')).toHaveLength(1)
})

scenarios<'CreateBackendStorage' | 'UpdateBackendStorage'>(
  'A run that ends while it looks for the effect of a lost call has an unknown outcome, and sends nothing again',
  { 'a create': 'CreateBackendStorage', 'an update': 'UpdateBackendStorage' },
  async (operation) => {
    const { step, emulator } = await runOnce({
      with: { ...oneMinute, 'if-exists': 'update' },
      setUp: (on) => (operation === 'UpdateBackendStorage' ? addMedia(on) : undefined),
      rules: { jobListedAfterMs: 600_000_000, jobMs: 600_000 },
      faults: [{ operation, kind: 'stall', when: 'after' }],
    })
    const message = expectFailure(step, 'UNKNOWN_OUTCOME', { result: 'unknown', 'job-id': '' })
    expect(message).toContain('aws amplifybackend get-backend-storage')
    const { create, update } = emulator.state.counters
    expect(create.received + update.received).toBe(1)
  },
)
