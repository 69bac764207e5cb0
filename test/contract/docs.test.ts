/** The documentation holds: its links lead somewhere, its code can be used, and what it names is there. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import * as amplifyBackend from '@aws-sdk/client-amplifybackend'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

import { parsePolicy, parseTrustPolicy } from '../../emulator/iam/parse-policy.ts'
import { isObject } from '../../emulator/lib/validation.ts'
import { updateGeneratedTables } from '../../scripts/docs-readme.ts'
import { RESULTS } from '../../src/run/outcome.ts'
import { ERROR_CATALOG } from '../../src/errors/catalog.ts'
import { INPUTS } from '../../src/inputs/read-inputs.ts'
import { OUTPUTS } from '../../src/report/outputs.ts'
import { backoffMs, throttleDelayMs } from '../../src/network/retry.ts'
import { EFFECT_WINDOW_MS } from '../../src/storage/mutation/mutation.ts'
import { unlistedJobDelayMs, pollDelayMs } from '../../src/storage/jobs/wait-for-job.ts'
import { checkWorkflow } from '../workflows/validate.ts'
import { pages, readPage, root, type Block, type Page } from '../support/contract/pages.ts'

const all = pages()
const blocksOf = (...languages: readonly string[]): readonly [string, Block][] =>
  all.flatMap(({ path, blocks }) =>
    blocks
      .filter(({ language }) => languages.includes(language))
      .map((block): [string, Block] => [`${path}:${block.line}`, block]),
  )
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const scripts: unknown = JSON.parse(read('package.json'))

const record = (value: unknown): Readonly<Record<string, unknown>> => (isObject(value) ? value : {})

/** Where the README tells its reader to put the workflow. */
const WORKFLOW_OF_THE_READER = '.github/workflows/storage.yml'

/** Words in capitals that are no error codes. */
const OTHERS =
  /^(?:CREATE_AND_UPDATE|(?:AWS|GITHUB|ACTIONS|NODE|HTTPS?|NO|SSL)_\w+|APP_ID|FULL_SHA)$/

const OURS: ReadonlySet<string> = new Set([
  ...INPUTS.map(({ name }) => name),
  ...OUTPUTS,
  ...RESULTS,
])

/** Hyphenated words of GitHub's, and the values of our examples. */
const NOT_OURS: ReadonlySet<string> = new Set([
  ...['cancel-in-progress', 'fail-fast', 'id-token', 'max-parallel', 'pull-requests'],
  ...['acme-media', 'amplify-storage-apply', 'amplify-storage-plan', 'changes-only'],
])

describe('a page', () => {
  it.each(all.map((page): [string, Page] => [page.path, page]))(
    '%s links to nothing that is not there',
    (path, { links }) => {
      const broken = links.filter(({ target }) => !leadsSomewhere(path, target))
      expect(broken).toEqual([])
    },
  )

  function leadsSomewhere(from: string, target: string): boolean {
    if (/^https:\/\/[\w.-]+(?:\/\S*)?$/.test(target)) return true
    const [file = '', anchor] = target.split('#')
    const path = file === '' ? from : posix.normalize(posix.join(posix.dirname(from), file))
    if (path.startsWith('..') || !existsSync(join(root, path))) return false
    return anchor === undefined || readPage(path).anchors.has(anchor)
  }

  it.each(all.map((page): [string, Page] => [page.path, page]))(
    '%s names only files, scripts and error codes that exist',
    (_, { codes, text }) => {
      const files = codes.filter((code) =>
        /^(?:\.ci|\.github|src|emulator|test|scripts|bench|examples|docs|dist)\/[\w./-]*$/.test(
          code,
        ),
      )
      const missing = files.filter(
        (file) => !existsSync(join(root, file)) && file !== WORKFLOW_OF_THE_READER,
      )
      const commands = [...text.matchAll(/\bnpm run (?:--silent )?([\w:-]+)/g)].map(
        ([, name = '']) => name,
      )
      const unknown = commands.filter((name) => !(name in record(record(scripts)['scripts'])))
      const wrongCodes = codes.filter(
        (code) =>
          /^[A-Z]+(?:_[A-Z]+)+$/.test(code) && !OTHERS.test(code) && !(code in ERROR_CATALOG),
      )
      expect({ missing, unknown, wrongCodes }).toEqual({ missing: [], unknown: [], wrongCodes: [] })
    },
  )

  it.each(all.map((page): [string, Page] => [page.path, page]))(
    '%s names only inputs, outputs and results that exist',
    (_, { codes }) => {
      const words = codes.flatMap((code) => /^([a-z]+(?:-[a-z]+)+)(?:: .*)?$/.exec(code)?.[1] ?? [])
      expect(words.filter((word) => !OURS.has(word) && !NOT_OURS.has(word))).toEqual([])
    },
  )

  it.each(all.map((page): [string, Page] => [page.path, page]))(
    '%s uses only outputs that exist',
    (_, { text }) => {
      expect(unknownOutputs(text)).toEqual([])
    },
  )

  it('is not let through with an output of a step or a job that is not there', () => {
    expect(unknownOutputs('`steps.storage.outputs.redy`')).toEqual(['steps redy'])
    expect(unknownOutputs('`needs.storage.outputs.redy`')).toEqual(['needs redy'])
    // The action has it; no job of an example hands it on.
    expect(unknownOutputs('`needs.storage.outputs.changed`')).toEqual(['needs changed'])
  })

  /** The outputs of a step, which are the action's, or of a job, which an example declares. */
  function unknownOutputs(text: string): readonly string[] {
    const known: Readonly<Record<string, readonly string[]>> = {
      steps: OUTPUTS,
      needs: readdirSync(join(root, 'examples'))
        .flatMap((name) => Object.values(record(record(parse(read(`examples/${name}`)))['jobs'])))
        .flatMap((job) => Object.keys(record(record(job)['outputs']))),
    }
    return [...text.matchAll(/\b(steps|needs)\.[\w-]+\.outputs\.([\w-]+)/g)]
      .filter(([, context = '', output = '']) => known[context]?.includes(output) !== true)
      .map(([, context = '', output = '']) => `${context} ${output}`)
  }

  it('about troubleshooting has headings of codes that exist', () => {
    const page = readPage('docs/troubleshooting.md')
    const named = [...page.text.matchAll(/^### (.*)$/gm)].flatMap(([, heading = '']) =>
      heading.split(/,\s*/).filter((word) => /^[A-Z_]+$/.test(word)),
    )
    expect(named.length).toBeGreaterThan(20)
    expect(named.filter((code) => !(code in ERROR_CATALOG))).toEqual([])
  })
})

describe('a workflow in the documentation', () => {
  const workflows = blocksOf('yaml').filter(([, { text }]) => {
    const document = record(parse(text))
    return 'jobs' in document
  })

  it('is there', () => {
    expect(workflows.length).toBeGreaterThan(0)
  })

  it.each(workflows)('%s is one by GitHub’s own language service', async (where, { text }) => {
    const file = `${where.replace(/\W/g, '-')}.yml`
    expect(await checkWorkflow(file, text)).toEqual([])
  })

  const marked = all.flatMap(({ path, blocks }) =>
    blocks
      .filter(({ mark }) => mark.startsWith('example: '))
      .map(({ mark, text }): [string, string, string] => [path, mark.slice(9), text]),
  )

  it('is shown on the first screen', () => {
    expect(marked.map(([path, example]) => [path, example])).toContainEqual([
      'README.md',
      'plan-and-apply',
    ])
    expect(read('README.md').indexOf('<!-- example: plan-and-apply -->')).toBeLessThan(1_200)
  })

  it.each(marked)('of %s is the example %s in all but its comments', (_, example, text) => {
    expect(parse(text)).toEqual(parse(read(`examples/${example}.yml`)))
  })
})

describe('a code block', () => {
  it.each(blocksOf('yaml', 'yml'))('of YAML in %s can be parsed', (_, { text }) => {
    expect(parse(text)).not.toBeNull()
  })

  it.each(
    blocksOf('yaml', 'yml').flatMap(([where, { text }]) =>
      [...text.matchAll(/^.*\buses: *(.*)$/gm)].map(([, uses = '']): [string, string] => [
        where,
        uses,
      ]),
    ),
  )('in %s pins %s', (_, uses) => {
    expect(uses).toMatch(/^[\w.-]+\/[\w./-]+@(?:[0-9a-f]{40}|FULL_SHA) # v\d+\.\d+\.\d+$/)
  })

  it.each(blocksOf('json'))('of JSON in %s can be parsed', (_, { text }) => {
    expect(() => void JSON.parse(text)).not.toThrow()
  })

  it.each(blocksOf('sh', 'bash'))('of shell in %s is shell', (_, { text }) => {
    const { status, stderr } = spawnSync(bash(), ['-n'], { input: text, encoding: 'utf8' })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })

  /** On Windows the first bash on the path is not the one of git, which GitHub's runners use. */
  function bash(): string {
    const files = process.env['ProgramFiles']
    return process.platform === 'win32' && files !== undefined
      ? join(files, 'Git', 'bin', 'bash.exe')
      : 'bash'
  }

  it('says what it is written in', () => {
    const bare = all.flatMap(({ path, blocks }) =>
      blocks.filter(({ language }) => language === '').map(({ line }) => `${path}:${line}`),
    )
    expect(bare).toEqual([])
  })
})

describe('a policy in the documentation', () => {
  const policies = blocksOf('json').filter(([, { text }]) => text.includes('"Statement"'))
  /** Every action that the service's own model knows. */
  const operations = Object.keys(amplifyBackend)
    .filter((name) => name.endsWith('Command'))
    .map((name) => `amplifybackend:${name.replace(/Command$/, '')}`)

  it.each(policies)('in %s is one, with a mark and a version', (_, { text, mark }) => {
    const document: unknown = JSON.parse(text)
    expect(record(document)['Version']).toBe('2012-10-17')
    const [kind] = mark.split(': ')
    expect(['policy', 'trust']).toContain(kind)
    if (kind === 'trust') expect(() => parseTrustPolicy(document)).not.toThrow()
    else expect(() => parsePolicy(document)).not.toThrow()
  })

  it.each(policies)('in %s names actions that exist, in full', (_, { text }) => {
    const actions = [...text.matchAll(/"(amplifybackend:[^"]*)"/g)].map(([, action]) => action)
    expect(actions.filter((action) => !operations.includes(action ?? ''))).toEqual([])
    // Neither everything nor every action of a service.
    expect(text).not.toMatch(/"(?:[\w-]+:)?\*"/)
  })

  it('has a mark of its own', () => {
    const marks = policies.map(([, { mark }]) => mark)
    expect(new Set(marks).size).toBe(marks.length)
  })
})

describe('docs/how-it-works.md', () => {
  const { text } = readPage('docs/how-it-works.md')
  const middle = (): number => 0.5

  it.each([
    [`For ${EFFECT_WINDOW_MS / 1000} seconds from the failure`],
    [`Polls grow apart: ${pollDelayMs(0, middle) / 1000} seconds at first`],
    [`up to ${pollDelayMs(1e9, middle) / 1000} seconds`],
    [
      `asks again every ${unlistedJobDelayMs(() => 0) / 1000} to ${unlistedJobDelayMs(() => 1) / 1000}`,
    ],
    [
      `doubles from ${backoffMs('server-error', 1, () => 1) / 1000} to ${backoffMs('server-error', 99, () => 1) / 1000}`,
    ],
    [
      `from ${throttleDelayMs({ throttledResponses: 1 }) / 1000} to ${throttleDelayMs({ throttledResponses: 99 }) / 1000} seconds`,
    ],
    [
      `(${['zero', 'one', 'two', 'three', 'four', 'five'][backoffMs('throttled', 1, () => 0, 1e9) / 60_000] ?? ''} minutes at most)`,
    ],
  ])('says as the code has it: %s', (sentence) => {
    expect(text.replace(/\s+/g, ' ')).toContain(sentence)
  })
})

describe('docs/setup.md', () => {
  const text = readPage('docs/setup.md').text.replace(/\s+/g, ' ')

  it.each([
    ['O01: what a job needs', 'permissions: id-token: write'],
    ['O01: whose permissions count', 'The permissions of a job replace those of the workflow'],
    ['O04: who else has to grant it', 'gets at most what the job that calls it grants'],
    ['O12: the audience in China', '`sts.amazonaws.com.cn`'],
    ['O14: the subject of a merged pull request', '| applies | `pull_request` |'],
    ['O15: the older subject', '| older | `repo:YOUR-ORG/YOUR-REPO:` |'],
    ['O15: the newer subject', '`repo:YOUR-ORG@ORG_ID/YOUR-REPO@REPO_ID:`'],
    ['O16: the subject of an environment', '`environment:prod` and no branch in it'],
    ['O19: the issuer of an Enterprise Server', '`https://YOUR-HOST/_services/token`'],
    ['O21: that a GitHub App changes nothing', 'neither brings it nor takes it away'],
    ['E02: the subject of a merge queue', '`ref:refs/heads/gh-readonly-queue/…`'],
  ])('says %s', (_, sentence) => {
    expect(text).toContain(sentence)
  })
})

describe('docs/troubleshooting.md', () => {
  const text = readPage('docs/troubleshooting.md').text.replace(/\s+/g, ' ')

  it.each([
    ['N01: which hosts a proxy is for', 'hold for all hosts that the action calls'],
    ['N04: how a private authority is trusted', 'Set `NODE_EXTRA_CA_CERTS` to its file'],
    ['N04: what does not help', '`AWS_CA_BUNDLE` and `SSL_CERT_FILE` alone are not read'],
    ['C09, P04: what not to store as a secret', 'do not store an app id or an account id as a'],
    ['E06: which type starts nothing by itself', '`closed` is not among the types that'],
    ['E06: whose merge starts nothing', 'A merge made with `GITHUB_TOKEN`'],
    ['I07: what becomes of a misspelt input', 'only warns of a misspelt input and drops it'],
    ['X01: which runners know node24', 'the runner is older than 2.327.1'],
    ['X02: where the runner has no Node', '**JavaScript actions in an Alpine container on ARM64**'],
    ['X06: what can end a step before its first line', '`NODE_OPTIONS` in the workflow holds an'],
  ])('says %s', (_, sentence) => {
    expect(text).toContain(sentence)
  })
})

describe('the README', () => {
  const readme = readPage('README.md')

  it('has the tables that action.yml and the code make (npm run docs)', () => {
    expect(readme.text).toBe(updateGeneratedTables(readme.text, read('action.yml')))
  })

  it('has the two commands, as they are to be typed', () => {
    const commands = readme.blocks
      .filter(({ language }) => language === 'sh')
      .map(({ text }) => text)
    expect(commands).toContain('npm ci && npm run try\n')
    expect(commands).toContain('npm ci && npm test\n')
  })

  it('leads to every other page and to every example that stands alone', () => {
    const targets = readme.links.map(({ target }) => target.split('#')[0])
    const others = all.map(({ path }) => path).filter((path) => path !== 'README.md')
    expect(others.filter((path) => !targets.includes(path))).toEqual([])
    const examples = readdirSync(join(root, 'examples'))
      .map((name) => `examples/${name}`)
      // The first is the README's own workflow; the other comes with the workflow that it calls.
      .filter((path) => !/\/(?:plan-and-apply|call-reusable)\.yml$/.test(path))
    expect(examples.filter((path) => !targets.includes(path))).toEqual([])
  })

  it.each([
    [
      'C09, P04: what not to keep in secrets',
      'GitHub drops an output that holds the text of a secret',
    ],
    [
      'E06: which type has to be named',
      '`closed` is not among the default types of `pull_request`',
    ],
    ['E06: whose merge starts nothing', 'a merge made with `GITHUB_TOKEN` starts none'],
    ['I07: what becomes of a misspelt input', 'A misspelt input has no effect'],
    ['O04: who else grants the permission', 'at most what [the job that calls it]'],
    ['O15: the newer subject', '`YOUR-ORG@ORG_ID/YOUR-REPO@REPO_ID`'],
    ['O16: the subject of an environment', "`environment:` on the job changes the token's subject"],
    [
      'O21: that a GitHub App changes nothing',
      "a GitHub App's token in place of `GITHUB_TOKEN` changes",
    ],
    [
      'X01: the oldest runner',
      'a self-hosted one from 2.327.1 on, not on ARM32 nor on macOS up to 13.4',
    ],
    ['X02: where the runner has no Node', 'nor in an Alpine container on ARM64'],
  ])('says %s', (_, sentence) => {
    expect(readme.text.replace(/\s+/g, ' ')).toContain(sentence)
  })

  it('says what users must be told', () => {
    for (const told of [
      '2027-05-01',
      '2026-05-01',
      'not an AWS product',
      'Gen 2 app cannot use it',
      'Keep the storage',
      'amplify-hosting#2798',
      'old settings',
      'cancel-in-progress',
      'docs/undo.md',
    ]) {
      expect(readme.text).toContain(told)
    }
  })
})
