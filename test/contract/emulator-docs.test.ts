/** The commands, rules and names in docs/emulator.md are those of the emulator. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'

import { defaultRules, defaults, startEmulator, type Emulator } from '../../emulator/emulator.ts'
import { faultKinds } from '../../emulator/faults/parse.ts'
import { evaluatedClaims } from '../../emulator/iam/issuers.ts'
import { operationNames } from '../../emulator/lib/operations.ts'
import { isObject } from '../../emulator/lib/validation.ts'
import { findCode, readPage, root, tableBelow } from '../support/contract/pages.ts'
import { send, type Reply } from '../support/emulator-requests.ts'

const page = readPage('docs/emulator.md')

type Call = Readonly<{ method: string; path: string; body: string | undefined }>

/** Every curl command on the page without a signature; those with one need curl itself. */
const calls: readonly Call[] = page.blocks
  .filter(({ language }) => language === 'sh')
  .flatMap(({ text }) => [
    ...text.matchAll(
      /^curl (?:-X (\w+) )?"\$AWS_ENDPOINT_URL([^"]*)"(?:[\s\\]+--data '([^']*)')?(?: \| jq)?$/gm,
    ),
  ])
  .map(([, method, path = '', body]) => ({
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    path,
    body,
  }))

const section = (heading: string): string => {
  const found = page.text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`))
  if (found === undefined) throw new Error(`docs/emulator.md has no section ${heading}`)
  return found
}

const recipe = (name: string): string => {
  const [block, ...others] = page.blocks.filter(({ mark }) => mark === `recipe: ${name}`)
  if (block === undefined || others.length > 0)
    throw new Error(`docs/emulator.md has no single recipe "${name}"`)
  return block.text
}

/** Runs a script in a folder that looks like a clone; its processes end with the test. */
async function runInClone(
  script: string,
  files: Readonly<Record<string, string>>,
): Promise<Readonly<{ code: number | null; stdout: string; stderr: string }>> {
  const folder = mkdtempSync(join(tmpdir(), 'clone-'))
  for (const name of ['dist', 'emulator', 'node_modules']) {
    symlinkSync(join(root, name), join(folder, name), 'dir')
  }
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  const child = spawn('bash', ['-euc', script], {
    cwd: folder,
    // The Node of the tests, for systems for which the lock file has none.
    env: {
      PATH: [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter),
      HOME: folder,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const { pid } = child
  onTestFinished(() => {
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL')
    } catch {
      // All processes have ended.
    }
    rmSync(folder, { recursive: true })
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  return { code, stdout, stderr }
}

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.stop())

/** A refused patch changes nothing, so that the tests share one emulator. */
const control = (method: string, path: string, body: unknown): Promise<Reply> =>
  send(emulator.url, { method, path: `/_emulator/${path}`, body: JSON.stringify(body) })

const put = (body: unknown): Promise<Reply> => control('PUT', 'state', body)

/** The names that an error message lists after some words. */
async function listed(reply: Promise<Reply>, after = 'Its members are:'): Promise<Set<string>> {
  const { status, json } = await reply
  const message = isObject(json) ? String(json['message']) : ''
  expect([status, message]).toEqual([400, expect.stringContaining(after)])
  const [, names = ''] = message.split(after)
  return new Set(names.trim().split(', '))
}

describe('docs/emulator.md', () => {
  it('The tests cover every curl command on the page', () => {
    const curls = page.text.match(/^curl (?!.*--aws-sigv4)/gm) ?? []
    expect(calls).toHaveLength(curls.length)
    expect(calls.filter(({ body }) => body !== undefined).length).toBeGreaterThan(3)
  })

  it.each(calls)('The emulator accepts $method $path as shown', async ({ method, path, body }) => {
    const response = await fetch(`${emulator.url}${path}`, { method, ...(body && { body }) })
    const text = await response.text()
    // A failure shows the message.
    expect(response.ok ? '' : text).toBe('')
  })

  // Windows has no signals between processes.
  it.each(process.platform === 'win32' ? [] : ['bash'])(
    'The recipes work as written in %s',
    async () => {
      const sdk = page.blocks.filter(({ language }) => language === 'js').map(({ text: js }) => js)
      const script = [
        recipe('start'),
        'node sdk.mjs',
        recipe('by hand'),
        recipe('stop'),
        // The emulator has to end.
        'wait "$emulator"',
        'echo "The emulator has ended."',
      ].join('\n')
      const { code, stdout, stderr } = await runInClone(script, { 'sdk.mjs': sdk.join('') })

      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toContain("[ 'dev', 'prod' ]")
      expect(stdout).toContain('Result: created.')
      // From the files for outputs and summary.
      expect(stdout).toMatch(/^ready<<(\S+)\ntrue\n\1$/m)
      expect(stdout).toMatch(/^## ✅ Storage `media` created$/m)
      expect(stdout.trimEnd()).toMatch(/The emulator has ended\.$/)
    },
  )

  it('The listed operations exist, and all kinds of faults are listed and exist', async () => {
    const named = (label: string): readonly string[] => {
      const item = new RegExp(`^- \`${label}\`.*(?:\\n {2}.*)*`, 'm').exec(page.text)?.[0] ?? ''
      return findCode(item)
        .slice(1)
        .filter((code) => /^\w+$/.test(code))
    }
    const operations = named('operation')
    expect(operations.length).toBeGreaterThan(8)
    expect(operations.filter((name) => !operationNames.some((known) => known === name))).toEqual([])
    const kinds = named('kind')
    expect(kinds.toSorted()).toEqual(faultKinds.toSorted())
    for (const kind of kinds) {
      const fault = { operation: 'GetBackend', kind, ...REQUIRED[kind] }
      expect([kind, (await control('POST', 'faults', fault)).status]).toEqual([kind, 201])
    }
  })

  it('The table has the fields of every kind of fault, and those that it requires in bold', async () => {
    const rows = tableBelow(page, 'Inject faults')
    const kinds = rows.flatMap(([kind = '']) => findCode(kind))
    expect(kinds.toSorted()).toEqual(faultKinds.toSorted())
    const common = ['operation', 'kind', 'times', 'skip', 'when', 'lateMs']
    for (const [names = '', cell = ''] of rows)
      for (const kind of findCode(names)) {
        const fault = { operation: 'GetBackend', kind, ...REQUIRED[kind] }
        const known = await listed(control('POST', 'faults', { ...fault, nope: 1 }))
        const documented = findCode(cell).filter((name) => /^\w+$/.test(name))
        expect([kind, new Set([...documented, ...common])]).toEqual([kind, known])
        const bold = [...cell.matchAll(/\*\*`(\w+)`\*\*/g)].map(([, name]) => name)
        expect([kind, bold]).toEqual([kind, Object.keys(REQUIRED[kind] ?? {})])
      }
  })

  /** Fields that some kinds require. */
  const REQUIRED: Readonly<Record<string, object>> = {
    status: { status: 500 },
    body: { body: '{}' },
    delay: { ms: 1 },
    slow: { ms: 1 },
  }
})

it('docs/emulator.md has every claim that IAM evaluates', () => {
  const text = section('On GitHub')
  for (const claim of evaluatedClaims(defaults.issuer)) expect(text).toContain(`\`${claim}\``)
})

/** A row of the table of rules. */
type Row = Readonly<{ rule: string; default: unknown; meaning: string }>

describe('The rules in docs/emulator.md', () => {
  const rows = tableBelow(page, 'Change the state').map(
    ([rule = '', value = '', meaning = '']): Row => ({
      rule: rule.replaceAll('`', ''),
      default: JSON.parse(value.replaceAll('`', '')),
      meaning,
    }),
  )

  it('The page has the default of every rule', () => {
    const documented = rows.map((row) => [row.rule, row.default])
    expect(Object.fromEntries(documented)).toEqual(defaultRules())
  })

  it('The page has every rule that can be changed', async () => {
    const known = await listed(put({ rules: { nope: 1 } }))
    expect(known).toEqual(new Set(rows.map(({ rule }) => rule)))
  })

  it.each(rows.filter((row) => typeof row.default === 'string'))(
    'The page has every value of the rule $rule',
    async ({ rule, default: value, meaning }) => {
      const others = [...meaning.matchAll(/`"([\w-]+)"`/g)].map(([, value = '']) => value)
      const known = await listed(put({ rules: { [rule]: '?' } }), 'one of')
      expect(known).toEqual(new Set([value, ...others]))
    },
  )

  it('The page has the members of the rule throttle', async () => {
    const throttle = { perSecond: 1, burst: 1, nope: 1 }
    const row = rows.find(({ rule }) => rule === 'throttle')
    expect(new Set(findCode(row?.meaning ?? ''))).toEqual(
      await listed(put({ rules: { throttle } })),
    )
  })
})

describe('The members in docs/emulator.md', () => {
  const nope = 1
  /** A patch of an environment that does not exist yet. */
  const inEnvironment = (prod: object): object => ({
    apps: { d7f6e5c4b3a2d1: { environments: { prod } } },
  })
  const role = { arn: 'arn:aws:iam::111122223333:role/other', trust: { Statement: [] } }
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
  ].map(([, thing = '', members = '']) => ({ thing, members: findCode(members) }))

  it('The page has an item for every kind of object', () => {
    expect(items.map(({ thing }) => thing)).toEqual(Object.keys(bodies))
  })

  it.each(items)('The page has every member of $thing', async ({ thing, members }) => {
    expect(new Set(members)).toEqual(await listed(put(bodies[thing])))
  })

  it('The page has every member of a job plan', async () => {
    const [, items = ''] = section('Inject faults').split('The next job fails')
    // Each explained member is followed by a colon.
    const named = [...items.matchAll(/(?:^- |; )`(\w+)`:/gm)].map(([, name]) => name)
    expect(new Set(named)).toEqual(await listed(control('POST', 'jobs', { nope })))
  })
})
