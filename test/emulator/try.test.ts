/** `npm run try`: what it takes, what it refuses, and what it shows. */
import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { describe, expect, test } from 'vitest'

import { parseTryFlags, tryUsage, type TryFlags } from '../../emulator/cli/try-flags.ts'
import {
  parseTriggers,
  missingTrigger,
  defaultEvent,
  type Triggers,
} from '../../emulator/runner/triggers.ts'
import { UsageError } from '../../emulator/cli/flags.ts'
import { defaults } from '../../emulator/lib/defaults.ts'
import { eventsByName, type EventName } from '../../emulator/runner/events.ts'
import { pollDelayMs } from '../../src/storage/jobs/polling.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const examples = ['plan-and-apply', 'reusable']

const parsed = (...args: string[]): TryFlags | undefined => parseTryFlags(args, examples)

function refused(...args: string[]): string {
  try {
    parsed(...args)
  } catch (error) {
    if (error instanceof UsageError) return error.message
    throw error
  }
  throw new Error('It was taken.')
}

function run(...args: string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [join(root, 'emulator/cli/try.ts'), ...args], {
    encoding: 'utf8',
    timeout: 60_000,
  })
}

/** What a run prints, while others run. */
function output(...args: string[]): Promise<string> {
  const cli = join(root, 'emulator/cli/try.ts')
  return text(
    spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'inherit'] }).stdout,
  )
}

describe('the command line of a try', () => {
  test('may be empty', () => {
    expect(parsed()).toEqual({
      example: 'plan-and-apply',
      event: undefined,
      fault: undefined,
      twice: false,
      jobMs: 3_000,
    })
  })

  test('says which example, event and fault', () => {
    const args = ['--example', 'reusable', '--event', 'merged', '--fault', '429', '--twice']
    expect(parsed(...args, '--job-seconds', '0.5')).toEqual({
      example: 'reusable',
      event: 'merged',
      fault: '429',
      twice: true,
      jobMs: 500,
    })
  })

  test.each(['nope', '', '../README', 'reusable.yml', 'toString'])(
    'that asks for the example %j is refused with the rule and the known ones',
    (name) => {
      expect(refused('--example', name)).toBe(
        `--example must be the name of a workflow in examples/, without .yml, not '${name}'; there are: plan-and-apply, reusable`,
      )
    },
  )

  test.each(['nope', '', 'toString'])('that asks for the event %j is refused', (name) => {
    expect(refused('--event', name)).toMatch(
      new RegExp(`^--event must be an event, not '${name}'; there are: push, pull-request, .*tag$`),
    )
  })

  test.each(['nope', '', 'toString'])('that asks for the fault %j is refused', (name) => {
    expect(refused('--fault', name)).toMatch(
      new RegExp(`^--fault must be a fault, not '${name}'; there are: .*, role-refused$`),
    )
  })

  test.each(['soon', '-1', '3601', ''])('that lets jobs take %j seconds is refused', (seconds) => {
    expect(refused(`--job-seconds=${seconds}`)).toBe(
      `--job-seconds must be a number from 0 to 3600, not '${seconds}'`,
    )
  })
})

describe('the help of a try', () => {
  const usage = tryUsage(examples)

  test('fits a terminal', () => {
    expect(usage.split('\n').filter((line) => line.length > 104)).toEqual([])
  })

  test('names every example, event and fault', () => {
    for (const name of ['reusable', 'merge-group', '504-late-effect']) expect(usage).toContain(name)
  })

  test('says what the emulator knows, and what becomes of the rest', () => {
    const { appId, accountId } = defaults
    for (const text of [appId, accountId, 'dev and prod', 'ROLE_REFUSED', 'examples/NAME.yml']) {
      expect(usage).toContain(text)
    }
  })

  test('says whom the roles trust', () => {
    expect(usage).toContain('docs/setup.md')
    expect(usage).toContain('--event merged')
  })

  test('says from when on the length of a job shows', () => {
    const seconds = pollDelayMs(0, () => 0.5) / 1000
    expect(usage.replace(/\s+/g, ' ')).toContain(
      `first looks at a job after about ${seconds} seconds`,
    )
  })
})

describe('the triggers of a workflow', () => {
  const example = (name: string): Triggers =>
    parseTriggers(readFileSync(join(root, 'examples', `${name}.yml`), 'utf8'))

  test.each([
    ['plan-and-apply', 'push'],
    ['merged-pull-request', 'merged'],
    // What only others call is started by nothing.
    ['reusable', 'push'],
  ])('start %s by %s when nothing is said', (name, event) => {
    expect(defaultEvent(example(name))).toBe(event)
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
  ])('%j do not name, for %s: %s', (workflow, event, missing) => {
    expect(missingTrigger(parseTriggers(workflow), eventsByName[event]())).toBe(missing)
  })
})

describe.concurrent('an event', () => {
  /** What a user gets whose roles are those of docs/setup.md; what is red has a code. */
  const ends: Readonly<Record<EventName, string>> = {
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
  const given = Object.entries(ends).map(([event, end]): [string, string[], string] => [
    event,
    ['--event', event],
    end,
  ])

  test.each([
    ...given,
    ['of the example for merges', ['--example', 'merged-pull-request'], 'created'],
    [
      'before the merge',
      ['--example', 'merged-pull-request', '--event', 'pull-request'],
      'planned',
    ],
  ])('%s ends as the documentation says', async (_, args, end) => {
    const stdout = await output('--job-seconds', '0', ...args)
    const [, result = '', code = ''] = /^result=(.*)$[^]*^error-code=(.*)$/m.exec(stdout) ?? []
    expect(result === 'failed' ? code : result, stdout).toBe(end)
  })

  test('that the workflow does not name is told of', async () => {
    expect(await output('--event', 'closed')).toContain(
      '\n--- GitHub would not start it, since its `on:` lacks the type closed of pull_request\n',
    )
    expect(await output('--event', 'fork')).not.toContain('would not start')
  })

  test('of a merge comes with the trust for it, which is told', async () => {
    const told =
      '\n--- amplify-storage-apply trusts what docs/setup.md says for merged pull requests\n'
    expect(await output('--event', 'merged', '--fault', 'role-refused')).toContain(told)
    expect(await output('--event', 'fork')).not.toContain(told)
  })
})

describe('the command', () => {
  test('refuses an example that is not there as any other mistake', () => {
    const { status, stdout, stderr } = run('--example', 'nope')
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^--example must be .*not 'nope'; there are: .*plan-and-apply/)
    expect(stderr).toContain('Usage: npm run try')
    expect(stderr).not.toContain('    at ')
  })

  test('refuses a workflow in which no step uses the action', () => {
    const { status, stderr } = run('--example', 'call-reusable')
    expect(status).toBe(2)
    expect(stderr).toMatch(
      /^examples\/call-reusable\.yml cannot be tried: no step of this workflow uses the action\n/,
    )
    expect(stderr).not.toContain('    at ')
  })

  test('shows the log, the outputs and the summary, each as what it is', () => {
    const { status, stdout, stderr } = run('--fault', 'access-denied')
    expect([status, stderr]).toEqual([1, ''])
    const parts = stdout.split(/^--- (.*)$/m)
    expect(parts.filter((_, index) => index % 2 === 1)).toEqual([
      'examples/plan-and-apply.yml on push, with access-denied',
      'exit code 1; outputs:',
      'step summary, as Markdown and HTML; GitHub shows it on the page of the run:',
    ])
    const [, , log = '', , outputs = '', , summary = ''] = parts
    const resource = 'arn:aws:amplifybackend:eu-west-1:111122223333:/backend/d1a2b3c4d5e6f7'
    // As AWS words it: who, what, on what.
    expect(log).toMatch(
      new RegExp(
        `User: arn:aws:sts::111122223333:assumed-role/amplify-storage-apply/\\S+ is not authorized to perform: amplifybackend:CreateBackendStorage on resource: ${resource}/`,
      ),
    )
    expect(log).toContain(`Allow amplifybackend:CreateBackendStorage on ${resource}/* for the role`)
    expect(outputs).toContain('\nerror-code=ACCESS_DENIED\n')
    // What was to be created is told, although it was refused.
    expect(outputs).toContain('\nchanges=[{"field":"resource-name","from":null,"to":"media"},')
    expect(summary).toContain('<b>What to do</b>')
  })
})
