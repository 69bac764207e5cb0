import { createServer, request as httpRequest } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'

import { addStorage, defaults, type Emulator } from '../../emulator/emulator.ts'
import {
  workflowDispatch,
  mergeGroup,
  mergedPullRequest,
  pullRequest,
  push,
  schedule,
  type WorkflowEvent,
} from '../../emulator/runner/events.ts'
import {
  runAction,
  createTestBed,
  type RunActionOptions,
  type TestBed,
} from '../support/run-action.ts'
import { ERROR_CATALOG } from '../../src/errors/catalog.ts'
import { renderMarkdown } from '../support/rendered-markdown.ts'
import { trustEvents } from '../support/emulator-state.ts'

/** A text of the catalog as a page shows it. */
const plain = (text: string): string => text.replaceAll('`', '')

const OWN = 'github-actions[bot]'
const MARKER = `<!-- amplify-create-backend-storage ${defaults.appId} prod media -->`

type End = Awaited<ReturnType<typeof runAction>>

/** The step with a comment asked for; on an open pull request when nothing is said. */
const commented = (world: TestBed, scenario: RunActionOptions = {}): Promise<End> =>
  runAction(world, {
    event: pullRequest(),
    ...scenario,
    with: { 'comment-on-pr': 'true', ...scenario.with },
  })

/** What each comment says, as people read it. */
const texts = ({ emulator }: TestBed): readonly string[] =>
  emulator.state.github.comments.map(({ body }) => renderMarkdown(body).text)

const headings = (world: TestBed): readonly string[] =>
  texts(world).map((text) => text.split('\n')[0] ?? '')

function post({ emulator }: TestBed, author: string, body: string, id = 1): void {
  const at = emulator.clock.now()
  emulator.state.github.comments.push({
    id,
    repository: defaults.repository,
    issue: 7,
    body,
    author,
    createdAt: at,
    updatedAt: at,
  })
}

type Pulled = Partial<Emulator['state']['github']['pulls'][number]>

/** A pull request that GitHub knows the pushed commit by. */
function knowPull({ emulator }: TestBed, event: WorkflowEvent, given: Pulled = {}): void {
  emulator.state.github.pulls.push({
    number: 7,
    repository: defaults.repository,
    state: 'closed',
    merged: true,
    base: 'main',
    head: 'storage',
    commits: [event.sha],
    ...given,
  })
}

const GITHUB = ['listComments', 'createComment', 'updateComment', 'listPullsOfCommit', 'graphql']

const githubCalls = ({ emulator }: TestBed): readonly string[] =>
  emulator.requests
    .map(({ operation }) => String(operation))
    .filter((name) => GITHUB.includes(name))

const warnings = (end: End): readonly string[] =>
  end.annotations.filter(({ level }) => level === 'warning').map(({ message }) => message)

describe('The comment on a plan', () => {
  it('A plan is shown in one comment, which later runs update', async () => {
    const world = await createTestBed()
    const first = await commented(world)
    expect(first.exitCode).toBe(0)
    expect(world.emulator.state.github.comments).toMatchObject([{ author: OWN, issue: 7 }])
    const [comment] = world.emulator.state.github.comments
    expect(comment?.body.startsWith(`${MARKER}\n`)).toBe(true)
    expect(texts(world)).toEqual([
      [
        '📝 Plan: create storage media',
        'App d1a2b3c4d5e6f7, environment prod in eu-west-1',
        '| Planned',
        'Storage | media',
        'Signed-in users | READ, CREATE_AND_UPDATE, DELETE',
        'The service chooses the name of the bucket.',
        'The name of the storage and its bucket cannot be changed later.',
        'After the merge, the run on "main" applies these changes.',
        'Commit 7f3c2b9 · summary and log of run 42',
      ].join('\n'),
    ])

    await commented(world, { with: { 'authenticated-permissions': 'READ' } })
    expect(world.emulator.state.github.comments).toMatchObject([{ id: comment?.id }])
    expect(texts(world)[0]).toContain('Signed-in users | READ\n')
  })

  it('A comment that is up to date is not updated', async () => {
    const world = await createTestBed()
    await commented(world)
    const again = await commented(world)
    expect(again.log.join('\n')).toContain('The comment on pull request #7 is up to date.')
    expect(world.emulator.calls('updateComment')).toEqual([])
  })

  it('A plan for a branch that does not apply says so', async () => {
    const world = await createTestBed()
    await commented(world, { event: pullRequest({ base: 'dev' }) })
    expect(texts(world)[0]).toContain(
      'Merging into "dev" does not apply these changes: apply-branches is empty, which selects the default branch "main".',
    )
    expect(texts(world)[0]).not.toContain('the run on "dev" applies')
  })

  it('A rejected plan says that an apply would fail, and why', async () => {
    const world = await createTestBed()
    addStorage(world.emulator.environment(), {
      resourceName: 'media',
      permissions: { authenticated: ['READ'] },
    })
    const end = await commented(world)
    expect(end.exitCode).toBe(1)
    expect(texts(world)[0]).toContain(
      [
        '❌ Plan: an apply of storage media would fail',
        'App d1a2b3c4d5e6f7, environment prod in eu-west-1',
        `STORAGE_DIFFERS: ${plain(ERROR_CATALOG.STORAGE_DIFFERS.cause)}`,
        `What to do: ${plain(ERROR_CATALOG.STORAGE_DIFFERS.remedy)}`,
        'Nothing was changed.',
        '| Now | Requested',
        'Signed-in users | READ | READ, CREATE_AND_UPDATE, DELETE',
      ].join('\n'),
    )
  })

  it('A plan warns of what would make an apply fail now', async () => {
    const world = await createTestBed()
    world.emulator.environment().auth = false
    const end = await commented(world)
    expect(end.exitCode).toBe(0)
    expect(texts(world)[0]).toContain(
      `⚠️ An apply would fail now: ${plain(ERROR_CATALOG.AUTH_MISSING.cause)}`,
    )
  })
})

describe('One comment per environment and resource', () => {
  it.each([
    ['environment', { 'backend-environment-name': 'dev' }],
    ['resource', { 'resource-name': 'uploads' }],
  ])('Another %s has its own comment', async (_, given) => {
    const world = await createTestBed({ rules: { environmentRequired: false } })
    await commented(world)
    await commented(world, { with: given })
    await commented(world)
    expect(world.emulator.state.github.comments).toHaveLength(2)
  })
})

describe('The comment that is updated', () => {
  it('A comment by another author is never updated, whatever marker it has', async () => {
    const world = await createTestBed()
    const forged = `${MARKER}\n<!-- run 99999999999 -->\n### ✅ All is well`
    post(world, 'mallory', forged, 1)
    post(world, 'github-actions', forged, 2)
    await commented(world)
    await commented(world, { with: { 'authenticated-permissions': 'READ' } })
    const { comments } = world.emulator.state.github
    expect(comments.map(({ author }) => author)).toEqual(['mallory', 'github-actions', OWN])
    expect(comments.slice(0, 2).map(({ body }) => body)).toEqual([forged, forged])
  })

  it('A comment that quotes the marker later is not updated', async () => {
    const world = await createTestBed()
    post(world, OWN, `Somebody said:\n${MARKER}`)
    await commented(world)
    expect(world.emulator.state.github.comments).toHaveLength(2)
  })

  it('The comment is found on any page of comments', async () => {
    const world = await createTestBed()
    for (let id = 1; id <= 250; id += 1) post(world, 'octocat', 'Nice.', id)
    post(world, OWN, `${MARKER}\nold`, 900)
    for (let id = 1000; id <= 1030; id += 1) post(world, 'octocat', 'Nice.', id)
    await commented(world)
    expect(world.emulator.calls('listComments')).toHaveLength(3)
    expect(world.emulator.calls('createComment')).toEqual([])
    const own = world.emulator.state.github.comments.find(({ id }) => id === 900)
    expect(own?.body).toContain('Plan: create storage')
  })
})

describe('The setting changes-only', () => {
  const quietly = { 'comment-on-pr': 'changes-only' }

  it('With changes-only, a plan without changes writes no comment', async () => {
    const world = await createTestBed()
    addStorage(world.emulator.environment(), {
      resourceName: 'media',
      permissions: { authenticated: ['READ', 'CREATE_AND_UPDATE', 'DELETE'] },
    })
    const end = await commented(world, { with: quietly })
    expect(end.exitCode).toBe(0)
    expect(world.emulator.state.github.comments).toEqual([])
  })

  it('With changes-only, a plan with changes writes a comment', async () => {
    const world = await createTestBed()
    await commented(world, { with: quietly })
    expect(headings(world)).toEqual(['📝 Plan: create storage media'])
  })

  it('With changes-only, an existing comment is updated', async () => {
    const world = await createTestBed()
    await commented(world, { with: quietly })
    addStorage(world.emulator.environment(), {
      resourceName: 'media',
      permissions: { authenticated: ['READ', 'CREATE_AND_UPDATE', 'DELETE'] },
    })
    await commented(world, { with: quietly })
    expect(headings(world)).toEqual(['✅ Plan: no changes to storage media'])
  })
})

describe('The comment after a push', () => {
  const started = { wait: 'false' }

  it('A push comments on the pull request that its commit merged, and the summary links to it', async () => {
    const world = await createTestBed()
    knowPull(world, push(), { number: 5, base: 'release' })
    knowPull(world, push(), { number: 6, mergeCommit: 'f'.repeat(40) })
    knowPull(world, push())
    const end = await commented(world, { event: push(), with: started })
    expect(end.outputs['result']).toBe('started')
    expect(world.emulator.state.github.comments).toMatchObject([{ issue: 7 }])
    expect(renderMarkdown(end.summary).links).toContain(
      'https://github.com/octo-org/octo-app/pull/7',
    )
  })

  it('A push to a branch that only plans comments on the open pull request from that branch', async () => {
    const world = await createTestBed()
    const event = push('storage')
    trustEvents(world.emulator, event)
    const open = { state: 'open', merged: false } as const
    knowPull(world, event, { ...open, number: 4, head: 'other' })
    knowPull(world, event, { ...open, number: 5, headRepository: 'mona/octo-app' })
    knowPull(world, event, open)
    const end = await commented(world, { event })
    expect(end.outputs['result']).toBe('planned')
    expect(world.emulator.state.github.comments).toMatchObject([{ issue: 7 }])
    expect(texts(world)[0]).toContain('⚠️ This run only plans: a push to "storage"')
  })

  it('A push does not comment on an open pull request from another branch', async () => {
    const world = await createTestBed()
    knowPull(world, push(), { state: 'open', merged: false, base: 'release', head: 'topic' })
    const end = await commented(world, { event: push(), with: started })
    expect(world.emulator.state.github.comments).toEqual([])
    expect(end.log.join('\n')).toContain('No comment: there is no pull request for this commit.')
    expect(warnings(end)).toEqual([])
  })
})

describe('Events without a pull request', () => {
  it.each([
    ['schedule', schedule()],
    ['workflow_dispatch', workflowDispatch()],
    ['merge_group', mergeGroup()],
  ])('The event %s writes no comment and calls no API of GitHub', async (name, event) => {
    const world = await createTestBed()
    knowPull(world, event)
    trustEvents(world.emulator, event)
    const end = await commented(world, { event, with: { wait: 'false' } })
    expect(end.exitCode).toBe(0)
    expect(end.log.join('\n')).toContain(`No comment: the event ${name} has no pull request.`)
    expect(githubCalls(world)).toEqual([])
  })
})

describe('An older run that ends late', () => {
  const late = { GITHUB_RUN_ID: '1000' }

  it('The plan of an older run does not replace the comment of a newer run', async () => {
    const world = await createTestBed()
    await commented(world, { with: { 'authenticated-permissions': 'READ' } })
    const end = await commented(world, { env: late })
    expect(end.log.join('\n')).toContain('was written by a newer run; left unchanged')
    expect(texts(world)[0]).toContain('Signed-in users | READ\n')
  })

  it('The apply of an older run replaces the comment of a newer run', async () => {
    const world = await createTestBed()
    await commented(world)
    trustEvents(world.emulator, mergedPullRequest())
    await commented(world, { event: mergedPullRequest(), env: late, with: { wait: 'false' } })
    expect(headings(world)).toEqual(['⏳ Storage media: job started; the run did not wait for it'])
  })
})

describe('Failures of GitHub that a run overcomes', () => {
  it.each([
    ['a server error', { kind: 'status', status: 502 }],
    ['a broken connection', { kind: 'reset' }],
    ['too many requests', { kind: 'status', status: 429, headers: { 'retry-after': '1' } }],
    [
      'a secondary rate limit',
      {
        kind: 'status',
        status: 403,
        message: 'You have exceeded a secondary rate limit.',
        headers: { 'retry-after': '1' },
      },
    ],
    ['a repository that has moved', { kind: 'redirect', status: 307 }],
  ] as const)('The comment is written despite %s at every call', async (_, fault) => {
    const world = await createTestBed()
    for (const operation of [
      'listPullsOfCommit',
      'listComments',
      'graphql',
      'updateComment',
    ] as const) {
      world.emulator.injectFault({ operation, ...fault })
    }
    knowPull(world, push())
    post(world, OWN, `${MARKER}\nold`)
    const end = await commented(world, { event: push(), with: { wait: 'false' } })
    expect(warnings(end)).toEqual([])
    expect(headings(world)).toEqual(['⏳ Storage media: job started; the run did not wait for it'])
  })

  it.each([
    ['took effect', 'after'],
    ['did not take effect', 'before'],
  ] as const)('A lost response to a comment that %s leaves one comment', async (_, when) => {
    const world = await createTestBed()
    world.emulator.injectFault({ operation: 'createComment', kind: 'status', status: 502, when })
    const end = await commented(world)
    expect(warnings(end)).toEqual([])
    expect(headings(world)).toEqual(['📝 Plan: create storage media'])
  })

  it('A call that hangs is sent again', async () => {
    const world = await createTestBed()
    world.emulator.injectFault({ operation: 'listComments', kind: 'stall' })
    const end = await commented(world)
    expect(warnings(end)).toEqual([])
    expect(headings(world)).toEqual(['📝 Plan: create storage media'])
  })

  it('A comment that is deleted between the read and the update is created again', async () => {
    const world = await createTestBed()
    post(world, OWN, `${MARKER}\nold`)
    world.emulator.injectFault({ operation: 'updateComment', kind: 'status', status: 404 })
    world.emulator.injectFault({ operation: 'listComments', kind: 'body', body: '[]', skip: 1 })
    const end = await commented(world)
    expect(warnings(end)).toEqual([])
    expect(world.emulator.calls('createComment')).toHaveLength(1)
  })
})

describe('Failures of GitHub that become a warning', () => {
  const trouble: readonly (readonly [
    what: string,
    arrange: (world: TestBed) => void,
    message: RegExp,
    scenario: RunActionOptions,
  ])[] = [
    [
      'a locked conversation',
      ({ emulator }) => emulator.state.github.locked.add(`${defaults.repository}#7`),
      /the conversation is locked/,
      {},
    ],
    [
      'a token without the permission',
      ({ emulator }) => {
        emulator.state.github.canWrite = false
      },
      /github-token has no permission .* Give the job `pull-requests: write`/,
      {},
    ],
    [
      'a token that is not accepted',
      () => undefined,
      /GitHub does not accept github-token/,
      { with: { 'github-token': 'ghs_000000000000000000000000000000000000' } },
    ],
    [
      'a pull request that the token may not see',
      ({ emulator }) =>
        emulator.injectFault({
          operation: 'listComments',
          kind: 'status',
          status: 404,
          times: 'always',
        }),
      /Give the job `pull-requests: write`/,
      {},
    ],
    [
      'a rate limit that outlives the run',
      ({ emulator }) =>
        emulator.injectFault({
          operation: 'createComment',
          kind: 'status',
          status: 403,
          message: 'You have exceeded a secondary rate limit.',
          headers: { 'retry-after': '60' },
        }),
      /GitHub limits the rate of requests/,
      {},
    ],
    [
      'a malformed response',
      ({ emulator }) =>
        emulator.injectFault({
          operation: 'listComments',
          kind: 'body',
          body: '{"a":1}',
          times: 'always',
        }),
      /was not written/,
      {},
    ],
    [
      'a redirect to another host',
      ({ emulator }) =>
        emulator.injectFault({
          operation: 'listComments',
          kind: 'redirect',
          location: 'http://127.0.0.2:9/x',
          times: 'always',
        }),
      /redirects to http:\/\/127\.0\.0\.2:9, which is not followed/,
      {},
    ],
  ]

  it.each(trouble)(
    'The result stays the same, with one warning, after %s',
    async (_, arrange, message, scenario) => {
      const world = await createTestBed()
      arrange(world)
      const end = await commented(world, scenario)
      expect(end.exitCode).toBe(0)
      expect(end.outputs['result']).toBe('planned')
      expect(warnings(end)).toEqual([expect.stringMatching(message)])
      expect(renderMarkdown(end.summary).text).toContain(
        '⚠️ Comment not written: The comment on the pull',
      )
      expect(world.emulator.state.github.comments).toEqual([])
    },
  )

  it('The comment is abandoned after thirty seconds', async () => {
    const world = await createTestBed()
    // Ten seconds for each call: these alone take forty.
    for (const operation of ['listPullsOfCommit', 'listComments'] as const) {
      world.emulator.injectFault({ operation, kind: 'stall', times: 2 })
    }
    knowPull(world, push())
    const end = await commented(world, { event: push(), with: { wait: 'false' } })
    expect(end.exitCode).toBe(0)
    expect(end.outputs['result']).toBe('started')
    expect(warnings(end)).toEqual([expect.stringMatching(/GitHub took longer than 30 s\.$/)])
    expect(world.emulator.state.github.comments).toEqual([])
  })

  it('A failed run keeps its error when the comment fails, too', async () => {
    const world = await createTestBed()
    world.emulator.injectFault({
      operation: 'listComments',
      kind: 'status',
      status: 500,
      times: 'always',
    })
    addStorage(world.emulator.environment(), { resourceName: 'media' })
    const end = await commented(world)
    expect(end.exitCode).toBe(1)
    expect(end.outputs).toMatchObject({ result: 'failed', 'error-code': 'STORAGE_DIFFERS' })
    expect(end.annotations.map(({ level }) => level).toSorted()).toEqual(['error', 'warning'])
  })

  it('An empty github-token is a warning and calls no API of GitHub', async () => {
    const world = await createTestBed()
    const end = await commented(world, { with: { 'github-token': '' } })
    expect(end.exitCode).toBe(0)
    expect(warnings(end)).toEqual([expect.stringContaining('github-token is empty')])
    expect(githubCalls(world)).toEqual([])
  })
})

describe('The address of GitHub', () => {
  it('The calls go to the addresses that the runner sets, for example of GitHub Enterprise Server', async () => {
    const world = await createTestBed()
    post(world, OWN, `${MARKER}\nold`)
    await commented(world)
    const paths = world.emulator.requests
      .filter(({ operation }) => GITHUB.includes(String(operation)))
      .map(({ path }) => path.replace(/\?.*/, ''))
    expect(paths).toEqual([
      '/api/v3/repos/octo-org/octo-app/issues/7/comments',
      '/api/graphql',
      '/api/v3/repos/octo-org/octo-app/issues/comments/1',
    ])
  })

  it('The calls go through the same proxy as every other call', async () => {
    const world = await createTestBed()
    const proxied: string[] = []
    const proxy = createServer((incoming, outgoing) => {
      const { pathname, search, hostname } = new URL(incoming.url ?? '')
      proxied.push(hostname)
      const onward = httpRequest(
        `${world.emulator.url}${pathname}${search}`,
        { method: incoming.method, headers: incoming.headers },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
          answer.pipe(outgoing)
        },
      )
      incoming.pipe(onward)
    })
    await new Promise<void>((resolve) => {
      proxy.listen(0, '127.0.0.1', resolve)
    })
    onTestFinished(() => {
      proxy.closeAllConnections()
      proxy.close()
    })
    const address = proxy.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const end = await commented(world, {
      env: {
        HTTP_PROXY: `http://127.0.0.1:${String(port)}`,
        NO_PROXY: '127.0.0.1',
        GITHUB_API_URL: 'http://github.test/api/v3',
      },
    })
    expect(warnings(end)).toEqual([])
    expect(new Set(proxied)).toEqual(new Set(['github.test']))
    expect(headings(world)).toEqual(['📝 Plan: create storage media'])
  })
})

describe('Text that must not be public', () => {
  it('The comment on a failed job contains neither the text of the job nor an account ID', async () => {
    const world = await createTestBed({ rules: { jobMs: 5_000 } })
    const event = mergedPullRequest()
    trustEvents(world.emulator, event)
    world.emulator.planJob({
      error:
        'User: arn:aws:sts::111122223333:assumed-role/amplify-storage-apply/x is not authorized to perform: s3:CreateBucket @octocat <!-- -->',
    })
    const end = await commented(world, { event })
    expect(end.outputs['error-code']).toBe('JOB_LACKS_PERMISSION')
    const [comment] = world.emulator.state.github.comments
    expect(comment?.body).toContain('<code>JOB_LACKS_PERMISSION</code>')
    expect(comment?.body).not.toMatch(/111122223333|s3:CreateBucket|octocat/)
  })

  it('The token is masked and never shown in the log', async () => {
    const world = await createTestBed()
    const end = await commented(world, { env: { RUNNER_DEBUG: '1' } })
    expect(end.masks).toContain(world.emulator.githubToken)
    expect(
      end.rawLines.filter((line) => !line.startsWith('::add-mask::')).join('\n'),
    ).not.toContain(world.emulator.githubToken)
  })
})
