/** A sample: copy it to a folder of test/bundle to test what a run does. README.md says what else there is. */
import { expect } from 'vitest'

import { getJobId } from './emulator-state.ts'
import { runOnce } from './run-action.ts'
import { scenario, scenarios } from './scenario.ts'
import { expectFailure, expectSuccess } from './step-result.ts'

scenario('A push to the default branch creates the storage and waits for its job', async () => {
  const { step, emulator } = await runOnce({
    rules: { jobMs: 20_000 },
    with: { 'bucket-name': 'octo-media' },
  })
  expectSuccess(step, 'created', { ready: 'true', 'job-id': getJobId(emulator) })
  expect(emulator.calls('CreateBackendStorage')).toHaveLength(1)
})

scenarios(
  'A create that is always throttled fails after max-attempts',
  { 'one attempt': 1, 'three attempts': 3 },
  async (attempts) => {
    const { step, emulator } = await runOnce({
      with: { 'max-attempts': String(attempts) },
      faults: [{ operation: 'CreateBackendStorage', kind: 'status', status: 429, times: 'always' }],
    })
    expect(expectFailure(step, 'THROTTLED')).toContain('CreateBackendStorage')
    expect(emulator.calls('CreateBackendStorage')).toHaveLength(attempts)
  },
)
