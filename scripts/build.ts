/**
 * Builds the bundles of both actions: `node scripts/build.ts [FOLDER]`, the folder in place of the
 * repository's. rolldown takes the ES modules of the dependencies and leaves out unused code, which ncc cannot
 * do with the SDK's CommonJS modules; ncc then writes dist, and leaves its chunks for us to minify. The emulator
 * is small enough for one file.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown, type OutputOptions, type RolldownOptions, type RolldownOutput } from 'rolldown'
import { minifySync } from 'rolldown/utils'
import { collectLicenses } from './licenses.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
// A folder of its own: build/ holds the tools of the interop tests, too.
const build = join(root, 'build', 'bundle')
const target = process.argv[2] ?? root

type Bundle = Readonly<{ chunks: RolldownOutput['output']; licenses: string }>

/** Bundles an entry into a folder; returns its chunks and the licenses of its packages. */
async function bundle(
  input: string,
  dir: string,
  options: { treeshake?: RolldownOptions['treeshake']; output?: OutputOptions } = {},
): Promise<Bundle> {
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
  const modules = output.flatMap((chunk) => ('moduleIds' in chunk ? chunk.moduleIds : []))
  return { chunks: output, licenses: collectLicenses(modules) }
}

/**
 * Names the chunks that only a package loads, such as the SDK's sources of credentials, so that ncc puts all of
 * them into one file: hardly any run needs one.
 */
function joinPackageChunks(chunks: Bundle['chunks']): void {
  const isOurs = (id: string): boolean => !id.includes('node_modules')
  const names = chunks
    .filter((chunk) => 'isDynamicEntry' in chunk && chunk.isDynamicEntry)
    .filter((chunk) => !('moduleIds' in chunk && chunk.moduleIds.some(isOurs)))
    .map(({ fileName }) => fileName)
  for (const { fileName } of chunks) {
    const path = join(build, fileName)
    const text = readFileSync(path, 'utf8')
    const named = names.reduce(
      (code, name) =>
        code.replaceAll(
          `import(\`./${name}\`)`,
          `import(/* webpackChunkName: "sdk" */"./${name}")`,
        ),
      text,
    )
    writeFileSync(path, named)
  }
}

/** ncc minifies the entry only. */
function minifyChunks(folder: string): void {
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.js'))) {
    const { code, errors } = minifySync(name, readFileSync(join(folder, name), 'utf8'), {
      module: true,
      mangle: { toplevel: true },
    })
    if (errors.length > 0) throw new Error(`${name}: ${errors.map(String).join('; ')}`)
    writeFileSync(join(folder, name), code)
  }
}

const dist = join(target, 'dist')
rmSync(dist, { recursive: true, force: true })
const { chunks, licenses } = await bundle('src/index.ts', build, {
  treeshake: {
    // These packages do not declare whether they have side effects; the action needs none of them.
    moduleSideEffects: [{ test: /node_modules[\\/](?:@actions|undici)[\\/]/, sideEffects: false }],
  },
  // ncc orders and numbers modules by their names, so names without a hash keep dist stable.
  output: { chunkFileNames: '[name].js' },
})
joinPackageChunks(chunks)
const ncc = fileURLToPath(import.meta.resolve('@vercel/ncc/dist/ncc/cli.js'))
execFileSync(
  process.execPath,
  [ncc, 'build', join(build, 'index.js'), '--out', dist, '--minify', '--quiet'],
  { cwd: root, stdio: 'inherit' },
)
minifyChunks(dist)
writeFileSync(join(dist, 'licenses.txt'), licenses)

const emulatorDist = join(target, 'emulator', 'dist')
const { licenses: emulatorLicenses } = await bundle('emulator/action/index.ts', emulatorDist)
writeFileSync(join(emulatorDist, 'package.json'), '{"type":"module"}\n')
writeFileSync(join(emulatorDist, 'licenses.txt'), emulatorLicenses)
