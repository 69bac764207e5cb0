import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ESLint } from 'eslint'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** From the top down; names on one line must not import each other. */
const LAYERS: readonly (readonly string[])[] = [
  ['index.ts'],
  ['main.ts'],
  ['report'],
  ['run'],
  ['workflow', 'aws'],
  ['inputs'],
  ['storage'],
  ['network'],
  ['errors'],
  ['lib'],
]
const NAMES = LAYERS.flat()

/** Every way to name another module. */
const FORMS: readonly ((path: string) => string)[] = [
  (path) => `import { x } from '${path}'`,
  (path) => `import '${path}'`,
  (path) => `import type { X } from '${path}'`,
  (path) => `import { type X } from '${path}'`,
  (path) => `export { x } from '${path}'`,
  (path) => `export type { X } from '${path}'`,
  (path) => `export * from '${path}'`,
  (path) => `void import('${path}')`,
  (path) => `void import(\`${path}\`)`,
  (path) => `type X = import('${path}').X`,
  (path) => `import x = require('${path}')`,
]

const levelOf = (name: string): number => LAYERS.findIndex((names) => names.includes(name))

const pathTo = (name: string, up: string): string =>
  name.endsWith('.ts') ? `${up}${name}` : `${up}${name}/file.ts`

// The rules that need types are of no use here: these texts import files that do not exist.
const eslint = new ESLint({
  cwd: root,
  ruleFilter: ({ ruleId }) => ruleId === 'no-restricted-syntax',
  // The rule needs no types, and reading them takes seconds.
  overrideConfig: {
    languageOptions: { parserOptions: { program: null, project: false, projectService: false } },
  },
})

/** The lines of a file that the rule rejects. */
async function rejectedLines(filePath: string, lines: readonly string[]): Promise<string[]> {
  const [result] = await eslint.lintText(lines.join('\n'), { filePath: `${root}${filePath}` })
  const rejected = new Set(
    result?.messages
      .filter(({ ruleId }) => ruleId === 'no-restricted-syntax')
      .map(({ line }) => line),
  )
  expect(result?.fatalErrorCount).toBe(0)
  return lines.filter((_, index) => rejected.has(index + 1))
}

/** A file of each name, and one of each folder in it. */
const files = NAMES.flatMap((name) =>
  name.endsWith('.ts')
    ? [{ name, file: `src/${name}`, up: './' }]
    : [
        { name, file: `src/${name}/file.ts`, up: '../' },
        ...globSync(`src/${name}/*/`, { cwd: root }).map((folder) => ({
          name,
          file: `${folder.replaceAll('\\', '/').replace(/\/$/, '')}/file.ts`,
          up: '../../',
        })),
      ],
)

describe('The layers of src', () => {
  it.each(files)('$file may not import from a layer above it or beside it', async (row) => {
    const { name, file, up } = row
    const forbidden = NAMES.filter((other) => other !== name && levelOf(other) <= levelOf(name))
    const lines = forbidden.flatMap((other) => FORMS.map((form) => form(pathTo(other, up))))
    expect(await rejectedLines(file, lines)).toEqual(lines)
  })

  it.each(files)('$file may import from its own folder and every layer below it', async (row) => {
    const { name, file, up } = row
    const allowed = NAMES.filter((other) => levelOf(other) > levelOf(name))
    const paths = [
      ...allowed.map((other) => pathTo(other, up)),
      ...(name.endsWith('.ts') ? [] : ['./other.ts', './folder/other.ts']),
      ...(up === '../../' ? ['../other.ts'] : []),
      'node:fs',
      'package/subpath.js',
    ]
    // The last two forms are rejected whatever they name.
    const forms = FORMS.filter((form) => !/`|require/.test(form('')))
    const lines = paths.flatMap((path) => forms.map((form) => form(path)))
    expect(await rejectedLines(file, lines)).toEqual([])
  })

  it('A path cannot get around the rule', async () => {
    const lines = [
      './../run/file.ts',
      './x/../../run/file.ts',
      '../aws/../run/file.ts',
      '../../src/run/file.ts',
      '/src/run/file.ts',
      'file:///src/run/file.ts',
      '../../emulator/emulator.ts',
    ].map((path) => `import '${path}'`)
    expect(await rejectedLines('src/aws/file.ts', lines)).toEqual(lines)
  })

  it.each(['src/other.ts', 'src/other/file.ts', 'src/lib/a/b/c/file.ts'])(
    'A file in no layer is rejected: %s',
    async (file) => {
      expect(await rejectedLines(file, ['export const x = 1'])).toEqual(['export const x = 1'])
    },
  )

  it('Every file of src is in a layer', () => {
    const known = new RegExp(`^src/(?:${NAMES.join('|').replaceAll('.', '\\.')})(?:/|$)`)
    const found = globSync('src/**/*.ts', { cwd: root }).map((file) => file.replaceAll('\\', '/'))
    expect(found.filter((file) => !known.test(file))).toEqual([])
    expect(found.length).toBeGreaterThan(NAMES.length)
  })
})

describe('The size of the source', () => {
  it.each(['src/lib/file.ts', 'emulator/file.ts'])(
    '%s has at most 300 lines, and functions of at most 60',
    async (file) => {
      const config: unknown = await eslint.calculateConfigForFile(`${root}${file}`)
      expect(config).toMatchObject({
        rules: { 'max-lines': [2, 300], 'max-lines-per-function': [2, 60] },
      })
    },
  )
})
