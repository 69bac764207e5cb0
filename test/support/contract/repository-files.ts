/** The workflows of this repository as data. */
import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'

import { isObject } from '../../../emulator/lib/validation.ts'
import { root } from './pages.ts'

export const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8')
export const readYaml = (path: string): unknown => parse(read(path))
export const readJson = (path: string): unknown => JSON.parse(read(path))

/** The value at a path of keys; undefined if a key is missing. */
export const at = (value: unknown, ...keys: readonly string[]): unknown =>
  keys.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value)
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
export const text = (value: unknown): string => (typeof value === 'string' ? value : '')
export const texts = (value: unknown): readonly string[] =>
  list(value).filter((item) => typeof item === 'string')
export const entries = (value: unknown): readonly (readonly [string, unknown])[] =>
  isObject(value) ? Object.entries(value) : []

export type Workflow = Readonly<{ name: string; workflow: unknown }>

export const workflows: readonly Workflow[] = readdirSync(`${root}.github/workflows`).map(
  (name) => ({ name, workflow: readYaml(`.github/workflows/${name}`) }),
)

/** The events of a workflow; `on` can be a string, a list or a mapping. */
export function getEvents(workflow: unknown): readonly string[] {
  const on = at(workflow, 'on')
  return typeof on === 'string' ? [on] : [...texts(on), ...entries(on).map(([event]) => event)]
}

export const getSteps = (job: unknown): readonly unknown[] => list(at(job, 'steps'))

const filled = (value: unknown, combination: unknown): string =>
  text(value).replace(/\$\{\{ matrix\.([\w-]+) \}\}/g, (_, key: string) =>
    text(at(combination, key)),
  )

/** The npm commands of a job, in order, with matrix values in place of environment variables. */
export function getNpmCalls(job: unknown): readonly string[] {
  const included = list(at(job, 'strategy', 'matrix', 'include'))
  const combinations = included.length === 0 ? [{}] : included
  const called = getSteps(job).flatMap((step) =>
    combinations.map((combination) =>
      text(at(step, 'run')).replace(/"\$(\w+)"/g, (whole, name: string) => {
        const value = filled(at(step, 'env', name), combination)
        return value === '' ? whole : value
      }),
    ),
  )
  return [...new Set(called.flatMap((script) => findNpmCommands(script)))]
}

export const findNpmCommands = (script: string): readonly string[] =>
  script
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /(?:^|[\s;&|])npm /.test(line) && !line.startsWith('#'))

/** The names of a job's checks: one for each value of its matrix. */
export function getCheckNames(job: unknown): readonly string[] {
  const name = text(at(job, 'name'))
  const key = /\$\{\{ matrix\.([\w-]+) \}\}/.exec(name)?.[1]
  return key === undefined
    ? [name]
    : texts(at(job, 'strategy', 'matrix', key)).map((value) => filled(name, { [key]: value }))
}
