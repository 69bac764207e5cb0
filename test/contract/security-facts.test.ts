/** The names and numbers in SECURITY.md match the code and the examples. */
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

import { mergedPullRequest, push, type WorkflowEvent } from '../../emulator/runner/events.ts'
import { PLAN_SESSION_POLICY } from '../../src/aws/assume-role.ts'
import { ActionError } from '../../src/errors/action-error.ts'
import type { TriggerInputs } from '../../src/inputs/read-inputs.ts'
import { decide } from '../../src/workflow/decide.ts'
import { allowedOperations } from '../support/contract/documented-policies.ts'
import { findCode, readPage, root, tableBelow } from '../support/contract/pages.ts'
import {
  at,
  entries,
  getSteps,
  list,
  read,
  readJson,
  readYaml,
  text,
} from '../support/contract/repository-files.ts'

const page = readPage('SECURITY.md')

/** The text below a heading, as one line. */
function section(heading: string): string {
  const [, below] = page.text.split(`\n## ${heading}\n`)
  if (below === undefined) throw new Error(`SECURITY.md has no heading "${heading}".`)
  const [own = ''] = below.split('\n## ')
  return own.replace(/\s+/g, ' ').trim()
}

it('README.md, SECURITY.md and docs/before-you-start.md name the same end of Gen 1', () => {
  const days = ['README.md', 'SECURITY.md', 'docs/before-you-start.md'].map((path) => [
    ...new Set(readPage(path).text.match(/\b2027-\d\d-\d\d\b/g)),
  ])
  expect(days).toEqual([['2027-05-01'], ['2027-05-01'], ['2027-05-01']])
})

describe('The operations', () => {
  /** Every command of an SDK package that the source creates. */
  const commandsOf = (client: string): readonly string[] => {
    const names = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => read(`src/${name}`))
      .filter((source) => source.includes(`from '@aws-sdk/client-${client}'`))
      .flatMap((source) => [...source.matchAll(/\bnew (\w+)Command\(/g)])
      .map(([, name = '']) => name)
    return [...new Set(names)].sort()
  }

  it('SECURITY.md lists the operations that the source calls and the policies allow', () => {
    const [amplify = ''] = section('What it can never do').split(' of Amplify Backend')
    const listed = findCode(amplify).toSorted()
    expect(listed).toEqual(commandsOf('amplifybackend'))
    expect(listed).toEqual(allowedOperations('apply', 'update').toSorted())
  })
})

it('SECURITY.md lists the verbs that the session policy of a plan denies', () => {
  const [, service = '', verbs = ''] =
    /denies `(\w+)` ([\w, ]+), so IAM/.exec(section('Which events write')) ?? []
  const denied = list(at(JSON.parse(PLAN_SESSION_POLICY), 'Statement'))
    .filter((statement) => at(statement, 'Effect') === 'Deny')
    .flatMap((statement) => list(at(statement, 'Action')))
  expect(denied).toEqual(verbs.split(/, | and /).map((verb) => `${service}:${verb}*`))
})

describe('The permissions of a job', () => {
  /** The permissions that each input needs. */
  const needs = new Map(
    tableBelow(page, 'Permissions of the job').flatMap(([feature = '', permission = '']) =>
      findCode(feature).map((input): [string, readonly string[]] => [input, findCode(permission)]),
    ),
  )
  const jobs = readdirSync(`${root}examples`).flatMap((name) =>
    entries(at(readYaml(`examples/${name}`), 'jobs')).flatMap(([id, job]) => {
      const [step, ...others] = getSteps(job)
      const isOwn = text(at(step, 'uses')).includes('/amplify-create-backend-storage@')
      return isOwn && others.length === 0 ? [{ name: `${name}: ${id}`, job, step }] : []
    }),
  )
  const permissionsOf = (job: unknown): readonly string[] =>
    entries(at(job, 'permissions')).map(([name, level]) => `${name}: ${text(level)}`)

  it.each(jobs)(
    'The example $name grants what its inputs need and nothing else',
    ({ job, step }) => {
      const inputs = entries(at(step, 'with')).map(([name]) => name)
      const needed = new Set(inputs.flatMap((name) => needs.get(name) ?? []))
      expect(permissionsOf(job).toSorted()).toEqual([...needed].sort())
    },
  )

  it('SECURITY.md lists the permissions of three inputs, each of which an example grants', () => {
    expect([...needs.keys()]).toEqual(['role-to-assume', 'plan-role-to-assume', 'comment-on-pr'])
    const granted = new Set(jobs.flatMap(({ job }) => permissionsOf(job)))
    expect(granted).toEqual(new Set([...needs.values()].flat()))
  })
})

describe('The events that write', () => {
  /** Every event that can start a workflow, from GitHub's workflow parser. */
  const allEvents = entries(
    at(
      readJson('node_modules/@actions/workflow-parser/dist/workflow-v1.0.min.json'),
      ...['definitions', 'on-mapping-strict', 'mapping', 'properties'],
    ),
  ).map(([name]) => name)
  const [writing = ''] = section('Which events write').split(/(?<=\.) /)
  const named = findCode(writing).filter((code) => !['mode: auto', 'apply-branches'].includes(code))

  function commandFor(event: WorkflowEvent, mode: TriggerInputs['mode'] = 'auto'): string {
    const trigger = { mode, applyBranches: [], hasRole: { apply: true, plan: true } }
    const credentials = { canRequestIdToken: true, hasAmbientCredentials: false }
    try {
      return decide({ ...event, repository: 'octo-org/octo-app' }, trigger, credentials).command
    } catch (error) {
      if (error instanceof ActionError) return error.code
      throw error
    }
  }

  /** An event with the payload of a push to main and of a merge into it. */
  const eligible = (name: string): WorkflowEvent => {
    const merged = mergedPullRequest()
    return { ...merged, name, payload: { ...push().payload, ...merged.payload } }
  }

  it('SECURITY.md lists all events that apply with mode: auto, and most others are rejected', () => {
    const commands = allEvents.map((name) => ({ name, command: commandFor(eligible(name)) }))
    const namesOf = (command: string): readonly string[] =>
      commands.filter((one) => one.command === command).map(({ name }) => name)
    expect(named.toSorted()).toEqual(namesOf('apply').toSorted())
    expect(namesOf('plan')).toEqual(['merge_group'])
    const rejected = namesOf('UNSUPPORTED_EVENT')
    expect(rejected.length).toBeGreaterThan(20)
    expect(rejected).toHaveLength(commands.length - named.length - 1)
  })

  it('With mode: apply, every event writes', () => {
    const commands = allEvents.map((name) => commandFor(eligible(name), 'apply'))
    expect(new Set(commands)).toEqual(new Set(['apply']))
  })
})
