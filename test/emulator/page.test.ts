/** Compares docs/emulator.md with what the control interface accepts. */
import { describe, expect, test } from 'vitest'

import { defaultRules, type Emulator } from '../../emulator/emulator.ts'
import { isObject } from '../../emulator/lib/validation.ts'
import { readPage } from '../support/contract/pages.ts'
import { send, start, type Reply } from '../support/emulator-requests.ts'

const { text } = readPage('docs/emulator.md')

const section = (heading: string): string => {
  const found = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`))
  if (found === undefined) throw new Error(`docs/emulator.md has no section ${heading}`)
  return found
}

const control = (emulator: Emulator, method: string, path: string, body: unknown): Promise<Reply> =>
  send(emulator.url, { method, path: `/_emulator/${path}`, body: JSON.stringify(body) })

const put = (emulator: Emulator, body: unknown): Promise<Reply> =>
  control(emulator, 'PUT', 'state', body)

/** The names that an error message lists after some words. */
function listed({ status, json }: Reply, after: string): readonly string[] {
  const message = isObject(json) ? String(json['message']) : ''
  expect([status, message]).toEqual([400, expect.stringContaining(after)])
  return message
    .slice(message.indexOf(after) + after.length)
    .trim()
    .split(', ')
}

const namesIn = (words: string): readonly string[] =>
  [...words.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)

/** A row of the table of rules. */
type Row = Readonly<{ rule: string; default: unknown; meaning: string }>

describe('the rules in docs/emulator.md', () => {
  const rows = section('Change the state')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, rule = '', value = '', meaning = '']): Row => ({
      rule: rule.replaceAll('`', ''),
      default: JSON.parse(value.replaceAll('`', '')),
      meaning,
    }))

  test('The page has the default of every rule', () => {
    const documented = rows.map((row) => [row.rule, row.default])
    expect(Object.fromEntries(documented)).toEqual(defaultRules())
  })

  test('The page has every rule that can be changed', async () => {
    const known = listed(await put(await start(), { rules: { nope: 1 } }), 'Its members are:')
    expect(new Set(known)).toEqual(new Set(rows.map(({ rule }) => rule)))
  })

  test.each(rows.filter((row) => typeof row.default === 'string'))(
    'The page has every value of the rule $rule',
    async ({ rule, default: value, meaning }) => {
      const others = [...meaning.matchAll(/`"([\w-]+)"`/g)].map(([, value = '']) => value)
      const known = listed(await put(await start(), { rules: { [rule]: '?' } }), 'one of')
      expect(new Set(known)).toEqual(new Set([value, ...others]))
    },
  )

  test('The page has the members of the rule throttle', async () => {
    const throttle = { perSecond: 1, burst: 1, nope: 1 }
    const known = listed(await put(await start(), { rules: { throttle } }), 'Its members are:')
    const row = rows.find(({ rule }) => rule === 'throttle')
    expect(namesIn(row?.meaning ?? '')).toEqual(known)
  })
})

describe('the members in docs/emulator.md', () => {
  const nope = 1
  /** A patch of an environment that does not exist yet. */
  const inEnvironment = (prod: object): object => ({
    apps: { d7f6e5c4b3a2d1: { environments: { prod } } },
  })
  const role = {
    arn: 'arn:aws:iam::111122223333:role/other',
    trust: { Statement: [] },
  }
  const pull = {
    number: 7,
    repository: 'octo-org/octo-app',
    state: 'open',
    merged: false,
    base: 'main',
    head: 'storage',
  }
  /** For each kind of object, what it requires and one unknown member. */
  const bodies: Readonly<Record<string, object>> = {
    'the state': { nope },
    'an app': { apps: { d7f6e5c4b3a2d1: { nope } } },
    'an environment': inEnvironment({ nope }),
    'a storage': inEnvironment({ storages: [{ resourceName: 'media', nope }] }),
    'its permissions': inEnvironment({
      storages: [{ resourceName: 'media', permissions: { nope } }],
    }),
    'a job': inEnvironment({ jobs: [{ operation: 'UpdateBackendAuth', status: 'RUNNING', nope }] }),
    'a role': { roles: [{ ...role, nope }] },
    github: { github: { nope } },
    'a pull request': { github: { pulls: [{ ...pull, nope }] } },
  }
  // The first sentence of each item names the members.
  const items = [
    ...section('Change the state').matchAll(/^- \*\*(.+?)\*\*: ([^]+?)\.(?=\s)/gm),
  ].map(([, thing = '', members = '']) => ({ thing, members: namesIn(members) }))

  test('The page has an item for every kind of object', () => {
    expect(items.map(({ thing }) => thing)).toEqual(Object.keys(bodies))
  })

  test.each(items)('The page has every member of $thing', async ({ thing, members }) => {
    const known = listed(await put(await start(), bodies[thing]), 'Its members are:')
    expect(new Set(members)).toEqual(new Set(known))
  })

  test('The page has every member of a job plan', async () => {
    const known = listed(await control(await start(), 'POST', 'jobs', { nope }), 'Its members are:')
    const [, items = ''] = section('Inject faults').split('The next job fails')
    // Each explained member is followed by a colon.
    const named = [...items.matchAll(/(?:^- |; )`(\w+)`:/gm)].map(([, name]) => name)
    expect(new Set(named)).toEqual(new Set(known))
  })
})
