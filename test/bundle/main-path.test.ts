import { describe, expect, it } from 'vitest'

import { runAction, createTestBed } from '../support/run-action.ts'

describe('A push to main when there is no storage', () => {
  it('A push to main creates the storage, waits for its job and verifies the storage', async () => {
    const world = await createTestBed({ rules: { jobMs: 20_000 } })
    const end = await runAction(world)

    expect(end.annotations).toEqual([])
    expect(end.exitCode).toBe(0)
    const [job] = world.emulator.environment().jobs
    const storage = world.emulator.environment().storages.get('media')
    expect(end.outputs).toEqual({
      ready: 'true',
      'job-id': job?.jobId,
      status: 'COMPLETED',
      'app-id': 'd1a2b3c4d5e6f7',
      'backend-environment-name': 'prod',
      'resource-name': 'media',
      'bucket-name': storage?.bucket,
      result: 'created',
      changed: 'true',
      changes: JSON.stringify([
        { field: 'resource-name', from: null, to: 'media' },
        {
          field: 'authenticated-permissions',
          from: null,
          to: ['READ', 'CREATE_AND_UPDATE', 'DELETE'],
        },
      ]),
      'error-code': '',
      'error-message': '',
      'request-id': '',
    })
    expect(end.summary).toContain('Storage <code>media</code> created')
    expect(end.leftovers).toBe('')
    expect(world.emulator.calls('CreateBackendStorage')).toHaveLength(1)
  })

  it('A push to main with `wait: false` sends five requests', async () => {
    const world = await createTestBed()
    const end = await runAction(world, { with: { wait: 'false' } })

    expect(end.exitCode).toBe(0)
    expect(end.outputs).toMatchObject({ result: 'started', ready: '', changed: '' })
    expect(world.emulator.requests.map(({ operation }) => operation)).toEqual([
      'token',
      'AssumeRoleWithWebIdentity',
      'GetBackendStorage',
      'GetBackend',
      'CreateBackendStorage',
    ])
  })
})
