/**
 * Builds dist: `node scripts/build.ts [FOLDER]`. rolldown takes the ES modules of the dependencies and leaves
 * out unused code, which ncc cannot do with the SDK's CommonJS modules; ncc then writes the bundle.
 */
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { collectLicenses } from './licenses.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
// A folder of its own: build/ holds the tools of the interop tests, too.
const build = join(root, 'build', 'bundle')
const dist = process.argv[2] ?? join(root, 'dist')
for (const folder of [build, dist]) rmSync(folder, { recursive: true, force: true })

const bundle = await rolldown({
  cwd: root,
  input: join(root, 'src/index.ts'),
  platform: 'node',
  resolve: { conditionNames: ['module', 'import', 'node'], mainFields: ['module', 'main'] },
  treeshake: {
    // These packages do not declare whether they have side effects; the action needs none of them.
    moduleSideEffects: [{ test: /node_modules[\\/](?:@actions|undici)[\\/]/, sideEffects: false }],
  },
})
const { output } = await bundle.write({
  dir: build,
  format: 'esm',
  minify: true,
  // ncc repeats the name of a file at every use of what it exports.
  chunkFileNames: '[hash:6].js',
})
await bundle.close()

const ncc = fileURLToPath(import.meta.resolve('@vercel/ncc/dist/ncc/cli.js'))
execFileSync(
  process.execPath,
  [ncc, 'build', join(build, 'index.js'), '--out', dist, '--minify', '--quiet'],
  { cwd: root, stdio: 'inherit' },
)
const modules = output.flatMap((chunk) => ('moduleIds' in chunk ? chunk.moduleIds : []))
writeFileSync(join(dist, 'licenses.txt'), collectLicenses(modules))
