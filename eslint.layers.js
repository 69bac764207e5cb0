/**
 * The layers of src, from the top down. A file imports from its own folder and from the layers below;
 * folders in one layer do not import each other.
 */
const LAYERS = [
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

/** Levels of folders in a layer; src has fewer. */
const MAX_DEPTH = 3

// In a selector, a slash would end the regular expression.
const SLASH = '\\u002F'
const UP = `\\.\\.${SLASH}`
// Without dots, so that a path cannot leave its folder.
const PATH = `[\\w${SLASH}-]+\\.ts$`

/**
 * `source` is the module that a node names: of an import, an export, an `import()` and a type `import('…')`.
 *
 * @param {readonly string[]} files
 * @param {readonly string[]} allowed regular expressions of the paths that these files may import
 * @param {string} message
 */
const restrictImports = (files, allowed, message) => ({
  files,
  rules: {
    'no-restricted-syntax': [
      'error',
      {
        selector: `[source.value=/^(?:\\.|${SLASH}|file:)/]:not([source.value=/^(?:${allowed.join('|')})/])`,
        message,
      },
      { selector: 'ImportExpression:not([source.type="Literal"])', message },
      { selector: 'TSExternalModuleReference', message },
    ],
  },
})

/**
 * @param {string} name a file or a folder of src
 * @param {readonly string[]} below the names in the layers below
 */
function rulesFor(name, below) {
  const message = `src/${name} may import from ${[name, ...below].join(', ')} only.`
  const lower = below.map((each) =>
    each.endsWith('.ts') ? each.replace('.', '\\.') : `${each}${SLASH}${PATH}`,
  )
  if (name.endsWith('.ts')) {
    const allowed = lower.map((path) => `\\.${SLASH}${path}`)
    return [restrictImports([`src/${name}`], allowed, message)]
  }
  return Array.from({ length: MAX_DEPTH }, (_, depth) =>
    restrictImports(
      [`src/${name}/${'*/'.repeat(depth)}*.ts`],
      [
        `\\.${SLASH}${PATH}`,
        ...(depth > 0 ? [`(?:${UP}){1,${depth}}${PATH}`] : []),
        ...lower.map((path) => `(?:${UP}){${depth + 1}}${path}`),
      ],
      message,
    ),
  )
}

export const layerRules = [
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'Program', message: 'This file is in no layer: see eslint.layers.js.' },
      ],
    },
  },
  ...LAYERS.flatMap((names, index) =>
    names.flatMap((name) => rulesFor(name, LAYERS.slice(index + 1).flat())),
  ),
]
