/** The comment on a pull request; test/unit/report/comment-body.test.ts has its texts. */
import { expect } from 'vitest'

import { defaults, type Emulator, type Fault, type FaultSpec } from '../../emulator/emulator.ts'
import {
  mergedPullRequest,
  mergeGroup,
  pullRequest,
  push,
  schedule,
  workflowDispatch,
  type WorkflowEvent,
} from '../../emulator/runner/events.ts'
import type { StepResult } from '../../emulator/runner/step.ts'
import { ERROR_CATALOG } from '../../src/errors/catalog.ts'
import { addMedia, addMergedPull, ALL, trustEvents } from '../support/emulator-state.ts'
import { renderMarkdown } from '../support/rendered-markdown.ts'
import {
  createTestBed,
  runAction,
  type RunActionOptions,
  type TestBed,
} from '../support/run-action.ts'
import { scenario, scenarios } from '../support/scenario.ts'
import { expectFailure, expectSuccess, getAnnotations, getLog } from '../support/step-result.ts'

const OWN = 'github-actions[bot]'
const MARKER = `<!-- amplify-create-backend-storage ${defaults.appId} prod media -->`
const PLANNED = ['📝 Plan: create storage media']
const STARTED = ['⏳ Storage media: job started; the run did not wait for it']

/** Runs the action with a comment asked for; on an open pull request by default. */
const comment = (bed: TestBed, options: RunActionOptions = {}): Promise<StepResult> =>
  runAction(bed, {
    event: pullRequest(),
    ...options,
    with: { 'comment-on-pr': 'true', wait: 'false', ...options.with },
  })

/** What each comment says, as people read it. */
const getTexts = ({ emulator }: TestBed): readonly string[] =>
  emulator.state.github.comments.map(({ body }) => renderMarkdown(body).text)

const getHeadings = (bed: TestBed): readonly string[] =>
  getTexts(bed).map((text) => text.split('\n')[0] ?? '')

/** A text of the catalog as a page shows it. */
const plain = (text: string): string => text.replaceAll('`', '')

function post({ emulator }: TestBed, author: string, body: string, id = 1): void {
  const { repository } = defaults
  const at = emulator.clock.now()
  const dates = { createdAt: at, updatedAt: at }
  emulator.state.github.comments.push({ id, repository, issue: 7, body, author, ...dates })
}

/** The paths of the calls of GitHub's API. */
const getGithubPaths = ({ emulator }: TestBed): readonly string[] =>
  emulator.requests.map(({ path }) => path).filter((path) => path.startsWith('/api/'))

const getWarnings = (step: StepResult): readonly string[] =>
  getAnnotations(step, 'warning').map(({ message }) => message)

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
  'A push comments on the pull request that its commit merged, and the summary links to it',
  async () => {
    const bed = await createTestBed()
    addMergedPull(bed.emulator, push(), { number: 5, base: 'release' })
    addMergedPull(bed.emulator, push(), { number: 6, mergeCommit: 'f'.repeat(40) })
    addMergedPull(bed.emulator, push())
    const step = await comment(bed, { event: push() })
    expectSuccess(step, 'started')
    expect(bed.emulator.state.github.comments).toMatchObject([{ issue: 7 }])
    expect(renderMarkdown(step.summary).links).toContain(
      'https://github.com/octo-org/octo-app/pull/7',
    )
  },
)

const open = { state: 'open', merged: false } as const

/** A comment on an issue or on the pull request 7; its run is on the default branch. */
const issueComment = (issue: object): WorkflowEvent => ({
  ...push(),
  name: 'issue_comment',
  payload: { action: 'created', issue: { number: 7, ...issue } },
})

scenario(
  'A push to a branch that only plans comments on the open pull request from that branch',
  async () => {
    const bed = await createTestBed()
    const event = push('storage')
    trustEvents(bed.emulator, event)
    addMergedPull(bed.emulator, event, { ...open, number: 4, head: 'other' })
    addMergedPull(bed.emulator, event, { ...open, number: 5, headRepository: 'mona/octo-app' })
    addMergedPull(bed.emulator, event, open)
    expectSuccess(await comment(bed, { event }), 'planned')
    expect(bed.emulator.state.github.comments).toMatchObject([{ issue: 7 }])
    expect(getTexts(bed)[0]).toContain('⚠️ This run only plans: a push to "storage"')
  },
)

scenario('A push does not comment on an open pull request from another branch', async () => {
  const bed = await createTestBed()
  addMergedPull(bed.emulator, push(), { ...open, base: 'release', head: 'topic' })
  const step = await comment(bed, { event: push() })
  expect(bed.emulator.state.github.comments).toEqual([])
  expect(getLog(step)).toContain('No comment: there is no pull request for this commit.')
  expect(getWarnings(step)).toEqual([])
})

scenarios(
  'An event without a pull request writes no comment and calls no API of GitHub',
  { schedule: schedule(), issue_comment: issueComment({}) },
  async (event, name) => {
    const bed = await createTestBed()
    addMergedPull(bed.emulator, event)
    trustEvents(bed.emulator, event)
    const step = await comment(bed, { event, with: { mode: 'plan' } })
    expect(step.exitCode).toBe(0)
    expect(getLog(step)).toContain(`No comment: the event ${name} has no pull request.`)
    expect(getGithubPaths(bed)).toEqual([])
  },
)

scenarios(
  'The comment finds the pull request of an event that does not contain one',
  {
    issue_comment: issueComment({ pull_request: { url: 'https://api.github.com/x' } }),
    merge_group: mergeGroup(),
    workflow_dispatch: workflowDispatch('storage'),
  },
  async (event) => {
    const bed = await createTestBed()
    addMergedPull(bed.emulator, event, { ...open, head: 'storage' })
    trustEvents(bed.emulator, event)
    const step = await comment(bed, { event, with: { mode: 'plan' } })
    expectSuccess(step, 'planned')
    expect(bed.emulator.state.github.comments).toMatchObject([{ author: OWN, issue: 7 }])
    expect(renderMarkdown(step.summary).links).toContain(
      'https://github.com/octo-org/octo-app/pull/7',
    )
  },
)

scenario(
  'A run by hand on a branch without an open pull request says that there is none',
  async () => {
    const bed = await createTestBed()
    const event = workflowDispatch()
    addMergedPull(bed.emulator, event)
    const step = await comment(bed, { event })
    expect(getLog(step)).toMatch(/No comment: there is no open pull request from "main"/)
    expect(bed.emulator.state.github.comments).toEqual([])
  },
)

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

scenario(
  'A duplicate that cannot be deleted does not keep the comment from being updated',
  async () => {
    const bed = await createTestBed()
    for (const id of [900, 901]) post(bed, OWN, `${MARKER}\nold`, id)
    bed.emulator.injectFault({ operation: 'deleteComment', kind: 'status', status: 403 })
    const step = await comment(bed)
    expect(getWarnings(step)).toEqual([])
    expect(getLog(step)).toContain('Could not delete a duplicate')
    expect(getHeadings(bed)).toContain(PLANNED[0])
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

const rateLimit = (seconds: number, status = 403): Fault => ({
  ...{ kind: 'status', status, message: 'You have exceeded a secondary rate limit.' },
  headers: { 'retry-after': String(seconds) },
})

/** Slower than other tests: a comment that is retried is abandoned after thirty seconds. */
const RETRY_SCALE = 2

scenarios<Fault>(
  'The comment is written although every call of GitHub fails once',
  {
    'a server error': { kind: 'status', status: 502 },
    'a broken connection': { kind: 'reset' },
    'too many requests': rateLimit(1, 429),
    'a secondary rate limit': rateLimit(1),
    'a repository that has moved': { kind: 'redirect', status: 307 },
  },
  async (fault) => {
    const bed = await createTestBed({ scale: RETRY_SCALE })
    const operations = ['listPullsOfCommit', 'listComments', 'graphql', 'updateComment'] as const
    for (const operation of operations) bed.emulator.injectFault({ operation, ...fault })
    addMergedPull(bed.emulator, push())
    post(bed, OWN, `${MARKER}\nold`)
    const step = await comment(bed, { event: push() })
    expect(getWarnings(step)).toEqual([])
    expect(getHeadings(bed)).toEqual(STARTED)
  },
)

scenarios<Readonly<{ old?: true; faults: readonly FaultSpec[] }>>(
  'There is one comment in the end, whatever a call of GitHub brings about',
  {
    'a lost response after the effect': {
      faults: [{ operation: 'createComment', kind: 'status', status: 502, when: 'after' }],
    },
    'a lost response without an effect': {
      faults: [{ operation: 'createComment', kind: 'status', status: 502, when: 'before' }],
    },
    'no response': { faults: [{ operation: 'listComments', kind: 'stall' }] },
    'a comment that is deleted before its update': {
      old: true,
      faults: [
        { operation: 'updateComment', kind: 'status', status: 404 },
        { operation: 'listComments', kind: 'body', body: '[]', skip: 1 },
      ],
    },
  },
  async ({ old, faults }) => {
    const bed = await createTestBed({ scale: RETRY_SCALE })
    if (old === true) post(bed, OWN, `${MARKER}\nold`)
    for (const fault of faults) bed.emulator.injectFault(fault)
    expect(getWarnings(await comment(bed))).toEqual([])
    if (old === true) expect(bed.emulator.calls('createComment')).toHaveLength(1)
    else expect(getHeadings(bed)).toEqual(PLANNED)
  },
)

type Problem = Readonly<{
  prepare?: (emulator: Emulator) => unknown
  fault?: FaultSpec
  token?: string
  message: RegExp
  /** Set for a failure that may pass. */
  retried?: true
}>

const failList = (fault: Fault): FaultSpec => ({
  ...{ operation: 'listComments', times: 'always', ...fault },
})

scenarios<Problem>(
  'A comment that cannot be written is one warning, and the result stays the same',
  {
    'a locked conversation': {
      prepare: ({ state }) => state.github.locked.add(`${defaults.repository}#7`),
      message: /the conversation is locked/,
    },
    'a token without the permission': {
      prepare: ({ state }) => (state.github.canWrite = false),
      message: /github-token has no permission .* Give the job `pull-requests: write`/,
    },
    'a token that is not accepted': {
      token: 'ghs_000000000000000000000000000000000000',
      message: /GitHub does not accept github-token/,
    },
    'a pull request that the token may not see': {
      fault: failList({ kind: 'status', status: 404 }),
      message: /Give the job `pull-requests: write`/,
    },
    'a rate limit that outlives the run': {
      fault: { operation: 'createComment', ...rateLimit(60) },
      message: /GitHub limits the rate of requests/,
    },
    'a malformed response': {
      fault: failList({ kind: 'body', body: '{"a":1}' }),
      message: /was not written/,
    },
    'a list that is null': {
      fault: failList({ kind: 'body', body: 'null' }),
      message: /malformed list of comments/,
    },
    'a comment whose body is a number': {
      fault: failList({ kind: 'body', body: '[{"id":1,"body":7}]' }),
      message: /malformed list of comments/,
    },
    'a conflict': {
      fault: failList({ kind: 'status', status: 409 }),
      message: /was not written/,
    },
    'a redirect to another host': {
      fault: failList({ kind: 'redirect', location: 'http://127.0.0.2:9/x' }),
      message: /redirects to http:\/\/127\.0\.0\.2:9, which is not followed/,
      retried: true,
    },
  },
  async ({ prepare, fault, token, message, retried }) => {
    const bed = await createTestBed()
    prepare?.(bed.emulator)
    if (fault !== undefined) bed.emulator.injectFault(fault)
    const step = await comment(bed, token === undefined ? {} : { with: { 'github-token': token } })
    expectSuccess(step, 'planned')
    expect(getWarnings(step)).toEqual([expect.stringMatching(message)])
    expect(renderMarkdown(step.summary).text).toContain(
      '⚠️ Comment not written: The comment on the pull',
    )
    expect(bed.emulator.state.github.comments).toEqual([])
    if (retried !== true) expect(bed.emulator.calls('listComments').length).toBeLessThanOrEqual(1)
  },
)

scenario('The comment is abandoned after thirty seconds', async () => {
  const bed = await createTestBed()
  // Ten seconds for each call: these alone take forty.
  for (const operation of ['listPullsOfCommit', 'listComments'] as const)
    bed.emulator.injectFault({ operation, kind: 'stall', times: 2 })
  addMergedPull(bed.emulator, push())
  const step = await comment(bed, { event: push() })
  expectSuccess(step, 'started')
  expect(getWarnings(step)).toEqual([expect.stringMatching(/GitHub took longer than 30 s\.$/)])
  expect(bed.emulator.state.github.comments).toEqual([])
})

scenario('A failed run keeps its error when the comment fails, too', async () => {
  const bed = await createTestBed()
  bed.emulator.injectFault(failList({ kind: 'status', status: 500 }))
  addMedia(bed.emulator)
  const step = await comment(bed)
  expectFailure(step, 'STORAGE_DIFFERS')
  expect(getWarnings(step)).toHaveLength(1)
})

scenario('An empty github-token is a warning, and no API of GitHub is called', async () => {
  const bed = await createTestBed()
  const step = await comment(bed, { with: { 'github-token': '' } })
  expectSuccess(step, 'planned')
  expect(getWarnings(step)).toEqual([expect.stringContaining('github-token is empty')])
  expect(getGithubPaths(bed)).toEqual([])
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
