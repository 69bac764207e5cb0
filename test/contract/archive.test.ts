/** The archive of a commit, which runners download, is small and contains everything that it should. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

import { root } from '../support/contract/pages.ts'

function run(program: string, args: readonly string[], input?: Buffer): Buffer {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: root,
    input,
    maxBuffer: 64 * 1024 ** 2,
  })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${String(stderr)}`)
  return stdout
}

const lines = (output: Buffer): readonly string[] =>
  output
    .toString()
    .split(/\r?\n/)
    .filter((line) => line !== '' && !line.endsWith('/'))

describe('The archive of a commit', () => {
  const archive = run('git', ['archive', '--worktree-attributes', '--format=tar.gz', 'HEAD'])
  const files = lines(run('tar', ['-tzf', '-'], archive))

  it('The archive has at most 680 kB in 250 files', () => {
    expect(files.length).toBeLessThanOrEqual(250)
    expect(archive.length).toBeLessThanOrEqual(680_000)
  })

  it('The archive has the source of what a runner runs, the texts of the documentation and the licenses', () => {
    const tracked = lines(run('git', ['ls-tree', '-r', '--name-only', 'HEAD']))
    const kept = tracked.filter(
      (path) =>
        /^(?:dist|src|emulator(?!\/(?:cli|runner)\/))\/.*\.(?:ts|js|yml|txt)$/.test(path) ||
        /^(?:action\.yml|LICENSE|README\.md|SECURITY\.md|docs\/.*\.(?:md|yml))$/.test(path),
    )
    expect(kept.length).toBeGreaterThan(150)
    expect(kept.filter((path) => !files.includes(path))).toEqual([])
  })

  it('The archive has no tests, benchmarks, pictures or scripts, and no lock file', () => {
    const others = files.filter((path) =>
      /^(?:test|bench|scripts|docs\/pictures)\/|^package-lock\.json$/.test(path),
    )
    expect(others).toEqual([])
  })
})

const bundle = join(root, 'emulator', 'dist')

it('The bundle of the emulator has at most 60 kB compressed', () => {
  const scripts = readdirSync(bundle).filter((name) => name.endsWith('.js'))
  const sizes = scripts.map((name) => gzipSync(readFileSync(join(bundle, name))).length)
  expect(sizes).not.toEqual([])
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(60_000)
})
