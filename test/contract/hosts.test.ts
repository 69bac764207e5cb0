/** The bundle connects to the hosts that SECURITY.md lists, for the inputs that it names, and to no others. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { addStorage, defaults } from '../../emulator/emulator.ts'
import type { StepResult } from '../../emulator/runner/step.ts'
import { pullRequest, push } from '../../emulator/runner/events.ts'
import { INPUTS } from '../../src/inputs/read-inputs.ts'
import {
  FAST_SCALE,
  runAction,
  createTestBed,
  defaultInputs,
  type RunActionOptions,
  type TestBed,
} from '../support/run-action.ts'
import { preloadArguments } from '../support/preload.ts'
import { readPage } from '../support/contract/pages.ts'

const TOKEN = 'run-actions-1-azure-eastus.actions.githubusercontent.com:443'
const STS = 'sts.eu-west-1.amazonaws.com:443'
const AMPLIFY = 'amplifybackend.eu-west-1.amazonaws.com:443'
const GITHUB = 'api.github.com:443'

/** What the process has done, each once and in order. */
type Seen = Readonly<{
  end: StepResult
  connections: readonly string[]
  lookUps: readonly string[]
  datagrams: readonly string[]
  processes: readonly string[]
}>

/** No endpoint is redirected: the bundle goes where it goes in a real workflow. */
async function watched(world: TestBed, scenario: RunActionOptions = {}): Promise<Seen> {
  const folder = mkdtempSync(join(tmpdir(), 'hosts-'))
  const file = join(folder, 'hosts')
  writeFileSync(file, '')
  try {
    const end = await runAction(world, {
      ...scenario,
      env: {
        AWS_ENDPOINT_URL: undefined,
        AWS_REGION: undefined,
        ACTIONS_ID_TOKEN_REQUEST_URL: `https://${TOKEN.replace(':443', '')}/idtoken?api-version=2.0`,
        GITHUB_API_URL: 'https://api.github.com/api/v3',
        GITHUB_GRAPHQL_URL: 'https://api.github.com/api/graphql',
        WATCH_FILE: file,
        WATCH_PORT: String(world.emulator.port),
        ...scenario.env,
      },
      nodeArguments: preloadArguments('preload/watched-connections.ts'),
    })
    const lines = [...new Set(readFileSync(file, 'utf8').split('\n'))].sort()
    const of = (kind: string): readonly string[] =>
      lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(kind.length + 1))
    return {
      end,
      connections: of('connection'),
      lookUps: of('look-up'),
      datagrams: of('datagram'),
      processes: of('process'),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A host of the block in SECURITY.md, with what its comment says of when it is needed. */
type Listed = Readonly<{ pattern: string; when: string }>

const listed = ((): readonly Listed[] => {
  const [block] = readPage('SECURITY.md').blocks.filter(({ language }) => language === 'text')
  const lines = (block?.text ?? '').trimEnd().split('\n')
  return lines.flatMap((pattern, index) =>
    pattern.startsWith('#')
      ? []
      : [{ pattern, when: /^# [^:]+: (.*)$/.exec(lines[index - 1] ?? '')?.[1] ?? '' }],
  )
})()

/** The inputs that a line names; undefined where it is for every run. */
function inputsOf({ pattern, when }: Listed): readonly string[] | undefined {
  if (when === 'in every run') return undefined
  const named = /^with ([a-z-]+(?:, [a-z-]+)*(?: or [a-z-]+)?)$/.exec(when)?.[1]?.split(/, | or /)
  if (named === undefined) throw new Error(`SECURITY.md does not say when ${pattern} is needed.`)
  return named
}

/** The inputs that a run heeds, as the page has it. */
function heeded(scenario: RunActionOptions, { outputs }: StepResult): readonly string[] {
  const inputs: NonNullable<RunActionOptions['with']> = { ...defaultInputs, ...scenario.with }
  const given = Object.keys(inputs).filter((name) => inputs[name] !== undefined)
  return outputs['result'] === 'planned'
    ? given
    : given.filter((name) => name !== 'plan-role-to-assume')
}

const matches = (pattern: string, host: string): boolean =>
  pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern

const sorted = (hosts: Iterable<string>): readonly string[] => [...new Set(hosts)].sort()

/** These hosts, which are those that the block has for the inputs, and nothing by another way. */
async function expectHosts(
  world: TestBed,
  scenario: RunActionOptions,
  result: string,
  hosts: readonly string[],
): Promise<void> {
  const { end, ...seen } = await watched(world, scenario)
  expect(end.annotations.filter(({ level }) => level === 'error')).toEqual([])
  expect(end.outputs['result']).toBe(result)
  expect(end.exitCode).toBe(0)
  expect(seen.connections).toEqual(sorted(hosts))

  const inputs = heeded(scenario, end)
  const needed = listed.filter(
    (line) =>
      result !== 'skipped' && (inputsOf(line)?.some((name) => inputs.includes(name)) ?? true),
  )
  const patternOf = (host: string): string =>
    listed.find(({ pattern }) => matches(pattern, host))?.pattern ?? host
  expect(sorted(seen.connections.map(patternOf))).toEqual(
    sorted(needed.map(({ pattern }) => pattern)),
  )

  expect(seen.lookUps.filter((name) => !hosts.includes(`${name}:443`))).toEqual([])
  expect({ datagrams: seen.datagrams, processes: seen.processes }).toEqual({
    datagrams: [],
    processes: [],
  })
}

const newStage = (): Promise<TestBed> => createTestBed({ rules: { jobMs: 0 } }, FAST_SCALE)
const noRole = { 'role-to-assume': undefined, 'plan-role-to-assume': undefined }
const noToken = {
  ACTIONS_ID_TOKEN_REQUEST_URL: undefined,
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: undefined,
}
const withComment = { 'comment-on-pr': 'true' }

describe('a run connects, as SECURITY.md has it, and by no other way, to', () => {
  it('nobody, when it skips, comment or not', async () => {
    const scenario = { event: pullRequest({ action: 'closed' }), with: withComment }
    await expectHosts(await newStage(), scenario, 'skipped', [])
  })

  it('token service, STS and Amplify, when it applies by a role', async () => {
    const scenario = { event: push() }
    await expectHosts(await newStage(), scenario, 'created', [TOKEN, STS, AMPLIFY])
  })

  it('the same, when it does not wait', async () => {
    const scenario = { with: { wait: 'false' } }
    await expectHosts(await newStage(), scenario, 'started', [TOKEN, STS, AMPLIFY])
  })

  it('the same, when it updates', async () => {
    const world = await newStage()
    addStorage(world.emulator.environment(), {
      resourceName: 'media',
      permissions: { authenticated: ['READ'] },
    })
    const scenario = { with: { 'if-exists': 'update' } }
    await expectHosts(world, scenario, 'updated', [TOKEN, STS, AMPLIFY])
  })

  it('the same, when it plans, whichever input has its role', async () => {
    const { planRole } = defaults
    for (const inputs of [
      { 'role-to-assume': undefined, 'plan-role-to-assume': planRole },
      { 'role-to-assume': planRole, 'plan-role-to-assume': undefined },
    ]) {
      const scenario = { event: pullRequest(), with: inputs }
      await expectHosts(await newStage(), scenario, 'planned', [TOKEN, STS, AMPLIFY])
    }
  })

  it('GitHub as well, when it comments', async () => {
    const world = await newStage()
    const scenario = { event: pullRequest(), with: withComment }
    await expectHosts(world, scenario, 'planned', [TOKEN, STS, AMPLIFY, GITHUB])
    expect(world.emulator.calls('createComment')).toHaveLength(1)
  })

  it('GitHub as well, when it looks for the pull request of a push', async () => {
    const world = await newStage()
    const scenario = { event: push(), with: withComment }
    await expectHosts(world, scenario, 'created', [TOKEN, STS, AMPLIFY, GITHUB])
    expect(world.emulator.calls('listPullsOfCommit')).toHaveLength(1)
  })

  it('Amplify alone, with credentials that are there', async () => {
    const world = await newStage()
    const env = { ...noToken, ...world.emulator.ambientEnv }
    await expectHosts(world, { with: noRole, env }, 'created', [AMPLIFY])
  })

  it('Amplify alone, when it applies with them and only plans have a role', async () => {
    const world = await newStage()
    const env = world.emulator.ambientEnv
    const inputs = { 'role-to-assume': undefined }
    await expectHosts(world, { with: inputs, env }, 'created', [AMPLIFY])
  })

  it('STS as well, when their account has to be checked', async () => {
    const world = await newStage()
    const env = { ...noToken, ...world.emulator.ambientEnv }
    const inputs = { ...noRole, 'allowed-account-ids': '111122223333' }
    await expectHosts(world, { with: inputs, env }, 'created', [STS, AMPLIFY])
  })
})

describe('the block in SECURITY.md', () => {
  it('lists each of these hosts, and none beside them', () => {
    const hosts = [TOKEN, STS, AMPLIFY, GITHUB]
    const found = hosts.map((host) => listed.filter(({ pattern }) => matches(pattern, host)))
    expect(found.map(({ length }) => length)).toEqual([1, 1, 1, 1])
    expect(listed).toHaveLength(hosts.length)
  })

  it('says of each when it is needed, by inputs that there are', () => {
    const known: readonly string[] = INPUTS.map(({ name }) => name)
    const named = listed.flatMap((line) => inputsOf(line) ?? [])
    expect(named.length).toBeGreaterThan(0)
    expect(named.filter((name) => !known.includes(name))).toEqual([])
  })

  it('is for runs that are not skipped, and heeds the role of plans in plans only', () => {
    const text = readPage('SECURITY.md').text.replace(/\s+/g, ' ')
    expect(text).toContain('A run that is skipped connects to none of them')
    expect(text).toContain('`plan-role-to-assume` counts in plans only')
  })
})

describe('the watch over a process sees', () => {
  type Kind = Exclude<keyof Seen, 'end'>
  const self = process.execPath

  it.each<[string, string, Kind, string]>([
    [
      'a connection',
      "(await import('node:net')).connect(9, '127.0.0.1').on('error', () => {})",
      'connections',
      '127.0.0.1:9',
    ],
    [
      'a fetch',
      "await fetch('https://asked.invalid/').catch(() => {})",
      'connections',
      'asked.invalid:443',
    ],
    [
      'HTTP/2',
      "(await import('node:http2')).connect('https://asked.invalid').on('error', () => {})",
      'connections',
      'asked.invalid:443',
    ],
    [
      'a look-up',
      "(await import('node:dns')).lookup('localhost', () => {})",
      'lookUps',
      'localhost',
    ],
    [
      'a look-up that is promised',
      "await (await import('node:dns/promises')).lookup('localhost')",
      'lookUps',
      'localhost',
    ],
    [
      'a question to a name server',
      "(await import('node:dns')).resolveTxt('asked.invalid', () => {})",
      'lookUps',
      'asked.invalid',
    ],
    [
      'a question by a resolver of its own',
      "new (await import('node:dns')).Resolver().resolve4('asked.invalid', () => {})",
      'lookUps',
      'asked.invalid',
    ],
    [
      'a datagram',
      "(await import('node:dgram')).createSocket('udp4').send('x', 9, '127.0.0.1')",
      'datagrams',
      'x 9 127.0.0.1',
    ],
    [
      'a process',
      "(await import('node:child_process')).execFile(process.execPath, ['--version'], () => {})",
      'processes',
      self,
    ],
    ...['spawnSync', 'execFileSync'].map((name): [string, string, Kind, string] => [
      `a process that is waited for (${name})`,
      `(await import('node:child_process')).${name}(process.execPath, ['--version'])`,
      'processes',
      self,
    ]),
    [
      'a command of a shell',
      "(await import('node:child_process')).execSync('exit 0')",
      'processes',
      'exit 0',
    ],
  ])('%s', async (_, code, kind, what) => {
    const folder = mkdtempSync(join(tmpdir(), 'reaching-out-'))
    try {
      const bundle = join(folder, 'reaching-out.mjs')
      // It does not wait for answers from where there is nobody.
      writeFileSync(bundle, `${code}\nsetTimeout(() => process.exit(), 50)\n`)
      const seen = await watched(await newStage(), { bundle })
      expect(seen[kind]).toContain(what)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
