/** Checks that the committed bundles have exactly the files that the source builds. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folders = ['dist', 'emulator/dist']
const fresh = mkdtempSync(join(tmpdir(), 'dist-'))

const namesIn = (folder: string): readonly string[] =>
  existsSync(folder) ? readdirSync(folder).map(String) : []

const read = (path: string): string | undefined =>
  existsSync(path) ? readFileSync(path).toString('base64') : undefined

try {
  execFileSync(process.execPath, [join(root, 'scripts/build.ts'), fresh], { stdio: 'inherit' })
  const paths = folders.flatMap((folder) =>
    [...new Set([root, fresh].flatMap((base) => namesIn(join(base, folder))))].map((name) =>
      join(folder, name),
    ),
  )
  const different = paths.filter((path) => read(join(root, path)) !== read(join(fresh, path)))
  if (different.length > 0) {
    process.stderr.write(
      `The source builds other files than the committed ones: ${different.join(', ')}. Run "npm run build" and commit them.\n`,
    )
    process.exitCode = 1
  } else {
    process.stdout.write(
      `${folders.join(' and ')} are what the source builds (${paths.length} files).\n`,
    )
  }
} finally {
  rmSync(fresh, { recursive: true, force: true })
}
