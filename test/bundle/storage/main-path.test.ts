import { expect } from 'vitest'

import { ALL, getJobId } from '../../support/emulator-state.ts'
import { runOnce } from '../../support/run-action.ts'
import { scenario } from '../../support/scenario.ts'

scenario(
  'A push to main creates the storage, waits for its job and verifies the storage',
  async () => {
    const { step, emulator } = await runOnce({ rules: { jobMs: 5_000 } })
    expect(step.annotations).toEqual([])
    expect(step.exitCode).toBe(0)
    expect(step.outputs).toEqual({
      ready: 'true',
      'job-id': getJobId(emulator),
      status: 'COMPLETED',
      'app-id': 'd1a2b3c4d5e6f7',
      'backend-environment-name': 'prod',
      'resource-name': 'media',
      'bucket-name': emulator.environment().storages.get('media')?.bucket,
      result: 'created',
      changed: 'true',
      'has-changes': 'true',
      changes: JSON.stringify([
        { field: 'resource-name', from: null, to: 'media' },
        { field: 'authenticated-permissions', from: null, to: ALL },
      ]),
      'error-code': '',
      'error-message': '',
      'request-id': '',
    })
    expect(step.summary).toContain('Storage `media` created')
    expect(step.leftovers).toBe('')
    expect(emulator.calls('CreateBackendStorage')).toHaveLength(1)
  },
)

scenario('A push to main with `wait: false` sends five requests', async () => {
  const { step, emulator } = await runOnce({ with: { wait: 'false' } })
  expect(step.exitCode).toBe(0)
  expect(step.outputs).toMatchObject({ result: 'started', ready: '', changed: '' })
  expect(emulator.requests.map(({ operation }) => operation)).toEqual([
    ...['token', 'AssumeRoleWithWebIdentity', 'GetBackendStorage', 'GetBackend'],
    'CreateBackendStorage',
  ])
})
