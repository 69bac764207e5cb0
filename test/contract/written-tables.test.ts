/** The tables of the documentation that are written by hand match the code. */
import { describe, expect, it } from 'vitest'

import { INPUTS } from '../../src/inputs/definitions.ts'

import { allowedOperations } from '../support/contract/documented-policies.ts'
import { findCode, pages, readPage, tableBelow } from '../support/contract/pages.ts'
import { at, readYaml, text } from '../support/contract/repository-files.ts'

describe('Defaults', () => {
  const defaultsInText = pages().flatMap(({ path, text }) =>
    [...text.replace(/\s+/g, ' ').matchAll(/`([a-z-]+): ([^`]+)`,? (?:is )?\(?the default\b/g)].map(
      ([, name = '', value = '']) => ({ name, value, path }),
    ),
  )

  it('docs/events.md names at least one default', () => {
    expect(defaultsInText.map(({ path }) => path)).toContain('docs/events.md')
  })

  it.each(defaultsInText)('$path names the default of $name: $value', ({ name, value }) => {
    expect(INPUTS.find((input) => input.name === name)?.default).toBe(value)
  })
})

it('The first row of the table of events names the events on which auto applies', () => {
  const described = text(at(readYaml('action.yml'), 'inputs', 'mode', 'description'))
  // `auto` itself is the first code.
  const [, ...events] = findCode(described.split(/\bplans\b/)[0] ?? '')
  const [[applies = ''] = []] = tableBelow(readPage('docs/events.md'), 'What a run does')
  expect(new Set(['push', ...events])).toEqual(new Set(findCode(applies)))
})

describe('The table of calls', () => {
  const rows = tableBelow(readPage('docs/permissions.md'), 'Calls')
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
