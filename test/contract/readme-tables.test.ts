/** The tables in README.md that are written by hand match the code. */
import { describe, expect, it } from 'vitest'

import { defaults } from '../../emulator/emulator.ts'
import {
  mergedPullRequest,
  mergeGroup,
  pullRequest,
  push,
  pushTag,
  schedule,
  workflowDispatch,
  type WorkflowEvent,
} from '../../emulator/runner/events.ts'
import { githubVariables } from '../../emulator/runner/github-context.ts'
import { ActionError } from '../../src/errors/action-error.ts'
import { INPUTS } from '../../src/inputs/definitions.ts'
import { inputVariable } from '../../src/inputs/reader.ts'
import { readTriggerInputs } from '../../src/inputs/read-inputs.ts'
import { decide } from '../../src/workflow/decide.ts'
import { readEvent } from '../../src/workflow/event.ts'

import { allowedOperations } from '../support/contract/documented-policies.ts'
import { findCode, pages, readPage, tableBelow } from '../support/contract/pages.ts'

const readme = readPage('README.md')

describe('Defaults', () => {
  const defaultsInText = pages().flatMap(({ path, text }) =>
    [...text.replace(/\s+/g, ' ').matchAll(/`([a-z-]+): ([^`]+)`,? (?:is )?\(?the default\b/g)].map(
      ([, name = '', value = '']) => ({ name, value, path }),
    ),
  )

  it('The README names at least one default', () => {
    expect(defaultsInText.map(({ path }) => path)).toContain('README.md')
  })

  it.each(defaultsInText)('$path names the default of $name: $value', ({ name, value }) => {
    expect(INPUTS.find((input) => input.name === name)?.default).toBe(value)
  })
})

describe('The table of events', () => {
  const rows = tableBelow(readme, 'What a run does')

  /** An event of which only the name is known. */
  const named = (name: string): WorkflowEvent => ({ ...push(), name })
  const deletedBranch: WorkflowEvent = {
    ...push('topic'),
    payload: { ...push('topic').payload, deleted: true, after: '0'.repeat(40) },
  }

  /** The events of each row, in order, and what a run does for them. */
  const expected: readonly (readonly [string, readonly WorkflowEvent[]])[] = [
    [
      'apply',
      [
        ...[push(), push('release/1'), mergedPullRequest()],
        ...[mergedPullRequest({ base: 'release/1' }), workflowDispatch('topic')],
        ...[named('repository_dispatch'), schedule()],
      ],
    ],
    [
      'plan',
      [
        ...['opened', 'synchronize', 'reopened'].map((action) => pullRequest({ action })),
        ...[pullRequest({ base: 'topic' }), mergeGroup()],
      ],
    ],
    [
      'plan with a warning',
      [push('topic'), push('release/1/hotfix'), mergedPullRequest({ base: 'topic' })],
    ],
    ['skip', [pullRequest({ action: 'closed' }), deletedBranch]],
    ['skip', [pullRequest({ from: 'fork' }), pullRequest({ from: 'dependabot' })]],
    [
      'NO_IDENTITY_FOR_PULL_REQUEST',
      [mergedPullRequest({ from: 'fork' }), mergedPullRequest({ from: 'dependabot' })],
    ],
    [
      'UNSUPPORTED_EVENT',
      [pushTag(), named('release'), named('pull_request_target'), named('brand_new')],
    ],
  ]

  it('The table has a row for each kind of event', () => {
    expect(rows).toHaveLength(expected.length)
  })

  it.each(
    expected.flatMap(([command, events]) =>
      events.map((event) => ({ command, event, name: event.name })),
    ),
  )('A run for $name leads to: $command', ({ command, event }) => {
    expect(commandFor(event)).toBe(command)
  })

  it('The first row names the events on which auto applies', () => {
    const described = tableBelow(readme, 'Inputs').find(([input]) => input === '`mode`')?.[2] ?? ''
    const events = /on a push.* and plans/.exec(described)?.[0] ?? ''
    const [applies = []] = rows.map(([event = '']) => findCode(event))
    expect(['push', ...findCode(events)]).toEqual(applies)
  })

  /** What a run does in a job that can request a token if its event allows it. */
  function commandFor(event: WorkflowEvent): string {
    const run = {
      ...{ serverUrl: '', apiUrl: '', graphqlUrl: '' },
      ...{ file: 'storage.yml', workflow: 'Storage', job: 'storage' },
    }
    const env = { ...githubVariables(event, run), GITHUB_EVENT_PATH: 'event.json' }
    const trigger = readTriggerInputs({
      [inputVariable('apply-branches')]: 'main, release/*',
      [inputVariable('role-to-assume')]: defaults.applyRole,
    })
    if (trigger === undefined) throw new Error('invalid inputs')
    try {
      const decision = decide(readEvent(env, () => JSON.stringify(event.payload)).event, trigger, {
        canRequestIdToken: event.trusted,
        hasAmbientCredentials: false,
      })
      const isWarned = decision.command === 'plan' && decision.warning !== undefined
      return isWarned ? 'plan with a warning' : decision.command
    } catch (error) {
      if (error instanceof ActionError) return error.code
      throw error
    }
  }
})

describe('The table of calls', () => {
  const rows = tableBelow(readme, 'Calls and permissions')
  const needed: Readonly<Record<string, readonly string[]>> = {
    plans: allowedOperations('plan'),
    applies: allowedOperations('apply'),
    'applies, `if-exists: update`': allowedOperations('apply', 'update'),
    skips: [],
  }

  it('The table has a row for each kind of run', () => {
    expect(rows.map(([run]) => run)).toEqual(Object.keys(needed))
  })

  it.each(Object.entries(needed))(
    'A run that %s needs the actions of the policies in docs/permissions.md',
    (run, operations) => {
      expect([...actionsOf(run)].sort()).toEqual([...operations].sort())
    },
  )

  /** A row that begins with `those, and` adds to the row above it. */
  function actionsOf(run: string): readonly string[] {
    const index = rows.findIndex(([name]) => name === run)
    const actions = rows[index]?.[2] ?? ''
    const inherited = actions.startsWith('those, and ') ? (rows[index - 1]?.[0] ?? '') : ''
    return [...(inherited === '' ? [] : actionsOf(inherited)), ...findCode(actions)]
  }
})
