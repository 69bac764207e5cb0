import { describe, expect, test } from 'vitest'

import type { Emulator } from '../../emulator/emulator.ts'
import type { Pull } from '../../emulator/state/github.ts'
import { send, start, type Reply } from '../support/emulator-requests.ts'

const repository = '/api/v3/repos/octo-org/octo-app'
const comments = `${repository}/issues/7/comments`

const request = (
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

const addComment = (emulator: Emulator, body: string): Promise<Reply> =>
  request(emulator, 'POST', comments, { body })

describe('comments', () => {
  test('A comment can be created, listed and changed', async () => {
    const emulator = await start()
    const created = await addComment(emulator, 'first')
    expect(created.status).toBe(201)
    const user = { login: 'github-actions[bot]', type: 'Bot' }
    expect(created.json).toMatchObject({ body: 'first', user })
    const id = String(Reflect.get(Object(created.json), 'id'))
    const path = `${repository}/issues/comments/${id}`
    expect((await request(emulator, 'PATCH', path, { body: 'second' })).status).toBe(200)
    expect((await request(emulator, 'GET', comments)).json).toMatchObject([{ body: 'second' }])
    expect((await request(emulator, 'PATCH', `${path}0`, { body: 'a' })).status).toBe(404)
    const others = await request(emulator, 'GET', `${repository}/issues/8/comments`)
    expect(others.json).toEqual([])
  })

  test('A list of comments has pages with links to each other', async () => {
    const emulator = await start()
    for (let count = 1; count <= 5; count += 1) await addComment(emulator, String(count))
    const first = await request(emulator, 'GET', `${comments}?per_page=2`)
    expect(first.json).toMatchObject([{ body: '1' }, { body: '2' }])
    const next = `<${emulator.url}${comments}?per_page=2&page=2>; rel="next"`
    expect(first.headers['link']).toContain(next)
    const last = await request(emulator, 'GET', `${comments}?per_page=2&page=3`)
    expect(last.json).toMatchObject([{ body: '5' }])
    expect(last.headers['link']).not.toContain('rel="next"')
    expect((await request(emulator, 'GET', comments)).headers['link']).toBeUndefined()
  })

  test.each([
    ['no body', {}],
    ['an empty body', { body: '' }],
    ['a body above the maximum length', { body: 'x'.repeat(65_537) }],
  ])('A comment with %s is rejected', async (_, body) => {
    expect((await request(await start(), 'POST', comments, body)).status).toBe(422)
  })

  test('A comment is rejected on a locked issue, or if the token has no permission to write', async () => {
    const emulator = await start()
    emulator.state.github.locked.add('octo-org/octo-app#7')
    expect((await addComment(emulator, 'a')).status).toBe(403)
    emulator.state.github.locked.clear()
    emulator.state.github.canWrite = false
    const reply = await addComment(emulator, 'a')
    expect(reply.status).toBe(403)
    expect(reply.json).toMatchObject({ message: 'Resource not accessible by integration' })
  })

  test('A fault can be a secondary rate limit, which creates no comment', async () => {
    const emulator = await start()
    emulator.injectFault({
      operation: 'createComment',
      kind: 'status',
      status: 403,
      message: 'You have exceeded a secondary rate limit.',
      headers: { 'retry-after': '60' },
    })
    const reply = await addComment(emulator, 'a')
    expect([reply.status, reply.headers['retry-after']]).toEqual([403, '60'])
    expect(emulator.state.github.comments).toEqual([])
  })
})

describe('the token', () => {
  test.each([
    ['GET', comments],
    ['POST', comments],
    ['GET', '/api/v3/user'],
    ['POST', '/api/graphql'],
  ])('%s %s is rejected without the token', async (method, path) => {
    const emulator = await start()
    expect((await request(emulator, method, path, { body: 'a' }, 'token other')).status).toBe(401)
  })

  test('The token belongs to an installation, which has a login and no user', async () => {
    const emulator = await start()
    const bearer = `Bearer ${emulator.githubToken}`
    expect((await request(emulator, 'GET', '/api/v3/user', undefined, bearer)).status).toBe(403)
    const query = { query: '{ viewer { login } }' }
    expect((await request(emulator, 'POST', '/api/graphql', query)).json).toEqual({
      data: { viewer: { login: 'github-actions[bot]' } },
    })
  })
})

describe('the pull requests of a commit', () => {
  const merged = {
    number: 7,
    repository: 'octo-org/octo-app',
    state: 'closed',
    merged: true,
    base: 'main',
    head: 'feature',
  } as const

  test('A pull request is found by its commits, with its head and, once merged, its merge commit', async () => {
    const emulator = await start()
    const pullsOf = async (commit: string): Promise<unknown> =>
      (await request(emulator, 'GET', `${repository}/commits/${commit}/pulls`)).json
    const commits = ['abc', 'bcd']
    const open = { number: 8, merged: false, headRepository: 'mona/octo-app', commits: ['abc'] }
    const pulls: readonly Pull[] = [
      { ...merged, commits },
      { ...merged, ...open },
    ]
    emulator.state.github.pulls.push(...pulls)
    expect(await pullsOf('abc')).toMatchObject([
      {
        ...{ number: 7, state: 'closed', base: { ref: 'main' }, merge_commit_sha: 'bcd' },
        head: { repo: { full_name: 'octo-org/octo-app' } },
      },
      { merge_commit_sha: null, head: { repo: { full_name: 'mona/octo-app' } } },
    ])
    expect(await pullsOf('def')).toEqual([])
  })
})
