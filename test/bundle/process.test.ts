/** The process of a step: gone when the run is over, and quiet. */
import { describe, expect } from 'vitest'

import { pullRequest } from '../../emulator/workflow/events.ts'
import { FAST, runAction, stage } from '../kit/action.ts'
import { expectGreen, logOf } from '../kit/ends.ts'
import { scenario } from '../kit/scope.ts'
import { forEachVariant } from '../kit/variants.ts'

describe('the process', () => {
  scenario('X03: is gone when the run is over, although connections are kept open', async () => {
    await forEachVariant<{ inputs: Record<string, string>; result: string }>(
      {
        'after success': { inputs: { wait: 'false' }, result: 'started' },
        'after a failure': { inputs: { 'app-id': 'd0unknown' }, result: 'failed' },
      },
      async ({ inputs, result }) => {
        // The emulator keeps every connection open for minutes.
        const world = await stage()
        const end = await runAction(world, { with: inputs, limitMs: 15_000 })
        const lastCall = world.emulator.received.at(-1)?.time ?? 0
        expect(end.outputs['result']).toBe(result)
        expect(logOf(end)).not.toContain('The process was ended by')
        // Far less than a connection is kept, and more than a machine needs that runs other tests as well.
        expect(Date.now() - lastCall).toBeLessThan(5_000)
      },
    )
  })

  scenario('X03: is gone although a call still hangs', async () => {
    const world = await stage({}, FAST)
    world.emulator.orderFault({ operation: 'listComments', kind: 'stall', times: 'always' })
    const end = await runAction(world, {
      event: pullRequest(),
      with: { 'comment-on-pr': 'true' },
      limitMs: 15_000,
    })
    expectGreen(end, 'planned')
    expect(end.annotations).toMatchObject([{ level: 'warning', title: 'No comment' }])
    expect(logOf(end)).not.toContain('The process was ended by')
  })

  scenario(
    'L03: prints no warning of the runtime or of a library, and nothing on stderr, on a good path',
    async () => {
      const world = await stage({ rules: { jobMs: 5_000 } }, FAST)
      const end = await runAction(world, { with: { 'comment-on-pr': 'true' } })
      expectGreen(end, 'created')
      expect(end.stderr).toEqual([])
      // Every line is one of ours: a step with its time, a line of a group, or a command.
      const ours = /^(?:\s*\[\d+\.\d s\] |\s{2,}\S|::[a-z-]+)/
      expect(end.raw.filter((line) => line !== '' && !ours.test(line))).toEqual([])
    },
  )

  scenario('L03: prints nothing on stderr where it is red either', async () => {
    const world = await stage()
    const end = await runAction(world, {
      with: { 'app-id': 'd0unknown' },
      env: { AWS_PROFILE: 'ghost', RUNNER_DEBUG: '1' },
    })
    expect(end.exitCode).toBe(1)
    expect(end.stderr).toEqual([])
  })
})
