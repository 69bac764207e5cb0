/** What the workflows of this repository promise, beyond what the linters of test/workflows see. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

import { isObject } from '../../emulator/shape.ts'
import { pin } from '../../scripts/pin-release.ts'

const folder = fileURLToPath(new URL('../../.github/workflows', import.meta.url))
const at = (value: unknown, key: string): unknown => (isObject(value) ? value[key] : undefined)
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const texts = (value: unknown): readonly string[] =>
  list(value).filter((item) => typeof item === 'string')
const entries = (value: unknown): readonly (readonly [string, unknown])[] =>
  isObject(value) ? Object.entries(value) : []

const parsed = (text: string): unknown => parse(text)

const workflows = readdirSync(folder).map((name) => {
  const text = readFileSync(`${folder}/${name}`, 'utf8')
  return { name, text, workflow: parsed(text) }
})
const jobs = workflows.flatMap(({ name, workflow }) =>
  entries(at(workflow, 'jobs')).map(([id, job]) => ({
    name: `${name}: ${id}`,
    job,
    // Nobody waits for what the clock alone starts.
    limit: entries(at(workflow, 'on')).every(([event]) =>
      /^(?:schedule|workflow_dispatch)$/.test(event),
    )
      ? 120
      : 30,
  })),
)
const steps = jobs.flatMap(({ name, job }) =>
  list(at(job, 'steps')).map((step, index) => ({ name: `${name}, step ${index + 1}`, step })),
)

describe('every workflow', () => {
  it.each(workflows)('$name gives no permission to what does not ask for it', ({ workflow }) => {
    expect(at(workflow, 'permissions')).toEqual({})
  })

  it.each(jobs)('$name has a time limit and its own permissions', ({ job, limit }) => {
    expect(at(job, 'timeout-minutes')).toBeLessThanOrEqual(limit)
    expect(isObject(at(job, 'permissions'))).toBe(true)
  })

  it.each(steps)('$name runs no text of an event', ({ step }) => {
    const script = at(step, 'run')
    expect(typeof script === 'string' ? script : '').not.toContain('${{')
  })

  it.each(steps.filter(({ step }) => String(at(step, 'uses')).includes('/checkout@')))(
    '$name leaves no credentials behind, but where it pushes',
    ({ name, step }) => {
      expect(at(at(step, 'with'), 'persist-credentials')).toBe(name.startsWith('release.yml: pin'))
    },
  )
})

describe('the CI', () => {
  const ci = workflows.find(({ name }) => name === 'ci.yml')?.workflow
  const ciJobs = at(ci, 'jobs')

  it('has a gate that waits for every other job, whatever their results', () => {
    const gate = at(ciJobs, 'gate')
    const others = entries(ciJobs)
      .map(([id]) => id)
      .filter((id) => id !== 'gate')
    expect(texts(at(gate, 'needs')).toSorted()).toEqual(others.toSorted())
    expect(at(gate, 'if')).toBe('always()')
  })

  it.each(['test', 'use'])('X07: runs %s on Linux, Windows and macOS', (id) => {
    const os = texts(at(at(at(at(ciJobs, id), 'strategy'), 'matrix'), 'os'))
    expect(os.map((name) => name.replace(/-.*/, ''))).toEqual(['ubuntu', 'windows', 'macos'])
  })

  it('B01, B06: builds dist anew from a clean install, and compares it with the committed one', () => {
    const ran = list(at(at(ciJobs, 'check'), 'steps')).map((step) => String(at(step, 'run')))
    expect(ran.indexOf('npm run check:dist')).toBeGreaterThan(
      ran.indexOf('npm ci --ignore-scripts'),
    )
    expect(ran).toContain('npm ci --ignore-scripts')
  })

  it('calls only scripts that there are', () => {
    const manifest: unknown = JSON.parse(
      readFileSync(fileURLToPath(new URL('../../package.json', import.meta.url)), 'utf8'),
    )
    const known = entries(at(manifest, 'scripts')).map(([name]) => name)
    const called = workflows.flatMap(({ text }) =>
      [...text.matchAll(/npm (?:run )?(test|[\w]+:[\w]+|soak|build)\b/g)].map(([, name]) => name),
    )
    expect(called.length).toBeGreaterThan(5)
    expect(called.filter((name) => name !== undefined && !known.includes(name))).toEqual([])
  })
})

describe('a release', () => {
  const sha = '0123456789abcdef0123456789abcdef01234567'

  it('is written into every reference to the action, whatever stood there', () => {
    const text = [
      'uses: OWNER/amplify-create-backend-storage@FULL_SHA # v1.0.0',
      `uses: some-org/amplify-create-backend-storage@${'a'.repeat(40)} # v1.2.3`,
      'uses: actions/checkout@FULL_SHA # v1.0.0',
    ].join('\n')
    expect(pin(text, 'some-org/amplify-create-backend-storage', sha, 'v2.0.0')).toBe(
      [
        `uses: some-org/amplify-create-backend-storage@${sha} # v2.0.0`,
        `uses: some-org/amplify-create-backend-storage@${sha} # v2.0.0`,
        'uses: actions/checkout@FULL_SHA # v1.0.0',
      ].join('\n'),
    )
  })
})
