/** The documented trust policies accept the tokens of the events that they are for, and no others. */
import { describe, expect, it } from 'vitest'

import { defaults } from '../../emulator/emulator.ts'
import type { TrustPolicy } from '../../emulator/iam/evaluate.ts'
import { parseTrustPolicy } from '../../emulator/iam/parse-policy.ts'
import { trustProblems } from '../../emulator/iam/trust-decision.ts'
import {
  mergedPullRequest,
  mergeGroup,
  pullRequest,
  push,
  schedule,
  workflowDispatch,
  type WorkflowEvent,
} from '../../emulator/runner/events.ts'
import { tokenClaims } from '../../emulator/runner/github-context.ts'
import { readPolicyForEmulator } from '../support/contract/documented-policies.ts'
import { pages, readPage, tableBelow } from '../support/contract/pages.ts'

const central = 'octo-org/workflows/.github/workflows/reusable.yml@refs/heads/main'

type Job = Readonly<{ environment?: string; calledWorkflow?: string }>
type Claims = Readonly<Record<string, string | undefined>>

const createToken = (event: WorkflowEvent, job: Job = {}): Claims => ({
  aud: 'sts.amazonaws.com',
  ...tokenClaims(event, { file: 'storage.yml', workflow: 'Storage', ...job }),
})

/** The claims of a repository whose subject contains ids. */
const withIds = (claims: Claims): Claims => ({
  ...claims,
  sub: claims['sub']?.replace('octo-org/octo-app', 'octo-org@12345/octo-app@456789'),
})

const fromOtherRepository = (claims: Claims): Claims => ({
  ...claims,
  sub: claims['sub']?.replace('octo-app', 'other'),
})

function isTrusted(trust: TrustPolicy, claims: Claims): boolean {
  const token = { issuer: defaults.issuer, audience: claims['aud'] ?? '', claims }
  return trustProblems({ arn: defaults.applyRole, trust }, token).length === 0
}

const tokens = {
  'a push to main': createToken(push()),
  'a push to another branch': createToken(push('topic')),
  'an open pull request': createToken(pullRequest()),
  'a merged pull request': createToken(mergedPullRequest()),
  'a merge into another branch': createToken(mergedPullRequest({ base: 'topic' })),
  'a merge queue': createToken(mergeGroup()),
  'a manual run on main': createToken(workflowDispatch()),
  'a manual run on another branch': createToken(workflowDispatch('topic')),
  'a scheduled run': createToken(schedule()),
  'a push with the environment prod': createToken(push(), { environment: 'prod' }),
  'a pull request with another environment': createToken(pullRequest(), { environment: 'dev' }),
  'a push that calls the central workflow': createToken(push(), { calledWorkflow: central }),
  'a pull request that calls the central workflow': createToken(pullRequest(), {
    calledWorkflow: central,
  }),
  'a push that calls it at a tag': createToken(push(), {
    calledWorkflow: central.replace('heads/main', 'tags/v1'),
  }),
} as const satisfies Readonly<Record<string, Claims>>

/** A manual run on a tag. */
const dispatchOnTag = (tag: string): WorkflowEvent => ({
  ...workflowDispatch(),
  ref: `refs/tags/${tag}`,
})

type TokenName = keyof typeof tokens

const tokenNames: readonly TokenName[] = Object.keys(tokens).filter(
  (name): name is TokenName => name in tokens,
)

/** The tokens that each policy accepts. */
const accepted: Readonly<Record<string, readonly TokenName[]>> = {
  apply: [
    'a push to main',
    'a manual run on main',
    'a scheduled run',
    'a push that calls the central workflow',
    'a push that calls it at a tag',
  ],
  // The subject of a job with an environment is that environment.
  plan: tokenNames.filter((name) => !name.includes('environment')),
  'apply-merged': ['a merged pull request'],
  'apply-environment': ['a push with the environment prod'],
}

/** The tokens of repositories whose subjects contain ids that each policy of a fleet accepts. */
const acceptedOfFleet: Readonly<Record<string, readonly TokenName[]>> = {
  fleet: ['a push that calls the central workflow'],
  'fleet-plan': [
    'a push that calls the central workflow',
    'a pull request that calls the central workflow',
  ],
}

const policyOf = (mark: string): TrustPolicy =>
  parseTrustPolicy(readPolicyForEmulator(`trust: ${mark}`))

const casesOf = (
  expected: Readonly<Record<string, readonly TokenName[]>>,
  transform: (claims: Claims) => Claims,
): readonly Readonly<{ mark: string; name: string; claims: Claims; isAccepted: boolean }>[] =>
  Object.entries(expected).flatMap(([mark, names]) =>
    Object.entries(tokens).map(([name, claims]) => ({
      ...{ mark, name, claims: transform(claims) },
      isAccepted: names.some((each) => each === name),
    })),
  )

const cases = [...casesOf(accepted, (claims) => claims), ...casesOf(acceptedOfFleet, withIds)]

describe('Trust policies', () => {
  it.each(cases)('The policy "$mark" given $name: accepted is $isAccepted', (one) => {
    expect(isTrusted(policyOf(one.mark), one.claims)).toBe(one.isAccepted)
  })

  it.each(cases.filter(({ isAccepted }) => isAccepted))(
    'The policy "$mark" rejects $name with another audience, or from another repository unless it is for a fleet',
    ({ mark, claims }) => {
      const policy = policyOf(mark)
      expect(isTrusted(policy, { ...claims, aud: 'https://github.com/octo-org' })).toBe(false)
      expect(isTrusted(policy, fromOtherRepository(claims))).toBe(mark.startsWith('fleet'))
    },
  )
})

describe('Subjects of foreign repositories that are made to match a fleet', () => {
  const called = withIds(tokens['a push that calls the central workflow'])
  const subjects = [
    // A branch of a foreign repository, and a customized subject with the name of a workflow.
    'repo:evil@666/app@777:ref:refs/heads/x@12345/y:ref:refs/heads/main',
    'repo:evil/x@12345/y:ref:refs/heads/main',
    'repo:evil@666/octo-org@12345/y:ref:refs/heads/main',
    'workflow:octo-org@12345/y:ref:refs/heads/main',
    'repo:octo-org@123456/octo-app@456789:ref:refs/heads/main',
    'repo:octo-org/octo-app:ref:refs/heads/main',
  ]

  it.each(subjects)('The policies of a fleet reject the subject %s', (sub) => {
    for (const mark of Object.keys(acceptedOfFleet)) {
      expect(isTrusted(policyOf(mark), called)).toBe(true)
      expect(isTrusted(policyOf(mark), { ...called, sub })).toBe(false)
    }
  })

  it('A policy with * before the id of the organization accepts some of them', () => {
    const text = JSON.stringify(policyOf('fleet')).replace('repo:octo-org@', 'repo:*@')
    const unsafe = parseTrustPolicy(JSON.parse(text))
    expect(subjects.filter((sub) => isTrusted(unsafe, { ...called, sub })).length).toBeGreaterThan(
      0,
    )
  })

  it('No documented policy has * before the id of an organization', () => {
    const unsafe = pages().flatMap(({ blocks }) =>
      blocks.filter(({ language, text }) => language === 'json' && /\*[^"]*@ORG_ID/.test(text)),
    )
    expect(unsafe).toEqual([])
  })
})

describe('Subjects with ids', () => {
  const claims = tokens['a push to main']

  it('Only the policy with ids accepts a subject with ids, and it accepts no other subject', () => {
    expect(isTrusted(policyOf('apply-with-ids'), withIds(claims))).toBe(true)
    expect(isTrusted(policyOf('apply'), withIds(claims))).toBe(false)
    expect(isTrusted(policyOf('apply-with-ids'), claims)).toBe(false)
    for (const name of ['an open pull request', 'a push to another branch'] as const)
      expect(isTrusted(policyOf('apply-with-ids'), withIds(tokens[name]))).toBe(false)
  })
})

describe('The table of subjects in docs/events.md', () => {
  const rows = tableBelow(readPage('docs/events.md'), 'The subject that each event carries')
  const expected: readonly (readonly [row: string, claims: Claims])[] = [
    ['`push` to `main`', tokens['a push to main']],
    ['`push` to another branch', createToken(push('BRANCH'))],
    ['`pull_request`, open', tokens['an open pull request']],
    ['`pull_request` with `closed`, merged', tokens['a merged pull request']],
    ['`merge_group`', tokens['a merge queue']],
    ['`workflow_dispatch` on a branch', createToken(workflowDispatch('BRANCH'))],
    ['`workflow_dispatch` on a tag', createToken(dispatchOnTag('TAG'))],
    ['`repository_dispatch`, `schedule`', tokens['a scheduled run']],
    [
      'any of them, in a job with `environment: prod`',
      createToken(push(), { environment: 'prod' }),
    ],
  ]

  it('The table has a row for each event', () => {
    expect(rows.map(([event]) => event)).toEqual(expected.map(([row]) => row))
  })

  it.each(expected)('The row of %s has the subject and the ref of its token', (row, claims) => {
    const [, , subject = '', ref = ''] = rows.find(([event]) => event === row) ?? []
    const [, ending = 'no subject', isPrefix] = /^`([^`…]+)(…)?`/.exec(subject) ?? []
    const actual = (claims['sub'] ?? '').replace('repo:octo-org/octo-app:', '')
    expect(isPrefix === undefined ? actual : actual.slice(0, ending.length)).toBe(ending)
    const shown = /^`([^`]+)`$/.exec(ref)?.[1]?.replace('NUMBER', '7')
    if (shown !== undefined) expect(claims['ref']).toBe(shown)
  })
})
