import { describe, expect, it } from 'vitest'

import { createRunState, getRunningJob } from '../../../src/run/state.ts'

describe('the running job of a run', () => {
  it.each([undefined, 'RUNNING'])('is undefined before there is a job (status %j)', (status) => {
    expect(getRunningJob({ ...createRunState(), status })).toBeUndefined()
  })

  it.each([undefined, '', 'RUNNING', 'NEW_STATE', 'CANCELLED'])(
    'is the job while its status is not a final one: %j',
    (status) => {
      expect(getRunningJob({ ...createRunState(), jobId: 'j', status })).toBe('j')
    },
  )

  it.each(['COMPLETED', 'FAILED', 'Completed', 'failed '])(
    'is undefined after a final status: %j',
    (status) => {
      expect(getRunningJob({ ...createRunState(), jobId: 'j', status })).toBeUndefined()
    },
  )
})

it('Two runs share no state', () => {
  const state = createRunState()
  state.warnings.push({ title: 't', text: 'x' })
  state.customHosts.add('h')
  expect(createRunState()).toMatchObject({ warnings: [], retries: [] })
  expect(createRunState().customHosts.size).toBe(0)
})
