/** What the workflows of this repository promise, beyond what the linters of test/workflows see. */
import { describe, expect, it } from 'vitest'

import { isObject } from '../../emulator/lib/validation.ts'
import {
  at,
  getCheckNames,
  entries,
  getEvents,
  list,
  getNpmCalls,
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
  entries(at(workflow, 'jobs')).map(([id, job]) => ({
    name: `${name}: ${id}`,
    job,
    // Nobody waits for what the clock alone starts.
    limit: getEvents(workflow).every((event) => /^(?:schedule|workflow_dispatch)$/.test(event))
      ? 120
      : 30,
  })),
)
const steps = jobs.flatMap(({ name, job }) =>
  getSteps(job).map((step, index) => ({ name: `${name}, step ${index + 1}`, step })),
)
const workflow = (name: string): unknown => workflows.find((one) => one.name === name)?.workflow

describe('the workflows', () => {
  it('are these', () => {
    expect(workflows.map(({ name }) => name).toSorted()).toEqual([
      'ci.yml',
      'codeql.yml',
      'dependency-review.yml',
      'mutation.yml',
      'newest-dependencies.yml',
      'release.yml',
      'scorecard.yml',
    ])
  })

  it('may write nothing but this', () => {
    const writing = jobs.flatMap(({ name, job }) => {
      const may = entries(at(job, 'permissions'))
        .filter(([, access]) => access !== 'read')
        .map(([scope, access]) => `${scope}: ${String(access)}`)
      return may.length === 0 ? [] : [[name, may.toSorted()] as const]
    })
    expect(Object.fromEntries(writing)).toEqual({
      'codeql.yml: analyze': ['security-events: write'],
      'release.yml: publish': ['attestations: write', 'contents: write', 'id-token: write'],
      'release.yml: pin': ['contents: write', 'pull-requests: write'],
      'scorecard.yml: analyze': ['id-token: write', 'security-events: write'],
    })
  })

  it('run no scripts of packages that they install', () => {
    const installs = steps
      .flatMap(({ step }) => findNpmCommands(text(at(step, 'run'))))
      .filter((line) => /\bnpm (?:ci|i|install|add|update|up)\b/.test(line))
    expect(installs.length).toBeGreaterThan(5)
    expect(installs.filter((line) => !line.includes(' --ignore-scripts'))).toEqual([])
  })

  it('call only scripts that there are', () => {
    const known = entries(at(readJson('package.json'), 'scripts')).map(([name]) => name)
    const called = jobs.flatMap(({ job }) =>
      getNpmCalls(job).flatMap((line) => {
        const [, script, short] = /\bnpm (?:run (\S+)|(test)\b)/.exec(line) ?? []
        return script ?? short ?? []
      }),
    )
    expect(called.length).toBeGreaterThan(5)
    expect(called.filter((name) => !known.includes(name))).toEqual([])
  })
})

describe('every workflow', () => {
  it.each(workflows)('$name gives no permission to what does not ask for it', ({ workflow }) => {
    expect(at(workflow, 'permissions')).toEqual({})
  })

  it.each(workflows)(
    '$name starts for nothing that lends its rights to the code of a stranger',
    ({ workflow }) => {
      const events = getEvents(workflow)
      const safe = ['push', 'pull_request', 'merge_group', 'schedule', 'workflow_dispatch']
      expect(events).not.toEqual([])
      expect(events.filter((event) => !safe.includes(event))).toEqual([])
    },
  )

  it.each(workflows)('$name runs its scripts as GitHub does by itself', ({ workflow }) => {
    const parts = [workflow, ...entries(at(workflow, 'jobs')).map(([, job]) => job)]
    expect(parts.filter((part) => at(part, 'defaults') !== undefined)).toEqual([])
  })

  it.each(jobs)('$name has a time limit and its own permissions', ({ job, limit }) => {
    expect(at(job, 'timeout-minutes')).toBeLessThanOrEqual(limit)
    expect(isObject(at(job, 'permissions'))).toBe(true)
  })

  it.each([
    ...jobs.map(({ name, job }) => ({ name, part: job })),
    ...steps.map(({ name, step }) => ({ name, part: step })),
  ])('$name is red when it fails', ({ part }) => {
    expect(at(part, 'continue-on-error')).toBeUndefined()
  })

  it.each(steps)('$name runs no text of an event', ({ step }) => {
    const script = at(step, 'run')
    expect(typeof script === 'string' ? script : '').not.toContain('${{')
  })

  it.each(steps.filter(({ step }) => String(at(step, 'uses')).includes('/checkout@')))(
    '$name leaves no credentials behind, but where it pushes',
    ({ name, step }) => {
      expect(at(step, 'with', 'persist-credentials')).toBe(name.startsWith('release.yml: pin'))
    },
  )
})

describe('the CI', () => {
  const ci = workflow('ci.yml')
  const ciJobs = at(ci, 'jobs')
  const others = entries(ciJobs).filter(([id]) => id !== 'gate')
  const install = 'npm ci --ignore-scripts'

  it('runs for every pull request into main, in its merge queue, and on main itself', () => {
    expect(at(ci, 'on')).toEqual({
      push: { branches: ['main'] },
      pull_request: { branches: ['main'] },
      merge_group: {},
    })
  })

  it('has a gate that waits for every other job, whatever their results', () => {
    const gate = at(ciJobs, 'gate')
    expect(texts(at(gate, 'needs')).toSorted()).toEqual(others.map(([id]) => id).toSorted())
    expect(at(gate, 'if')).toBe('always()')
  })

  it('has a gate that lets nothing through but success', () => {
    expect(getSteps(at(ciJobs, 'gate'))).toEqual([
      {
        name: 'Every job was green',
        env: { RESULTS: "${{ join(needs.*.result, ' ') }}" },
        run: 'for result in $RESULTS; do [ "$result" = success ]; done\n',
      },
    ])
  })

  it.each(others)('skips no step of %s', (_, job) => {
    expect([job, ...getSteps(job)].filter((part) => at(part, 'if') !== undefined)).toEqual([])
  })

  it.each([
    ['test', [install, 'npm test']],
    ['thorough', [install, 'npm run test:thorough', 'npm run test:coverage']],
    ['use', [install]],
    ['peers', [install, 'npm run test:peers', 'npm run soak -- --runs 50']],
  ])('runs all that %s is for', (id, calls) => {
    expect(getNpmCalls(at(ciJobs, id))).toEqual(calls)
  })

  it('B01, B06: builds dist anew from a clean install, and compares it with the committed one', () => {
    expect(getNpmCalls(at(ciJobs, 'check'))).toEqual([
      install,
      'npm run check:lint',
      'npm run check:types',
      'npm run check:dist',
      'npm audit',
    ])
  })

  it.each(['test', 'use'])('X07: runs %s on Linux, Windows and macOS', (id) => {
    const matrix = at(ciJobs, id, 'strategy', 'matrix')
    const os = texts(at(matrix, 'os'))
    expect(os.map((name) => name.replace(/-.*/, ''))).toEqual(['ubuntu', 'windows', 'macos'])
    expect(entries(matrix).map(([key]) => key)).toEqual(['os'])
    expect(at(ciJobs, id, 'runs-on')).toBe('${{ matrix.os }}')
  })

  it('uses the action as it is here, to create a storage and to find it created', () => {
    const uses = getSteps(at(ciJobs, 'use'))
    const own = uses.filter((step) => at(step, 'uses') === './')
    expect(own.map((step) => [at(step, 'id'), at(step, 'with', 'mode')])).toEqual([
      ['create', 'apply'],
      ['again', 'apply'],
    ])
    expect(uses.at(-1)).toEqual({
      name: 'What came out',
      shell: 'bash',
      env: {
        FIRST:
          '${{ steps.create.outputs.result }} ${{ steps.create.outputs.ready }} ${{ steps.create.outputs.status }}',
        SECOND: '${{ steps.again.outputs.result }} ${{ steps.again.outputs.ready }}',
      },
      run: [
        '[ "$FIRST" = \'created true COMPLETED\' ]',
        '[ "$SECOND" = \'unchanged true\' ]\n',
      ].join('\n'),
    })
  })

  it('can be had on any machine, but for the audit and the coverage', () => {
    const script = read('.ci/run')
    expect(findNpmCommands(script)).toEqual([
      'npm ci --no-audit --no-fund',
      'npm run check:lint',
      'npm run check:types',
      'npm run check:dist',
      'npm run test:peers',
      'npm run test:thorough',
      'npm run soak -- --runs 25',
      'npm test',
    ])
    expect(script).toMatch(/^set -euo pipefail$/m)
    expect(script).toContain(`if grep -q '"resolved"' package-lock.json; then`)
  })
})

describe('what has to be green before a merge', () => {
  const required = ['ci.yml', 'codeql.yml', 'dependency-review.yml']

  it.each(required)('%s runs for every pull request, and in the merge queue', (name) => {
    expect(at(workflow(name), 'on', 'pull_request')).toEqual({ branches: ['main'] })
    expect(at(workflow(name), 'on', 'merge_group')).toEqual({})
  })

  it('is listed in docs/releases.md', () => {
    const checks = required.flatMap((name) =>
      entries(at(workflow(name), 'jobs'))
        .filter(([id]) => name !== 'ci.yml' || id === 'gate')
        .flatMap(([, job]) => getCheckNames(job)),
    )
    const ruleset = /^- \*\*Rulesets\*\*: [^;]*/m.exec(read('docs/releases.md'))?.[0] ?? ''
    const listed = [...ruleset.matchAll(/`([^`]+)`/g)].map(([, code]) => code)
    expect(listed.toSorted()).toEqual(['main', ...checks].toSorted())
  })
})

describe('the dependencies', () => {
  const review = getSteps(at(workflow('dependency-review.yml'), 'jobs', 'review')).at(-1)

  it('are reviewed whatever they are for, and may have no known flaw', () => {
    expect(at(review, 'uses')).toMatch(/^actions\/dependency-review-action@/)
    expect(at(review, 'with', 'fail-on-severity')).toBe('low')
    expect(at(review, 'with', 'fail-on-scopes')).toBe('runtime, development, unknown')
    // Whatever else can be given makes it more lenient.
    expect(entries(at(review, 'with')).map(([input]) => input)).toEqual([
      'fail-on-severity',
      'fail-on-scopes',
      'allow-licenses',
    ])
  })

  it('have licences that the review allows', () => {
    const allowed = text(at(review, 'with', 'allow-licenses')).split(', ')
    const locked = entries(at(readJson('package-lock.json'), 'packages'))
    const wrong = locked
      .map(([path, entry]) => [path, text(at(entry, 'license'))] as const)
      .filter(([, licence]) => !allowed.includes(licence))
    expect(locked).not.toEqual([])
    expect(wrong).toEqual([])
  })

  const updates = list(at(readYaml('.github/dependabot.yml'), 'updates')).map((update) => ({
    ecosystem: at(update, 'package-ecosystem'),
    update,
  }))

  it('are kept up to date, and so are the actions', () => {
    expect(updates.map(({ ecosystem, update }) => [ecosystem, at(update, 'directory')])).toEqual([
      ['npm', '/'],
      ['github-actions', '/'],
    ])
  })

  it.each(updates)('of $ecosystem wait for a week, and come together', ({ update }) => {
    expect(at(update, 'cooldown', 'default-days')).toBeGreaterThanOrEqual(7)
    expect(entries(at(update, 'groups'))).not.toEqual([])
  })

  it('are tried once a week as their newest versions are, those of dependencies included', () => {
    const newest = workflow('newest-dependencies.yml')
    expect(getEvents(newest)).toContain('schedule')
    expect(getNpmCalls(at(newest, 'jobs', 'test'))).toEqual([
      'npm ci --ignore-scripts',
      'xargs npm install --save-exact --ignore-scripts',
      'npm update --ignore-scripts',
      'npm run check:types',
      'npm run build',
      'npm test',
    ])
  })
})
