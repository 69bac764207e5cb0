/** Facts about the workflows of this repository. zizmor and actionlint check the rest. */
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'

import {
  at,
  getCheckNames,
  entries,
  getEvents,
  list,
  findNpmCommands,
  read,
  readJson,
  readYaml,
  getSteps,
  text,
  texts,
  workflows,
} from '../support/contract/repository-files.ts'

const jobs = workflows.flatMap(({ name, workflow }) =>
  entries(at(workflow, 'jobs')).map(([id, job]) => ({ name: `${name}: ${id}`, workflow, job })),
)
const steps = jobs.flatMap(({ name, job }) => getSteps(job).map((step) => ({ name, step })))
const workflow = (name: string): unknown => workflows.find((one) => one.name === name)?.workflow

describe('The workflows of this repository', () => {
  it('Only the listed jobs have write permissions', () => {
    const writing = jobs.flatMap(({ name, job }) => {
      const granted = entries(at(job, 'permissions'))
        .filter(([, access]) => access !== 'read')
        .map(([scope, access]) => `${scope}: ${String(access)}`)
      return granted.length === 0 ? [] : [[name, granted.toSorted()] as const]
    })
    expect(Object.fromEntries(writing)).toEqual({
      'codeql.yml: analyze': ['security-events: write'],
      'release.yml: publish': ['attestations: write', 'contents: write', 'id-token: write'],
      'release.yml: pin': ['contents: write', 'pull-requests: write'],
      'scorecard.yml: analyze': ['id-token: write', 'security-events: write'],
    })
  })

  it('Every job has a time limit of at most 30 minutes, or 120 if it only runs on a schedule', () => {
    const unlimited = jobs.filter(({ workflow, job }) => {
      const isScheduled = getEvents(workflow).every((event) =>
        ['schedule', 'workflow_dispatch'].includes(event),
      )
      const minutes = at(job, 'timeout-minutes')
      return typeof minutes !== 'number' || minutes > (isScheduled ? 120 : 30)
    })
    expect(unlimited.map(({ name }) => name)).toEqual([])
  })

  it('No job and no step continues after an error', () => {
    const parts = [...jobs.map(({ name, job }) => ({ name, step: job })), ...steps]
    const tolerant = parts.filter(({ step }) => at(step, 'continue-on-error') !== undefined)
    expect(tolerant.map(({ name }) => name)).toEqual([])
  })

  it('Every installation of packages ignores their install scripts', () => {
    const installs = steps
      .flatMap(({ step }) => findNpmCommands(text(at(step, 'run'))))
      .filter((line) => /\bnpm (?:ci|i|install|add|update|up)\b/.test(line))
    expect(installs.length).toBeGreaterThan(5)
    expect(installs.filter((line) => !line.includes(' --ignore-scripts'))).toEqual([])
  })

  it('Workflows and .ci/run call only npm scripts that package.json has', () => {
    const known = entries(at(readJson('package.json'), 'scripts')).map(([name]) => name)
    const scripts = [read('.ci/run'), ...steps.map(({ step }) => text(at(step, 'run')))]
    const called = scripts.flatMap(findNpmCommands).flatMap((line) => {
      const [, script, short] = /\bnpm (?:run ([\w:-]+)|(test)\b)/.exec(line) ?? []
      return script ?? short ?? []
    })
    expect(called.length).toBeGreaterThan(10)
    expect(called.filter((name) => !known.includes(name))).toEqual([])
  })
})

describe('The CI workflow', () => {
  const ciJobs = at(workflow('ci.yml'), 'jobs')
  const gate = at(ciJobs, 'gate')

  it('The gate needs every other job and runs whatever their results are', () => {
    const others = entries(ciJobs)
      .map(([id]) => id)
      .filter((id) => id !== 'gate')
    expect(texts(at(gate, 'needs')).toSorted()).toEqual(others.toSorted())
    expect(at(gate, 'if')).toBe('always()')
  })

  // The job runs on Linux only.
  it.skipIf(process.platform === 'win32').each([
    ['success success', 0],
    ['success failure', 1],
    ['success cancelled success', 1],
    ['skipped success', 1],
  ])('The gate, given the results "%s", exits with %d', (results, status) => {
    const [step, ...others] = getSteps(gate)
    expect(others).toEqual([])
    expect(at(step, 'env', 'RESULTS')).toBe("${{ join(needs.*.result, ' ') }}")
    const run = spawnSync('bash', ['-e', '-c', text(at(step, 'run'))], {
      env: { PATH: process.env['PATH'], RESULTS: results },
    })
    expect(run.status).toBe(status)
  })

  it.each(['test', 'use'])('The job %s runs on Linux, Windows and macOS', (id) => {
    const os = texts(at(ciJobs, id, 'strategy', 'matrix', 'os'))
    expect(os.map((name) => name.replace(/-.*/, ''))).toEqual(['ubuntu', 'windows', 'macos'])
    expect(at(ciJobs, id, 'runs-on')).toBe('${{ matrix.os }}')
  })

  it('CONTRIBUTING.md lists the checks that a merge requires by their names', () => {
    const required = ['ci.yml', 'codeql.yml', 'dependency-review.yml']
    for (const name of required) {
      expect(at(workflow(name), 'on', 'pull_request')).toEqual({ branches: ['main'] })
      expect(at(workflow(name), 'on', 'merge_group')).toEqual({})
    }
    const checks = required.flatMap((name) =>
      entries(at(workflow(name), 'jobs'))
        .filter(([id]) => name !== 'ci.yml' || id === 'gate')
        .flatMap(([, job]) => getCheckNames(job)),
    )
    const ruleset = /^- \*\*Rulesets\*\*: [^;]*/m.exec(read('CONTRIBUTING.md'))?.[0] ?? ''
    const listed = [...ruleset.matchAll(/`([^`]+)`/g)].map(([, code]) => code)
    expect(listed.toSorted()).toEqual(['main', ...checks].toSorted())
  })
})

describe('Updates of dependencies', () => {
  it('The dependency review allows the licence of every package in the lock file', () => {
    const review = getSteps(at(workflow('dependency-review.yml'), 'jobs', 'review')).at(-1)
    const allowed = text(at(review, 'with', 'allow-licenses')).split(', ')
    const locked = entries(at(readJson('package-lock.json'), 'packages'))
    const others = locked
      .map(([path, entry]) => [path, text(at(entry, 'license'))] as const)
      .filter(([, licence]) => !allowed.includes(licence))
    expect(locked.length).toBeGreaterThan(100)
    expect(others).toEqual([])
  })

  it('Dependabot updates npm, GitHub Actions and pip, each in a group', () => {
    const updates = list(at(readYaml('.github/dependabot.yml'), 'updates'))
    const ecosystems = updates.map((update) => text(at(update, 'package-ecosystem')))
    expect(ecosystems.toSorted()).toEqual(['github-actions', 'npm', 'pip'])
    expect(updates.filter((update) => entries(at(update, 'groups')).length === 0)).toEqual([])
  })
})
