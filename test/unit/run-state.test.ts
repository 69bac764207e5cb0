import { describe, expect, it } from 'vitest'

import { createRunState, hasRunningJob } from '../../src/run/state.ts'

describe('whether a job of the run goes on', () => {
  it('is no as long as there is none', () => {
    expect(hasRunningJob(createRunState())).toBe(false)
    expect(hasRunningJob({ ...createRunState(), status: 'RUNNING' })).toBe(false)
  })

  it.each(['', 'RUNNING', 'NEW_STATE', 'CANCELLED'])(
    'is yes by any status but two: %j',
    (status) => {
      expect(hasRunningJob({ ...createRunState(), jobId: 'j', status })).toBe(true)
    },
  )

  it.each(['COMPLETED', 'FAILED', 'Completed', 'failed '])('is no by a final one: %j', (status) => {
    expect(hasRunningJob({ ...createRunState(), jobId: 'j', status })).toBe(false)
  })

  it('is found anew by every run: findings share nothing', () => {
    const one = createRunState()
    one.warnings.push({ title: 't', text: 'x' })
    one.customHosts.add('h')
    expect(createRunState()).toMatchObject({ warnings: [], retries: [] })
    expect(createRunState().customHosts.size).toBe(0)
  })
})
