/** The process of a step: gone when the run is over, and quiet. */
import { describe, expect } from 'vitest'

import { pullRequest } from '../../emulator/runner/events.ts'
import { FAST_SCALE, runAction, createTestBed } from '../support/run-action.ts'
import { expectSuccess, getLog } from '../support/expect-result.ts'
import { scenario } from '../support/scenario.ts'
import { forEachCase } from '../support/for-each-case.ts'

describe('the process', () => {
  scenario('X03: is gone when the run is over, although connections are kept open', async () => {
    await forEachCase<{ inputs: Record<string, string>; result: string }>(
      {
        'after success': { inputs: { wait: 'false' }, result: 'started' },
        'after a failure': { inputs: { 'app-id': 'd0unknown' }, result: 'failed' },
      },
      async ({ inputs, result }) => {
        // The emulator keeps every connection open for minutes.
        const world = await createTestBed()
        const end = await runAction(world, { with: inputs, timeoutMs: 15_000 })
        const lastCall = world.emulator.requests.at(-1)?.time ?? 0
        expect(end.outputs['result']).toBe(result)
        expect(getLog(end)).not.toContain('The process was ended by')
        // Far less than a connection is kept, and more than a machine needs that runs other tests as well.
        expect(Date.now() - lastCall).toBeLessThan(5_000)
      },
    )
  })

  scenario('X03: is gone although a call still hangs', async () => {
    const world = await createTestBed({}, FAST_SCALE)
    world.emulator.injectFault({ operation: 'listComments', kind: 'stall', times: 'always' })
    const end = await runAction(world, {
      event: pullRequest(),
      with: { 'comment-on-pr': 'true' },
      timeoutMs: 15_000,
    })
    expectSuccess(end, 'planned')
    expect(end.annotations).toMatchObject([{ level: 'warning', title: 'No comment' }])
    expect(getLog(end)).not.toContain('The process was ended by')
  })

  scenario(
    'L03: prints no warning of the runtime or of a library, and nothing on stderr, on a good path',
    async () => {
      const world = await createTestBed({ rules: { jobMs: 5_000 } }, FAST_SCALE)
      const end = await runAction(world, { with: { 'comment-on-pr': 'true' } })
      expectSuccess(end, 'created')
      expect(end.stderrLines).toEqual([])
      // Every line is one of ours: a step with its time, a line of a group, or a command.
      const ours = /^(?:\s*\[\d+\.\d s\] |\s{2,}\S|::[a-z-]+)/
      expect(end.rawLines.filter((line) => line !== '' && !ours.test(line))).toEqual([])
    },
  )

  scenario('L03: prints nothing on stderr where it is red either', async () => {
    const world = await createTestBed()
    const end = await runAction(world, {
      with: { 'app-id': 'd0unknown' },
      env: { AWS_PROFILE: 'ghost', RUNNER_DEBUG: '1' },
    })
    expect(end.exitCode).toBe(1)
    expect(end.stderrLines).toEqual([])
  })
})
