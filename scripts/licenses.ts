/** Collects the licenses of all packages whose code is in the bundle. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

type Package = Readonly<{ name: string; version: string; license: string; text: string }>

/**
 * One text with the license of every package that the modules come from.
 *
 * @param modules paths of the bundled modules
 * @throws Error if a package declares no license
 */
export function collectLicenses(modules: readonly string[]): string {
  const folders = new Set(modules.flatMap((path) => packageFolder(path) ?? []))
  const packages = [...folders].map(readPackage)
  // Many packages share the same text.
  const titles = new Map<string, string[]>()
  for (const { name, version, license, text } of packages) {
    const title = `${name} ${version} (${license})`
    const sharing = titles.get(text) ?? []
    if (!sharing.includes(title)) titles.set(text, [...sharing, title].sort())
  }
  return [...titles]
    .map(([text, sharing]) => `${sharing.join('\n')}\n\n${text}\n`)
    .sort()
    .join(`\n${'-'.repeat(80)}\n\n`)
}

/** The folder of the package that contains a module; undefined for modules of this repository. */
function packageFolder(path: string): string | undefined {
  const match = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(
    path.replace(/^\0/, ''),
  )
  return match?.[1]
}

function readPackage(folder: string): Package {
  const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const field = (name: string): string => {
    const value: unknown =
      typeof manifest === 'object' && manifest !== null ? Reflect.get(manifest, name) : undefined
    return typeof value === 'string' ? value : ''
  }
  const license = field('license')
  if (license === '') throw new Error(`${field('name')} declares no license`)
  const file = readdirSync(folder).find((name) => /^licen[cs]e(?:\.\w+)?$/i.test(name))
  const text = file === undefined ? `SPDX: ${license}` : readFileSync(join(folder, file), 'utf8')
  return {
    name: field('name'),
    version: field('version'),
    license,
    text: text.replace(/\r\n/g, '\n'),
  }
}
