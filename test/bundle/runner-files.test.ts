import { describe, expect } from 'vitest'

import { pullRequest } from '../../emulator/workflow/events.ts'
import { FAST, runAction, stage } from '../kit/action.ts'
import { expectGreen, logOf } from '../kit/ends.ts'
import { scenario } from '../kit/scope.ts'
import { forEachVariant } from '../kit/variants.ts'

describe('a runner without its files', () => {
  scenario('P02: without GITHUB_OUTPUT the outputs go by the log, each on one line', async () => {
    const world = await stage({ rules: { jobMs: 5_000 } }, FAST)
    const end = await runAction(world, { env: { GITHUB_OUTPUT: undefined } })

    expect(end.exitCode).toBe(0)
    const [job] = world.emulator.environment().jobs
    expect(end.raw).toContain(`::set-output name=job-id::${job?.jobId ?? '?'}`)
    expect(end.raw).toContain('::set-output name=result::created')
  })

  scenario(
    'P03: an output file that cannot be written is a warning, and the job’s id is in the log',
    async () => {
      await forEachVariant<string>(
        { 'no folder': '/nowhere/outputs', 'a folder': '/tmp' },
        async (path) => {
          const world = await stage({ rules: { jobMs: 5_000 } }, FAST)
          const end = await runAction(world, { env: { GITHUB_OUTPUT: path } })

          expect(end.exitCode).toBe(0)
          const [job] = world.emulator.environment().jobs
          expect(logOf(end)).toContain(`job-id: ${job?.jobId ?? '?'}`)
          expect(logOf(end)).toContain('Result: created.')
          expect(end.annotations.map(({ level, title }) => [level, title])).toEqual([
            ['warning', 'Outputs not written'],
          ])
          expect(world.emulator.environment().storages.has('media')).toBe(true)
        },
      )
    },
  )

  scenario('M02: without a place for the summary the result is the same', async () => {
    await forEachVariant<string | undefined>(
      { 'no variable': undefined, 'no folder': '/nowhere/summary', 'a folder': '/tmp' },
      async (path) => {
        const world = await stage()
        const end = await runAction(world, {
          env: { GITHUB_STEP_SUMMARY: path },
          with: { wait: 'false' },
        })
        expectGreen(end, 'started')
        expect(logOf(end)).toMatch(/job summary/)
      },
    )
  })
})

describe('the process', () => {
  scenario('X03: is gone when the run is over, although connections are kept open', async () => {
    await forEachVariant<Record<string, string>>(
      { 'after success': { wait: 'false' }, 'after a failure': { 'app-id': 'd0unknown' } },
      async (inputs) => {
        // The emulator keeps every connection open for minutes.
        const world = await stage()
        const end = await runAction(world, { with: inputs, limitMs: 15_000 })
        expect(end.outputs['result']).toMatch(/^(?:started|failed)$/)
        expect(end.shown.join('\n')).not.toContain('The process was ended by')
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
      const stray =
        /DEP\d{4}|DeprecationWarning|ExperimentalWarning|\(node:|NodeVersionSupport|\bWARN/
      expect(end.raw.filter((line) => stray.test(line))).toEqual([])
      // Every line is one of ours: a step with its time, a line of a group, or a command.
      const ours = /^(?:\s*\[\d+\.\d s\] |\s{2,}\S|::[a-z-]+)/
      expect(end.raw.filter((line) => line !== '' && !ours.test(line))).toEqual([])
    },
  )
})
