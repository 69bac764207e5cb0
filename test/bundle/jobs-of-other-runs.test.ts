/** A run that comes after another one, or whose create does. */
import { afterAll, describe, expect, it } from 'vitest'

import { FAST_SCALE, runAction } from '../support/run-action.ts'
import { getAnnotations, getLog } from '../support/step-result.ts'
import { CAREFUL_SCALE } from '../support/time-scales.ts'
import { createEmulatorPool } from '../support/emulator-pool.ts'

const stages = createEmulatorPool(FAST_SCALE)
/** For two runs whose calls must come in a certain order, on a busy machine too. */
const calmStages = createEmulatorPool(CAREFUL_SCALE)
afterAll(() => Promise.all([stages.stop(), calmStages.stop()]))

describe.concurrent('a run after another with the same inputs', () => {
  it('A05: changes nothing, and is green', () =>
    stages.use({}, async (stage) => {
      const first = await runAction(stage, { with: { 'bucket-name': 'octo-media' } })
      const second = await runAction(stage, {
        with: { 'bucket-name': 'octo-media' },
        env: { GITHUB_RUN_ATTEMPT: '2' },
      })

      expect(first.outputs['result']).toBe('created')
      expect(second.exitCode, getLog(second)).toBe(0)
      expect(second.outputs).toEqual({
        ...first.outputs,
        result: 'unchanged',
        changed: '',
        changes: '[]',
        'job-id': '',
        status: '',
      })
      expect(second.annotations).toEqual([])
      expect(stage.emulator.calls('CreateBackendStorage')).toHaveLength(1)
    }))

  it('waits for the job of the first, when that did not', () =>
    stages.use({ jobMs: 90_000 }, async (stage) => {
      const first = await runAction(stage, { with: { wait: 'false' } })
      const second = await runAction(stage)

      expect(first.outputs['result']).toBe('started')
      expect(second.outputs, getLog(second)).toMatchObject({ result: 'unchanged', ready: 'true' })
      expect(getLog(second)).toContain(String(first.outputs['job-id']))
      expect(stage.emulator.state.counters.create).toMatchObject({ accepted: 1, executed: 1 })
    }))
})

describe.concurrent('A04, A05: a create that another run was faster with', () => {
  it.each([
    { how: 'by a job that fails', rules: { onePendingJob: false } as const },
    { how: 'at once', rules: { oneStorage: 'refused' } as const },
  ])('is refused $how, and the storage is found as asked: unchanged, with a warning', ({ rules }) =>
    calmStages.use(rules, async (stage) => {
      const { emulator } = stage
      emulator.injectFault({
        operation: 'CreateBackendStorage',
        skip: 1,
        kind: 'delay',
        ms: 20_000,
      })
      // Both have looked before either sends, however far apart they start.
      emulator.injectFault({ operation: 'GetBackend', kind: 'delay', ms: 20_000, times: 2 })
      const ends = await Promise.all([runAction(stage), runAction(stage)])

      const second = ends.find(({ outputs }) => outputs['result'] !== 'created')
      if (second === undefined) throw new Error(ends.map(getLog).join('\n---\n'))
      expect(second.exitCode, getLog(second)).toBe(0)
      expect(second.outputs).toMatchObject({ result: 'unchanged', ready: 'true', changed: '' })
      const [warning, ...more] = getAnnotations(second, 'warning')
      expect(warning?.title).toBe('Another run was first')
      expect(warning?.message).toContain('as asked')
      expect(more).toEqual([])
      expect(emulator.state.counters.create.executed).toBe(1)
      expect(emulator.environment().storages.size).toBe(1)
    }),
  )

  it.each([
    {
      field: 'authenticated-permissions',
      one: { 'authenticated-permissions': 'READ' },
      other: { 'authenticated-permissions': 'READ, DELETE' },
      code: 'STORAGE_DIFFERS',
    },
    {
      field: 'bucket-name',
      one: { 'bucket-name': 'acme-media' },
      other: { 'bucket-name': 'acme-files' },
      code: 'BUCKET_FIXED',
    },
  ])('is red when the $field of the other differs, and shows the difference', (row) =>
    calmStages.use({ oneStorage: 'refused' }, async (stage) => {
      const { emulator } = stage
      emulator.injectFault({
        operation: 'CreateBackendStorage',
        skip: 1,
        kind: 'delay',
        ms: 20_000,
      })
      // Both have looked before either sends, however far apart they start.
      emulator.injectFault({ operation: 'GetBackend', kind: 'delay', ms: 20_000, times: 2 })
      const ends = await Promise.all([
        runAction(stage, { with: row.one }),
        runAction(stage, { with: row.other }),
      ])

      const results = ends.map(({ outputs }) => outputs['result'])
      expect(results.toSorted(), ends.map(getLog).join('\n---\n')).toEqual(['created', 'failed'])
      const loser = ends.find(({ outputs }) => outputs['result'] === 'failed')
      expect(loser?.outputs).toMatchObject({ ready: '', changed: '', 'error-code': row.code })
      expect(JSON.parse(loser?.outputs['changes'] ?? '')).toMatchObject([{ field: row.field }])
      expect(emulator.environment().storages.size).toBe(1)
    }),
  )
})
