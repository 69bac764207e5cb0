/** What SECURITY.md says in its own words is what the action does. */
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

import {
  mergedPullRequest,
  mergeGroup,
  pullRequest,
  push,
  pushTag,
  type WorkflowEvent,
} from '../../emulator/runner/events.ts'
import { ActionError } from '../../src/errors/action-error.ts'
import { decide } from '../../src/workflow/decide.ts'
import type { TriggerInputs } from '../../src/inputs/read-inputs.ts'
import { PLAN_SESSION_POLICY } from '../../src/aws/assume-role.ts'
import { findCode, readPage, root, tableBelow } from '../support/contract/pages.ts'
import { allowedOperations } from '../support/contract/documented-policies.ts'
import {
  at,
  entries,
  list,
  read,
  readJson,
  readYaml,
  getSteps,
  text,
} from '../support/contract/repository-files.ts'

const page = readPage('SECURITY.md')

const oneLine = (written: string): string => written.replace(/\s+/g, ' ').trim()

/** What stands below a heading, as one line. */
function section(heading: string): string {
  const [, below] = page.text.split(`\n## ${heading}\n`)
  if (below === undefined) throw new Error(`SECURITY.md has no heading ${heading}.`)
  const [own = ''] = below.split('\n## ')
  return oneLine(own)
}

describe('a reviewer finds', () => {
  it.each([
    ['how to report a vulnerability', 'reporting-a-vulnerability'],
    ['the hosts', 'hosts'],
    ['where secrets are', 'where-tokens-and-credentials-are'],
    ['what the job has to be permitted', 'permissions-of-the-job'],
    ['when it writes', 'which-events-write'],
    ['what it trusts', 'what-the-action-trusts'],
    ['what becomes known', 'what-logs-summary-and-comment-reveal'],
    ['the worst that can happen', 'what-it-can-never-do'],
    ['what is left in the account', 'what-the-created-bucket-is'],
    ['what comes after the end of Gen 1', 'after-2027-05-01'],
    ['where the code comes from', 'the-supply-chain'],
  ])('%s', (_, anchor) => {
    expect([...page.anchors]).toContain(anchor)
  })

  it('a private way to report', () => {
    expect(section('Reporting a vulnerability')).toContain("GitHub's private reporting")
  })

  it('the end of Gen 1 on the day that the other pages name', () => {
    const days = ['README.md', 'SECURITY.md', 'docs/before-you-start.md'].map((path) =>
      [...readPage(path).text.matchAll(/\b2027-\d\d-\d\d\b/g)].map(([day]) => day),
    )
    for (const named of days) expect(new Set(named)).toEqual(new Set(['2027-05-01']))
  })
})

describe('the operations that it calls', () => {
  /** Every command of the SDK that the source makes, by the package that it comes from. */
  const made = (client: string): readonly string[] => {
    const names = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => read(`src/${name}`))
      .filter((source) => source.includes(`from '@aws-sdk/client-${client}'`))
      .flatMap((source) => [...source.matchAll(/\bnew (\w+)Command\(/g)])
      .map(([, name = '']) => name)
    return [...new Set(names)]
  }
  const [, amplify = '', count = ''] =
    /no operation but (.*) of Amplify Backend, and (\w+) of STS\./.exec(
      section('What it can never do'),
    ) ?? []

  it('of Amplify Backend are those that the source has', () => {
    expect([...findCode(amplify)].sort()).toEqual([...made('amplifybackend')].sort())
  })

  it('of Amplify Backend are those that the policies of the documentation allow', () => {
    expect([...findCode(amplify)].sort()).toEqual([...allowedOperations('apply', 'update')].sort())
  })

  it('of STS are as many as the source has', () => {
    expect(['one', 'two', 'three'].indexOf(count) + 1).toBe(made('sts').length)
  })
})

describe('the session of a plan', () => {
  it('is denied what the page says, and nothing else', () => {
    const [, service = '', verbs = ''] =
      /denies `(\w+)` ([\w, ]+), so IAM/.exec(section('Which events write')) ?? []
    const denied = list(at(JSON.parse(PLAN_SESSION_POLICY), 'Statement'))
      .filter((statement) => at(statement, 'Effect') === 'Deny')
      .flatMap((statement) => list(at(statement, 'Action')))
    expect(denied).toEqual(verbs.split(/, | and /).map((verb) => `${service}:${verb}*`))
  })
})

describe('the permissions of a job', () => {
  const rows = tableBelow(page, 'Permissions of the job')
  /** What each input needs, by the page. */
  const needs = new Map(
    rows.flatMap(([feature = '', permission = '']) =>
      findCode(feature).map((input): [string, readonly string[]] => [input, findCode(permission)]),
    ),
  )

  /** The jobs of the examples that do nothing but use the action. */
  const jobs = readdirSync(`${root}examples`).flatMap((name) =>
    entries(at(readYaml(`examples/${name}`), 'jobs')).flatMap(([id, job]) => {
      const [step, ...others] = getSteps(job)
      const isOwn = text(at(step, 'uses')).includes('/amplify-create-backend-storage@')
      return isOwn && others.length === 0 ? [{ name: `${name}: ${id}`, job, step }] : []
    }),
  )

  it('are named for three inputs, and nothing else needs any', () => {
    expect([...needs.keys()]).toEqual(['role-to-assume', 'plan-role-to-assume', 'comment-on-pr'])
    expect(rows.at(-1)).toEqual(['everything else', 'none; no checkout either'])
  })

  it.each(jobs)('are those of the example $name, by its inputs', ({ job, step }) => {
    const inputs = entries(at(step, 'with')).map(([name]) => name)
    const needed = new Set(inputs.flatMap((name) => needs.get(name) ?? []))
    const given = entries(at(job, 'permissions')).map(([name, level]) => `${name}: ${text(level)}`)
    expect([...given].sort()).toEqual([...needed].sort())
  })

  it('are all given by one example or another', () => {
    const given = jobs.flatMap(({ job }) => entries(at(job, 'permissions')))
    const all = new Set(given.map(([name, level]) => `${name}: ${text(level)}`))
    expect(all).toEqual(new Set([...needs.values()].flat()))
  })
})

describe('the events', () => {
  /** Every event that a workflow can name, as GitHub's own parser of workflows has it. */
  const names = entries(
    at(
      readJson('node_modules/@actions/workflow-parser/dist/workflow-v1.0.min.json'),
      'definitions',
      'on-mapping-strict',
      'mapping',
      'properties',
    ),
  ).map(([name]) => name)

  const [writing = '', planning = '', refused = '', forced = ''] =
    section('Which events write').split(/(?<=\.) /)

  function does(event: WorkflowEvent, given: Partial<TriggerInputs> = {}): string {
    const { name, payload, ref, sha, baseRef, actor } = event
    try {
      const info = { name, payload, ref, sha, baseRef, actor, repository: 'octo-org/octo-app' }
      const trigger: TriggerInputs = {
        mode: 'auto',
        applyBranches: [],
        hasRole: { apply: true, plan: true },
      }
      const identity = { canRequestIdToken: true, hasAmbientCredentials: false }
      return decide(info, { ...trigger, ...given }, identity).command
    } catch (error) {
      if (error instanceof ActionError && error.code === 'UNSUPPORTED_EVENT') return 'is red'
      throw error
    }
  }

  /** An event with all that lets another one write: a push to main, and a merge into it. */
  const ripe = (name: string): WorkflowEvent => {
    const merged = mergedPullRequest()
    return { ...merged, name, payload: { ...push().payload, ...merged.payload } }
  }

  it('that write are those that the page names', () => {
    const named = findCode(writing).filter(
      (code) => !['mode: auto', 'apply-branches'].includes(code),
    )
    expect([...named].sort()).toEqual(names.filter((name) => does(ripe(name)) === 'apply').sort())
  })

  it('that write do so on the default branch when nothing is said, else where it is said', () => {
    expect(writing).toContain('one of `apply-branches` (the default branch when nothing is said)')
    for (const event of [push, (base: string) => mergedPullRequest({ base })]) {
      expect(does(event('main'))).toBe('apply')
      expect(does(event('release/1'), { applyBranches: ['release/*'] })).toBe('apply')
    }
  })

  it.each<[string, readonly (readonly [WorkflowEvent, Partial<TriggerInputs>?])[]]>([
    [
      'Other pushes and merges',
      [
        [push('topic')],
        [mergedPullRequest({ base: 'topic' })],
        [push(), { applyBranches: ['release/*'] }],
        [mergedPullRequest(), { applyBranches: ['release/*'] }],
      ],
    ],
    [
      'open pull requests',
      ['opened', 'synchronize', 'reopened', 'labeled'].map((action) => [pullRequest({ action })]),
    ],
    ['merge queues', [[mergeGroup()]]],
  ])('that only plan: %s', (phrase, events) => {
    expect(planning).toContain(phrase)
    expect(planning).toMatch(/ only plan\.$/)
    expect(events.map(([event, trigger]) => does(event, trigger))).toEqual(events.map(() => 'plan'))
  })

  it.each<[string, WorkflowEvent]>([
    ['A tag', pushTag()],
    ['a release', ripe('release')],
    ['`pull_request_target`', ripe('pull_request_target')],
  ])('that are red: %s', (phrase, event) => {
    expect(refused).toContain(phrase)
    expect(does(event)).toBe('is red')
  })

  it('that are red: every one that the page does not name', () => {
    expect(refused).toMatch(/ every event that is not named here is red before any call\.$/)
    const named = [...findCode(writing), 'merge_group']
    const others = names.filter((name) => !named.includes(name))
    expect(others.length).toBeGreaterThan(20)
    expect(others.filter((name) => does(ripe(name)) !== 'is red')).toEqual([])
  })

  it('all write when they are told to', () => {
    expect(forced).toMatch(/^`mode: apply` writes on any event\./)
    const events = [pushTag(), push('topic'), pullRequest(), mergeGroup(), ...names.map(ripe)]
    expect(events.filter((event) => does(event, { mode: 'apply' }) !== 'apply')).toEqual([])
  })
})
