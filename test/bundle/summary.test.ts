import { describe, expect, it } from 'vitest'

import { addStorage, type Emulator } from '../../emulator/emulator.ts'
import { pullRequest, push, pushTag } from '../../emulator/runner/events.ts'
import {
  runAction,
  createTestBed,
  type RunActionOptions,
  type TestBed,
} from '../support/run-action.ts'
import { renderMarkdown } from '../support/rendered-markdown.ts'

type End = Awaited<ReturnType<typeof runAction>>

const linesOf = ({ summary }: End): readonly string[] => renderMarkdown(summary).text.split('\n')

const media = (emulator: Emulator, given: Readonly<Record<string, unknown>> = {}): void => {
  addStorage(emulator.environment(), {
    resourceName: 'media',
    permissions: { authenticated: ['READ', 'CREATE_AND_UPDATE', 'DELETE'] },
    ...given,
  })
}

describe('The first line of the summary', () => {
  type Row = Readonly<{
    result: string
    words: string
    scenario?: RunActionOptions
    arrange?: (emulator: Emulator) => void
  }>
  const rows: readonly Row[] = [
    { result: 'created', words: '✅ Storage media created' },
    {
      result: 'updated',
      words: '✅ Storage media updated',
      scenario: { with: { 'if-exists': 'update' } },
      arrange: (emulator) => {
        media(emulator, { permissions: { authenticated: ['READ'] } })
      },
    },
    {
      result: 'unchanged',
      words: '✅ Storage media already matches the configuration',
      arrange: media,
    },
    {
      result: 'planned',
      words: '📝 Plan: create storage media',
      scenario: { event: pullRequest() },
    },
    {
      result: 'started',
      words: '⏳ Storage media: job started; the run did not wait for it',
      scenario: { with: { wait: 'false' } },
    },
    {
      result: 'skipped',
      words: '⏭️ Storage skipped',
      scenario: { event: pullRequest({ from: 'fork' }) },
    },
    {
      result: 'failed',
      words: '❌ Apply of storage media failed',
      arrange: (emulator) => {
        emulator.planJob({ error: 'It went wrong.' })
      },
    },
    {
      result: 'unknown',
      words: '❌ Storage media: outcome unknown',
      arrange: (emulator) => {
        emulator.injectFault({
          operation: 'CreateBackendStorage',
          kind: 'reset',
          when: 'late',
          lateMs: 900_000,
        })
        emulator.injectFault({
          operation: 'ListBackendJobs',
          kind: 'status',
          status: 500,
          times: 'always',
        })
      },
    },
    {
      result: 'timed-out',
      words: '❌ Storage media: timed out',
      scenario: { with: { 'timeout-in-minutes': '1' } },
      arrange: (emulator) => {
        emulator.planJob({ ms: 'never' })
      },
    },
  ]

  it.each(rows)(
    'The summary of a run with the result $result starts with it',
    async ({ result, words, scenario = {}, arrange }) => {
      const world = await createTestBed({ rules: { jobMs: 5_000 } })
      arrange?.(world.emulator)
      const end = await runAction(world, scenario)
      expect(end.outputs['result']).toBe(result)
      expect(linesOf(end)[0]).toBe(words)
      // One error where it is red, none where it is green.
      const errors = end.annotations.filter(({ level }) => level === 'error')
      expect(errors).toHaveLength(end.exitCode)
    },
  )

  it('The summary of invalid inputs has one line per problem', async () => {
    const world = await createTestBed()
    const end = await runAction(world, { with: { 'app-id': 'a/b', 'if-exists': 'perhaps' } })
    const lines = linesOf(end)
    expect(lines[0]).toBe('❌ Nothing done: invalid inputs')
    expect(lines[1]).toBe('2 invalid inputs:')
    expect(lines[2]).toMatch(/^\(1\) app-id is /)
    expect(lines[3]).toMatch(/^\(2\) if-exists is /)
    expect(lines).toContain('Nothing was changed.')
  })

  it('The summary of an unsupported event says what to do', async () => {
    const end = await runAction(await createTestBed(), { event: pushTag() })
    expect(linesOf(end)[0]).toBe('❌ Nothing done')
    expect(linesOf(end)).toContain('What to do: Set mode: apply or mode: plan for this workflow.')
  })
})

describe('The summary of a create', () => {
  it('The summary of a create shows the requested and current settings, the job, the time, the retries and links', async () => {
    const world = await createTestBed({ rules: { jobMs: 20_000 } })
    world.emulator.injectFault({ operation: 'CreateBackendStorage', kind: 'status', status: 429 })
    const end = await runAction(world, {
      with: { 'bucket-name': 'acme-media', 'unauthenticated-permissions': 'READ' },
    })
    const { suffix, jobs } = world.emulator.environment()
    const jobId = jobs[0]?.jobId ?? ''
    const lines = linesOf(end)
    expect(lines.slice(0, 6)).toEqual([
      '✅ Storage media created',
      '| Requested | In the backend',
      'Storage | media | media',
      `Bucket | acme-media | acme-media${suffix}-prod`,
      'Signed-in users | READ, CREATE_AND_UPDATE, DELETE | READ, CREATE_AND_UPDATE, DELETE',
      'Guests | READ | READ',
    ])
    expect(lines[6]).toMatch(/^⚠️ Guests get access: .*unauthenticated identities/)
    expect(lines[7]).toMatch(/^Keep the storage: /)
    expect(lines.slice(8, 12)).toEqual([
      'App d1a2b3c4d5e6f7, environment prod in eu-west-1 · Amplify console',
      `Bucket acme-media${suffix}-prod`,
      `Job ${jobId}, last status COMPLETED`,
      'Reason to apply: a push to "main", the default branch',
    ])
    expect(lines[13]).toMatch(/^Took \d+ (?:min|s).*, with 1 retry · run 42 · commit 1d1b8f0$/)
    expect(lines.slice(14)).toEqual([
      '1 retry',
      expect.stringMatching(
        /^CreateBackendStorage failed \(attempt 1 of 8\): 429 .* Next attempt in \d+ s\.$/,
      ),
    ])
    expect(renderMarkdown(end.summary).links).toEqual([
      'https://eu-west-1.console.aws.amazon.com/amplify/home?region=eu-west-1#/d1a2b3c4d5e6f7',
      'https://github.com/octo-org/octo-app/actions/runs/1234567890',
      'https://github.com/octo-org/octo-app/commit/1d1b8f0dbb3d5d3d4d55cf2b1d1c3a1f6a5f7e10',
    ])
  })
})

describe('The summary of a failure', () => {
  it('The summary of a failure shows the cause, the next step and the request ID', async () => {
    const world = await createTestBed()
    world.emulator.injectFault({
      operation: 'CreateBackendStorage',
      kind: 'status',
      status: 400,
      message: 'resourceName is not allowed',
    })
    const end = await runAction(world)
    const lines = linesOf(end)
    expect(lines[1]).toContain('resourceName is not allowed')
    expect(lines[2]).toMatch(/^What to do: /)
    expect(lines).toContain('Error code BAD_REQUEST')
    expect(end.outputs['request-id']).not.toBe('')
    expect(lines).toContain(`Request ID ${end.outputs['request-id'] ?? ''}`)
  })

  it('The summary stays small and complete, whatever the service sends', async () => {
    const world = await createTestBed({ rules: { jobMs: 1_000 } })
    const hostile = '</table><img src=x> ```\n# <b>`x`</b> [x](http://evil.example) \u202e'
    world.emulator.planJob({ error: hostile.repeat(30_000) })
    const end = await runAction(world)
    expect(end.outputs['error-code']).toBe('JOB_FAILED')
    expect(Buffer.byteLength(end.summary)).toBeLessThan(64 * 1024)
    const { elements, links } = renderMarkdown(end.summary)
    expect(elements).not.toContain('img')
    expect(links.filter((url) => url.includes('evil'))).toEqual([])
    expect(linesOf(end).at(-1)).toMatch(/^Took /)
  })
})

describe('The changes in the log, the summary and the comment', () => {
  const asked = {
    'comment-on-pr': 'true',
    'authenticated-permissions': 'READ',
    'unauthenticated-permissions': 'none',
    'if-exists': 'update',
  }

  it('A change is shown in the same way everywhere', async () => {
    const world = await createTestBed()
    media(world.emulator, {
      permissions: { authenticated: ['READ', 'DELETE'], unAuthenticated: ['READ'] },
    })
    const end = await runAction(world, { event: pullRequest(), with: asked })
    expect(JSON.parse(end.outputs['changes'] ?? '')).toEqual([
      { field: 'authenticated-permissions', from: ['READ', 'DELETE'], to: ['READ'] },
      { field: 'unauthenticated-permissions', from: ['READ'], to: [] },
    ])
    const log = end.log.map((line) => line.trim())
    expect(log).toEqual(
      expect.arrayContaining(['Signed-in users: READ, DELETE → READ', 'Guests: READ → none']),
    )
    const summary = linesOf(end)
    expect(summary).toContain('Signed-in users | READ | READ, DELETE')
    expect(summary).toContain('Guests | none | READ')
    const comment = commentOf(world)
    expect(comment).toContain('Signed-in users | READ, DELETE | READ\n')
    expect(comment).toContain('Guests | READ | none\n')
  })

  it('A create and its notes are shown in the same way everywhere', async () => {
    const world = await createTestBed()
    const end = await runAction(world, {
      event: pullRequest(),
      with: { ...asked, 'bucket-name': 'acme-media', 'unauthenticated-permissions': 'READ' },
    })
    const bucket = `The bucket will be acme-media${world.emulator.environment().suffix}-prod.`
    const fixed = 'The name of the storage and its bucket cannot be changed later.'
    const next = 'After the merge, the run on "main" applies these changes.'
    const log = end.log.map((line) => line.trim().replaceAll('`', ''))
    expect(log).toEqual(
      expect.arrayContaining([
        'Storage: media',
        'Bucket: acme-media',
        'Signed-in users: READ',
        'Guests: READ',
        bucket,
        fixed,
      ]),
    )
    expect(log.some((line) => line.endsWith(next))).toBe(true)
    expect(linesOf(end)).toEqual(expect.arrayContaining([bucket, fixed, next]))
    for (const sentence of [bucket, fixed, next]) expect(commentOf(world)).toContain(sentence)
    // What guests gain is said once in each place.
    const warned = end.annotations.filter(({ title }) => title === 'Guests get access')
    expect(warned).toHaveLength(1)
    for (const text of [renderMarkdown(end.summary).text, commentOf(world)]) {
      expect(text.match(/unauthenticated identities/g)).toHaveLength(1)
    }
  })

  const commentOf = ({ emulator }: TestBed): string =>
    renderMarkdown(emulator.state.github.comments[0]?.body ?? '').text
})

describe('A run without a summary', () => {
  it('`summary: false` writes no summary', async () => {
    const end = await runAction(await createTestBed(), {
      event: pullRequest(),
      with: { summary: 'false' },
    })
    expect([end.exitCode, end.summary]).toEqual([0, ''])
  })

  it('`summary: false` writes no summary when other inputs are invalid', async () => {
    const end = await runAction(await createTestBed(), {
      event: push(),
      with: { summary: 'false', 'app-id': '' },
    })
    expect([end.exitCode, end.summary]).toEqual([1, ''])
  })

  it('A runner without job summaries is no reason for a warning', async () => {
    const end = await runAction(await createTestBed(), {
      event: pullRequest(),
      env: { GITHUB_STEP_SUMMARY: undefined },
    })
    expect(end.exitCode).toBe(0)
    expect(end.annotations).toEqual([])
  })

  it('A summary that cannot be written is a warning', async () => {
    const end = await runAction(await createTestBed(), {
      event: pullRequest(),
      env: { GITHUB_STEP_SUMMARY: '/nowhere/summary.md' },
    })
    expect(end.exitCode).toBe(0)
    expect(end.annotations).toMatchObject([{ level: 'warning', title: 'Summary not written' }])
  })
})
