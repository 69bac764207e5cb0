import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { describe, expect, test } from 'vitest'

import { UsageError } from '../../emulator/cli/options.ts'
import { parseTryFlags, tryUsage, type TryFlags } from '../../emulator/cli/try-flags.ts'
import { defaults } from '../../emulator/emulator.ts'
import { eventsByName, type EventName } from '../../emulator/runner/events.ts'
import { defaultEvent, missingTrigger, parseTriggers } from '../../emulator/runner/triggers.ts'
import { pollDelayMs } from '../../src/storage/jobs/polling.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const cli = join(root, 'emulator/cli/try.ts')
const examples = ['plan-and-apply', 'reusable']

const parse = (...args: string[]): TryFlags | undefined => parseTryFlags(args, examples)

function run(...args: string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8', timeout: 60_000 })
}

/** What a run prints; several can run at the same time. */
const output = (...args: string[]): Promise<string> =>
  text(spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'inherit'] }).stdout)

describe('the command line of npm run try', () => {
  test('Without options, it tries plan-and-apply once, without a fault', () => {
    expect(parse()).toEqual({
      example: 'plan-and-apply',
      event: undefined,
      fault: undefined,
      twice: false,
      jobMs: 3_000,
    })
  })

  test('Options choose the example, the event, the fault, the number of runs and the duration', () => {
    const args = ['--example', 'reusable', '--event', 'merged', '--fault', '429', '--twice']
    expect(parse(...args, '--job-seconds', '0.5')).toEqual({
      example: 'reusable',
      event: 'merged',
      fault: '429',
      twice: true,
      jobMs: 500,
    })
  })

  test.each([
    ...['nope', '', '../README', 'reusable.yml', 'toString'].map((name) => ['example', name]),
    ...['nope', '', 'toString'].flatMap((name) => [
      ['event', name],
      ['fault', name],
    ]),
  ])('An unknown %s %j is a usage error that lists the known ones', (kind = '', name = '') => {
    const known = { example: 'plan-and-apply, reusable', event: 'push, pull-request, ', fault: '' }
    const message = `Unknown ${kind} "${name}". Choose one of: ${Reflect.get(known, kind) as string}`
    expect(() => parse(`--${kind}=${name}`)).toThrow(UsageError)
    expect(() => parse(`--${kind}=${name}`)).toThrow(message)
  })

  test.each(['soon', '-1', '3601', ''])(
    'A job duration of %j seconds is a usage error',
    (value) => {
      expect(() => parse(`--job-seconds=${value}`)).toThrow(
        new UsageError(`--job-seconds must be a number from 0 to 3600, not "${value}"`),
      )
    },
  )
})

describe('the help of npm run try', () => {
  const usage = tryUsage(examples)

  test('The help fits a terminal', () => {
    expect(usage.split('\n').filter((line) => line.length > 104)).toEqual([])
  })

  test('The help names every example, event and fault, and the resources of the emulator', () => {
    const { appId, accountId } = defaults
    const names = ['reusable', 'merge-group', '504-late-effect', 'examples/NAME.yml']
    const resources = [appId, accountId, 'dev and prod', 'ROLE_REFUSED', 'docs/setup.md']
    for (const name of [...names, ...resources]) expect(usage).toContain(name)
  })

  test('The help gives the duration up to which the first poll finds a job completed', () => {
    const seconds = pollDelayMs(0, () => 0.5) / 1000
    expect(usage.replace(/\s+/g, ' ')).toContain(`after about ${seconds} seconds`)
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

  test('A run with an event that does not trigger the workflow names the missing trigger', async () => {
    const missing = 'lacks the type closed of pull_request\n'
    expect(await output('--event', 'closed')).toContain(missing)
    expect(await output('--event', 'fork')).not.toContain('lacks')
  })

  test('A run with a merged pull request reports the trust policy that it uses', async () => {
    const trust = '\n--- amplify-storage-apply has the trust policy of docs/setup.md'
    expect(await output('--event', 'merged', '--fault', 'role-refused')).toContain(trust)
    expect(await output('--event', 'fork')).not.toContain(trust)
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
