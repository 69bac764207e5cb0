import { describe, expect, test } from 'vitest'
import {
  getBranch,
  getCommit,
  getPullRequestNumber,
  getUntrustedSource,
  readEvent,
} from '../../../src/workflow/event.ts'
import { event, merged, pull, push } from './support.ts'

describe('Reading the event', () => {
  const env = { GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: 'event.json' }
  const file = (content: string) => (): string => content

  test.each([
    ['is empty', '', 'is empty'],
    ['is blank', ' \n', 'is empty'],
    ['is only a byte order mark', '\uFEFF', 'is empty'],
    ['is cut off', '{"a":', 'valid JSON'],
    ['has a byte order mark in the middle', '{\uFEFF}', 'valid JSON'],
    ['is null', 'null', 'JSON object'],
    ['is an array', '[]', 'JSON object'],
    ['is a string', '"x"', 'JSON object'],
    ['is a number', '5', 'JSON object'],
    ['is deeply nested and cut off', '['.repeat(200_000), 'valid JSON'],
    ['is huge and cut off', `{"a":"${'x'.repeat(5_000_000)}`, 'valid JSON'],
  ])('An event file that %s leads to an empty payload and a warning.', (_, content, problem) => {
    const { event: info, warning } = readEvent(env, file(content))
    expect(info.payload).toEqual({})
    expect(warning).toContain('GITHUB_EVENT_PATH')
    expect(warning).toContain(problem)
  })

  test('An event file that is not set or cannot be read leads to a warning without details.', () => {
    const unreadable = (): string => {
      throw Object.assign(new Error('EISDIR: /secret/path'), { code: 'EISDIR' })
    }
    expect(readEvent({}, unreadable).warning).toContain('is not set')
    expect(readEvent({ GITHUB_EVENT_PATH: '' }, unreadable).warning).toContain('is not set')
    const { event: info, warning } = readEvent(env, unreadable)
    expect(info.payload).toEqual({})
    expect(warning).toContain('could not be read')
    expect(warning).not.toContain('secret')
  })

  test('A huge event file with a byte order mark is read.', () => {
    const text = JSON.stringify({ filler: 'x'.repeat(5_000_000), pull_request: { number: 7 } })
    const { event: info, warning } = readEvent(env, file(`\uFEFF${text}`))
    expect(warning).toBeUndefined()
    expect(getPullRequestNumber(info)).toBe(7)
  })

  test('Everything but the payload comes from the environment.', () => {
    const variables = {
      ...env,
      GITHUB_REF: 'refs/heads/x',
      GITHUB_SHA: 's',
      GITHUB_REPOSITORY: 'o/r',
      GITHUB_BASE_REF: 'b',
      GITHUB_ACTOR: 'a',
    }
    expect(readEvent(variables, file('{"ref":"refs/heads/y"}')).event).toEqual({
      name: 'pull_request',
      payload: { ref: 'refs/heads/y' },
      ref: 'refs/heads/x',
      sha: 's',
      repository: 'o/r',
      baseRef: 'b',
      actor: 'a',
    })
  })

  test.each([undefined, ''])(
    'The ref comes from the payload if GITHUB_REF is %j.',
    (GITHUB_REF) => {
      const { event: info } = readEvent({ ...env, GITHUB_REF }, file('{"ref":"refs/heads/y"}'))
      expect(info.ref).toBe('refs/heads/y')
    },
  )

  test('Everything that is unknown is empty.', () => {
    expect(readEvent({ GITHUB_EVENT_PATH: 'event.json' }, file('{}'))).toEqual({
      event: { name: '', payload: {}, ref: '', sha: '', repository: '', baseRef: '', actor: '' },
    })
  })
})

describe('The number of the pull request', () => {
  test.each([0, -1, 1.5, '7', null, 2 ** 60, NaN, undefined])('%j is not a number.', (number) => {
    expect(getPullRequestNumber(pull('opened', { number }))).toBeUndefined()
  })

  const inQueue = (head_ref: unknown) =>
    getPullRequestNumber(event('merge_group', { merge_group: { head_ref } }))
  const sha = '0123456789abcdef'.repeat(4)

  test('It comes from the pull request, or from a comment on one', () => {
    expect(getPullRequestNumber(pull('opened', { number: 7 }))).toBe(7)
    const comment = { issue: { number: 8, pull_request: {} } }
    expect(getPullRequestNumber(event('issue_comment', comment))).toBe(8)
    expect(getPullRequestNumber(event('issue_comment', { issue: { number: 8 } }))).toBeUndefined()
  })

  test.each([
    [`refs/heads/gh-readonly-queue/main/pr-123456789-${sha}`, 123_456_789],
    [`refs/heads/gh-readonly-queue/release/1/pr-12-${sha.slice(0, 40)}`, 12],
    [`refs/heads/gh-readonly-queue/main/pr-12-${sha.slice(0, 39)}`, undefined],
    [`refs/heads/gh-readonly-queue/main/pr-12-${sha}/x`, undefined],
    [`refs/heads/gh-readonly-queue/main/pr-x-${sha}`, undefined],
    ['', undefined],
    [undefined, undefined],
  ])('The branch %j of a merge queue is about the pull request %j', (ref, number) => {
    expect(inQueue(ref)).toBe(number)
  })

  test('Only a merge queue has it in its branch', () => {
    const payload = { merge_group: { head_ref: `refs/heads/gh-readonly-queue/main/pr-1-${sha}` } }
    expect(getPullRequestNumber(event('push', payload))).toBeUndefined()
  })

  test('Inherited properties do not count.', () => {
    const payload: unknown = Object.create({ pull_request: { number: 7 } })
    expect(getPullRequestNumber(event('pull_request', payload))).toBeUndefined()
  })
})

describe('The source of a pull request', () => {
  test('A pull request of Dependabot, or one that it runs, is untrusted', () => {
    const user = { login: 'dependabot[bot]' }
    expect(getUntrustedSource(pull('opened', { user }))).toBe('dependabot')
    expect(getUntrustedSource({ ...pull('opened'), actor: 'dependabot[bot]' })).toBe('dependabot')
    expect(getUntrustedSource(pull('opened'))).toBeUndefined()
  })
})

describe('The commit of a run', () => {
  const head = { ref: 'topic', sha: 'b'.repeat(40) }

  test.each([
    [
      'the head of an open pull request, not the test merge',
      pull('opened', { head }),
      'b'.repeat(40),
    ],
    ['the merge commit of a merged pull request', merged({ head }), 'a'.repeat(40)],
    ['the commit of a push', push('refs/heads/main'), 'a'.repeat(40)],
    ['a SHA-256 commit', event('push', {}, { sha: 'c'.repeat(64) }), 'c'.repeat(64)],
  ])('The commit of a run can be %s.', (_, info, commit) => {
    expect(getCommit(info)).toBe(commit)
  })

  test.each([
    ...['', 'a'.repeat(39), 'a'.repeat(65), 'A'.repeat(40)],
    ...[`/${'a'.repeat(40)}`, `${'a'.repeat(40)}/`],
  ])('It is unknown if the event has %j.', (sha) => {
    expect(getCommit(event('push', {}, { sha }))).toBeUndefined()
    if (sha !== '') expect(getCommit(pull('opened', { head: { sha } }))).toBeUndefined()
  })
})

describe('The branch of a ref', () => {
  test.each([
    ['refs/heads/main', 'main'],
    ['refs/heads/release/1', 'release/1'],
    ['refs/heads/refs/heads/x', 'refs/heads/x'],
    ['refs/heads/a\nb', 'a\nb'],
    ...['', 'main', 'refs/heads/', 'refs/tags/v1', 'refs/pull/1/merge', 'x/refs/heads/main'].map(
      (ref): [string, undefined] => [ref, undefined],
    ),
  ])('For %j it is %j.', (ref, branch) => {
    expect(getBranch(ref)).toBe(branch)
  })
})
