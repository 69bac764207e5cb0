/** The process of a step: it ends with the run, and writes nothing but the log. */
import { expect } from 'vitest'

import { pullRequest } from '../../emulator/runner/events.ts'
import { runOnce } from '../support/run-action.ts'
import { scenario, scenarios } from '../support/scenario.ts'
import { expectSuccess, getLog } from '../support/step-result.ts'

scenarios<Readonly<Record<string, string>>>(
  'The process ends with the run, although connections are kept alive',
  { started: { wait: 'false' }, failed: { 'app-id': 'd0unknown' } },
  async (inputs, result) => {
    // The emulator keeps every connection open for minutes.
    const { step, emulator } = await runOnce({ with: inputs, timeoutMs: 15_000, scale: 1 })
    const lastCall = emulator.requests.at(-1)?.time ?? 0
    expect(step.outputs['result']).toBe(result)
    expect(getLog(step)).not.toContain('The process was ended by')
    expect(Date.now() - lastCall).toBeLessThan(5_000)
  },
)

scenario('The process ends although a call gets no response', async () => {
  const { step } = await runOnce({
    event: pullRequest(),
    with: { 'comment-on-pr': 'true' },
    timeoutMs: 30_000,
    faults: [{ operation: 'listComments', kind: 'stall', times: 'always' }],
  })
  expectSuccess(step, 'planned')
  expect(step.annotations).toMatchObject([{ level: 'warning', title: 'Comment not written' }])
})

scenario('A successful run writes only its log, and nothing to stderr', async () => {
  const { step } = await runOnce({ rules: { jobMs: 5_000 }, with: { 'comment-on-pr': 'true' } })
  expectSuccess(step, 'created')
  expect(step.stderrLines).toEqual([])
  // A line with its time, a line of a group, or a command.
  const own = /^(?:\s*\[\d+\.\d s\] |\s{2,}\S|::[a-z-]+)/
  expect(step.rawLines.filter((line) => line !== '' && !own.test(line))).toEqual([])
})

scenario('A failed run writes nothing to stderr', async () => {
  const { step } = await runOnce({
    with: { 'app-id': 'd0unknown' },
    env: { AWS_PROFILE: 'ghost', RUNNER_DEBUG: '1' },
  })
  expect(step.exitCode).toBe(1)
  expect(step.stderrLines).toEqual([])
})
