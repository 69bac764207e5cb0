/**
 * The layers of src and of emulator, from the top down. A file imports from its own folder and from the
 * layers below; folders in one layer do not import each other, and neither tree imports the other.
 */
const SRC_LAYERS = [
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

const EMULATOR_LAYERS = [
  ['cli', 'action'],
  ['emulator.ts', 'runner'],
  ['server'],
  ['services'],
  ['state'],
  ['iam', 'faults'],
  ['lib'],
]

/** Levels of folders in a layer; no tree has as many. */
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
 * @param {string} root the folder of the layers
 * @param {string} name a file or a folder of the root
 * @param {readonly string[]} below the names in the layers below
 */
function rulesFor(root, name, below) {
  const message = `${root}/${name} may import from ${[name, ...below].join(', ')} only.`
  const lower = below.map((each) =>
    each.endsWith('.ts') ? each.replace('.', '\\.') : `${each}${SLASH}${PATH}`,
  )
  if (name.endsWith('.ts')) {
    const allowed = lower.map((path) => `\\.${SLASH}${path}`)
    return [restrictImports([`${root}/${name}`], allowed, message)]
  }
  return Array.from({ length: MAX_DEPTH }, (_, depth) =>
    restrictImports(
      [`${root}/${name}/${'*/'.repeat(depth)}*.ts`],
      [
        `\\.${SLASH}${PATH}`,
        ...(depth > 0 ? [`(?:${UP}){1,${depth}}${PATH}`] : []),
        ...lower.map((path) => `(?:${UP}){${depth + 1}}${path}`),
      ],
      message,
    ),
  )
}

/**
 * @param {string} root the folder of the layers
 * @param {readonly (readonly string[])[]} layers
 */
const rulesForLayers = (root, layers) => [
  {
    files: [`${root}/**/*.ts`],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'Program', message: 'This file is in no layer: see eslint.layers.js.' },
      ],
    },
  },
  ...layers.flatMap((names, index) =>
    names.flatMap((name) => rulesFor(root, name, layers.slice(index + 1).flat())),
  ),
]

export const layerRules = [
  ...rulesForLayers('src', SRC_LAYERS),
  ...rulesForLayers('emulator', EMULATOR_LAYERS),
]
