import { describe, expect, test } from 'vitest'

import type { Emulator } from '../../emulator/emulator.ts'
import { send, start, type Reply } from '../support/emulator-requests.ts'

const repository = '/api/v3/repos/octo-org/octo-app'
const comments = `${repository}/issues/7/comments`

const ask = (
  emulator: Emulator,
  method: string,
  path: string,
  body?: unknown,
  authorization = `token ${emulator.githubToken}`,
): Promise<Reply> =>
  send(emulator.url, {
    method,
    path,
    headers: { authorization, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })

const comment = (emulator: Emulator, body: string): Promise<Reply> =>
  ask(emulator, 'POST', comments, { body })

describe('comments', () => {
  test('are created, listed and changed', async () => {
    const emulator = await start()
    const created = await comment(emulator, 'first')
    expect(created.status).toBe(201)
    const login = 'github-actions[bot]'
    expect(created.json).toMatchObject({ body: 'first', user: { login, type: 'Bot' } })
    const id = String(Reflect.get(Object(created.json), 'id'))
    const changed = await ask(emulator, 'PATCH', `${repository}/issues/comments/${id}`, {
      body: 'second',
    })
    expect(changed.status).toBe(200)
    expect((await ask(emulator, 'GET', comments)).json).toMatchObject([{ body: 'second' }])
    expect((await ask(emulator, 'GET', `${repository}/issues/8/comments`)).json).toEqual([])
  })

  test('come in pages', async () => {
    const emulator = await start()
    for (let count = 1; count <= 5; count += 1) await comment(emulator, String(count))
    const first = await ask(emulator, 'GET', `${comments}?per_page=2`)
    expect(first.json).toMatchObject([{ body: '1' }, { body: '2' }])
    expect(first.headers['link']).toContain(
      `<${emulator.url}${comments}?per_page=2&page=2>; rel="next"`,
    )
    const last = await ask(emulator, 'GET', `${comments}?per_page=2&page=3`)
    expect(last.json).toMatchObject([{ body: '5' }])
    expect(last.headers['link']).not.toContain('rel="next"')
    expect((await ask(emulator, 'GET', comments)).headers['link']).toBeUndefined()
  })

  test.each([
    ['without a body', {}, 422],
    ['with an empty body', { body: '' }, 422],
    ['that are too long', { body: 'x'.repeat(65_537) }, 422],
  ])('%s are refused', async (_, body, status) => {
    const emulator = await start()
    expect((await ask(emulator, 'POST', comments, body)).status).toBe(status)
  })

  test('are refused on a locked issue', async () => {
    const emulator = await start()
    emulator.state.github.locked.add('octo-org/octo-app#7')
    expect((await comment(emulator, 'a')).status).toBe(403)
  })

  test('are refused where the token may not write', async () => {
    const emulator = await start()
    emulator.state.github.canWrite = false
    const reply = await comment(emulator, 'a')
    expect(reply.status).toBe(403)
    expect(reply.json).toMatchObject({ message: 'Resource not accessible by integration' })
  })

  test('that are not there cannot be changed', async () => {
    const emulator = await start()
    const reply = await ask(emulator, 'PATCH', `${repository}/issues/comments/1`, { body: 'a' })
    expect(reply.status).toBe(404)
  })
})

test('every call needs the token', async () => {
  const emulator = await start()
  for (const [method, path] of [
    ['GET', comments],
    ['POST', comments],
    ['GET', '/api/v3/user'],
    ['POST', '/api/graphql'],
  ] as const)
    expect((await ask(emulator, method, path, { body: 'a' }, 'token other')).status).toBe(401)
  const bearer = `Bearer ${emulator.githubToken}`
  expect((await ask(emulator, 'GET', comments, undefined, bearer)).status).toBe(200)
})

test('the token is of an installation: it has no user, but a login', async () => {
  const emulator = await start()
  expect((await ask(emulator, 'GET', '/api/v3/user')).status).toBe(403)
  const query = { query: '{ viewer { login } }' }
  expect((await ask(emulator, 'POST', '/api/graphql', query)).json).toEqual({
    data: { viewer: { login: 'github-actions[bot]' } },
  })
})

describe('pull requests', () => {
  const pull = {
    number: 7,
    repository: 'octo-org/octo-app',
    state: 'closed',
    merged: true,
    base: 'main',
    head: 'feature',
    commits: ['abc', 'bcd'],
  } as const

  const pullsOf = (emulator: Emulator, commit: string): Promise<Reply> =>
    ask(emulator, 'GET', `${repository}/commits/${commit}/pulls`)

  test('are found by their commits', async () => {
    const emulator = await start()
    emulator.state.github.pulls.push({ ...pull, commits: [...pull.commits] })
    expect((await pullsOf(emulator, 'abc')).json).toMatchObject([
      { number: 7, state: 'closed', base: { ref: 'main' }, merge_commit_sha: 'bcd' },
    ])
    expect((await pullsOf(emulator, 'def')).json).toEqual([])
  })

  test('say whose their head is, and which commit the merge made', async () => {
    const emulator = await start()
    emulator.state.github.pulls.push(
      { ...pull, commits: ['abc'], mergeCommit: 'fff' },
      { ...pull, number: 8, commits: ['abc'], merged: false, headRepository: 'mona/octo-app' },
    )
    expect((await pullsOf(emulator, 'abc')).json).toMatchObject([
      { merge_commit_sha: 'fff', head: { repo: { full_name: 'octo-org/octo-app' } } },
      { merge_commit_sha: null, head: { repo: { full_name: 'mona/octo-app' } } },
    ])
  })
})

test('a secondary rate limit can be ordered', async () => {
  const emulator = await start()
  emulator.injectFault({
    operation: 'createComment',
    kind: 'status',
    status: 403,
    message: 'You have exceeded a secondary rate limit.',
    headers: { 'retry-after': '60' },
  })
  const reply = await comment(emulator, 'a')
  expect([reply.status, reply.headers['retry-after']]).toEqual([403, '60'])
  expect(emulator.state.github.comments).toEqual([])
})
