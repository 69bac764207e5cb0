/** What CONTRIBUTING.md says of the dependencies is what package.json, the lock file and the packages have. */
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

import { readPage, root, tableBelow } from '../support/contract/pages.ts'
import { at, entries, read, readJson } from '../support/contract/repository-files.ts'

const manifest = readJson('package.json')
const kinds = ['dependencies', 'devDependencies', 'optionalDependencies'] as const
const dependencies = kinds.flatMap((kind) =>
  entries(at(manifest, kind)).map(([name, version]) => ({ kind, name, version: String(version) })),
)

/** Every package of the lock file by its folder, without the project itself. */
const locked = entries(at(readJson('package-lock.json'), 'packages')).filter(
  ([folder]) => folder !== '',
)

describe('the table of the runtime dependencies', () => {
  const rows = tableBelow(readPage('CONTRIBUTING.md'), 'Runtime dependencies')

  it('names exactly those that there are', () => {
    expect(rows.map(([name]) => name)).toEqual(
      dependencies
        .filter(({ kind }) => kind === 'dependencies')
        .map(({ name }) => `\`${name}\``)
        .sort(),
    )
  })

  it('gives a reason for each', () => {
    expect(rows.filter(([, why = '']) => why === '')).toEqual([])
  })
})

describe('a dependency', () => {
  it.each(dependencies)('is pinned exactly: $name', ({ name, version }) => {
    expect(version).toMatch(/^\d+\.\d+\.\d+$/)
    expect(at(Object.fromEntries(locked), `node_modules/${name}`, 'version')).toBe(version)
  })

  it('is of one kind only', () => {
    const names = dependencies.map(({ name }) => name)
    expect(names.toSorted()).toEqual([...new Set(names)].sort())
    expect(entries(manifest).filter(([key]) => /dependencies$/i.test(key))).toHaveLength(
      kinds.length,
    )
  })
})

/** The npm registry says that this one has an install script; what it hands out has none. */
const SAID_TO_HAVE: ReadonlySet<string> = new Set(['node_modules/fsevents'])

describe('the lock file', () => {
  it('says of each package what it has to hold', () => {
    expect(locked.length).toBeGreaterThan(dependencies.length)
    const open = locked.filter(
      // What a package brings along within itself is held by its own.
      ([, entry]) => at(entry, 'integrity') === undefined && at(entry, 'inBundle') !== true,
    )
    expect(open).toEqual([])
  })

  it('names no registry, so that whoever installs chooses it', () => {
    const resolved = locked.filter(([, entry]) => at(entry, 'resolved') !== undefined)
    expect(resolved).toEqual([])
    expect(read('package-lock.json')).not.toContain('"resolved"')
  })

  it('has no package with an install script', () => {
    const scripted = locked.filter(
      ([folder, entry]) =>
        at(entry, 'hasInstallScript') !== undefined &&
        !(SAID_TO_HAVE.has(folder) && at(entry, 'dev') === true && at(entry, 'optional') === true),
    )
    expect(scripted.map(([folder]) => folder)).toEqual([])
  })
})

describe('an installed package', () => {
  // Those for other systems are not there.
  const installed = locked
    .map(([folder]) => folder)
    .filter((folder) => existsSync(`${root}${folder}/package.json`))

  it('is there of every runtime dependency', () => {
    const runtime = dependencies.filter(({ kind }) => kind === 'dependencies')
    expect(installed).toEqual(
      expect.arrayContaining(runtime.map(({ name }) => `node_modules/${name}`)),
    )
  })

  it('runs nothing when it is installed, by its own word', () => {
    const scripted = installed.flatMap((folder) => {
      const scripts = at(readJson(`${folder}/package.json`), 'scripts')
      const named = ['preinstall', 'install', 'postinstall'].filter(
        (name) => at(scripts, name) !== undefined,
      )
      // npm builds what has this file, though no script says so.
      const built = existsSync(`${root}${folder}/binding.gyp`) ? ['binding.gyp'] : []
      return [...named, ...built].map((what) => `${folder}: ${what}`)
    })
    expect(scripted).toEqual([])
  })
})
