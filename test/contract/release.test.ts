/** The scripts of the release workflow, and what they write into the repository. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'

import { pinReferences } from '../../scripts/pin-release.ts'
import { pages, root } from '../support/contract/pages.ts'
import {
  at,
  getNpmCalls,
  read,
  readJson,
  readYaml,
  getSteps,
  text,
} from '../support/contract/repository-files.ts'

const sha = '0123456789abcdef0123456789abcdef01234567'
const publish = at(readYaml('.github/workflows/release.yml'), 'jobs', 'publish')

it('The job that attests and publishes runs no npm and only starts after the checks and an approval', () => {
  expect(getNpmCalls(publish)).toEqual([])
  expect(at(publish, 'needs')).toBe('check')
  expect(at(publish, 'environment')).toBe('release')
})

it('A release attests, packs and lists the checksums of both actions and their bundles', () => {
  const published = ['action.yml', 'dist', 'emulator/action.yml', 'emulator/dist']
  const steps = getSteps(publish)
  const attested = steps.map((step) => text(at(step, 'with', 'subject-path'))).join('')
  expect(attested.trim().split(/\s+/)).toEqual(
    published.map((path) => path.replace(/dist$/, 'dist/*')),
  )
  const script = text(
    at(
      steps.find((step) => at(step, 'name') === 'Publish'),
      'run',
    ),
  )
  const packed = /-czf action\.tar\.gz ((?:\\\n|.)*)/.exec(script)?.[1] ?? ''
  expect(packed.split(/[\s\\]+/).filter((word) => word !== '')).toEqual(published)
  const summed = /sha256sum (.*) > SHA256SUMS/.exec(script)?.[1] ?? ''
  expect(summed).toBe(['action.tar.gz', ...attested.trim().split(/\s+/)].join(' '))
})

// The job runs on Linux only.
describe.skipIf(process.platform === 'win32')('After the release is published', () => {
  type Run = Readonly<{ status: number | null; calls: readonly string[]; stdout: string }>

  /**
   * Runs a script of the workflow with the shell that GitHub uses.
   *
   * @param cases what `gh` does, as the cases of a `case` statement over its arguments
   */
  function run(name: string, cases: string, version = 'v1.2.3'): Run {
    const step = getSteps(publish).find((one) => at(one, 'name') === name)
    if (step === undefined) throw new Error(`release.yml has no step "${name}"`)
    const options = at(step, 'shell') === 'bash' ? ['-eo', 'pipefail'] : ['-e']
    const gh = ['gh() {', `printf '%s\\n' "$*" >&2`, `case "$*" in ${cases} esac`, '}']
    const { status, stdout, stderr } = spawnSync(
      'bash',
      ['--noprofile', '--norc', ...options, '-c', [...gh, text(at(step, 'run'))].join('\n')],
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

  it('The workflow goes on if the release is immutable', () => {
    expect(run('Check that the release is immutable', '*) echo true;;')).toEqual({
      status: 0,
      calls: ['release view v1.2.3 --json isImmutable --jq .isImmutable'],
      stdout: '',
    })
  })

  it.each([
    ['is not immutable', '*) echo false;;'],
    ['cannot be read', '*) return 1;;'],
  ])('The workflow fails with an annotation if the release %s', (_, cases) => {
    const { status, stdout } = run('Check that the release is immutable', cases)
    expect(status).toBe(1)
    expect(stdout).toMatch(/^::error::/)
  })

  const tags = (...names: readonly string[]): string =>
    `*matching-refs/tags/v1.*) printf '%s\\n' ${names.join(' ')};;`
  const listTags = 'api repos/some-org/some-repo/git/matching-refs/tags/v1.'
  const moveTag = `api --method PATCH repos/some-org/some-repo/git/refs/tags/v1 -f sha=${sha} -F force=true`
  const createTag = `api --method POST repos/some-org/some-repo/git/refs -f ref=refs/tags/v1 -f sha=${sha}`

  const all = [listTags, moveTag, createTag]
  const none = '*) return 1;;'
  const releases = tags('v1.10.0', 'v1.2.0', 'v1.9.0', 'v1.9.1')
  const first = `${tags('v1.0.0')} *PATCH*) return 1;;`
  const rejected = `${tags('v1.0.0')} *PATCH* | *POST*) return 1;;`

  it.each<[title: string, version: string, cases: string, status: number, calls: string[]]>([
    ['moves to the newest release', 'v1.10.0', releases, 0, [listTags, moveTag]],
    ['does not move back to a patch of an older release', 'v1.9.1', releases, 0, [listTags]],
    ['is created with the first release of its version', 'v1.0.0', first, 0, all],
    ['cannot be moved or created, so the workflow fails', 'v1.0.0', rejected, 1, all],
    ['stays when the list of releases fails, as does the workflow', 'v1.2.3', none, 1, [listTags]],
  ])('The major tag %s', (_, version, cases, status, expected) => {
    const result = run('Move the major tag', cases, version)
    expect(result.status).toBe(status)
    expect(result.calls.map((call) => call.replace(/ --jq .*/, ''))).toEqual(expected)
  })
})

it('CHANGELOG.md has a section for the version of package.json', () => {
  const version = text(at(readJson('package.json'), 'version'))
  expect(read('CHANGELOG.md').split('\n')).toContain(`## ${version}`)
})

it('pin-release replaces every reference to the action and no other reference', () => {
  const before = [
    'uses: OWNER/amplify-create-backend-storage@FULL_SHA # v1.0.0',
    `uses: some-org/amplify-create-backend-storage@${'a'.repeat(40)} # v1.2.3`,
    'uses: OWNER/amplify-create-backend-storage/emulator@FULL_SHA # v1.0.0',
    'uses: actions/checkout@FULL_SHA # v1.0.0',
  ].join('\n')
  expect(pinReferences(before, 'some-org/amplify-create-backend-storage', sha, 'v2.0.0')).toBe(
    [
      `uses: some-org/amplify-create-backend-storage@${sha} # v2.0.0`,
      `uses: some-org/amplify-create-backend-storage@${sha} # v2.0.0`,
      `uses: some-org/amplify-create-backend-storage/emulator@${sha} # v2.0.0`,
      'uses: actions/checkout@FULL_SHA # v1.0.0',
    ].join('\n'),
  )
})

it('pin-release updates README.md, the documentation and every example', () => {
  const folder = mkdtempSync(join(tmpdir(), 'release-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  const examples = readdirSync(join(root, 'examples')).map((name) => `examples/${name}`)
  const files = [...pages().map(({ path }) => path), ...examples]
  for (const path of ['scripts/pin-release.ts', ...files])
    cpSync(join(root, path), join(folder, path))

  const action = 'some-org/amplify-create-backend-storage'
  const script = join(folder, 'scripts/pin-release.ts')
  const { status, stderr } = spawnSync(process.execPath, [script, action, sha, 'v2.0.0'], {
    encoding: 'utf8',
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })

  const references = files.flatMap((path) =>
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
