/** action.yml and the code agree: every input and output, and nothing else. */
import '../workflows/module-hooks.ts'

import { globSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { validate } from '@actions/languageservice'
import { describe, expect, it } from 'vitest'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { parse } from 'yaml'

import { getOutcomes } from '../../scripts/result-outputs.ts'
import { INPUTS } from '../../src/inputs/definitions.ts'
import { inputVariable } from '../../src/inputs/reader.ts'
import { PERMISSIONS } from '../../src/storage/model.ts'
import { readInputs, readTriggerInputs } from '../../src/inputs/read-inputs.ts'
import type { Env } from '../../src/lib/env.ts'
import { OUTPUTS } from '../../src/report/outputs.ts'
import { isFailure, RESULTS } from '../../src/run/outcome.ts'
import { findCode, root } from '../support/contract/pages.ts'
import { at, entries, read, readJson, text, texts } from '../support/contract/repository-files.ts'

const source = read('action.yml')
const action: unknown = parse(source)
const inputs = entries(at(action, 'inputs'))
const outputs = entries(at(action, 'outputs'))

/** `a/{b,c}.ts` as `a/b.ts` and `a/c.ts`. */
function expandBraces(pattern: string): readonly string[] {
  const [, before = '', choices, after = ''] = /^(.*)\{(.*)\}(.*)$/.exec(pattern) ?? []
  return choices?.split(',').map((choice) => `${before}${choice}${after}`) ?? [pattern]
}

/** The variables that a runner sets for the required inputs and a region. */
const requiredOnly: Readonly<Record<string, string>> = {
  'INPUT_APP-ID': 'd1a2b3c4d5e6f7',
  'INPUT_BACKEND-ENVIRONMENT-NAME': 'prod',
  'INPUT_RESOURCE-NAME': 'media',
  'INPUT_AUTHENTICATED-PERMISSIONS': 'READ',
  AWS_REGION: 'eu-west-1',
}

function sources(folder = 'src'): readonly Readonly<{ path: string; code: string }>[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .map((path) => ({ path, code: read(path) }))
}

const filesWith = (pattern: RegExp): readonly string[] =>
  sources()
    .filter(({ code }) => pattern.test(code))
    .map(({ path }) => path)
    .sort()

describe('Inputs', () => {
  it('action.yml declares the inputs of the code, in the same order and with the same defaults', () => {
    const declared = inputs.map(([name, input]) => {
      const isRequired = at(input, 'required') === true
      return {
        name,
        required: isRequired,
        default: at(input, 'default') ?? (isRequired ? '' : null),
      }
    })
    expect(declared).toEqual(
      INPUTS.map(({ name, required, default: value }) => ({ name, required, default: value })),
    )
  })

  it('The code reads every declared input and no other', () => {
    const readNames = new Set<string>()
    const env = new Proxy<Env>(requiredOnly, {
      get: (target, name) => {
        if (typeof name !== 'string') return undefined
        if (name.startsWith('INPUT_')) readNames.add(name)
        return target[name]
      },
    })
    readTriggerInputs(env)
    expect(readInputs(env).problems).toEqual([])
    expect([...readNames].sort()).toEqual(INPUTS.map(({ name }) => inputVariable(name)).sort())
  })

  it('An empty input means the same as its default', () => {
    const optional = INPUTS.filter((input) => !input.required)
    const withValues = (valueOf: (preset: string) => string): Env =>
      Object.fromEntries(optional.map((each) => [inputVariable(each.name), valueOf(each.default)]))
    // The runner evaluates the expression, here to an empty string.
    const defaults = withValues((preset) => preset.replace('${{ github.token }}', ''))
    const empty = withValues(() => '')
    const expected = readInputs({ ...requiredOnly, ...defaults })
    expect(readInputs({ ...requiredOnly, ...empty })).toEqual(expected)
    expect(readInputs(requiredOnly)).toEqual(expected)
    expect(readTriggerInputs(empty)).toEqual(readTriggerInputs(defaults))
  })

  it('Only src/inputs reads inputs', () => {
    const readers = filesWith(/['"`]INPUT_|\bget(?:Boolean|Multiline)?Input\b(?!`)/)
    expect(readers).not.toEqual([])
    expect(readers.filter((path) => !path.startsWith('src/inputs/'))).toEqual([])
  })
})

describe('Descriptions', () => {
  const descriptionOf = (name: string): string =>
    text(at(action, 'inputs', name, 'description')).replace(/\s+/g, ' ')

  /** The problems of one input, if all others are valid. */
  const problemsOf = (name: string, value: string): readonly string[] =>
    readInputs({ ...requiredOnly, [inputVariable(name)]: value })
      .problems.filter(({ input }) => input === name)
      .map(({ rule }) => rule)
  const warningsOf = (name: string, value: string): readonly string[] =>
    readInputs({ ...requiredOnly, [inputVariable(name)]: value }).warnings

  it('The description of result lists every result, first those of a step that succeeds', () => {
    const description = text(at(action, 'outputs', 'result', 'description'))
    const [successes, failures] = description.split('if the step fails').map(findCode)
    const fails = (result: (typeof RESULTS)[number]): boolean => getOutcomes(result).some(isFailure)
    expect(successes).toEqual(RESULTS.filter((result) => !fails(result)))
    expect(failures).toEqual(RESULTS.filter(fails))
  })

  // A description may also contain other names.
  it.each([
    ['mode', ['apply-branches', 'workflow_dispatch', 'repository_dispatch', 'schedule']],
    ['if-exists', []],
    ['wait', ['ready']],
    ['summary', []],
    ['comment-on-pr', ['pull-requests: write']],
    ['service-name', []],
  ] as const)('The description of %s lists every accepted value', (name, others) => {
    const listed = findCode(descriptionOf(name)).filter((code) => !others.some((o) => o === code))
    expect(listed.flatMap((value) => problemsOf(name, value))).toEqual([])
    const accepted = problemsOf(name, 'none-of-them').flatMap(findCode)
    expect([...new Set(listed)].sort()).toEqual(accepted.toSorted())
  })

  const ranges = inputs.flatMap(([name]) =>
    [...descriptionOf(name).matchAll(/\b(\d+) to (\d+)\b/g)].map(
      ([, min, max]): [string, number, number] => [name, Number(min), Number(max)],
    ),
  )

  it('Five inputs have a range', () => {
    expect(ranges).toHaveLength(5)
  })

  it.each(ranges)('The range of %s is %d to %d', (name, min, max) => {
    const isLength = ['bucket-name', 'role-session-name'].includes(name)
    // A bucket name outside its range only causes a warning.
    const messages = (size: number): readonly string[] => {
      const value = isLength ? 'a'.repeat(size) : String(size)
      return [...problemsOf(name, value), ...warningsOf(name, value)]
    }
    expect([...messages(min), ...messages(max)]).toEqual([])
    expect(messages(min - 1)).toHaveLength(1)
    expect(messages(max + 1)).toHaveLength(1)
  })

  it('The description of allowed-account-ids has the number of digits', () => {
    const digits = Number(/\b(\d+) digits/.exec(descriptionOf('allowed-account-ids'))?.[1])
    const problems = [digits - 1, digits, digits + 1].map(
      (count) => problemsOf('allowed-account-ids', '1'.repeat(count)).length,
    )
    expect(problems).toEqual([1, 0, 1])
  })

  it('The description of role-session-name lists its special characters', () => {
    const [listed = ''] = findCode(descriptionOf('role-session-name'))
    const printable = Array.from({ length: 0x7f - 0x21 }, (_, i) => String.fromCharCode(0x21 + i))
    const accepted = printable
      .filter((character) => /[^A-Za-z\d]/.test(character))
      .filter((character) => problemsOf('role-session-name', `a${character}b`).length === 0)
    expect(accepted.sort()).toEqual(Array.from(listed).sort())
  })

  it('The descriptions of audience and authenticated-permissions list their values', () => {
    const audiences = ['eu-west-1', 'cn-north-1'].map(
      (region) => readInputs({ ...requiredOnly, AWS_REGION: region }).inputs?.audience,
    )
    expect(findCode(descriptionOf('audience'))).toEqual(audiences)
    const permissions = findCode(descriptionOf('authenticated-permissions'))
    expect(permissions).toEqual([...PERMISSIONS, 'none'])
  })

  it('The description of aws-region lists the variables in their order of precedence', () => {
    const [, ...variables] = findCode(descriptionOf('aws-region'))
    const given = Object.fromEntries(variables.map((name, i) => [name, `eu-west-${i + 1}`]))
    const used = [given, { ...given, [variables[0] ?? '']: '' }].map(
      (env) => readInputs({ ...requiredOnly, ...env }).inputs?.regionSource,
    )
    expect(used).toEqual(variables)
  })
})

it('action.yml declares the outputs of the code, which only the report and the process guard set', () => {
  expect(outputs.map(([name]) => name)).toEqual(OUTPUTS)
  const setters = filesWith(/\.setOutput\(/)
  expect(setters).toEqual(['src/report/reporter.ts', 'src/run/process-guard.ts'])
})

describe('action.yml', () => {
  // The language service caches the result for each folder.
  const validateAction = (folder: string, content: string): ReturnType<typeof validate> =>
    validate(TextDocument.create(`file:///${folder}/action.yml`, 'yaml', 1, content))

  it('GitHub’s language service accepts action.yml, and rejects an unknown runtime', async () => {
    expect(await validateAction('valid', source)).toEqual([])
    const unknownRuntime = source.replace('using: node24', 'using: node25')
    expect(await validateAction('invalid', unknownRuntime)).not.toEqual([])
  })

  it('The action runs the committed bundle on Node 24, and nothing before or after it', () => {
    expect(at(action, 'runs')).toEqual({ using: 'node24', main: 'dist/index.js' })
    expect(read('.node-version')).toMatch(/^24\b/)
  })
})

describe('The source', () => {
  it('On Windows a path is not a URL, so the source builds no paths and imports only literals', () => {
    expect(filesWith(/['"](?:node:)?(?:path|url)['"]|__dirname|import\.meta/)).toEqual([])
    const imported = sources().flatMap(({ code }) =>
      [...code.matchAll(/\bimport\(([^)]*)\)/g)].map(([, specifier = '']) => specifier),
    )
    const isLiteral = /^'(?:\.{1,2}\/[\w./-]+\.ts|@[\w-]+\/[\w-]+)'$/
    expect(imported.filter((specifier) => !isLiteral.test(specifier))).toEqual([])
  })

  it('The bundle imports its own files relative to itself', () => {
    const imports = readdirSync(join(root, 'dist'))
      .filter((name) => name.endsWith('.js'))
      .flatMap((name) => [...read(`dist/${name}`).matchAll(/\bimport\((?!\))(.{5})/g)])
      .map(([, specifier]) => specifier)
    expect(imports).toEqual(['`./`+'])
  })

  it('Every pattern of files to mutate matches a file', () => {
    const patterns = texts(at(readJson('stryker.config.json'), 'mutate')).flatMap(expandBraces)
    expect(patterns.length).toBeGreaterThan(1)
    expect(patterns.filter((pattern) => globSync(pattern, { cwd: root }).length === 0)).toEqual([])
  })

  it('No comment turns off a check, with one exception in a test', () => {
    const directive =
      /(?:\/\/|\/\*)\s*((?:(?:v8|c8|istanbul) ignore|node:coverage|Stryker disable|eslint-disable|@ts-(?:ignore|expect-error|nocheck)).*)/g
    const found = ['src', 'emulator', 'test', 'scripts', 'bench']
      .flatMap(sources)
      .flatMap(({ path, code }) =>
        [...code.matchAll(directive)].map(
          ([, what = '']) => `${path}: ${what.replace(/ --.*/, '')}`,
        ),
      )
    // The method of a socket is called on that same socket.
    expect(found).toEqual([
      'test/support/preload/network-guard.ts: eslint-disable-next-line @typescript-eslint/unbound-method',
    ])
  })
})
