/** package.json, the lock file, the installed packages and the table in CONTRIBUTING.md agree. */
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

import { readPage, root, tableBelow } from '../support/contract/pages.ts'
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

  it('No installed package declares an install script or a native build', () => {
    // Packages for other operating systems are not installed.
    const installed = locked
      .map(([folder]) => folder)
      .filter((folder) => existsSync(`${root}${folder}/package.json`))
    expect(installed.length).toBeGreaterThan(100)
    const scripted = installed.flatMap((folder) => {
      const scripts = at(readJson(`${folder}/package.json`), 'scripts')
      const declared = ['preinstall', 'install', 'postinstall'].filter(
        (name) => at(scripts, name) !== undefined,
      )
      // npm runs node-gyp for packages with this file.
      const native = existsSync(`${root}${folder}/binding.gyp`) ? ['binding.gyp'] : []
      return [...declared, ...native].map((what) => `${folder}: ${what}`)
    })
    expect(scripted).toEqual([])
  })
})
