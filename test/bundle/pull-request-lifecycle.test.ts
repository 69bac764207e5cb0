import { describe, expect, it } from 'vitest'

import { defaults } from '../../emulator/emulator.ts'
import { pullRequest, push } from '../../emulator/runner/events.ts'
import {
  FAST_SCALE,
  runAction,
  createTestBed,
  type RunActionOptions,
} from '../support/run-action.ts'
import { renderMarkdown } from '../support/rendered-markdown.ts'

describe('the life of a pull request', { timeout: 60_000 }, () => {
  it('is planned, planned anew, applied by its merge, and told in one comment', async () => {
    const world = await createTestBed({ rules: { jobMs: 5_000 } }, FAST_SCALE)
    const { emulator } = world
    const { github } = emulator.state
    const run = (scenario: RunActionOptions): ReturnType<typeof runAction> =>
      runAction(world, {
        ...scenario,
        with: {
          'comment-on-pr': 'true',
          'bucket-name': 'acme-media',
          'authenticated-permissions': 'READ, DELETE',
          ...scenario.with,
        },
      })
    /** What the one comment says; there is never another. */
    const comment = (): string => {
      expect(github.comments).toHaveLength(1)
      return renderMarkdown(github.comments[0]?.body ?? '').text
    }

    // Opened: a plan, and a comment.
    const opened = await run({
      event: pullRequest(),
      with: { 'authenticated-permissions': 'READ' },
      env: { GITHUB_RUN_ID: '101', GITHUB_RUN_NUMBER: '1' },
    })
    expect(opened.outputs).toMatchObject({ result: 'planned', ready: '', changed: '' })
    expect(comment()).toBe(
      [
        '📝 Plan: create storage media',
        'App d1a2b3c4d5e6f7, environment prod in eu-west-1',
        '| Planned',
        'Storage | media',
        'Bucket | acme-media',
        'Signed-in users | READ',
        `The bucket will be acme-media${emulator.environment().suffix}-prod.`,
        'The name of the storage and its bucket cannot be changed later.',
        'After the merge into "main", the run there applies this.',
        'Commit 7f3c2b9 · summary and log of run 1',
      ].join('\n'),
    )
    const id = github.comments[0]?.id

    // Pushed to: the plan is edited in place.
    const pushed = await run({
      event: pullRequest({ action: 'synchronize' }),
      env: { GITHUB_RUN_ID: '102', GITHUB_RUN_NUMBER: '2' },
    })
    expect(pushed.outputs['result']).toBe('planned')
    expect(comment()).toContain('Signed-in users | READ, DELETE\n')
    expect(comment()).toContain('run 2')

    // Nothing has been written so far.
    expect(emulator.calls('CreateBackendStorage')).toEqual([])
    expect(emulator.environment().jobs).toEqual([])

    // Merged: the run on the push applies, and finds the comment by its commit.
    const merge = push()
    github.pulls.push({
      number: 7,
      repository: defaults.repository,
      state: 'closed',
      merged: true,
      base: 'main',
      head: 'storage',
      commits: [merge.sha],
    })
    const onMerge = { event: merge, env: { GITHUB_RUN_ID: '103', GITHUB_RUN_NUMBER: '3' } }
    const applied = await run(onMerge)
    const bucket = emulator.environment().storages.get('media')?.bucket
    const [job] = emulator.environment().jobs
    expect(applied.outputs).toMatchObject({
      result: 'created',
      ready: 'true',
      changed: 'true',
      'bucket-name': bucket,
      'job-id': job?.jobId,
      changes: pushed.outputs['changes'],
    })
    expect(comment()).toContain(
      [
        '✅ Storage media created',
        'App d1a2b3c4d5e6f7, environment prod in eu-west-1',
        '| Now',
        'Storage | media',
        'Bucket | acme-media',
        'Signed-in users | READ, DELETE',
        `The bucket is acme-media${emulator.environment().suffix}-prod.`,
      ].join('\n'),
    )
    expect(comment()).toContain(
      `Commit 1d1b8f0 · summary and log of run 3 · job ${job?.jobId ?? ''} completed`,
    )

    // Re-run: there is nothing left to do.
    const again = await run({ ...onMerge, env: { ...onMerge.env, GITHUB_RUN_ATTEMPT: '2' } })
    expect(again.outputs).toMatchObject({
      result: 'unchanged',
      ready: 'true',
      changed: '',
      changes: '[]',
      'bucket-name': bucket,
    })
    expect(comment()).toContain('✅ Storage media is already as asked')
    expect(comment()).toContain('run 3, attempt 2')

    // Other settings: a difference, which is refused before the merge.
    const changed = { event: pullRequest(), with: { 'authenticated-permissions': 'READ' } }
    const refused = await run({
      ...changed,
      env: { GITHUB_RUN_ID: '104', GITHUB_RUN_NUMBER: '4' },
    })
    expect(refused.exitCode).toBe(1)
    expect(refused.outputs).toMatchObject({ result: 'failed', 'error-code': 'STORAGE_DIFFERS' })
    expect(comment()).toContain('❌ Plan: storage media would be refused')
    expect(comment()).toContain('| Now | Asked for\nSigned-in users | READ, DELETE | READ\n')

    // With `if-exists: update`, it is planned, and applied by the merge.
    const update = { 'authenticated-permissions': 'READ', 'if-exists': 'update' }
    const planned = await run({
      event: pullRequest(),
      with: update,
      env: { GITHUB_RUN_ID: '105', GITHUB_RUN_NUMBER: '5' },
    })
    expect(planned.exitCode).toBe(0)
    expect(comment()).toContain('📝 Plan: change storage media')
    expect(comment()).toContain('| Now | Planned\nSigned-in users | READ, DELETE | READ\n')
    expect(emulator.calls('UpdateBackendStorage')).toEqual([])

    const updated = await run({
      event: merge,
      with: update,
      env: { GITHUB_RUN_ID: '106', GITHUB_RUN_NUMBER: '6' },
    })
    expect(updated.outputs).toMatchObject({ result: 'updated', ready: 'true', changed: 'true' })
    expect(comment()).toContain('✅ Storage media updated')
    expect(comment()).toContain('| Before | Now\nSigned-in users | READ, DELETE | READ\n')
    expect(github.comments[0]?.id).toBe(id)

    // One create and one update in all of its life.
    expect(emulator.state.counters).toMatchObject({
      create: { received: 1, executed: 1 },
      update: { received: 1, executed: 1 },
    })
  })

  it('whose apply fails is told so in the same comment, until a re-run mends it', async () => {
    const world = await createTestBed({ rules: { jobMs: 5_000 } }, FAST_SCALE)
    const { emulator } = world
    const { github } = emulator.state
    const comments = { 'comment-on-pr': 'true' }
    await runAction(world, { event: pullRequest(), with: comments })
    const merge = push()
    github.pulls.push({
      number: 7,
      repository: defaults.repository,
      state: 'closed',
      merged: true,
      base: 'main',
      head: 'storage',
      commits: [merge.sha],
    })
    emulator.planJob({ error: 'Something went wrong.', leavesBucket: false })
    const failed = await runAction(world, { event: merge, with: comments })
    expect(failed.exitCode).toBe(1)
    const heading = (): string =>
      renderMarkdown(github.comments[0]?.body ?? '').text.split('\n')[0] ?? ''
    expect(heading()).toBe('❌ Storage media: failed')

    const mended = await runAction(world, { event: merge, with: comments })
    expect(mended.exitCode).toBe(0)
    expect(heading()).toBe('✅ Storage media created')
    expect(github.comments).toHaveLength(1)
  })
})
