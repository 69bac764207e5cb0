/** The summary of a run; test/unit/report/summary.test.ts has its variants. */
import { expect } from 'vitest'

import type { Emulator } from '../../../emulator/emulator.ts'
import { pullRequest, pushTag } from '../../../emulator/runner/events.ts'
import type { StepResult } from '../../../emulator/runner/step.ts'
import { addMedia, ALL, getJobId } from '../../support/emulator-state.ts'
import { renderMarkdown } from '../../support/rendered-markdown.ts'
import { runOnce, type SingleRunOptions } from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { getAnnotations } from '../../support/step-result.ts'

const getLines = ({ summary }: StepResult): readonly string[] =>
  renderMarkdown(summary).text.split('\n')

scenarios<SingleRunOptions & Readonly<{ first: string }>>(
  'The summary of a run starts with its result',
  {
    created: { first: '✅ Storage media created' },
    updated: {
      first: '✅ Storage media updated',
      with: { 'if-exists': 'update' },
      setUp: (emulator) => addMedia(emulator),
    },
    unchanged: {
      first: '✅ Storage media already matches the configuration',
      setUp: (emulator) => addMedia(emulator, { permissions: { authenticated: [...ALL] } }),
    },
    planned: { first: '📝 Plan: create storage media', event: pullRequest() },
    started: {
      first: '⏳ Storage media: job started; the run did not wait for it',
      with: { wait: 'false' },
    },
    skipped: { first: '⏭️ Storage skipped', event: pullRequest({ from: 'fork' }) },
    failed: { first: '❌ Apply of storage media failed', job: { error: 'It went wrong.' } },
    unknown: {
      first: '❌ Storage media: outcome unknown',
      with: { 'max-attempts': '1' },
      faults: [
        { operation: 'CreateBackendStorage', kind: 'reset', when: 'late', lateMs: 900_000 },
        { operation: 'ListBackendJobs', kind: 'status', status: 500, times: 'always' },
      ],
    },
    'timed-out': {
      first: '❌ Storage media: timed out',
      with: { 'timeout-in-minutes': '1' },
      job: { ms: 'never' },
    },
  },
  async ({ first, ...run }, result) => {
    const { step } = await runOnce({ rules: { jobMs: 1_000 }, ...run })
    expect(step.outputs['result']).toBe(result)
    expect(getLines(step)[0]).toBe(first)
    expect(getAnnotations(step, 'error')).toHaveLength(step.exitCode)
  },
)

scenario('The summary of invalid inputs has one line per problem', async () => {
  const { step } = await runOnce({ with: { 'app-id': 'a/b', 'if-exists': 'perhaps' } })
  const lines = getLines(step)
  expect(lines.slice(0, 2)).toEqual(['❌ Nothing done: invalid inputs', '2 invalid inputs:'])
  expect(lines[2]).toMatch(/^\(1\) app-id is /)
  expect(lines[3]).toMatch(/^\(2\) if-exists is /)
  expect(lines).toContain('Nothing was changed.')
})

scenario('The summary of an unsupported event says what to do', async () => {
  const { step } = await runOnce({ event: pushTag() })
  expect(getLines(step)[0]).toBe('❌ Nothing done')
  expect(getLines(step)).toContain('What to do: Set mode: apply or mode: plan for this workflow.')
})

scenario(
  'The summary of a create shows the requested and current settings, the job, the time, the retries and links',
  async () => {
    const { step, emulator } = await runOnce({
      rules: { jobMs: 1_000 },
      with: { 'bucket-name': 'acme-media', 'unauthenticated-permissions': 'READ' },
      faults: [{ operation: 'CreateBackendStorage', kind: 'status', status: 429 }],
    })
    const bucket = `acme-media${emulator.environment().suffix}-prod`
    expect(getLines(step)).toEqual([
      '✅ Storage media created',
      'Requested:',
      'Storage: media',
      'Bucket: acme-media',
      'Signed-in users: READ, CREATE_AND_UPDATE, DELETE',
      'Guests: READ',
      'In the backend:',
      'Storage: media',
      `Bucket: ${bucket}`,
      'Signed-in users: READ, CREATE_AND_UPDATE, DELETE',
      'Guests: READ',
      'Notes:',
      expect.stringMatching(/^⚠️ Guests get access: .*unauthenticated identities/),
      expect.stringMatching(/^Keep the storage: /),
      'App d1a2b3c4d5e6f7, environment prod in eu-west-1 · Amplify console',
      `Bucket ${bucket}`,
      `Job ${String(getJobId(emulator))}, last status COMPLETED`,
      'Reason to apply: a push to "main", the default branch',
      expect.any(String),
      expect.stringMatching(/^Took \d+ (?:min|s).*, with 1 retry · run 42 · commit 1d1b8f0$/),
      '1 retry',
      expect.stringMatching(
        /^CreateBackendStorage failed \(attempt 1 of 8\): 429 .* Next attempt in [\d.]+ s\.$/,
      ),
    ])
    expect(renderMarkdown(step.summary).links).toEqual([
      'https://eu-west-1.console.aws.amazon.com/amplify/home?region=eu-west-1#/d1a2b3c4d5e6f7',
      'https://github.com/octo-org/octo-app/actions/runs/1234567890',
      'https://github.com/octo-org/octo-app/commit/1d1b8f0dbb3d5d3d4d55cf2b1d1c3a1f6a5f7e10',
    ])
  },
)

scenario('The summary of a failure shows the cause, the next step and the request ID', async () => {
  const message = 'resourceName is not allowed'
  const { step } = await runOnce({
    faults: [{ operation: 'CreateBackendStorage', kind: 'status', status: 400, message }],
  })
  const lines = getLines(step)
  expect(lines[1]).toContain(message)
  expect(lines[2]).toMatch(/^What to do: /)
  expect(lines).toContain('Error code BAD_REQUEST')
  expect(step.outputs['request-id']).not.toBe('')
  expect(lines).toContain(`Request ID ${step.outputs['request-id'] ?? ''}`)
})

scenario('Annotation, summary and comment link to the error at the version that runs', async () => {
  const { step, emulator } = await runOnce({
    event: pullRequest(),
    with: { 'comment-on-pr': 'true' },
    setUp: (on) => addMedia(on),
    env: { GITHUB_ACTION_REPOSITORY: 'octo-org/action', GITHUB_ACTION_REF: 'v1.2.3' },
  })
  const url = 'https://github.com/octo-org/action/blob/v1.2.3/docs/errors.md#storage_differs'
  expect(getAnnotations(step, 'error')[0]?.message).toContain(url)
  expect(renderMarkdown(step.summary).links).toContain(url)
  expect(renderMarkdown(emulator.state.github.comments[0]?.body ?? '').links).toContain(url)
})

const asked = {
  'comment-on-pr': 'true',
  'authenticated-permissions': 'READ',
  'unauthenticated-permissions': 'none',
  'if-exists': 'update',
}

const getComment = ({ state }: Emulator): string =>
  renderMarkdown(state.github.comments[0]?.body ?? '').text

scenario('A change is shown in the same way in the log, the summary and the comment', async () => {
  const { step, emulator } = await runOnce({
    event: pullRequest(),
    with: asked,
    setUp: (on) =>
      addMedia(on, {
        permissions: { authenticated: ['READ', 'DELETE'], unAuthenticated: ['READ'] },
      }),
  })
  expect(JSON.parse(step.outputs['changes'] ?? '')).toEqual([
    { field: 'authenticated-permissions', from: ['READ', 'DELETE'], to: ['READ'] },
    { field: 'unauthenticated-permissions', from: ['READ'], to: [] },
  ])
  expect(step.log.map((line) => line.trim())).toEqual(
    expect.arrayContaining(['Signed-in users: READ, DELETE → READ', 'Guests: READ → none']),
  )
  const requested = ['Requested:', 'Storage: media', 'Bucket: any', 'Signed-in users: READ']
  const current = ['Signed-in users: READ, DELETE', 'Guests: READ']
  expect(getLines(step)).toEqual(
    expect.arrayContaining([...requested, 'Guests: none', 'In the backend:', ...current]),
  )
  expect(getComment(emulator)).toContain('Signed-in users: READ, DELETE → READ\n')
  expect(getComment(emulator)).toContain('Guests: READ → none\n')
})

scenario(
  'A create and its notes are shown in the same way in the log, the summary and the comment',
  async () => {
    const { step, emulator } = await runOnce({
      event: pullRequest(),
      with: { ...asked, 'bucket-name': 'acme-media', 'unauthenticated-permissions': 'READ' },
    })
    const bucket = `The bucket will be acme-media${emulator.environment().suffix}-prod.`
    const fixed = 'The name of the storage and its bucket cannot be changed later.'
    const next = 'After the merge, the run on "main" applies these changes.'
    const log = step.log.map((line) => line.trim().replaceAll('`', ''))
    const settings = ['Storage: media', 'Bucket: acme-media', 'Signed-in users: READ']
    expect(log).toEqual(expect.arrayContaining([...settings, 'Guests: READ', bucket, fixed]))
    expect(log.some((line) => line.endsWith(next))).toBe(true)
    expect(getLines(step)).toEqual(expect.arrayContaining([bucket, fixed, next]))
    for (const sentence of [bucket, fixed, next]) expect(getComment(emulator)).toContain(sentence)
    // What guests gain is said once in each place.
    const warnings = getAnnotations(step, 'warning')
    expect(warnings.filter(({ title }) => title === 'Guests get access')).toHaveLength(1)
    for (const text of [getLines(step).join('\n'), getComment(emulator)])
      expect(text.match(/unauthenticated identities/g)).toHaveLength(1)
  },
)

scenarios(
  'A run with summary: false writes no summary',
  { 'a plan': {}, 'invalid inputs': { 'app-id': '' } },
  async (inputs, name) => {
    const { step } = await runOnce({ event: pullRequest(), with: { summary: 'false', ...inputs } })
    expect([step.exitCode, step.summary]).toEqual([name === 'a plan' ? 0 : 1, ''])
  },
)
