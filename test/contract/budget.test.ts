/** Limits for the size of the bundle and for the requests of a run. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
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
import { root } from '../support/contract/pages.ts'

const dist = join(root, 'dist')
const files = readdirSync(dist)
const sizeOf = (name: string): number => statSync(join(dist, name)).size
const sum = (values: readonly number[]): number => values.reduce((one, other) => one + other, 0)

describe('The size of the bundle', () => {
  it('All files have less than 1.2 MB, and less than 345 kB compressed', () => {
    expect(sum(files.map(sizeOf))).toBeLessThan(1_200_000)
    const compressed = files.map((name) => gzipSync(readFileSync(join(dist, name))).length)
    expect(sum(compressed)).toBeLessThan(345_000)
  })

  it('There are at most 24 files, and the entry has less than 10 kB', () => {
    expect(files.length).toBeLessThanOrEqual(24)
    expect(sizeOf('index.js')).toBeLessThan(10_000)
  })
})

type Case = Readonly<{
  title: string
  prepare?: (stage: TestBed) => void
  scenario: RunActionOptions
  requests: readonly string[]
}>

const session = ['token', 'AssumeRoleWithWebIdentity']

const cases: readonly Case[] = [
  {
    title: 'A create that does not wait sends five requests',
    scenario: { with: { wait: 'false' } },
    requests: [...session, 'GetBackendStorage', 'GetBackend', 'CreateBackendStorage'],
  },
  {
    title: 'A create whose job ends at once sends eight requests',
    scenario: {},
    requests: [
      ...[...session, 'GetBackendStorage', 'GetBackend', 'CreateBackendStorage', 'GetBackendJob'],
      // The response before the create does not have the name of the bucket.
      ...['GetBackendStorage', 'GetBackend'],
    ],
  },
  {
    title: 'A plan of a create sends four requests',
    scenario: { event: pullRequest() },
    requests: [...session, 'GetBackendStorage', 'GetBackend'],
  },
  {
    title: 'A second run with the same inputs sends five requests',
    prepare: ({ emulator }) => {
      addStorage(emulator.environment(), {
        resourceName: 'media',
        permissions: { authenticated: ['READ', 'CREATE_AND_UPDATE', 'DELETE'] },
      })
    },
    scenario: {},
    // GetBackend has the name of the bucket.
    requests: [...session, 'GetBackendStorage', 'ListBackendJobs', 'GetBackend'],
  },
  {
    title: 'A run with an invalid input sends no request',
    scenario: { with: { 'app-id': '../x' } },
    requests: [],
  },
]

describe('The requests of a run', () => {
  it.each(cases)('$title', async ({ prepare, scenario, requests }) => {
    const testBed = await createTestBed({ rules: { jobMs: 0 }, scale: 1 })
    prepare?.(testBed)
    await runAction(testBed, scenario)
    expect(testBed.emulator.requests.map(({ operation }) => operation)).toEqual(requests)
  })
})
