import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { startEmulator, type Emulator } from '../../emulator/emulator.ts'
import { errorsPage } from '../../scripts/docs-errors.ts'
import { ERROR_CATALOG } from '../../src/errors/catalog.ts'
import { generateInputSets, take } from '../support/random-inputs.ts'
import { injectionPoints } from '../support/hostile-text.ts'
import { errorsPageText, isOnThePage, sectionOf, sections } from '../support/errors-page.ts'
import { fastClock, runInProcess, type InProcessOptions } from '../support/run-in-process.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('the page of all errors', () => {
  it('is what the source makes it: run "npm run docs"', { timeout: 60_000 }, async () => {
    expect(errorsPageText).toBe(await errorsPage(root))
  })

  it('has every code with its cause and what to do, in the order of the catalogue', () => {
    expect(sections.map(({ title }) => title)).toEqual([
      ...Object.keys(ERROR_CATALOG),
      'With several codes',
    ])
    for (const [code, { cause, remedy }] of Object.entries(ERROR_CATALOG)) {
      expect(sectionOf(code)?.text).toContain(`\n\n${cause}\n\n**What to do**: ${remedy}\n`)
      expect(sectionOf(code)?.sentences.length, code).toBeGreaterThan(0)
    }
  })

  it('misses no code that the source names', () => {
    const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(root, 'src', name), 'utf8'))
      .join('\n')
    const named = [...sources.matchAll(/(?:ActionError|error|refuse)\(\s*'([A-Z_]+)'/g)]
    expect(named.length).toBeGreaterThan(30)
    for (const [, code = ''] of named) expect(sectionOf(code), code).toBeDefined()
  })
})

describe('a red run', () => {
  let emulator: Emulator
  beforeAll(async () => {
    emulator = await startEmulator({ rules: { jobMs: 0 } })
    // The SDK reads these by itself.
    vi.stubEnv('AWS_ENDPOINT_URL', emulator.url)
    vi.stubEnv('AWS_CONFIG_FILE', '/dev/null')
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null')
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await emulator.stop()
  })

  /** Runs, and looks the error up. Gives its code, or nothing for a green run. */
  async function lookedUp(scenario: InProcessOptions): Promise<string | undefined> {
    const { outcome } = await runInProcess({
      ...scenario,
      with: { 'max-attempts': '2', 'timeout-in-minutes': '6', ...scenario.with },
      env: { ...emulator.env, ...scenario.env },
      clock: fastClock(200),
    })
    if (!('error' in outcome)) return undefined
    const { code, message } = outcome.error
    expect(isOnThePage(code, message), `${code}: ${message}`).toBe(true)
    return code
  }

  it('says nothing that is not on the page', { timeout: 60_000 }, async () => {
    const seen = new Set<string | undefined>()
    for (const text of ['', 'no luck', 'already exists', 'is not authorized to perform: s3:PutX']) {
      for (const channel of Object.values(injectionPoints)) {
        emulator.reset()
        seen.add(await lookedUp(channel(emulator, text)))
      }
    }
    for (const set of take(generateInputSets(1), 20)) seen.add(await lookedUp(set))
    const statuses: readonly (readonly [number, string?])[] = [
      [403, 'ExpiredTokenException'],
      [403, 'UnrecognizedClientException'],
      [404],
      [409],
      [418],
      [429],
      [500],
      [504],
    ]
    for (const [status, name] of statuses) {
      emulator.reset()
      emulator.injectFault({
        operation: 'CreateBackendStorage',
        kind: 'status',
        status,
        name,
        times: 'always',
      })
      seen.add(await lookedUp({}))
    }
    const ambient = { 'role-to-assume': '', 'plan-role-to-assume': '' }
    const withoutToken = { ACTIONS_ID_TOKEN_REQUEST_URL: '' }
    seen.add(await lookedUp({ with: ambient }))
    seen.add(await lookedUp({ with: ambient, env: withoutToken }))
    seen.add(await lookedUp({ env: withoutToken }))
    seen.add(await lookedUp({ with: { 'backend-environment-name': 'nowhere' } }))
    seen.delete(undefined)
    expect([...seen].toSorted()).toEqual(
      expect.arrayContaining([
        'ACCESS_DENIED',
        'BAD_REQUEST',
        'CREDENTIALS_EXPIRED',
        'EMPTY_ROLE',
        'ENVIRONMENT_NOT_FOUND',
        'GATEWAY_TIMEOUT',
        'INVALID_INPUT',
        'JOB_FAILED',
        'JOB_LACKS_PERMISSION',
        'MISSING_ID_TOKEN_PERMISSION',
        'NO_CREDENTIALS',
        'ROLE_REFUSED',
        'STORAGE_DIFFERS',
        'STS_REQUEST_REFUSED',
        'THROTTLED',
        'TOKEN_UNAVAILABLE',
      ]),
    )
  })
})
