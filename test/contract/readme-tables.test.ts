/** The tables in README.md that are written by hand match the code. */
import { describe, expect, it } from 'vitest'

import { INPUTS } from '../../src/inputs/definitions.ts'

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

it('The first row of the table of events names the events on which auto applies', () => {
  const described = tableBelow(readme, 'Inputs').find(([input]) => input === '`mode`')?.[2] ?? ''
  const events = /on a push.* and plans/.exec(described)?.[0] ?? ''
  const [[applies = ''] = []] = tableBelow(readme, 'What a run does')
  expect(['push', ...findCode(events)]).toEqual(findCode(applies))
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
