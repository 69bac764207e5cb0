/** Links, code blocks, tables and names in the documentation are valid. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join, posix } from 'node:path'
import * as amplifyBackend from '@aws-sdk/client-amplifybackend'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

import { parsePolicy, parseTrustPolicy } from '../../emulator/iam/parse-policy.ts'
import { updateGeneratedTables } from '../../scripts/docs-tables.ts'
import { ERROR_CATALOG } from '../../src/errors/catalog.ts'
import { INPUTS } from '../../src/inputs/definitions.ts'
import { OUTPUTS } from '../../src/report/outputs.ts'
import { backoffMs, throttleDelayMs } from '../../src/network/retry.ts'
import { MUTATION_GRACE_MS } from '../../src/run/cancellation.ts'
import { RESULTS } from '../../src/run/outcome.ts'
import { pollDelayMs, unlistedJobDelayMs } from '../../src/storage/jobs/polling.ts'
import { EFFECT_WINDOW_MS } from '../../src/storage/mutation/state.ts'
import {
  pages,
  readPage,
  root,
  tableBelow,
  type Block,
  type Page,
} from '../support/contract/pages.ts'
import { at, entries, read, readJson, readYaml } from '../support/contract/repository-files.ts'

const all = pages()
const paths = all.map(({ path }) => path)
const blocksOf = (...languages: readonly string[]): readonly [string, Block][] =>
  all.flatMap(({ path, blocks }) =>
    blocks
      .filter(({ language }) => languages.includes(language))
      .map((block): [string, Block] => [`${path}:${block.line}`, block]),
  )

/** A file of the reader's repository. */
const READERS_WORKFLOW = '.github/workflows/storage.yml'

/** Words in capitals that are not error codes. */
const OTHER_CAPITALS =
  /^(?:CREATE_AND_UPDATE|(?:AWS|GITHUB|ACTIONS|NODE|HTTPS?|NO|ALL|SSL)_\w+|APP_ID|FULL_SHA)$/

const emulatorAction = readYaml('emulator/action.yml')

const KNOWN_NAMES: ReadonlySet<string> = new Set([
  ...INPUTS.map(({ name }) => name),
  ...['inputs', 'outputs'].flatMap((kind) =>
    entries(at(emulatorAction, kind)).map(([name]) => name),
  ),
  ...OUTPUTS,
  ...RESULTS,
])

/** Hyphenated names of GitHub, and values in the examples. */
const OTHER_NAMES: ReadonlySet<string> = new Set([
  ...['cancel-in-progress', 'fail-fast', 'id-token', 'max-parallel', 'pull-requests'],
  ...['acme-media', 'amplify-storage-apply', 'amplify-storage-plan', 'changes-only'],
  // Inputs that other actions have.
  ...['aws-role-arn', 'dry-run'],
])

const eachPage = all.map((page): [string, Page] => [page.path, page])

describe('Every page', () => {
  it.each(eachPage)('Every link in %s leads to an existing file and heading', (path, { links }) => {
    const broken = links.filter(({ target }) => !leadsSomewhere(path, target))
    expect(broken).toEqual([])
  })

  function leadsSomewhere(from: string, target: string): boolean {
    if (/^https:\/\/[\w.-]+(?:\/\S*)?$/.test(target)) return true
    const [file = '', anchor] = target.split('#')
    const path = file === '' ? from : posix.normalize(posix.join(posix.dirname(from), file))
    if (path.startsWith('..') || !existsSync(join(root, path))) return false
    return anchor === undefined || readPage(path).anchors.has(anchor)
  }

  it.each(eachPage)(
    'Every file, npm script and error code that %s names exists',
    (_, { codes, text }) => {
      const files = codes.filter((code) =>
        /^(?:\.ci|\.github|src|emulator|test|scripts|bench|examples|docs|dist)\/[\w./-]*$/.test(
          code,
        ),
      )
      const missing = files.filter(
        (file) => !existsSync(join(root, file)) && file !== READERS_WORKFLOW,
      )
      const commands = [...text.matchAll(/\bnpm run (?:--silent )?([\w:-]+)/g)].map(
        ([, name = '']) => name,
      )
      const unknown = commands.filter((name) => !at(readJson('package.json'), 'scripts', name))
      const wrongCodes = codes.filter(
        (code) =>
          /^[A-Z]+(?:_[A-Z]+)+$/.test(code) &&
          !OTHER_CAPITALS.test(code) &&
          !(code in ERROR_CATALOG),
      )
      expect({ missing, unknown, wrongCodes }).toEqual({ missing: [], unknown: [], wrongCodes: [] })
    },
  )

  it.each(eachPage)('Every input, output and result that %s names exists', (_, { codes }) => {
    const words = codes.flatMap((code) => /^([a-z]+(?:-[a-z]+)+)(?:: .*)?$/.exec(code)?.[1] ?? [])
    expect(words.filter((word) => !KNOWN_NAMES.has(word) && !OTHER_NAMES.has(word))).toEqual([])
  })

  /** The outputs of the action, and those that jobs of the examples declare. */
  const known: Readonly<Record<string, readonly string[]>> = {
    steps: OUTPUTS,
    needs: readdirSync(join(root, 'examples'))
      .flatMap((name) => entries(at(readYaml(`examples/${name}`), 'jobs')))
      .flatMap(([, job]) => entries(at(job, 'outputs')).map(([output]) => output)),
  }

  it.each(eachPage)('Every output that %s uses in an expression exists', (_, { text }) => {
    const unknown = [...text.matchAll(/\b(steps|needs)\.[\w-]+\.outputs\.([\w-]+)/g)].filter(
      ([, context = '', output = '']) => known[context]?.includes(output) !== true,
    )
    expect(unknown.map(([expression]) => expression)).toEqual([])
  })
})

describe('Workflows in the documentation', () => {
  const marked = all.flatMap(({ path, blocks }) =>
    blocks
      .filter(({ mark }) => mark.startsWith('example: '))
      .map(({ mark, text }): [string, string, string] => [path, mark.slice(9), text]),
  )

  it('README.md contains the example plan-and-apply', () => {
    const found = marked.map(([path, example]) => `${path}: ${example}`)
    expect(found).toContain('README.md: plan-and-apply')
  })

  it.each(marked)(
    'The workflow in %s is the example %s except for comments',
    (_, example, text) => {
      expect(parse(text)).toEqual(readYaml(`examples/${example}.yml`))
    },
  )
})

describe('Code blocks', () => {
  it.each(blocksOf('yaml', 'yml'))('The YAML in %s can be parsed', (_, { text }) => {
    expect(parse(text)).not.toBeNull()
  })

  it.each(
    blocksOf('yaml', 'yml').flatMap(([where, { text }]) =>
      [...text.matchAll(/^.*\buses: *(.*)$/gm)].map(([, uses = '']): [string, string] => [
        where,
        uses,
      ]),
    ),
  )('The code in %s pins %s to a commit', (_, uses) => {
    expect(uses).toMatch(/^[\w.-]+\/[\w./-]+@(?:[0-9a-f]{40}|FULL_SHA) # v\d+\.\d+\.\d+$/)
  })

  it.each(blocksOf('json'))('The JSON in %s can be parsed', (_, { text }) => {
    expect(() => void JSON.parse(text)).not.toThrow()
  })

  it.each(blocksOf('sh', 'bash'))('The shell script in %s can be parsed', (_, { text }) => {
    const { status, stderr } = spawnSync(bash(), ['-n'], { input: text, encoding: 'utf8' })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })

  /** On Windows the first bash on the path is not the one from Git, which GitHub's runners use. */
  function bash(): string {
    const files = process.env['ProgramFiles']
    return process.platform === 'win32' && files !== undefined
      ? join(files, 'Git', 'bin', 'bash.exe')
      : 'bash'
  }

  it('Every code block names its language', () => {
    const bare = all.flatMap(({ path, blocks }) =>
      blocks.filter(({ language }) => language === '').map(({ line }) => `${path}:${line}`),
    )
    expect(bare).toEqual([])
  })
})

describe('Policies in the documentation', () => {
  const policies = blocksOf('json').filter(([, { text }]) => text.includes('"Statement"'))
  /** Every action in the model of the service. */
  const operations = Object.keys(amplifyBackend)
    .filter((name) => name.endsWith('Command'))
    .map((name) => `amplifybackend:${name.replace(/Command$/, '')}`)

  it.each(policies)(
    'The policy in %s is valid and has a mark, a version and only existing actions',
    (_, { text, mark }) => {
      const document: unknown = JSON.parse(text)
      expect(at(document, 'Version')).toBe('2012-10-17')
      expect(mark).toMatch(/^(?:policy|trust): /)
      const parsePolicyOfKind = mark.startsWith('trust') ? parseTrustPolicy : parsePolicy
      expect(() => parsePolicyOfKind(document)).not.toThrow()
      const actions = [...text.matchAll(/"(amplifybackend:[^"]*)"/g)].map(([, action]) => action)
      expect(actions.filter((action) => !operations.includes(action ?? ''))).toEqual([])
      expect(text).not.toMatch(/"(?:[\w-]+:)?\*"/)
    },
  )

  it('Every policy has a different mark', () => {
    const marks = policies.map(([, { mark }]) => mark)
    expect(new Set(marks).size).toBe(marks.length)
  })
})

it('The table of limits in docs/how-it-works.md has the values of the code', () => {
  const seconds = (...values: readonly number[]): string =>
    [...new Set(values)].map((ms) => String(ms / 1_000)).join(' to ')
  const [never, always, middle] = [() => 0, () => 1, () => 0.5]
  const rows = tableBelow(readPage('docs/how-it-works.md'), 'Limits')
  expect(rows.map(([, value]) => value)).toEqual([
    seconds(EFFECT_WINDOW_MS),
    seconds(pollDelayMs(0, middle), pollDelayMs(1e9, middle)),
    seconds(unlistedJobDelayMs(never), unlistedJobDelayMs(always)),
    seconds(backoffMs('server-error', 1, always), backoffMs('server-error', 99, always)),
    seconds(
      throttleDelayMs({ throttledResponses: 1 }),
      throttleDelayMs({ throttledResponses: 99 }),
    ),
    seconds(backoffMs('throttled', 1, never, 1e9)),
    seconds(MUTATION_GRACE_MS),
  ])
})

it('The generated tables are current (npm run docs)', () => {
  for (const [path, text] of updateGeneratedTables(read)) expect(read(path)).toBe(text)
})

describe('README.md', () => {
  const readme = readPage('README.md')

  it('README.md has at most 1,800 words outside of <details>', () => {
    const shown = readme.text.replace(/<details>[^]*?<\/details>/g, '')
    expect(shown.split(/\s+/).length).toBeLessThanOrEqual(1_800)
  })

  it('README.md links to every page and every example', () => {
    const targets = linkedFiles(readme)
    expect(paths.filter((path) => path !== 'README.md' && !targets.has(path))).toEqual([])
    const examples = readdirSync(join(root, 'examples')).map((name) => `examples/${name}`)
    expect(examples.filter((path) => !targets.has(path))).toEqual([])
  })
})

describe('The pages in docs/', () => {
  const below = all.filter(({ path }) => /^docs\/(?!README)/.test(path))

  it('docs/README.md links to every page in docs/', () => {
    const targets = linkedFiles(readPage('docs/README.md'))
    expect(below.filter(({ path }) => !targets.has(path))).toEqual([])
  })

  it.each(below.map((page): [string, Page] => [page.path, page]))(
    '%s ends with links to where to go next',
    (path, { text }) => {
      const last = text.split(/^## /m).at(-1) ?? ''
      expect(last).toMatch(/^Next\n/)
      expect([...last.matchAll(/\]\((?!#)[^)]+\)/g)].length, path).toBeGreaterThan(1)
    },
  )
})

/** The files that a page links to, relative to the root of the repository. */
function linkedFiles({ path, links }: Page): ReadonlySet<string> {
  return new Set(
    links
      .map(({ target }) => target.split('#')[0] ?? '')
      .map((target) => posix.normalize(posix.join(posix.dirname(path), target))),
  )
}
