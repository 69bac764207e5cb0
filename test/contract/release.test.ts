/** What the release workflow promises: nothing is published unchecked, and nothing published changes. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'

import { pinReferences } from '../../scripts/pin-release.ts'
import { pages, root } from '../support/contract/pages.ts'
import {
  at,
  entries,
  getNpmCalls,
  read,
  readJson,
  readYaml,
  getSteps,
  text,
} from '../support/contract/repository-files.ts'

const sha = '0123456789abcdef0123456789abcdef01234567'

const release = readYaml('.github/workflows/release.yml')
const jobs = entries(at(release, 'jobs'))
const job = (id: string): unknown => at(release, 'jobs', id)
const step = (id: string, name: string): unknown =>
  getSteps(job(id)).find((one) => at(one, 'name') === name)
const lines = (id: string, name: string): readonly string[] =>
  text(at(step(id, name), 'run'))
    .trimEnd()
    .split('\n')
/** How a step is called here: by its name, or else by the action that it uses. */
const called = (one: unknown): string =>
  text(at(one, 'name') ?? text(at(one, 'uses')).replace(/@.*/, ''))

describe('the release workflow', () => {
  it('starts for the tag of a version, and for nothing else', () => {
    expect(at(release, 'on')).toEqual({ push: { tags: ['v[0-9]+.[0-9]+.[0-9]+'] } })
  })

  it('does one release after the other, and none by half', () => {
    expect(at(release, 'concurrency')).toEqual({ group: 'release', 'cancel-in-progress': false })
  })

  it('checks, publishes what passed, and shows what was published', () => {
    expect(jobs.map(([id, one]) => [id, at(one, 'needs')])).toEqual([
      ['check', undefined],
      ['publish', 'check'],
      ['pin', 'publish'],
    ])
  })

  it.each(jobs)('goes through all of %s, and no further than a failure', (_, one) => {
    expect([one, ...getSteps(one)].filter((part) => at(part, 'if') !== undefined)).toEqual([])
  })

  it('checks that the tag is on main, and is the version of package.json', () => {
    expect(at(getSteps(job('check'))[0], 'with', 'fetch-depth')).toBe(0)
    expect(lines('check', 'The tag is on main, and is the version of package.json')).toEqual([
      'git merge-base --is-ancestor "$GITHUB_SHA" origin/main',
      `[ "$GITHUB_REF_NAME" = "v$(node --print 'require("./package.json").version')" ]`,
    ])
  })

  it('checks that dist is what its source builds, and that the tests pass', () => {
    expect(getNpmCalls(job('check'))).toEqual([
      'npm ci --ignore-scripts',
      'npm run check:lint',
      'npm run check:types',
      'npm run check:dist',
      'npm test',
    ])
  })

  it('publishes after a person has approved', () => {
    expect(jobs.map(([id, one]) => [id, at(one, 'environment')])).toEqual([
      ['check', undefined],
      ['publish', 'release'],
      ['pin', undefined],
    ])
  })

  it('gives a job no more permissions than it needs', () => {
    expect(jobs.map(([id, one]) => [id, at(one, 'permissions')])).toEqual([
      ['check', { contents: 'read' }],
      ['publish', { contents: 'write', 'id-token': 'write', attestations: 'write' }],
      ['pin', { contents: 'write', 'pull-requests': 'write' }],
    ])
  })

  it('runs no code of the repository or of a package where it attests and publishes', () => {
    expect(getSteps(job('publish')).map(called)).toEqual([
      'actions/checkout',
      'actions/attest-build-provenance',
      'Publish',
      'The release is immutable',
      'Move the major tag',
    ])
    expect(getNpmCalls(job('publish'))).toEqual([])
  })

  it('attests every file that a job runs', () => {
    const attested = getSteps(job('publish')).map((one) => at(one, 'with', 'subject-path'))
    expect(attested[1]).toBe('action.yml\ndist/*\n')
  })

  it('puts everything into a draft, and only then publishes it', () => {
    expect(lines('publish', 'Publish')).toEqual([
      'tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -czf action.tar.gz action.yml dist',
      'sha256sum action.tar.gz action.yml dist/* > SHA256SUMS',
      'gh release create "$GITHUB_REF_NAME" --verify-tag --draft --generate-notes action.tar.gz SHA256SUMS',
      'gh release edit "$GITHUB_REF_NAME" --draft=false',
    ])
  })

  it('opens a pull request against main with the commit of the release', () => {
    expect(at(getSteps(job('pin'))[0], 'with', 'ref')).toBe('main')
    const script = lines('pin', 'Open a pull request with the new commit')
    expect(script[0]).toBe(
      'node scripts/pin-release.ts "$GITHUB_REPOSITORY" "$GITHUB_SHA" "$GITHUB_REF_NAME"',
    )
    expect(script.at(-1)).toMatch(/^gh pr create --base main --head "\$branch" /)
  })
})

// The job runs on Linux only.
describe.skipIf(process.platform === 'win32')('the release workflow, once it has published', () => {
  type Ran = Readonly<{ status: number | null; calls: readonly string[]; stdout: string }>

  /** Runs a script of the workflow as GitHub does, on a `gh` that writes its calls down. */
  function run(name: string, gh: string, version = 'v1.2.3'): Ran {
    const published = step('publish', name)
    const options = at(published, 'shell') === 'bash' ? ['-eo', 'pipefail'] : ['-e']
    const script = [
      'gh() {',
      `printf '%s\\n' "$*" >&2`,
      `case "$*" in ${gh} esac`,
      '}',
      text(at(published, 'run')),
    ].join('\n')
    const { status, stdout, stderr } = spawnSync(
      'bash',
      ['--noprofile', '--norc', ...options, '-c', script],
      {
        encoding: 'utf8',
        env: {
          PATH: process.env['PATH'],
          GITHUB_REF_NAME: version,
          GITHUB_REPOSITORY: 'some-org/some-repo',
          GITHUB_SHA: sha,
        },
      },
    )
    return { status, calls: stderr.split('\n').slice(0, -1), stdout }
  }

  describe('sees whether the release is immutable', () => {
    const see = (gh: string): Ran => run('The release is immutable', gh)

    it('and goes on when it is', () => {
      expect(see('*) echo true;;')).toEqual({
        status: 0,
        calls: ['release view v1.2.3 --json isImmutable --jq .isImmutable'],
        stdout: '',
      })
    })

    it.each([
      ['is not', '*) echo false;;'],
      ['cannot be seen', '*) return 1;;'],
    ])('and fails when it %s', (_, gh) => {
      const { status, stdout } = see(gh)
      expect(status).toBe(1)
      expect(stdout).toMatch(/^::error::.* Switch on immutable releases /)
    })
  })

  describe('moves the major tag', () => {
    const among = (...tags: readonly string[]): string =>
      `*matching-refs/tags/v1.*) printf '%s\\n' ${tags.join(' ')};;`
    const move = (gh: string, version?: string): readonly [number | null, readonly string[]] => {
      const { status, calls } = run('Move the major tag', gh, version)
      return [status, calls.map((call) => call.replace(/ --jq .*/, ''))]
    }
    const seen = 'api repos/some-org/some-repo/git/matching-refs/tags/v1.'
    const moved = `api --method PATCH repos/some-org/some-repo/git/refs/tags/v1 -f sha=${sha} -F force=true`
    const made = `api --method POST repos/some-org/some-repo/git/refs -f ref=refs/tags/v1 -f sha=${sha}`

    it('to the newest release', () => {
      expect(move(among('v1.10.0', 'v1.2.0', 'v1.9.0'), 'v1.10.0')).toEqual([0, [seen, moved]])
    })

    it('but not back to a fix of an older one', () => {
      expect(move(among('v1.10.0', 'v1.9.0', 'v1.9.1'), 'v1.9.1')).toEqual([0, [seen]])
    })

    it('or makes it, for the first release of a major version', () => {
      const gh = `${among('v1.0.0')} *PATCH*) return 1;;`
      expect(move(gh, 'v1.0.0')).toEqual([0, [seen, moved, made]])
    })

    it('and fails when it could not', () => {
      const gh = `${among('v1.0.0')} *PATCH* | *POST*) return 1;;`
      expect(move(gh, 'v1.0.0')).toEqual([1, [seen, moved, made]])
    })

    it('and fails when it cannot see which release is the newest', () => {
      expect(move('*) return 1;;')).toEqual([1, [seen]])
    })
  })
})

describe('a release', () => {
  it('is in the changelog', () => {
    const version = text(at(readJson('package.json'), 'version'))
    expect(read('CHANGELOG.md').split('\n')).toContain(`## ${version}`)
  })

  it('is written into every reference to the action, whatever stood there', () => {
    const before = [
      'uses: OWNER/amplify-create-backend-storage@FULL_SHA # v1.0.0',
      `uses: some-org/amplify-create-backend-storage@${'a'.repeat(40)} # v1.2.3`,
      'uses: actions/checkout@FULL_SHA # v1.0.0',
    ].join('\n')
    expect(pinReferences(before, 'some-org/amplify-create-backend-storage', sha, 'v2.0.0')).toBe(
      [
        `uses: some-org/amplify-create-backend-storage@${sha} # v2.0.0`,
        `uses: some-org/amplify-create-backend-storage@${sha} # v2.0.0`,
        'uses: actions/checkout@FULL_SHA # v1.0.0',
      ].join('\n'),
    )
  })

  it('is written into README, documentation and every example', () => {
    const folder = mkdtempSync(join(tmpdir(), 'release-'))
    onTestFinished(() => {
      rmSync(folder, { recursive: true, force: true })
    })
    const examples = readdirSync(join(root, 'examples')).map((name) => `examples/${name}`)
    const shown = [...pages().map(({ path }) => path), ...examples]
    for (const path of ['scripts/pin-release.ts', ...shown])
      cpSync(join(root, path), join(folder, path))

    const action = 'some-org/amplify-create-backend-storage'
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(folder, 'scripts/pin-release.ts'), action, sha, 'v2.0.0'],
      { encoding: 'utf8' },
    )
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })

    const references = shown.flatMap((path) =>
      [
        ...readFileSync(join(folder, path), 'utf8').matchAll(
          /uses: *(\S+\/amplify-create-backend-storage@.*)/g,
        ),
      ].map(([, reference]) => ({ path, reference })),
    )
    expect(references.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['README.md', 'docs/releases.md', 'examples/plan-and-apply.yml']),
    )
    expect(references).toEqual(
      references.map(({ path }) => ({ path, reference: `${action}@${sha} # v2.0.0` })),
    )
  })
})
