/** Limits for the size of the bundle and for the requests of a run. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

import { pullRequest } from '../../emulator/runner/events.ts'
import { addMedia, ALL } from '../support/emulator-state.ts'
import { createTestBed, runAction, type RunActionOptions } from '../support/run-action.ts'
import { root } from '../support/contract/pages.ts'

const dist = join(root, 'dist')
const files = readdirSync(dist)
const sizeOf = (name: string): number => statSync(join(dist, name)).size
const sum = (values: readonly number[]): number => values.reduce((one, other) => one + other, 0)

describe('The size of the bundle', () => {
  it('All files have less than 1.3 MB, and less than 365 kB compressed', () => {
    expect(sum(files.map(sizeOf))).toBeLessThan(1_300_000)
    const compressed = files.map((name) => gzipSync(readFileSync(join(dist, name))).length)
    expect(sum(compressed)).toBeLessThan(365_000)
  })

  it('There are at most 24 files, and the entry has less than 10 kB', () => {
    expect(files.length).toBeLessThanOrEqual(24)
    expect(sizeOf('index.js')).toBeLessThan(10_000)
  })
})

const session = ['token', 'AssumeRoleWithWebIdentity']
const reads = ['GetBackendStorage', 'GetBackend']

const cases: readonly (readonly [
  title: string,
  requests: readonly string[],
  options: RunActionOptions,
  exists: boolean,
])[] = [
  [
    'A create whose job ends at once sends eight requests',
    // The response before the create does not have the name of the bucket.
    [...session, ...reads, 'CreateBackendStorage', 'GetBackendJob', ...reads],
    {},
    false,
  ],
  [
    'A plan of a create sends four requests',
    [...session, ...reads],
    { event: pullRequest() },
    false,
  ],
  [
    'A second run with the same inputs sends six requests',
    // The storage is read again after the jobs, and GetBackend has the name of the bucket.
    [...session, 'GetBackendStorage', 'ListBackendJobs', 'GetBackendStorage', 'GetBackend'],
    {},
    true,
  ],
  ['A run with an invalid input sends no request', [], { with: { 'app-id': '../x' } }, false],
]

describe('The requests of a run', () => {
  it.each(cases)('%s', async (_, requests, options, exists) => {
    const { emulator, ...bed } = await createTestBed({ rules: { jobMs: 0 }, scale: 1 })
    if (exists) addMedia(emulator, { permissions: { authenticated: [...ALL] } })
    await runAction({ emulator, ...bed }, options)
    expect(emulator.requests.map(({ operation }) => operation)).toEqual(requests)
  })
})
