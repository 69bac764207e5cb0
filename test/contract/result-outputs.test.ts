/** Every result on the real bundle sets the outputs that the README's table says, and has its colour. */
import { afterAll, describe, it } from 'vitest'

import { addRole, addStorage, allowPolicy, defaults, readActions } from '../../emulator/emulator.ts'
import { mergedPullRequest, pullRequest } from '../../emulator/runner/events.ts'
import { writeActions } from '../../emulator/state/state.ts'
import { getOutcomes, getPresence } from '../../scripts/result-outputs.ts'
import { isFailure, RESULTS, type RunResult } from '../../src/run/outcome.ts'
import { OUTPUTS } from '../../src/report/outputs.ts'
import {
  FAST_SCALE,
  runAction,
  type RunActionOptions,
  type TestBed,
} from '../support/run-action.ts'
import { startTestBed } from '../support/emulator-pool.ts'

const opened: TestBed[] = []
afterAll(() => Promise.all(opened.map(({ emulator }) => emulator.stop())))

/** What brings a result about: changes the world, and says how the run is started. */
const scenes: Readonly<Record<RunResult, (stage: TestBed) => RunActionOptions>> = {
  created: () => ({}),
  updated: (stage) => {
    addMedia(stage)
    return { with: { 'if-exists': 'update' } }
  },
  unchanged: (stage) => {
    addMedia(stage)
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

// Windows has no signals between processes: SIGINT would just end the process.
const here = RESULTS.filter((result) => process.platform !== 'win32' || result !== 'cancelled')

describe.concurrent('the result', () => {
  it.for(here)('%s sets what the table says', async (result, { expect }) => {
    const stage = await startTestBed(FAST_SCALE, { jobMs: 8_000 })
    opened.push(stage)
    const end = await runAction(stage, scenes[result](stage))

    expect(end.outputs['result']).toBe(result)
    expect(end.exitCode).toBe(getOutcomes(result).some(isFailure) ? 1 : 0)
    expect(Object.keys(end.outputs).sort()).toEqual([...OUTPUTS].sort())
    const wrong = OUTPUTS.filter((output) => {
      const presence = getPresence(result, output)
      return presence !== 'known' && (end.outputs[output] !== '') !== (presence === 'set')
    })
    expect(wrong).toEqual([])
  })
})

function addMedia({ emulator }: TestBed): void {
  addStorage(emulator.environment(), {
    resourceName: 'media',
    permissions: { authenticated: ['READ'] },
  })
}
