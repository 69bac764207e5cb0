/** The bundle connects to the hosts that SECURITY.md lists, for the inputs that it names, and to no others. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { pullRequest, push } from '../../emulator/workflow/events.ts'
import { FAST, runAction, stage, type Scenario, type Stage } from '../kit/action.ts'
import { preload } from '../kit/preload.ts'
import { readPage } from './kit/markdown.ts'

const TOKEN = 'run-actions-1-azure-eastus.actions.githubusercontent.com:443'
const STS = 'sts.eu-west-1.amazonaws.com:443'
const AMPLIFY = 'amplifybackend.eu-west-1.amazonaws.com:443'
const GITHUB = 'api.github.com:443'

/** No endpoint is redirected: the bundle goes where it goes in a real workflow. */
async function hostsOf(world: Stage, scenario: Scenario = {}): Promise<readonly string[]> {
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
      nodeArguments: preload('../contract/kit/watched-connections.ts'),
    })
    expect(end.annotations.filter(({ level }) => level === 'error')).toEqual([])
    expect(end.exitCode).toBe(0)
    return [...new Set(readFileSync(file, 'utf8').split('\n').filter(Boolean))].sort()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const sorted = (...hosts: readonly string[]): readonly string[] => [...hosts].sort()

const newStage = (): Promise<Stage> => stage({ rules: { jobMs: 0 } }, FAST)
const noRole = { 'role-to-assume': undefined, 'plan-role-to-assume': undefined }
const noToken = {
  ACTIONS_ID_TOKEN_REQUEST_URL: undefined,
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: undefined,
}

describe('a run connects to', () => {
  it('nobody, when it skips', async () => {
    const event = pullRequest({ action: 'closed' })
    expect(await hostsOf(await newStage(), { event })).toEqual([])
  })

  it('token service, STS and Amplify, when it applies by a role', async () => {
    const hosts = await hostsOf(await newStage(), { event: push() })
    expect(hosts).toEqual(sorted(TOKEN, STS, AMPLIFY))
  })

  it('the same, when it plans', async () => {
    const hosts = await hostsOf(await newStage(), { event: pullRequest() })
    expect(hosts).toEqual(sorted(TOKEN, STS, AMPLIFY))
  })

  it('GitHub as well, when it comments', async () => {
    const world = await newStage()
    const scenario = { event: pullRequest(), with: { 'comment-on-pr': 'true' } }
    expect(await hostsOf(world, scenario)).toEqual(sorted(TOKEN, STS, AMPLIFY, GITHUB))
    expect(world.emulator.calls('createComment')).toHaveLength(1)
  })

  it('Amplify alone, with credentials that are there', async () => {
    const world = await newStage()
    const env = { ...noToken, ...world.emulator.ambientEnv }
    expect(await hostsOf(world, { with: noRole, env })).toEqual([AMPLIFY])
  })

  it('STS as well, when their account has to be checked', async () => {
    const world = await newStage()
    const env = { ...noToken, ...world.emulator.ambientEnv }
    const inputs = { ...noRole, 'allowed-account-ids': '111122223333' }
    expect(await hostsOf(world, { with: inputs, env })).toEqual(sorted(STS, AMPLIFY))
  })
})

describe('the block in SECURITY.md', () => {
  const [block] = readPage('SECURITY.md').blocks.filter(({ language }) => language === 'text')
  const patterns = (block?.text ?? '').split('\n').filter((line) => /^[^#\s]/.test(line))
  const matches = (pattern: string, host: string): boolean =>
    pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern

  it('lists each of these hosts, and none beside them', () => {
    const hosts = [TOKEN, STS, AMPLIFY, GITHUB]
    for (const host of hosts) expect(patterns.some((each) => matches(each, host))).toBe(true)
    for (const each of patterns) expect(hosts.some((host) => matches(each, host))).toBe(true)
  })
})
