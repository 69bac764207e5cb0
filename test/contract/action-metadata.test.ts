/** action.yml, the code and the examples say the same: every input and output, and nothing else. */
import '../workflows/module-hooks.ts'

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { validate } from '@actions/languageservice'
import { describe, expect, it } from 'vitest'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { parse } from 'yaml'

import { isObject } from '../../emulator/lib/validation.ts'
import { getOutcomes } from '../../scripts/result-outputs.ts'
import { isFailure, RESULTS, type RunResult } from '../../src/run/outcome.ts'
import { INPUTS, readInputs, readTriggerInputs } from '../../src/inputs/read-inputs.ts'
import type { Env } from '../../src/lib/env.ts'
import { PERMISSIONS } from '../../src/inputs/lists.ts'
import { inputVariable } from '../../src/inputs/definitions.ts'
import { OUTPUTS } from '../../src/report/outputs.ts'
import { findCode, root } from '../support/contract/pages.ts'

type Mapping = Readonly<Record<string, unknown>>

const mapping = (value: unknown): Mapping => (isObject(value) ? value : {})
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

const text = read('action.yml')
const action = mapping(parse(text))
const inputs = mapping(action['inputs'])
const outputs = mapping(action['outputs'])

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
    readTriggerInputs(env)
    expect(readInputs(env).problems).toEqual([])
    expect([...asked].sort()).toEqual(INPUTS.map(({ name }) => inputVariable(name)).sort())
  })

  it('means the same empty as with the default of action.yml', () => {
    const defaults = INPUTS.filter(({ required }) => !required).map(({ name, default: preset }) => [
      inputVariable(name),
      // The runner expands it, here to nothing.
      preset === '${{ github.token }}' ? '' : preset,
    ])
    const empty = defaults.map(([name]) => [name, ''])
    const given = readInputs({ ...usual(), ...texts(defaults) })
    expect(readInputs({ ...usual(), ...texts(empty) })).toEqual(given)
    expect(readInputs(usual())).toEqual(given)
    expect(readTriggerInputs(texts(empty))).toEqual(readTriggerInputs(texts(defaults)))
  })

  it('is read in one place', () => {
    const readers = sources().filter(({ code }) => /['"`]INPUT_/.test(code))
    // The report only asks whether a summary is wanted where the inputs could not be read.
    expect(readers.map(({ path }) => path).sort()).toEqual([
      'src/inputs/misspelt.ts',
      'src/inputs/definitions.ts',
      'src/report/publish.ts',
    ])
    // The toolkit's own reader knows none of the rules; a comment that names it has it in code marks.
    const around = sources().filter(
      ({ path, code }) =>
        /\bget(?:Boolean|Multiline)?Input\b(?!`)/.test(code) ||
        (/\bvariableOf\b|\binputs\/table\.ts/.test(code) && !/^src\/inputs(?:\/|\.ts$)/.test(path)),
    )
    expect(around.map(({ path }) => path)).toEqual([])
  })

  const texts = (entries: readonly (readonly (string | undefined)[])[]): Env =>
    Object.fromEntries(entries.map(([name = '', value]) => [name, value]))
})

describe('a description', () => {
  const described = (name: string, among: Mapping = inputs): string =>
    String(mapping(among[name])['description']).replace(/\s+/g, ' ')

  /** What is wrong with one value of an input, the others being right. */
  const problemsOf = (name: string, value: string): readonly string[] =>
    readInputs({ ...usual(), [inputVariable(name)]: value })
      .problems.filter(({ input }) => input === name)
      .map(({ rule }) => rule)
  const warningsOf = (name: string, value: string): readonly string[] =>
    readInputs({ ...usual(), [inputVariable(name)]: value }).warnings

  it('of the output result names every result, and those whose step fails apart', () => {
    const isGreen = (result: RunResult): boolean => !getOutcomes(result).some(isFailure)
    const [green, red] = described('result', outputs).split('with a failed step').map(findCode)
    expect(green).toEqual(RESULTS.filter(isGreen))
    expect(red).toEqual(RESULTS.filter((result) => !isGreen(result)))
  })

  // Besides its values, a description may name what they are about.
  it.each([
    ['mode', ['apply-branches', 'workflow_dispatch', 'repository_dispatch', 'schedule']],
    ['if-exists', []],
    ['wait', ['ready']],
    ['summary', []],
    ['comment-on-pr', ['pull-requests: write']],
    ['service-name', []],
  ] as const)('of %s names the values that are taken, and no others', (name, others) => {
    const named = findCode(described(name)).filter(
      (code) => !others.some((other) => other === code),
    )
    expect(named.flatMap((value) => problemsOf(name, value))).toEqual([])
    // What the refusal of another value offers is what there is.
    const offered = problemsOf(name, 'none-of-them').flatMap(findCode)
    expect([...new Set(named)].sort()).toEqual(offered.sort())
  })

  it('of the permissions names those that are taken, and no others', () => {
    const [signedIn, guests] = [
      findCode(described('authenticated-permissions')),
      findCode(described('unauthenticated-permissions')),
    ]
    expect(signedIn).toEqual([...PERMISSIONS, 'none'])
    expect(guests).toEqual(['authenticated-permissions', 'none'])
    const read = readInputs({
      ...usual(),
      [inputVariable('authenticated-permissions')]: signedIn.slice(0, -1).join(', '),
      [inputVariable('unauthenticated-permissions')]: 'none',
    })
    expect(read.inputs?.authenticatedPermissions).toEqual(PERMISSIONS)
    expect(read.inputs?.unauthenticatedPermissions).toEqual([])
  })

  const ranges = Object.keys(inputs).flatMap((name) =>
    [...described(name).matchAll(/\b(\d+) to (\d+)\b/g)].map(
      ([, least, most]): [string, number, number] => [name, Number(least), Number(most)],
    ),
  )

  /** What of that size is, for an input that is no number. */
  const OF_LENGTH: ReadonlySet<string> = new Set(['bucket-name', 'role-session-name'])
  const sized = (name: string, size: number): string =>
    OF_LENGTH.has(name) ? 'a'.repeat(size) : String(size)

  it('gives the range of every input that has one', () => {
    expect(ranges.map(([name]) => name)).toEqual([
      'bucket-name',
      'role-session-name',
      'role-duration-seconds',
      'timeout-in-minutes',
      'max-attempts',
    ])
  })

  it.each(ranges)('of %s gives its range: %d to %d', (name, least, most) => {
    // A bucket outside of its range is only warned of.
    const said = (size: number): readonly string[] => {
      const value = sized(name, size)
      return [...problemsOf(name, value), ...warningsOf(name, value)]
    }
    expect([...said(least), ...said(most)]).toEqual([])
    expect(said(least - 1)).toHaveLength(1)
    expect(said(most + 1)).toHaveLength(1)
  })

  it('of allowed-account-ids gives the digits of an id', () => {
    const digits = Number(/\b(\d+) digits/.exec(described('allowed-account-ids'))?.[1])
    const problems = [digits - 1, digits, digits + 1].map(
      (count) => problemsOf('allowed-account-ids', '1'.repeat(count)).length,
    )
    expect(problems).toEqual([1, 0, 1])
  })

  it('of role-session-name gives its characters', () => {
    const [given = ''] = findCode(described('role-session-name'))
    const marks = Array.from({ length: 0x7f - 0x21 }, (_, at) => String.fromCharCode(0x21 + at))
    const taken = marks
      .filter((mark) => /[^A-Za-z\d]/.test(mark))
      .filter((mark) => problemsOf('role-session-name', `a${mark}b`).length === 0)
    expect(taken.sort()).toEqual(Array.from(given).sort())
  })

  it('of audience gives what it is when nothing is given', () => {
    const audiences = ['eu-west-1', 'cn-north-1'].map(
      (region) => readInputs({ ...usual(), AWS_REGION: region }).inputs?.audience,
    )
    expect(findCode(described('audience'))).toEqual(audiences)
  })

  it('of aws-region gives the variables that stand in for it, the first one first', () => {
    const [, ...variables] = findCode(described('aws-region'))
    const given = Object.fromEntries(variables.map((name, at) => [name, `eu-west-${at + 1}`]))
    const sources = [given, { ...given, [variables[0] ?? '']: '' }].map(
      (env) => readInputs({ ...usual(), ...env }).inputs?.regionSource,
    )
    expect(sources).toEqual(variables)
  })
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
      'src/workflow/toolkit.ts',
      'src/run/process-guard.ts',
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

describe('the code and its tests', () => {
  const NOTED =
    /(?:\/\/|\/\*)\s*((?:(?:v8|c8|istanbul) ignore|node:coverage|Stryker disable|eslint-disable|@ts-(?:ignore|expect-error|nocheck)).*)/g

  it('are exempt from no check, but for one line of a test', () => {
    const exempt = ['src', 'emulator', 'test', 'scripts', 'bench']
      .flatMap(sources)
      .flatMap(({ path, code }) =>
        [...code.matchAll(NOTED)].map(([, what = '']) => `${path}: ${what.replace(/ --.*/, '')}`),
      )
    // The guard calls what it takes off the socket on that same socket.
    expect(exempt).toEqual([
      'test/support/preload/network-guard.ts: eslint-disable-next-line @typescript-eslint/unbound-method',
    ])
  })

  it('are mutated in files that exist', () => {
    const { mutate } = mapping(JSON.parse(read('stryker.config.json')))
    const files = [mutate ?? []].flat().map(String).flatMap(expanded)
    expect(files.length).toBeGreaterThan(1)
    expect(files.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })

  /** `a/{b,c}.ts` in full. */
  function expanded(pattern: string): readonly string[] {
    const [, before = '', choices = '', after = ''] = /^(.*)\{(.*)\}(.*)$/.exec(pattern) ?? []
    return choices === '' ? [pattern] : choices.split(',').map((one) => `${before}${one}${after}`)
  }
})

function sources(folder = 'src'): readonly Readonly<{ path: string; code: string }>[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .map((path) => ({ path, code: read(path) }))
}
