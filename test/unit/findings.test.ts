import { describe, expect, it } from 'vitest'

import { createFindings, jobGoesOn } from '../../src/findings.ts'

describe('whether a job of the run goes on', () => {
  it('is no as long as there is none', () => {
    expect(jobGoesOn(createFindings())).toBe(false)
    expect(jobGoesOn({ ...createFindings(), status: 'RUNNING' })).toBe(false)
  })

  it.each(['', 'RUNNING', 'NEW_STATE', 'CANCELLED'])(
    'is yes by any status but two: %j',
    (status) => {
      expect(jobGoesOn({ ...createFindings(), jobId: 'j', status })).toBe(true)
    },
  )

  it.each(['COMPLETED', 'FAILED', 'Completed', 'failed '])('is no by a final one: %j', (status) => {
    expect(jobGoesOn({ ...createFindings(), jobId: 'j', status })).toBe(false)
  })

  it('is found anew by every run: findings share nothing', () => {
    const one = createFindings()
    one.warnings.push({ title: 't', text: 'x' })
    one.customHosts.add('h')
    expect(createFindings()).toMatchObject({ warnings: [], retries: [] })
    expect(createFindings().customHosts.size).toBe(0)
  })
})
