/** Each result sets the outputs that the README's table shows, and fails the step or does not. */
import { expect } from 'vitest'

import { mergedPullRequest, pullRequest } from '../../emulator/runner/events.ts'
import { getOutcomes, getPresence } from '../../scripts/result-outputs.ts'
import { OUTPUTS } from '../../src/report/outputs.ts'
import { isFailure, RESULTS, type RunResult } from '../../src/run/outcome.ts'
import { addMedia, denyOperations } from '../support/emulator-state.ts'
import {
  createTestBed,
  runAction,
  type RunActionOptions,
  type TestBed,
} from '../support/run-action.ts'
import { scenario } from '../support/scenario.ts'

/** How each result comes about: changes the backend, and returns the options of the run. */
const scenarioOf: Readonly<Record<RunResult, (testBed: TestBed) => RunActionOptions>> = {
  created: () => ({}),
  updated: ({ emulator }) => {
    addMedia(emulator)
    return { with: { 'if-exists': 'update' } }
  },
  unchanged: ({ emulator }) => {
    addMedia(emulator)
    return { with: { 'authenticated-permissions': 'READ' } }
  },
  planned: () => ({ event: pullRequest() }),
  started: () => ({ with: { wait: 'false' } }),
  skipped: () => ({ event: pullRequest({ action: 'closed' }) }),
  failed: () => ({ event: mergedPullRequest({ from: 'fork' }) }),
  unknown: ({ emulator }) => {
    denyOperations(emulator, 'GetBackendJob')
    return {}
  },
  'timed-out': ({ emulator }) => {
    emulator.planJob({ ms: 'never' })
    return { with: { 'timeout-in-minutes': '1' } }
  },
  cancelled: ({ emulator }) => {
    emulator.planJob({ ms: 'never' })
    let pid = 0
    return {
      onStart: (started) => {
        pid = started
      },
      onLine: (line) => {
        if (line.includes('Waiting for job')) process.kill(pid, 'SIGINT')
      },
    }
  },
}

// Windows has no signals between processes: SIGINT would only end the process.
const results = RESULTS.filter((result) => process.platform !== 'win32' || result !== 'cancelled')

for (const result of results)
  scenario(`A run with the result ${result} sets the documented outputs`, async () => {
    const testBed = await createTestBed({ rules: { jobMs: 8_000 } })
    const end = await runAction(testBed, scenarioOf[result](testBed))

    expect(end.outputs['result']).toBe(result)
    expect(end.exitCode).toBe(getOutcomes(result).some(isFailure) ? 1 : 0)
    expect(Object.keys(end.outputs).sort()).toEqual([...OUTPUTS].sort())
    const wrong = OUTPUTS.filter((output) => {
      const presence = getPresence(result, output)
      return presence !== 'known' && (end.outputs[output] !== '') !== (presence === 'set')
    })
    expect(wrong).toEqual([])
  })
