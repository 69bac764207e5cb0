/** The trust policies of the documentation, with the tokens that GitHub gives to each event. */
import { describe, expect, it } from 'vitest'

import { trustPolicyAllows, type TrustPolicy } from '../../emulator/iam/evaluate.ts'
import { parseTrustPolicy } from '../../emulator/iam/parse-policy.ts'
import {
  workflowDispatch,
  mergedPullRequest,
  mergeGroup,
  pullRequest,
  push,
  schedule,
  tokenClaims,
  type WorkflowEvent,
} from '../../emulator/runner/events.ts'
import { readPage } from '../support/contract/pages.ts'
import { readPolicyForEmulator } from '../support/contract/documented-policies.ts'

const issuer = 'token.actions.githubusercontent.com'
const central = 'octo-org/workflows/.github/workflows/reusable.yml@refs/heads/main'

type Job = Readonly<{ environment?: string; calledWorkflow?: string }>
type Claims = Readonly<Record<string, string | undefined>>

const tokenOf = (event: WorkflowEvent, job: Job = {}): Claims => ({
  aud: 'sts.amazonaws.com',
  ...tokenClaims(event, { file: 'storage.yml', workflow: 'Storage', ...job }),
})

/** The token of a repository with ids in its subject. */
const withIds = (claims: Claims): Claims => ({
  ...claims,
  sub: claims['sub']?.replace('octo-org/octo-app', 'octo-org@12345/octo-app@456789'),
})

const ofAnother = (claims: Claims): Claims => ({
  ...claims,
  sub: claims['sub']?.replace('octo-app', 'other'),
})

function isTrusted(policy: TrustPolicy, claims: Claims): boolean {
  const context = new Map(
    Object.entries(claims).flatMap(([claim, value]): [string, string[]][] =>
      value === undefined ? [] : [[`${issuer}:${claim}`, [value]]],
    ),
  )
  const provider = `arn:aws:iam::111122223333:oidc-provider/${issuer}`
  return trustPolicyAllows(policy, provider, 'sts:AssumeRoleWithWebIdentity', context)
}

const tokens = {
  'a push to main': tokenOf(push()),
  'a push to another branch': tokenOf(push('topic')),
  'an open pull request': tokenOf(pullRequest()),
  'a merged pull request': tokenOf(mergedPullRequest()),
  'a merge into another branch': tokenOf(mergedPullRequest({ base: 'topic' })),
  'a merge queue': tokenOf(mergeGroup()),
  'a run by hand on main': tokenOf(workflowDispatch()),
  'a run by hand on another branch': tokenOf(workflowDispatch('topic')),
  'a run by the clock': tokenOf(schedule()),
  'a push with the environment': tokenOf(push(), { environment: 'prod' }),
  'a pull request with another environment': tokenOf(pullRequest(), { environment: 'dev' }),
  'a push that calls the central workflow': tokenOf(push(), { calledWorkflow: central }),
  'a pull request that calls the central workflow': tokenOf(pullRequest(), {
    calledWorkflow: central,
  }),
  'a push that calls it at a tag': tokenOf(push(), {
    calledWorkflow: central.replace('heads/main', 'tags/v1'),
  }),
} as const satisfies Readonly<Record<string, Claims>>

type Name = keyof typeof tokens

/** What each role is trusted to, and nothing else. */
const trusted: Readonly<Record<string, readonly Name[]>> = {
  apply: [
    'a push to main',
    'a run by hand on main',
    'a run by the clock',
    'a push that calls the central workflow',
    'a push that calls it at a tag',
  ],
  plan: [
    'a push to main',
    'a push to another branch',
    'an open pull request',
    'a merged pull request',
    'a merge into another branch',
    'a merge queue',
    'a run by hand on main',
    'a run by hand on another branch',
    'a run by the clock',
    'a push that calls the central workflow',
    'a pull request that calls the central workflow',
    'a push that calls it at a tag',
  ],
  'apply-merged': ['a merged pull request'],
  'apply-environment': ['a push with the environment'],
  fleet: ['a push that calls the central workflow'],
}

describe.each(Object.entries(trusted))('the trust policy %s', (mark, names) => {
  const policy = parseTrustPolicy(readPolicyForEmulator(`trust: ${mark}`))

  it.each(Object.keys(tokens))('is asked by %s', (name) => {
    const claims = Object.entries(tokens).find(([key]) => key === name)?.[1] ?? {}
    expect(isTrusted(policy, claims)).toBe(names.some((each) => each === name))
  })

  it.each(names)('asks for the audience of %s', (name) => {
    expect(isTrusted(policy, { ...tokens[name], aud: 'https://github.com/octo-org' })).toBe(false)
  })

  it.each(names)('refuses another repository in place of that of %s, but in a fleet', (name) => {
    expect(isTrusted(policy, ofAnother(tokens[name]))).toBe(mark === 'fleet')
  })
})

describe('a subject with ids', () => {
  const older = parseTrustPolicy(readPolicyForEmulator('trust: apply'))
  const newer = parseTrustPolicy(readPolicyForEmulator('trust: apply-with-ids'))
  const claims = tokens['a push to main']

  it('is trusted by the policy for it, and only by that', () => {
    expect(isTrusted(newer, withIds(claims))).toBe(true)
    expect(isTrusted(older, withIds(claims))).toBe(false)
    expect(isTrusted(newer, claims)).toBe(false)
  })

  it('is trusted on main only', () => {
    expect(isTrusted(newer, withIds(tokens['an open pull request']))).toBe(false)
    expect(isTrusted(newer, withIds(tokens['a push to another branch']))).toBe(false)
  })

  it('is known to the policy of a fleet', () => {
    const fleet = parseTrustPolicy(readPolicyForEmulator('trust: fleet'))
    expect(isTrusted(fleet, withIds(tokens['a push that calls the central workflow']))).toBe(true)
    expect(isTrusted(fleet, withIds(claims))).toBe(false)
  })
})

describe('the table of the subjects', () => {
  const { text } = readPage('docs/setup.md')
  const [, section = ''] = text.split('## The subject that each event carries')
  const rows = section
    .split('\n## ')[0]
    ?.split('\n')
    .filter((line) => /^\| [`a]/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()))

  const expected: readonly (readonly [row: string, token: Claims])[] = [
    ['`push` to `main`', tokens['a push to main']],
    ['`push` to another branch', tokenOf(push('BRANCH'))],
    ['`pull_request`, open', tokens['an open pull request']],
    ['`pull_request` with `closed`, merged', tokens['a merged pull request']],
    ['`merge_group`', tokens['a merge queue']],
    ['`workflow_dispatch`', tokenOf(workflowDispatch('BRANCH'))],
    ['`repository_dispatch`, `schedule`', tokens['a run by the clock']],
    ['any of them, in a job with `environment: prod`', tokenOf(push(), { environment: 'prod' })],
  ]

  it('has a row for each event', () => {
    expect(rows?.map(([, event]) => event)).toEqual(expected.map(([row]) => row))
  })

  it.each(expected)('says what the token of %s says', (row, claims) => {
    const [, , , subject = '', ref = ''] = rows?.find(([, event]) => event === row) ?? []
    const ending = /^`([^`…]+)…?`/.exec(subject)?.[1] ?? 'no subject'
    const sub = claims['sub'] ?? ''
    expect(sub.replace('repo:octo-org/octo-app:', '')).toMatch(startOrAll(ending, subject))
    const shown = /^`([^`]+)`$/.exec(ref)?.[1]?.replace('NUMBER', '7')
    if (shown !== undefined) expect(claims['ref']).toBe(shown)
  })

  /** A subject that goes on with `…` is a beginning. */
  function startOrAll(ending: string, cell: string): RegExp {
    const literal = ending.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    return new RegExp(`^${literal}${cell.includes('…') ? '' : '$'}`)
  }
})
