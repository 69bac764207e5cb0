/** package.json, the lock file, the installed packages and the table in CONTRIBUTING.md agree. */
import { describe, expect, it } from 'vitest'

import { readPage, tableBelow } from '../support/contract/pages.ts'
import { at, entries, readJson } from '../support/contract/repository-files.ts'

const manifest = readJson('package.json')
const kinds = ['dependencies', 'devDependencies', 'optionalDependencies'] as const
const dependencies = kinds.flatMap((kind) =>
  entries(at(manifest, kind)).map(([name, version]) => ({ kind, name, version: String(version) })),
)

/** The packages in the lock file by their folder, without the project itself. */
const locked = entries(at(readJson('package-lock.json'), 'packages')).filter(
  ([folder]) => folder !== '',
)

/** The npm registry reports an install script for fsevents; the package has none. */
const WRONGLY_REPORTED = 'node_modules/fsevents'

describe('Dependencies', () => {
  it('CONTRIBUTING.md lists every runtime dependency with a reason', () => {
    const rows = tableBelow(readPage('CONTRIBUTING.md'), 'Runtime dependencies')
    const runtime = dependencies.filter(({ kind }) => kind === 'dependencies')
    expect(rows.map(([name]) => name)).toEqual(runtime.map(({ name }) => `\`${name}\``).sort())
    expect(rows.filter(([, reason = '']) => reason === '')).toEqual([])
  })

  it.each(dependencies)('$name is pinned to the exact version in the lock file', (dependency) => {
    const { name, version } = dependency
    expect(version).toMatch(/^\d+\.\d+\.\d+$/)
    expect(at(Object.fromEntries(locked), `node_modules/${name}`, 'version')).toBe(version)
  })

  it('No dependency is listed twice', () => {
    const names = dependencies.map(({ name }) => name)
    expect(names.toSorted()).toEqual([...new Set(names)].sort())
  })
})

describe('The lock file', () => {
  it('Every package has an integrity hash', () => {
    expect(locked.length).toBeGreaterThan(dependencies.length)
    const unverified = locked.filter(
      // The hash of the outer package covers the packages bundled in it.
      ([, entry]) => at(entry, 'integrity') === undefined && at(entry, 'inBundle') !== true,
    )
    expect(unverified).toEqual([])
  })

  it('No package names a registry, so the person who installs chooses it', () => {
    expect(locked.filter(([, entry]) => at(entry, 'resolved') !== undefined)).toEqual([])
  })

  it('No package has an install script', () => {
    const scripted = locked.filter(
      ([folder, entry]) =>
        at(entry, 'hasInstallScript') !== undefined && folder !== WRONGLY_REPORTED,
    )
    expect(scripted.map(([folder]) => folder)).toEqual([])
  })
})
