/** Modules that a child process loads before the bundle. */
import { readFileSync } from 'node:fs'
import { transformSync } from 'rolldown/utils'

/**
 * Arguments for Node that load a module first. The module is passed as a data: URL of JavaScript, since Node
 * loads a TypeScript file more slowly than it runs the bundle; so it can only import built-in modules.
 *
 * @param path below test/support
 */
export function preloadArguments(path: string): readonly string[] {
  const known = cache.get(path) ?? transform(path)
  cache.set(path, known)
  return known
}

const cache = new Map<string, readonly string[]>()

function transform(path: string): readonly string[] {
  const file = new URL(path, import.meta.url)
  const { code, errors } = transformSync(file.pathname, readFileSync(file, 'utf8'))
  if (errors.length > 0) throw new Error(`${path}: ${errors.map(String).join('; ')}`)
  return ['--import', `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`]
}
