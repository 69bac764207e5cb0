/** What the bundle may weigh and ask for; a change that goes beyond it has to say so here. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

import { addStorage } from '../../emulator/emulator.ts'
import { pullRequest } from '../../emulator/runner/events.ts'
import {
  runAction,
  createTestBed,
  type RunActionOptions,
  type TestBed,
} from '../support/run-action.ts'

const dist = fileURLToPath(new URL('../../dist', import.meta.url))
const files = readdirSync(dist)
const sizeOf = (name: string): number => statSync(join(dist, name)).size
const sum = (values: readonly number[]): number => values.reduce((one, other) => one + other, 0)

describe('the bundle', () => {
  it('is below 1.2 MB, and below 345 kB as a runner fetches it', () => {
    expect(sum(files.map(sizeOf))).toBeLessThan(1_200_000)
    expect(sum(files.map((name) => gzipSync(readFileSync(join(dist, name))).length))).toBeLessThan(
      345_000,
    )
  })

  it('starts with a file below 10 kB, which Node parses more than once, and has at most 24 files', () => {
    expect(sizeOf('index.js')).toBeLessThan(10_000)
    expect(files.length).toBeLessThanOrEqual(24)
  })
})

const existing = ({ emulator }: TestBed): void => {
  addStorage(emulator.environment(), {
    resourceName: 'media',
    permissions: { authenticated: ['READ', 'CREATE_AND_UPDATE', 'DELETE'] },
  })
}

type Kind = Readonly<{
  name: string
  prepare?: (world: TestBed) => void
  scenario: RunActionOptions
  requests: readonly string[]
}>

const kinds: readonly Kind[] = [
  {
    name: 'a create that does not wait',
    scenario: { with: { wait: 'false' } },
    requests: [
      'token',
      'AssumeRoleWithWebIdentity',
      'GetBackendStorage',
      'GetBackend',
      'CreateBackendStorage',
    ],
  },
  {
    name: 'a create that waits for a job of no time',
    scenario: {},
    requests: [
      'token',
      'AssumeRoleWithWebIdentity',
      'GetBackendStorage',
      'GetBackend',
      'CreateBackendStorage',
      'GetBackendJob',
      'GetBackendStorage',
      // What was read before the create does not know the bucket yet.
      'GetBackend',
    ],
  },
  {
    name: 'a plan of a create',
    scenario: { event: pullRequest() },
    requests: ['token', 'AssumeRoleWithWebIdentity', 'GetBackendStorage', 'GetBackend'],
  },
  {
    name: 'a re-run',
    prepare: existing,
    scenario: {},
    requests: [
      'token',
      'AssumeRoleWithWebIdentity',
      'GetBackendStorage',
      'ListBackendJobs',
      // For the name of the bucket.
      'GetBackend',
    ],
  },
  {
    name: 'a run whose input is wrong',
    scenario: { with: { 'app-id': '../x' } },
    requests: [],
  },
]

describe('the requests of', () => {
  it.each(kinds)('$name', async ({ prepare, scenario, requests }) => {
    const world = await createTestBed({ rules: { jobMs: 0 } })
    prepare?.(world)
    await runAction(world, scenario)
    expect(world.emulator.requests.map(({ operation }) => operation)).toEqual(requests)
  })
})
