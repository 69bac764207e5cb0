/** The comment on a pull request; test/unit/report/comment-body.test.ts has its texts. */
import { expect } from 'vitest'
import type { Emulator } from '../../../emulator/emulator.ts'
import {
  mergedPullRequest,
  pullRequest,
  type WorkflowEvent,
} from '../../../emulator/runner/events.ts'
import { ERROR_CATALOG } from '../../../src/errors/catalog.ts'
import { addMedia, ALL, trustEvents } from '../../support/emulator-state.ts'
import { createTestBed } from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { expectFailure, expectSuccess, getLog } from '../../support/step-result.ts'
import {
  comment,
  getGithubPaths,
  getHeadings,
  getTexts,
  getWarnings,
  MARKER,
  OWN,
  PLANNED,
  post,
  STARTED,
} from './comment-runs.ts'

/** A text of the catalog as a page shows it. */
const plain = (text: string): string => text.replaceAll('`', '')

scenario('A plan is shown in one comment, which later runs update when it changes', async () => {
  const bed = await createTestBed()
  expectSuccess(await comment(bed), 'planned')
  const { comments } = bed.emulator.state.github
  expect(comments).toMatchObject([{ author: OWN, issue: 7 }])
  expect(comments[0]?.body.startsWith(`${MARKER}\n`)).toBe(true)
  expect(getTexts(bed)[0]?.split('\n')).toEqual([
    '📝 Plan: create storage media',
    'App d1a2b3c4d5e6f7, environment prod in eu-west-1',
    'Planned:',
    'Storage: media',
    'Signed-in users: READ, CREATE_AND_UPDATE, DELETE',
    'Notes:',
    'The service chooses the name of the bucket.',
    'The name of the storage and its bucket cannot be changed later.',
    'After the merge, the run on "main" applies these changes.',
    expect.stringMatching(/^Keep the storage: /),
    'Commit 7f3c2b9 · summary and log of run 42',
  ])
  const again = await comment(bed)
  expect(getLog(again)).toMatch(/The comment on pull request #7 at \S+ is up to date\./)
  expect(bed.emulator.calls('updateComment')).toEqual([])

  const id = comments[0]?.id
  await comment(bed, { with: { 'authenticated-permissions': 'READ' } })
  expect(bed.emulator.state.github.comments).toMatchObject([{ id }])
  expect(getTexts(bed)[0]).toContain('Signed-in users: READ\n')
  expect(new Set(getGithubPaths(bed).map((path) => path.replace(/\?.*/, '')))).toEqual(
    new Set([
      '/api/v3/repos/octo-org/octo-app/issues/7/comments',
      '/api/graphql',
      `/api/v3/repos/octo-org/octo-app/issues/comments/${String(id)}`,
    ]),
  )
})

type Plan = Readonly<{
  prepare?: (emulator: Emulator) => unknown
  event?: WorkflowEvent
  code?: 'STORAGE_DIFFERS'
  text: string
}>

scenarios<Plan>(
  'The comment on a plan says what becomes of its apply',
  {
    'a branch that does not apply': {
      event: pullRequest({ base: 'dev' }),
      text: 'Merging into "dev" does not apply these changes: apply-branches is empty, which selects the default branch "main".',
    },
    'a rejected apply': {
      prepare: (emulator) => addMedia(emulator),
      code: 'STORAGE_DIFFERS',
      text: [
        '❌ Plan: an apply of storage media would fail',
        'App d1a2b3c4d5e6f7, environment prod in eu-west-1',
        `STORAGE_DIFFERS: ${plain(ERROR_CATALOG.STORAGE_DIFFERS.cause)}`,
        `What to do: ${plain(ERROR_CATALOG.STORAGE_DIFFERS.remedy)}`,
        'The message with all details is in the summary and the log of run 42.',
        'Nothing was changed.',
        'Now → requested:',
        'Signed-in users: READ → READ, CREATE_AND_UPDATE, DELETE',
      ].join('\n'),
    },
    'an apply that would fail now': {
      prepare: (emulator) => (emulator.environment().auth = false),
      text: `⚠️ An apply would fail now: ${plain(`${ERROR_CATALOG.AUTH_MISSING.cause} ${ERROR_CATALOG.AUTH_MISSING.remedy}`)}`,
    },
  },
  async ({ prepare, event = pullRequest(), code, text }) => {
    const bed = await createTestBed()
    prepare?.(bed.emulator)
    const step = await comment(bed, { event })
    if (code === undefined) expectSuccess(step, 'planned')
    else expectFailure(step, code)
    expect(getTexts(bed)[0]).toContain(text)
    expect(getTexts(bed)[0]).not.toContain('the run on "dev" applies')
  },
)

scenarios<Readonly<Record<string, string>>>(
  'Each environment and each resource has its own comment',
  {
    'another environment': { 'backend-environment-name': 'dev' },
    'another resource': { 'resource-name': 'uploads' },
  },
  async (inputs) => {
    const bed = await createTestBed({ rules: { environmentRequired: false } })
    await comment(bed)
    await comment(bed, { with: inputs })
    await comment(bed)
    expect(bed.emulator.state.github.comments).toHaveLength(2)
  },
)

const forged = `${MARKER}\n<!-- run 99999999999 -->\n### ✅ All is well`

scenarios<readonly (readonly [author: string, body: string])[]>(
  'Only a comment by the token itself that starts with the marker is updated',
  {
    'other authors': [
      ['mallory', forged],
      ['github-actions', forged],
    ],
    'a marker that is quoted': [[OWN, `Somebody said:\n${MARKER}`]],
  },
  async (posts) => {
    const bed = await createTestBed()
    for (const [author, body] of posts) post(bed, author, body)
    await comment(bed)
    await comment(bed, { with: { 'authenticated-permissions': 'READ' } })
    const { comments } = bed.emulator.state.github
    expect(comments.map(({ author }) => author)).toEqual([...posts.map(([author]) => author), OWN])
    for (const [index, [, body]] of posts.entries()) expect(comments[index]?.body).toBe(body)
  },
)

scenario('The comment is found on any page of comments', async () => {
  const bed = await createTestBed()
  for (let id = 1; id <= 250; id += 1) post(bed, 'octocat', 'Nice.', id)
  post(bed, OWN, `${MARKER}\nold`, 900)
  for (let id = 1000; id <= 1030; id += 1) post(bed, 'octocat', 'Nice.', id)
  await comment(bed)
  expect(bed.emulator.calls('listComments')).toHaveLength(3)
  expect(bed.emulator.calls('createComment')).toEqual([])
  const own = bed.emulator.state.github.comments.find(({ id }) => id === 900)
  expect(own?.body).toContain('Plan: create storage')
})

scenarios<string>(
  'The pages of comments are counted, and the token goes to no host that a response names',
  {
    'no Link header': '',
    'a Link header to another host': 'next',
    'a Link header that ends the list': 'last',
  },
  async (rel) => {
    const bed = await createTestBed()
    const other = await createTestBed()
    for (let id = 1; id <= 100; id += 1) post(bed, 'octocat', 'Nice.', id)
    post(bed, OWN, `${MARKER}\nold`, 900)
    const page = Array.from({ length: 100 }, (_, index) => ({ id: index + 1, body: 'Nice.' }))
    bed.emulator.injectFault({
      ...{ operation: 'listComments', kind: 'body', body: JSON.stringify(page) },
      headers: rel === '' ? {} : { link: `<${other.emulator.url}/comments?page=2>; rel="${rel}"` },
    })
    expect(getWarnings(await comment(bed))).toEqual([])
    expect(other.emulator.requests).toEqual([])
    expect(bed.emulator.calls('listComments')).toHaveLength(2)
    expect(bed.emulator.calls('createComment')).toEqual([])
    expect(getHeadings(bed).at(-1)).toBe(PLANNED[0])
  },
)

scenario('With changes-only, a plan without changes only updates a comment', async () => {
  const bed = await createTestBed()
  const run = { with: { 'comment-on-pr': 'changes-only' } }
  const storage = addMedia(bed.emulator, { permissions: { authenticated: [...ALL] } })
  expectSuccess(await comment(bed, run), 'planned')
  expect(getHeadings(bed)).toEqual([])
  bed.emulator.environment().storages.clear()
  expectSuccess(await comment(bed, run), 'planned')
  expect(getHeadings(bed)).toEqual(PLANNED)
  bed.emulator.environment().storages.set('media', storage)
  expectSuccess(await comment(bed, run), 'planned')
  expect(getHeadings(bed)).toEqual(['✅ Plan: no changes to storage media'])
})

scenario(
  'Duplicates that two runs created at the same time are deleted, and nothing else is',
  async () => {
    const bed = await createTestBed()
    post(bed, OWN, `${MARKER}\nthe second`, 901)
    post(bed, OWN, `${MARKER}\nthe first`, 900)
    post(bed, OWN, 'Nice.', 899)
    post(bed, 'mallory', `${MARKER}\nforged`, 898)
    const step = await comment(bed)
    expect(getWarnings(step)).toEqual([])
    const { comments } = bed.emulator.state.github
    expect(comments.map(({ id }) => id).toSorted()).toEqual([898, 899, 900])
    expect(getTexts(bed).filter((text) => text.startsWith('📝'))).toHaveLength(1)
    expect(bed.emulator.calls('createComment')).toEqual([])
  },
)

scenario('The log names the host of the comment unless it is that of GitHub', async () => {
  const bed = await createTestBed()
  const step = await comment(bed)
  const { host } = new URL(bed.emulator.url)
  expect(getLog(step)).toContain(`Created a comment on pull request #7 at ${host}.`)
})

scenario('The comment after a create shows the physical bucket', async () => {
  const bed = await createTestBed({ rules: { jobMs: 0 } })
  const event = mergedPullRequest()
  trustEvents(bed.emulator, event)
  const step = await comment(bed, { event, with: { wait: 'true', 'bucket-name': 'acme-media' } })
  expectSuccess(step, 'created')
  const [text = ''] = getTexts(bed)
  expect(text).toContain(`Bucket: ${step.outputs['bucket-name'] ?? '-'}\n`)
  expect(text).not.toMatch(/acme-media\b(?!\d|-|\w)/)
})

scenario('Only the apply of an older run replaces the comment of a newer run', async () => {
  const bed = await createTestBed()
  const env = { GITHUB_RUN_ID: '1000' }
  await comment(bed, { with: { 'authenticated-permissions': 'READ' } })
  const plan = await comment(bed, { env })
  expect(getLog(plan)).toContain('was written by a newer run; left unchanged')
  expect(getTexts(bed)[0]).toContain('Signed-in users: READ\n')
  trustEvents(bed.emulator, mergedPullRequest())
  await comment(bed, { event: mergedPullRequest(), env })
  expect(getHeadings(bed)).toEqual(STARTED)
})

scenario(
  'The comment on a failed job contains neither the text of the job nor an account ID',
  async () => {
    const bed = await createTestBed()
    const event = mergedPullRequest()
    trustEvents(bed.emulator, event)
    bed.emulator.planJob({
      error:
        'User: arn:aws:sts::111122223333:assumed-role/amplify-storage-apply/x is not authorized to perform: s3:CreateBucket @octocat <!-- -->',
    })
    expectFailure(await comment(bed, { event, with: { wait: 'true' } }), 'JOB_LACKS_PERMISSION')
    const body = bed.emulator.state.github.comments[0]?.body
    expect(body).toContain('`JOB_LACKS_PERMISSION`')
    expect(body).not.toMatch(/111122223333|s3:CreateBucket|octocat/)
  },
)
