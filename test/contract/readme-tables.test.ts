/** What the README says in its own words is what the code does. */
import { describe, expect, it } from 'vitest'

import { defaults } from '../../emulator/emulator.ts'
import {
  workflowDispatch,
  githubVariables,
  mergedPullRequest,
  mergeGroup,
  pullRequest,
  push,
  pushTag,
  schedule,
  type WorkflowEvent,
} from '../../emulator/runner/events.ts'
import { ActionError } from '../../src/errors/action-error.ts'
import { decide, readEvent } from '../../src/workflow/decide.ts'
import { INPUTS, readTriggerInputs } from '../../src/inputs/read-inputs.ts'
import { inputVariable } from '../../src/inputs/definitions.ts'
import { findCode, pages, readPage, tableBelow } from '../support/contract/pages.ts'
import { allowedOperations } from '../support/contract/documented-policies.ts'

const readme = readPage('README.md')
const oneLine = (text: string): string => text.replace(/\s+/g, ' ')
describe('a value that is called the default', () => {
  const called = pages().flatMap(({ path, text }) =>
    [...oneLine(text).matchAll(/`([a-z-]+): ([^`]+)`,? (?:is )?\(?the default\b/g)].map(
      ([, name = '', value = '']): [string, string, string] => [name, value, path],
    ),
  )

  it('is found in the README', () => {
    expect(called.map(([, , path]) => path)).toContain('README.md')
  })

  it.each(called)('is that: %s: %s in %s', (name, value) => {
    expect(INPUTS.find((input) => input.name === name)?.default).toBe(value)
  })
})

describe('the table of the events', () => {
  const rows = tableBelow(readme, 'What a run does')

  /** An event that is known by nothing but its name. */
  const other = (name: string): WorkflowEvent => ({ ...push(), name })
  const deletes: WorkflowEvent = {
    ...push('topic'),
    payload: { ...push('topic').payload, deleted: true, after: '0'.repeat(40) },
  }

  /** The events that each row speaks of. */
  const meant: Readonly<Record<string, readonly WorkflowEvent[]>> = {
    '`push` to one of `apply-branches`; a pull request merged into one; `workflow_dispatch`, `repository_dispatch`, `schedule`':
      [
        ...[
          push(),
          push('release/1'),
          mergedPullRequest(),
          mergedPullRequest({ base: 'release/1' }),
        ],
        ...[workflowDispatch('topic'), other('repository_dispatch'), schedule()],
      ],
    'an open pull request, `merge_group`': [
      ...['opened', 'synchronize', 'reopened'].map((action) => pullRequest({ action })),
      ...[pullRequest({ base: 'topic' }), mergeGroup()],
    ],
    '`push` to, or a merge into, any other branch': [
      ...[push('topic'), push('release/1/hotfix'), mergedPullRequest({ base: 'topic' })],
    ],
    'a pull request closed without a merge, a push that deletes a branch': [
      ...[pullRequest({ action: 'closed' }), deletes],
    ],
    'an open pull request of a fork or by Dependabot, which gets no token': [
      ...[pullRequest({ from: 'fork' }), pullRequest({ from: 'dependabot' })],
    ],
    'such a pull request, merged': [
      ...[mergedPullRequest({ from: 'fork' }), mergedPullRequest({ from: 'dependabot' })],
    ],
    'a tag, a release, anything else': [
      ...[pushTag(), other('release'), other('pull_request_target'), other('brand_new')],
    ],
  }

  it('has a row for each of them', () => {
    expect(rows.map(([event]) => event)).toEqual(Object.keys(meant))
  })

  it.each(
    rows.flatMap(([row = '', says = '']) =>
      (meant[row] ?? []).map((event) => ({ row, says, event, name: event.name })),
    ),
  )('says of $row that the run $says: $name', ({ says, event }) => {
    expect(says).toMatch(doneFor(event))
  })

  it('names the events that apply as the description of mode does', () => {
    const described = tableBelow(readme, 'Inputs').find(([input]) => input === '`mode`')?.[2] ?? ''
    const events = /on a push.* and plans/.exec(described)?.[0] ?? ''
    const [applies = []] = rows.map(([event = '']) => findCode(event))
    expect(['push', ...findCode(events)]).toEqual(applies)
  })

  it('names the inputs to set, and the events to use instead', () => {
    const advice = [mergedPullRequest({ from: 'fork' }), pushTag()].map(
      (event) => refusal(event)?.advice,
    )
    const [merged = '', unknown = ''] = rows.slice(-2).map(([, says = '']) => findCode(says)[0])
    expect(advice[0]).toContain(`\`${merged}\``)
    expect(advice[1]).toContain(`\`${unknown}: `)
  })

  /** What the run does, in the words of the table. */
  function doneFor(event: WorkflowEvent): RegExp {
    if (refusal(event) !== undefined) return /^is red\b/
    const decision = decided(event)
    if (decision.command === 'skip') return /^skips\b/
    if (decision.command === 'apply') return /^\*\*applies\*\*$/
    return decision.warning === undefined ? /^\*\*plans\*\*$/ : /^plans, with a warning$/
  }

  function refusal(event: WorkflowEvent): ActionError | undefined {
    try {
      decided(event)
      return undefined
    } catch (error) {
      if (error instanceof ActionError) return error
      throw error
    }
  }

  /** What is decided in a job that may have a token, where its event may. */
  function decided(event: WorkflowEvent): ReturnType<typeof decide> {
    const place = {
      ...{ serverUrl: '', apiUrl: '', graphqlUrl: '' },
      ...{ file: 'storage.yml', workflow: 'Storage', job: 'storage' },
    }
    const env = { ...githubVariables(event, place), GITHUB_EVENT_PATH: 'event.json' }
    const { trigger } = readTriggerInputs({
      [inputVariable('apply-branches')]: 'main, release/*',
      [inputVariable('role-to-assume')]: defaults.applyRole,
    })
    return decide(readEvent(env, () => JSON.stringify(event.payload)).event, trigger, {
      canRequestIdToken: event.trusted,
      hasAmbientCredentials: false,
    })
  }
})

describe('the table of the calls', () => {
  const rows = tableBelow(readme, 'Calls and permissions')
  const needed: Readonly<Record<string, readonly string[]>> = {
    plans: allowedOperations('plan'),
    applies: allowedOperations('apply'),
    'applies, `if-exists: update`': allowedOperations('apply', 'update'),
    skips: [],
  }

  it('has a row for every kind of run', () => {
    expect(rows.map(([run]) => run)).toEqual(Object.keys(needed))
  })

  it.each(Object.entries(needed))(
    'gives the actions of docs/permissions.md to a run that %s',
    (run, operations) => {
      expect([...actionsOf(run)].sort()).toEqual([...operations].sort())
    },
  )

  /** A row that begins with `those, and` goes on from the one above it. */
  function actionsOf(run: string): readonly string[] {
    const at = rows.findIndex(([name]) => name === run)
    const actions = rows[at]?.[2] ?? ''
    const before = actions.startsWith('those, and ') ? (rows[at - 1]?.[0] ?? '') : ''
    return [...(before === '' ? [] : actionsOf(before)), ...findCode(actions)]
  }
})
