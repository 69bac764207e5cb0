/** The bundle connects to the hosts that SECURITY.md lists for the inputs of the run, and to no others. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { defaults } from '../../emulator/emulator.ts'
import { pullRequest } from '../../emulator/runner/events.ts'
import type { StepResult } from '../../emulator/runner/step.ts'
import { INPUTS } from '../../src/inputs/definitions.ts'
import { readPage } from '../support/contract/pages.ts'
import { addMedia } from '../support/emulator-state.ts'
import { preloadArguments } from '../support/preload.ts'
import {
  createTestBed,
  defaultInputs,
  runAction,
  withoutIdToken,
  withoutRole,
  type RunActionOptions,
  type TestBed,
} from '../support/run-action.ts'

const TOKEN = 'run-actions-1-azure-eastus.actions.githubusercontent.com:443'
const STS = 'sts.eu-west-1.amazonaws.com:443'
const AMPLIFY = 'amplifybackend.eu-west-1.amazonaws.com:443'
const GITHUB = 'api.github.com:443'

type Watched = Readonly<{
  result: StepResult
  connections: readonly string[]
  lookUps: readonly string[]
  datagrams: readonly string[]
  processes: readonly string[]
}>

/** Runs the bundle with AWS's and GitHub's own endpoints, and records how the process reaches out. */
async function runWatched(testBed: TestBed, options: RunActionOptions = {}): Promise<Watched> {
  const folder = mkdtempSync(join(tmpdir(), 'hosts-'))
  const file = join(folder, 'hosts')
  writeFileSync(file, '')
  try {
    const result = await runAction(testBed, {
      ...options,
      env: {
        AWS_ENDPOINT_URL: undefined,
        AWS_REGION: undefined,
        ACTIONS_ID_TOKEN_REQUEST_URL: `https://${TOKEN.replace(':443', '')}/idtoken?api-version=2.0`,
        GITHUB_API_URL: 'https://api.github.com/api/v3',
        GITHUB_GRAPHQL_URL: 'https://api.github.com/api/graphql',
        WATCH_FILE: file,
        WATCH_PORT: String(testBed.emulator.port),
        ...options.env,
      },
      nodeArguments: preloadArguments('preload/watched-connections.ts'),
    })
    const lines = [...new Set(readFileSync(file, 'utf8').split('\n'))].sort()
    const recorded = (kind: string): readonly string[] =>
      lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(kind.length + 1))
    return {
      result,
      connections: recorded('connection'),
      lookUps: recorded('look-up'),
      datagrams: recorded('datagram'),
      processes: recorded('process'),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A line of the block in SECURITY.md; `inputs` is undefined if every run connects to the host. */
type ListedHost = Readonly<{ pattern: string; inputs: readonly string[] | undefined }>

const listedHosts = ((): readonly ListedHost[] => {
  const [block] = readPage('SECURITY.md').blocks.filter(({ language }) => language === 'text')
  const lines = (block?.text ?? '').trimEnd().split('\n')
  return lines.flatMap((pattern, index) =>
    pattern.startsWith('#') ? [] : [{ pattern, inputs: parseComment(lines[index - 1] ?? '') }],
  )
})()

function parseComment(comment: string): readonly string[] | undefined {
  if (/^# [^:]+: in every run$/.test(comment)) return undefined
  const [, names] = /^# [^:]+: with ([a-z-]+(?:, [a-z-]+)*(?: or [a-z-]+)?)$/.exec(comment) ?? []
  if (names === undefined) throw new Error(`SECURITY.md: unknown condition "${comment}"`)
  return names.split(/, | or /)
}

const matches = (pattern: string, host: string): boolean =>
  pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern

/** The lines of SECURITY.md for a run. `plan-role-to-assume` only counts in plans. */
function expectedPatterns({ with: inputs }: RunActionOptions, result: string): readonly string[] {
  if (result === 'skipped') return []
  const all: NonNullable<RunActionOptions['with']> = { ...defaultInputs, ...inputs }
  const given = Object.keys(all)
    .filter((name) => (all[name] ?? '') !== '')
    .filter((name) => result === 'planned' || name !== 'plan-role-to-assume')
  return listedHosts
    .filter(({ inputs: needed }) => needed?.some((name) => given.includes(name)) ?? true)
    .map(({ pattern }) => pattern)
}

const withComment = { 'comment-on-pr': 'true' }
const { planRole } = defaults

const session = [TOKEN, STS, AMPLIFY]
const asPlan = { 'role-to-assume': undefined, 'plan-role-to-assume': planRole }
const asOnlyRole = { 'role-to-assume': planRole, 'plan-role-to-assume': undefined }
const plan = pullRequest()

/** The options of a run that has credentials of the job, and cannot request a token. */
const ambient =
  (inputs: NonNullable<RunActionOptions['with']>) =>
  ({ emulator }: TestBed): RunActionOptions => ({
    with: { ...withoutRole, ...inputs },
    env: { ...withoutIdToken, ...emulator.ambientEnv },
  })

type Case = readonly [
  title: string,
  result: string,
  hosts: readonly string[],
  options: (testBed: TestBed) => RunActionOptions,
]

const cases: readonly Case[] = [
  [
    'A skipped run, even with comment-on-pr',
    ...(['skipped', []] as const),
    () => ({ event: pullRequest({ action: 'closed' }), with: withComment }),
  ],
  ['An apply with a role', 'created', session, () => ({})],
  ['An apply that does not wait', 'started', session, () => ({ with: { wait: 'false' } })],
  [
    'An update',
    ...(['updated', session] as const),
    ({ emulator }) => {
      addMedia(emulator)
      return { with: { 'if-exists': 'update' } }
    },
  ],
  ['A plan with plan-role-to-assume', 'planned', session, () => ({ event: plan, with: asPlan })],
  ['A plan with role-to-assume', 'planned', session, () => ({ event: plan, with: asOnlyRole })],
  [
    'A plan that comments',
    ...(['planned', [...session, GITHUB]] as const),
    () => ({ event: plan, with: withComment }),
  ],
  [
    'An apply that looks for the pull request of its push',
    ...(['created', [...session, GITHUB]] as const),
    () => ({ with: withComment }),
  ],
  ['An apply with credentials of the job', 'created', [AMPLIFY], ambient({})],
  [
    'An apply with credentials of the job and a role for plans',
    ...(['created', [AMPLIFY]] as const),
    ({ emulator }) => ({ with: { 'role-to-assume': undefined }, env: emulator.ambientEnv }),
  ],
  [
    'An apply with credentials of the job and allowed-account-ids',
    ...(['created', [STS, AMPLIFY]] as const),
    ambient({ 'allowed-account-ids': '111122223333' }),
  ],
]

describe('The hosts of a run', () => {
  it.each(cases)('%s: the result is %s and the hosts are %j', async (_, result, hosts, options) => {
    const testBed = await createTestBed({ rules: { jobMs: 0 } })
    const resolved = options(testBed)
    const watched = await runWatched(testBed, resolved)

    expect(watched.result.outputs['result']).toBe(result)
    expect(watched.result.exitCode).toBe(0)
    expect(watched.connections).toEqual(hosts.toSorted())
    const patterns = hosts.map(
      (host) => listedHosts.find(({ pattern }) => matches(pattern, host))?.pattern,
    )
    expect(patterns.toSorted()).toEqual(expectedPatterns(resolved, result).toSorted())
    expect(watched.lookUps.filter((name) => !hosts.includes(`${name}:443`))).toEqual([])
    expect(watched.datagrams).toEqual([])
    expect(watched.processes).toEqual([])
  })

  it('SECURITY.md lists each of these hosts once, no others, and names only known inputs', () => {
    const found = [TOKEN, STS, AMPLIFY, GITHUB].map((host) =>
      listedHosts.filter(({ pattern }) => matches(pattern, host)),
    )
    expect(found.map(({ length }) => length)).toEqual([1, 1, 1, 1])
    expect(listedHosts).toHaveLength(4)
    const known: readonly string[] = INPUTS.map(({ name }) => name)
    const named = listedHosts.flatMap(({ inputs = [] }) => inputs)
    expect(named.filter((name) => !known.includes(name))).toEqual([])
  })
})

describe('The recording of connections', () => {
  const use = (name: string, call: string): string => `(await import('node:${name}')).${call}`
  const node = process.execPath

  it.each<[string, string, Exclude<keyof Watched, 'result'>, string]>([
    [
      'a fetch',
      "await fetch('https://host.invalid/').catch(() => {})",
      ...(['connections', 'host.invalid:443'] as const),
    ],
    [
      'an HTTP/2 session',
      use('http2', "connect('https://host.invalid').on('error', () => {})"),
      ...(['connections', 'host.invalid:443'] as const),
    ],
    [
      'a socket',
      use('net', "connect(9, '127.0.0.1').on('error', () => {})"),
      ...(['connections', '127.0.0.1:9'] as const),
    ],
    ['a lookup', use('dns', "lookup('localhost', () => {})"), 'lookUps', 'localhost'],
    [
      'a DNS query',
      `new ${use('dns', "Resolver().resolve4('host.invalid', () => {})")}`,
      ...(['lookUps', 'host.invalid'] as const),
    ],
    [
      'a datagram',
      use('dgram', "createSocket('udp4').send('x', 9, '127.0.0.1')"),
      ...(['datagrams', 'x 9 127.0.0.1'] as const),
    ],
    [
      'a process',
      use('child_process', "execFile(process.execPath, ['-v'], () => {})"),
      ...(['processes', node] as const),
    ],
    [
      'a synchronous process',
      use('child_process', "spawnSync(process.execPath, ['-v'])"),
      ...(['processes', node] as const),
    ],
    ['a shell command', use('child_process', "execSync('exit 0')"), 'processes', 'exit 0'],
  ])('The recording includes %s', async (_, code, kind, expected) => {
    const folder = mkdtempSync(join(tmpdir(), 'recording-'))
    try {
      const bundle = join(folder, 'recording.mjs')
      // Nobody answers, so the process does not wait.
      writeFileSync(bundle, `${code}\nsetTimeout(() => process.exit(), 50)\n`)
      const watched = await runWatched(await createTestBed(), { bundle })
      expect(watched[kind]).toContain(expected)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
