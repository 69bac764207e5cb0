import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { describe, expect, test } from 'vitest'

import { UsageError } from '../../emulator/cli/options.ts'
import { parseTryFlags, tryUsage } from '../../emulator/cli/try-flags.ts'
import { defaults } from '../../emulator/emulator.ts'
import { eventsByName, type EventName } from '../../emulator/runner/events.ts'
import { defaultEvent, missingTrigger, parseTriggers } from '../../emulator/runner/triggers.ts'
import { pollDelayMs } from '../../src/storage/jobs/polling.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const cli = join(root, 'emulator/cli/try.ts')
const examples = ['plan-and-apply', 'reusable']

function run(...args: string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8', timeout: 60_000 })
}

/** What a run prints; several can run at the same time. */
const output = (...args: string[]): Promise<string> =>
  text(spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'inherit'] }).stdout)

describe('the command line of npm run try', () => {
  const given = ['--example', 'reusable', '--event', 'merged', '--fault', '429', '--twice']

  test.each([
    [[], ['plan-and-apply', undefined, undefined, false, 3_000]],
    [
      [...given, '--job-seconds', '0.5'],
      ['reusable', 'merged', '429', true, 500],
    ],
  ])(
    'With the options %j, the example, event, fault, repetition and job time are %j',
    (args, [example, event, fault, twice, jobMs]) => {
      expect(parseTryFlags(args, examples)).toEqual({ example, event, fault, twice, jobMs })
    },
  )

  test.each([
    ...['nope', '', '../README', 'reusable.yml', 'toString'].map((name) => ['example', name]),
    ...['nope', '', 'toString'].flatMap((name) => [
      ['event', name],
      ['fault', name],
    ]),
  ])('An unknown %s %j is a usage error that lists the known ones', (kind = '', name = '') => {
    const known = { example: 'plan-and-apply, reusable', event: 'push, pull-request, ', fault: '' }
    const list: unknown = Reflect.get(known, kind)
    expect(() => parseTryFlags([`--${kind}=${name}`], examples)).toThrow(
      new RegExp(`^Unknown ${kind} "${name}". Choose one of: ${String(list)}`),
    )
  })

  test.each(['soon', '-1', '3601', ''])('A job of %j seconds is a usage error', (value) => {
    expect(() => parseTryFlags([`--job-seconds=${value}`], examples)).toThrow(
      new UsageError(`--job-seconds must be a number from 0 to 3600, not "${value}"`),
    )
  })

  test('The help has the examples, events, faults and resources, and the time of the first poll', () => {
    const usage = tryUsage(examples).replace(/\s+/g, ' ')
    const seconds = pollDelayMs(0, () => 0.5) / 1000
    const resources = [defaults.appId, defaults.accountId, 'dev and prod', 'docs/setup.md']
    const names = ['reusable', ...Object.keys(eventsByName), '504-late-effect', ...resources]
    for (const name of [...names, `after about ${seconds} seconds`]) expect(usage).toContain(name)
  })
})

describe('the triggers of a workflow', () => {
  test.each([
    ['plan-and-apply', 'push'],
    ['merged-pull-request', 'merged'],
    // Other workflows call it, and no event triggers it.
    ['reusable', 'push'],
  ])('The default event of the example %s is %s', (name, event) => {
    const workflow = readFileSync(join(root, 'examples', `${name}.yml`), 'utf8')
    expect(defaultEvent(parseTriggers(workflow))).toBe(event)
  })

  test.each<[string, EventName, string | undefined]>([
    ['on: push', 'push', undefined],
    ['on: push', 'tag', undefined],
    ['on: push', 'merge-group', 'merge_group'],
    ['on: [push, merge_group]', 'merge-group', undefined],
    [
      'on: { merge_group: { types: destroyed } }',
      'merge-group',
      'the type checks_requested of merge_group',
    ],
    ['on: { pull_request: }', 'pull-request', undefined],
    ['on: { pull_request: }', 'merged', 'the type closed of pull_request'],
    ['on: { pull_request: { types: [closed] } }', 'merged', undefined],
    ['on: { pull_request: { types: closed } }', 'closed', undefined],
    ['on: { pull_request: { types: [closed] } }', 'fork', 'the type opened of pull_request'],
    ['on: { workflow_dispatch: }', 'dispatch', undefined],
    ['on: { schedule: [cron: 0 4 * * 1] }', 'schedule', undefined],
    ['jobs: {}', 'push', 'push'],
    ['', 'push', 'push'],
  ])(
    'For the workflow %j and the event %s, the missing trigger is %s',
    (workflow, event, missing) => {
      expect(missingTrigger(parseTriggers(workflow), eventsByName[event]())).toBe(missing)
    },
  )
})

describe.concurrent('npm run try with an event', () => {
  const results: Readonly<Record<EventName, string>> = {
    push: 'created',
    'pull-request': 'planned',
    merged: 'created',
    closed: 'skipped',
    fork: 'skipped',
    dependabot: 'skipped',
    dispatch: 'created',
    schedule: 'created',
    'merge-group': 'planned',
    tag: 'UNSUPPORTED_EVENT',
  }
  const merges = ['--example', 'merged-pull-request']

  test.each<[string[], string]>([
    ...Object.entries(results).map(([event, result]): [string[], string] => [
      ['--event', event],
      result,
    ]),
    [merges, 'created'],
    [[...merges, '--event', 'pull-request'], 'planned'],
  ])('With the documented roles, %j results in %s', async (args, expected) => {
    const stdout = await output('--job-seconds', '0', ...args)
    const [, result = '', code = ''] = /^result=(.*)$[^]*^error-code=(.*)$/m.exec(stdout) ?? []
    expect(result === 'failed' ? code : result, stdout).toBe(expected)
  })

  test('A run names a missing trigger, and the trust policy of a merged pull request', async () => {
    const missing = 'lacks the type closed of pull_request\n'
    const trust = '\n--- amplify-storage-apply has the trust policy of docs/setup.md'
    expect(await output('--event', 'closed')).toContain(missing)
    const fork = await output('--event', 'fork')
    for (const line of [missing, trust]) expect(fork).not.toContain(line)
    const merged = await output('--event', 'merged', '--fault', 'role-refused')
    expect(merged).toContain(trust)
  })
})

describe('npm run try', () => {
  test.each([
    ['nope', 'Unknown example "nope". Choose one of: '],
    ['call-reusable', 'Cannot try examples/call-reusable.yml: no step of this workflow uses'],
  ])('The example %s is a usage error, without a stack trace', (name, message) => {
    const { status, stdout, stderr } = run('--example', name)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr.slice(0, message.length)).toBe(message)
    expect(stderr).toContain('Usage: npm run try')
    expect(stderr).not.toContain('    at ')
  })

  test('A run shows the log, then the outputs, then the summary', () => {
    const { status, stdout, stderr } = run('--fault', 'access-denied')
    expect([status, stderr]).toEqual([1, ''])
    const [, heading, log = '', , outputs = '', , summary = ''] = stdout.split(/^--- (.*)$/m)
    expect(heading).toBe('examples/plan-and-apply.yml on push, with access-denied')
    const resource = 'arn:aws:amplifybackend:eu-west-1:111122223333:/backend/d1a2b3c4d5e6f7'
    expect(log).toMatch(
      new RegExp(
        `User: arn:aws:sts::111122223333:assumed-role/amplify-storage-apply/\\S+ is not authorized to perform: amplifybackend:CreateBackendStorage on resource: ${resource}/`,
      ),
    )
    expect(log).toContain(`${resource}/*`)
    expect(outputs).toContain('\nerror-code=ACCESS_DENIED\n')
    // The changes that were rejected are reported, too.
    expect(outputs).toContain('\nchanges=[{"field":"resource-name","from":null,"to":"media"},')
    expect(summary).toContain('<b>What to do</b>')
  })
})
