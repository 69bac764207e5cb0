/** action.yml, the code and the examples say the same: every input and output, and nothing else. */
import '../workflows/harness/modules.ts'

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { validate } from '@actions/languageservice'
import { describe, expect, it } from 'vitest'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { parse } from 'yaml'

import { isObject } from '../../emulator/shape.ts'
import { INPUTS, readInputs, readTrigger, type Env } from '../../src/inputs.ts'
import { variableOf } from '../../src/inputs/table.ts'
import { OUTPUTS } from '../../src/report/outputs.ts'
import { root } from './kit/markdown.ts'

type Mapping = Readonly<Record<string, unknown>>

const mapping = (value: unknown): Mapping => (isObject(value) ? value : {})
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

const text = read('action.yml')
const action = mapping(parse(text))
const inputs = mapping(action['inputs'])
const outputs = mapping(action['outputs'])

describe('an input', () => {
  it('is declared as the code knows it, in the same order, with the same default', () => {
    const declared = Object.entries(inputs).map(([name, value]) => {
      const { required, default: preset } = mapping(value)
      return { name, required: required === true, default: preset ?? '' }
    })
    expect(declared).toEqual(INPUTS)
  })

  it('has a default or is required, never both', () => {
    for (const value of Object.values(inputs)) {
      const { required, default: preset } = mapping(value)
      expect(required === true).toBe(preset === undefined)
    }
  })

  it('is read, and nothing else is', () => {
    const asked = new Set<string>()
    const env = new Proxy<Env>(usual(), {
      get: (target, name) => {
        if (typeof name === 'string' && name.startsWith('INPUT_')) asked.add(name)
        return typeof name === 'string' ? target[name] : undefined
      },
    })
    readTrigger(env)
    expect(readInputs(env).problems).toEqual([])
    expect([...asked].sort()).toEqual(INPUTS.map(({ name }) => variableOf(name)).sort())
  })

  it('means the same empty as with the default of action.yml', () => {
    const defaults = INPUTS.filter(({ required }) => !required).map(({ name, default: preset }) => [
      variableOf(name),
      // The runner expands it, here to nothing.
      preset === '${{ github.token }}' ? '' : preset,
    ])
    const empty = defaults.map(([name]) => [name, ''])
    const given = readInputs({ ...usual(), ...texts(defaults) })
    expect(readInputs({ ...usual(), ...texts(empty) })).toEqual(given)
    expect(readInputs(usual())).toEqual(given)
    expect(readTrigger(texts(empty))).toEqual(readTrigger(texts(defaults)))
  })

  it('is read in one place', () => {
    const readers = sources().filter(({ code }) => /['"`]INPUT_/.test(code))
    // The report only asks whether a summary is wanted where the inputs could not be read.
    expect(readers.map(({ path }) => path).sort()).toEqual([
      'src/inputs/misspelt.ts',
      'src/inputs/table.ts',
      'src/report/report.ts',
    ])
  })

  const texts = (entries: readonly (readonly (string | undefined)[])[]): Env =>
    Object.fromEntries(entries.map(([name = '', value]) => [name, value]))

  /** What a runner hands over when a workflow gives the required inputs, a region and a role. */
  function usual(): Record<string, string | undefined> {
    return {
      'INPUT_APP-ID': 'd1a2b3c4d5e6f7',
      'INPUT_BACKEND-ENVIRONMENT-NAME': 'prod',
      'INPUT_RESOURCE-NAME': 'media',
      'INPUT_AUTHENTICATED-PERMISSIONS': 'READ',
      AWS_REGION: 'eu-west-1',
    }
  }
})

describe('an output', () => {
  it('is declared as the code sets it, in the same order', () => {
    expect(Object.keys(outputs)).toEqual(OUTPUTS)
  })

  it('is set by the report alone', () => {
    const setters = sources().filter(({ code }) => /\bsetOutput\(/.test(code))
    // The verdict speaks where a run ends without a report.
    expect(setters.map(({ path }) => path).sort()).toEqual([
      'src/report/reporter.ts',
      'src/toolkit.ts',
      'src/verdict.ts',
    ])
  })
})

describe('an example', () => {
  const examples = readdirSync(join(root, 'examples')).map((name): [string, Mapping[]] => [
    name,
    stepsOf(mapping(parse(read(`examples/${name}`)))).filter(({ uses }) =>
      /^[\w.-]+\/amplify-create-backend-storage@/.test(String(uses)),
    ),
  ])

  it.each(examples)('%s gives inputs that exist', (_, steps) => {
    for (const step of steps) {
      expect(Object.keys(mapping(step['with'])).filter((name) => !(name in inputs))).toEqual([])
    }
  })

  it('is about the action, or calls one that is', () => {
    const without = examples.filter(([, steps]) => steps.length === 0).map(([name]) => name)
    expect(without).toEqual(['call-reusable.yml'])
  })

  function stepsOf(workflow: Mapping): readonly Mapping[] {
    return Object.values(mapping(workflow['jobs'])).flatMap((job) => {
      const { steps } = mapping(job)
      return Array.isArray(steps) ? steps.map(mapping) : []
    })
  }
})

describe('action.yml', () => {
  it('is what GitHub’s own language service takes', async () => {
    const document = TextDocument.create('file:///contract/action.yml', 'yaml', 1, text)
    expect(await validate(document)).toEqual([])
  })

  it('is looked at by it indeed', async () => {
    const spoilt = text.replace('using: node24', 'using: node25')
    const document = TextDocument.create('file:///spoilt/action.yml', 'yaml', 1, spoilt)
    expect(await validate(document)).not.toEqual([])
  })

  // The language service sees none of the following.
  it('has no keys but those that GitHub documents', () => {
    expect(Object.keys(action)).toEqual([
      ...['name', 'description', 'branding', 'inputs', 'outputs', 'runs'],
    ])
    for (const value of Object.values(inputs)) {
      const strange = Object.keys(mapping(value)).filter(
        (key) => !['description', 'required', 'default', 'deprecationMessage'].includes(key),
      )
      expect(strange).toEqual([])
    }
    for (const value of Object.values(outputs)) {
      expect(Object.keys(mapping(value))).toEqual(['description'])
    }
    expect(Object.keys(mapping(action['branding']))).toEqual(['icon', 'color'])
  })

  it('runs the committed bundle on Node 24, and nothing before or after it', () => {
    expect(action['runs']).toEqual({ using: 'node24', main: 'dist/index.js' })
    expect(existsSync(join(root, 'dist/index.js'))).toBe(true)
    expect(read('.node-version')).toMatch(/^24\b/)
  })

  it('explains every input and output in a whole sentence', () => {
    for (const value of [...Object.values(inputs), ...Object.values(outputs)]) {
      expect(String(mapping(value)['description']).trim()).toMatch(/^[A-Z`'][^]{20,}\.$/)
    }
  })

  it('gives defaults as texts, which is all that a runner hands over', () => {
    for (const value of Object.values(inputs)) {
      expect(['string', 'undefined']).toContain(typeof mapping(value)['default'])
    }
  })
})

describe('X07: the code, which runs on Windows too', () => {
  // Files come from the runner, whose paths are handed on as they are; a path of Windows is no URL to import.
  it('makes no paths, and imports nothing by one', () => {
    for (const { path, code } of sources()) {
      expect(code, path).not.toMatch(/['"](?:node:)?(?:path|url)['"]|__dirname|import\.meta/)
      for (const [, what] of code.matchAll(/\bimport\(([^)]*)\)/g)) {
        expect(what, path).toMatch(/^'(?:\.\/[\w-]+\.ts|@actions\/[\w-]+)'$/)
      }
    }
  })

  it('imports its own parts by their places beside it, as bundled', () => {
    const imports = readdirSync(join(root, 'dist'))
      .filter((name) => name.endsWith('.js'))
      .flatMap((name) => [...read(`dist/${name}`).matchAll(/\bimport\((?!\))(.{5})/g)])
      .map(([, what]) => what)
    expect(imports).toEqual(['"./"+'])
  })
})

function sources(): readonly Readonly<{ path: string; code: string }>[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `src/${name.replaceAll('\\', '/')}`)
    .map((path) => ({ path, code: read(path) }))
}
