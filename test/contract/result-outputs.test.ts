/** Each result sets the outputs that the README's table shows, and fails the step or does not. */
import { afterAll, describe, it } from 'vitest'

import { addRole, addStorage, allowPolicy, defaults, readActions } from '../../emulator/emulator.ts'
import { mergedPullRequest, pullRequest } from '../../emulator/runner/events.ts'
import { writeActions } from '../../emulator/emulator.ts'
import { getOutcomes, getPresence } from '../../scripts/result-outputs.ts'
import { OUTPUTS } from '../../src/report/outputs.ts'
import { isFailure, RESULTS, type RunResult } from '../../src/run/outcome.ts'
import { startTestBed } from '../support/run-action.ts'
import { runAction, type RunActionOptions, type TestBed } from '../support/run-action.ts'

const started: TestBed[] = []
afterAll(() => Promise.all(started.map(({ emulator }) => emulator.stop())))

/** How each result comes about: changes the backend, and returns the options of the run. */
const scenarios: Readonly<Record<RunResult, (testBed: TestBed) => RunActionOptions>> = {
  created: () => ({}),
  updated: (testBed) => {
    addMedia(testBed)
    return { with: { 'if-exists': 'update' } }
  },
  unchanged: (testBed) => {
    addMedia(testBed)
    return { with: { 'authenticated-permissions': 'READ' } }
  },
  planned: () => ({ event: pullRequest() }),
  started: () => ({ with: { wait: 'false' } }),
  skipped: () => ({ event: pullRequest({ action: 'closed' }) }),
  failed: () => ({ event: mergedPullRequest({ from: 'fork' }) }),
  unknown: ({ emulator }) => {
    const { trust } = emulator.state.roles.get(defaults.applyRole) ?? { trust: { Statement: [] } }
    const actions = [...readActions, ...writeActions].filter(
      (action) => action !== 'amplifybackend:GetBackendJob',
    )
    addRole(emulator.state, { arn: defaults.applyRole, trust, policies: [allowPolicy(actions)] })
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

describe.concurrent('The outputs of each result', () => {
  it.for(results)(
    'A run with the result %s sets the documented outputs',
    async (result, { expect }) => {
      const testBed = await startTestBed({ rules: { jobMs: 8_000 } })
      started.push(testBed)
      const end = await runAction(testBed, scenarios[result](testBed))

      expect(end.outputs['result']).toBe(result)
      expect(end.exitCode).toBe(getOutcomes(result).some(isFailure) ? 1 : 0)
      expect(Object.keys(end.outputs).sort()).toEqual([...OUTPUTS].sort())
      const wrong = OUTPUTS.filter((output) => {
        const presence = getPresence(result, output)
        return presence !== 'known' && (end.outputs[output] !== '') !== (presence === 'set')
      })
      expect(wrong).toEqual([])
    },
  )
})

function addMedia({ emulator }: TestBed): void {
  addStorage(emulator.environment(), {
    resourceName: 'media',
    permissions: { authenticated: ['READ'] },
  })
}
