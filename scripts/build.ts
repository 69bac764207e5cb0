/**
 * Builds the bundles of both actions: `node scripts/build.ts [FOLDER]`, the folder in place of the
 * repository's. rolldown takes the ES modules of the dependencies and leaves out unused code, which ncc cannot
 * do with the SDK's CommonJS modules; ncc then writes dist. The emulator is small enough for one file.
 */
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown, type OutputOptions, type RolldownOptions } from 'rolldown'
import { collectLicenses } from './licenses.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
// A folder of its own: build/ holds the tools of the interop tests, too.
const build = join(root, 'build', 'bundle')
const target = process.argv[2] ?? root

/** Bundles an entry into a folder; returns the licenses of its packages. */
async function bundle(
  input: string,
  dir: string,
  options: { treeshake?: RolldownOptions['treeshake']; output?: OutputOptions } = {},
): Promise<string> {
  rmSync(dir, { recursive: true, force: true })
  const bundled = await rolldown({
    cwd: root,
    input: join(root, input),
    platform: 'node',
    resolve: { conditionNames: ['module', 'import', 'node'], mainFields: ['module', 'main'] },
    ...(options.treeshake === undefined ? {} : { treeshake: options.treeshake }),
  })
  const { output } = await bundled.write({ dir, format: 'esm', minify: true, ...options.output })
  await bundled.close()
  return collectLicenses(output.flatMap((chunk) => ('moduleIds' in chunk ? chunk.moduleIds : [])))
}

const dist = join(target, 'dist')
rmSync(dist, { recursive: true, force: true })
const licenses = await bundle('src/index.ts', build, {
  treeshake: {
    // These packages do not declare whether they have side effects; the action needs none of them.
    moduleSideEffects: [{ test: /node_modules[\\/](?:@actions|undici)[\\/]/, sideEffects: false }],
  },
  // ncc repeats the name of a file at every use of what it exports.
  output: { chunkFileNames: '[hash:6].js' },
})
const ncc = fileURLToPath(import.meta.resolve('@vercel/ncc/dist/ncc/cli.js'))
execFileSync(
  process.execPath,
  [ncc, 'build', join(build, 'index.js'), '--out', dist, '--minify', '--quiet'],
  { cwd: root, stdio: 'inherit' },
)
writeFileSync(join(dist, 'licenses.txt'), licenses)

const emulatorDist = join(target, 'emulator', 'dist')
const emulatorLicenses = await bundle('emulator/action/index.ts', emulatorDist)
writeFileSync(join(emulatorDist, 'package.json'), '{"type":"module"}\n')
writeFileSync(join(emulatorDist, 'licenses.txt'), emulatorLicenses)
