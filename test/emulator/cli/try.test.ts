import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { describe, expect, test } from 'vitest'

import { UsageError, usageErrorText } from '../../../emulator/cli/options.ts'
import { faultDescriptions } from '../../../emulator/cli/try-faults.ts'
import { parseTryFlags, tryUsage } from '../../../emulator/cli/try-flags.ts'
import { defaults } from '../../../emulator/emulator.ts'
import { eventsByName, type EventName } from '../../../emulator/runner/events.ts'
import { defaultEvent, missingTrigger, parseTriggers } from '../../../emulator/runner/triggers.ts'
import { pollDelayMs } from '../../../src/storage/jobs/polling.ts'
import { expectResult } from '../../support/try-workflow.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
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
      expect(parseTryFlags(args, examples)).toMatchObject({
        ...{ example, fault, twice, jobMs },
        workflow: { event },
      })
    },
  )

  test('Values are pairs of a name and a text, which can contain an equals sign', () => {
    const values = ['--var', 'A=1=2', '--var=B=', '--secret', 'S=s', '--input', 'i=x']
    expect(parseTryFlags(values, examples)?.workflow.given).toEqual({
      vars: { A: '1=2', B: '' },
      secrets: { S: 's' },
      inputs: { i: 'x' },
    })
    expect(() => parseTryFlags(['--var', 'A'], examples)).toThrow('--var must be NAME=VALUE')
  })

  test.each([
    ...['nope', '', '../README', 'reusable.yml', 'toString'].map((name) => ['example', name]),
    ...['nope', '', 'toString'].flatMap((name) => [
      ['event', name],
      ['fault', name],
    ]),
  ])('An unknown %s %j is a usage error', (kind = '', name = '') => {
    expect(() => parseTryFlags([`--${kind}=${name}`], examples)).toThrow(
      `Unknown ${kind} "${name}".`,
    )
  })

  test.each([
    [['--evnt', 'push'], 'Unknown option --evnt.', 'Did you mean --event?'],
    [['--event', 'psuh'], 'Unknown event "psuh".', 'Did you mean push?'],
    [['--fault', '492'], 'Unknown fault "492".', 'Did you mean 429?'],
    [['--example', 'x'], 'Unknown example "x".', 'Choose one of: plan-and-apply, reusable'],
    [['--zzzzzzzz'], 'Unknown option --zzzzzzzz.', 'The options are --workflow, '],
  ])('The command line %j is a usage error with the closest match', (args, message, advice) => {
    try {
      parseTryFlags(args, examples)
      expect.unreachable()
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      expect([error.message, error.advice]).toEqual([message, expect.stringContaining(advice)])
      expect(usageErrorText(error, 'try').trimEnd().split('\n')).toHaveLength(3)
    }
  })

  test.each<[string, EventName]>([
    ['workflow_dispatch', 'dispatch'],
    ['pull_request', 'pull-request'],
    ['merge_group', 'merge-group'],
    ['schedule', 'schedule'],
  ])("GitHub's name %s of an event means %s", (name, event) => {
    expect(parseTryFlags(['--event', name], examples)?.workflow.event).toBe(event)
    expect(eventsByName[event]().name).toBe(name)
  })

  test.each([
    [['--event', 'workflow_call'], 'on the event of its caller'],
    [
      ['--event', 'schedule', '--branch', 'dev'],
      '--branch and --event schedule cannot go together',
    ],
    [['--event', 'tag', '--branch', 'dev'], '--branch and --event tag cannot go together'],
    [['--branch', 'refs/heads/dev'], '--branch must be the name of a branch, not "refs/heads/dev"'],
    [['--branch='], '--branch must be the name of a branch, not ""'],
    [['--matrix', 'a'], '--matrix must be NAME=VALUE, not "a"'],
  ])('The command line %j is rejected with "%s"', (args, message) => {
    expect(() => parseTryFlags(args, examples)).toThrow(UsageError)
    expect(() => parseTryFlags(args, examples)).toThrow(message)
  })

  test.each(['--help', '-h'])('The option %s asks for help', (option) => {
    expect(parseTryFlags([option], examples)).toBe(undefined)
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
    for (const [name, description] of Object.entries(faultDescriptions))
      expect(usage).toContain(`${name} ${description}`)
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
    ['on: { push: { branches: [main] } }', 'push', undefined],
    ['on: { push: { branches: [main] } }', 'tag', 'the tag v1.2.3 in branches of push'],
    ['on: { push: { branches: [dev] } }', 'push', 'the branch main in branches of push'],
    ['on: { push: { branches: ["m*", "!main"] } }', 'push', 'the branch main in branches of push'],
    [
      'on: { push: { branches-ignore: [ma?in] } }',
      'push',
      'the branch main in branches-ignore of push',
    ],
    ['on: { push: { tags: ["v*"] } }', 'tag', undefined],
    ['on: { push: { tags: ["v[0-9].*"] } }', 'tag', undefined],
    ['on: { push: { tags: ["v*"] } }', 'push', 'the branch main in tags of push'],
    ['on: { pull_request: { branches: ["**"] } }', 'pull-request', undefined],
    [
      'on: { pull_request: { branches: [release/*] } }',
      'pull-request',
      'the branch main in branches of pull_request',
    ],
    [
      'on: { merge_group: { branches: [dev] } }',
      'merge-group',
      'the branch main in branches of merge_group',
    ],
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
    // Its job has `id-token: write`.
    dependabot: 'planned',
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
    // The storage does not exist, and the role can only plan.
    [['--example', 'drift'], 'CHANGES_FOUND'],
    [['--example', 'drift-issue'], 'CHANGES_FOUND'],
    // The emulator issues the tokens, because the job has no `id-token: write`.
    [['--example', 'emulator'], 'created'],
  ])('With the documented roles, %j results in %s', async (args, expected) => {
    const stdout = await output('--job-seconds', '0', ...args)
    expectResult({ stdout, stderr: '' }, expected)
  })

  test('A run names a missing trigger, and the trust policy of a merged pull request', async () => {
    const missing = 'lacks the type closed of pull_request\n'
    const trust = '\n--- The role that applies has the trust policy of docs/setup.md'
    expect(await output('--event', 'closed')).toContain(missing)
    const fork = await output('--event', 'fork')
    for (const line of [missing, trust]) expect(fork).not.toContain(line)
    const merged = await output('--event', 'merged', '--fault', 'role-refused')
    expect(merged).toContain(trust)
  })
})

describe('npm run try', () => {
  test.each([
    ['nope', 'Unknown example "nope".'],
    ['call-reusable', 'Cannot try examples/call-reusable.yml: no step of this workflow uses'],
    [
      'ambient-credentials',
      'Cannot try examples/ambient-credentials.yml: the step has neither role',
    ],
    ['environments-from-file', 'Cannot try examples/environments-from-file.yml: needs.'],
  ])('The example %s is a usage error, without a stack trace', (name, message) => {
    const { status, stdout, stderr } = run('--example', name)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr.slice(0, message.length)).toBe(message)
    expect(stderr).toContain('npm run try -- --help')
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
    expect(summary).toContain('What to do')
    expect(summary).not.toMatch(/<\w+>/)
    expect(stdout).toContain('docs/errors.md#access_denied')
    expect(stdout).not.toContain('\u001B[')
  })
})
