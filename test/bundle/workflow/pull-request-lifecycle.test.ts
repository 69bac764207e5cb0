/** A pull request from its first plan to the apply after its merge, with one comment. */
import { expect } from 'vitest'

import type { Emulator } from '../../../emulator/emulator.ts'
import { pullRequest, push, type WorkflowEvent } from '../../../emulator/runner/events.ts'
import type { StepResult } from '../../../emulator/runner/step.ts'
import { addMergedPull, getJobId } from '../../support/emulator-state.ts'
import { renderMarkdown } from '../../support/rendered-markdown.ts'
import { createTestBed, runAction } from '../../support/run-action.ts'
import { scenario } from '../../support/scenario.ts'
import { expectFailure, expectSuccess } from '../../support/step-result.ts'

const merge = push()

/** The text of the only comment. */
function getComment({ state }: Emulator): string {
  expect(state.github.comments).toHaveLength(1)
  return renderMarkdown(state.github.comments[0]?.body ?? '').text
}

scenario(
  'A pull request is planned, planned again and applied by its merge, in one comment',
  async () => {
    const bed = await createTestBed({ rules: { jobMs: 500 } })
    const { emulator } = bed
    let number = 0
    const run = (
      event: WorkflowEvent,
      permissions: string,
      inputs: Readonly<Record<string, string>> = {},
    ): Promise<StepResult> => {
      number += 1
      return runAction(bed, {
        event,
        with: {
          'comment-on-pr': 'true',
          'bucket-name': 'acme-media',
          'authenticated-permissions': permissions,
          ...inputs,
        },
        env: { GITHUB_RUN_ID: String(100 + number), GITHUB_RUN_NUMBER: String(number) },
      })
    }
    const expectComment = (...parts: readonly string[]): void => {
      const comment = getComment(emulator)
      for (const part of [...parts, `run ${number}`]) expect(comment).toContain(part)
    }

    expectSuccess(await run(pullRequest(), 'READ'), 'planned', { ready: '', changed: '' })
    const bucket = `acme-media${emulator.environment().suffix}-prod`
    expectComment('📝', 'Signed-in users: READ\n', bucket)
    const id = emulator.state.github.comments[0]?.id

    const pushed = await run(pullRequest({ action: 'synchronize' }), 'READ, DELETE')
    expectSuccess(pushed, 'planned')
    expectComment('📝', 'Signed-in users: READ, DELETE\n')
    expect(emulator.calls('CreateBackendStorage')).toEqual([])
    expect(emulator.environment().jobs).toEqual([])

    addMergedPull(emulator, merge)
    const applied = await run(merge, 'READ, DELETE')
    expectSuccess(applied, 'created', {
      ready: 'true',
      changed: 'true',
      'bucket-name': bucket,
      'job-id': getJobId(emulator),
      changes: pushed.outputs['changes'],
    })
    expectComment('✅', 'Signed-in users: READ, DELETE\n', bucket, String(getJobId(emulator)))

    const repeated = await run(merge, 'READ, DELETE')
    expectSuccess(repeated, 'unchanged', { ready: 'true', changed: '', changes: '[]' })
    expectComment('✅')

    const rejected = await run(pullRequest(), 'READ')
    expectFailure(rejected, 'STORAGE_DIFFERS')
    expectComment('❌', 'Signed-in users: READ, DELETE → READ\n')

    const update = { 'if-exists': 'update' }
    expectSuccess(await run(pullRequest(), 'READ', update), 'planned')
    expectComment('📝', 'Signed-in users: READ, DELETE → READ\n')
    expect(emulator.calls('UpdateBackendStorage')).toEqual([])

    const updated = await run(merge, 'READ', update)
    expectSuccess(updated, 'updated', { ready: 'true', changed: 'true' })
    expectComment('✅', 'Signed-in users: READ, DELETE → READ\n')
    expect(emulator.state.github.comments[0]?.id).toBe(id)
    expect(emulator.state.counters).toMatchObject({
      create: { received: 1, executed: 1 },
      update: { received: 1, executed: 1 },
    })
  },
)

scenario('The comment of an apply that failed is updated by a later run', async () => {
  const bed = await createTestBed({ rules: { jobMs: 500 } })
  const { emulator } = bed
  const comments = { 'comment-on-pr': 'true' }
  await runAction(bed, { event: pullRequest(), with: comments })
  addMergedPull(emulator, merge)
  emulator.planJob({ error: 'Something went wrong.', leavesBucket: false })

  expectFailure(await runAction(bed, { event: merge, with: comments }), 'JOB_FAILED')
  expect(getComment(emulator)).toContain('❌')
  expectSuccess(await runAction(bed, { event: merge, with: comments }), 'created')
  expect(getComment(emulator)).toContain('✅')
})
