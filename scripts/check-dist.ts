/** Checks that the committed dist has exactly the files that the source builds. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const committed = join(root, 'dist')
const fresh = mkdtempSync(join(tmpdir(), 'dist-'))
try {
  execFileSync(process.execPath, [join(root, 'scripts/build.ts'), fresh], { stdio: 'inherit' })
  const names = new Set([...readdirSync(committed), ...readdirSync(fresh)])
  const read = (folder: string, name: string): string | undefined =>
    readdirSync(folder).includes(name)
      ? readFileSync(join(folder, name)).toString('base64')
      : undefined
  const different = [...names].filter((name) => read(committed, name) !== read(fresh, name))
  if (different.length > 0) {
    process.stderr.write(
      `dist differs from what the source builds: ${different.join(', ')}. Run "npm run build" and commit dist.\n`,
    )
    process.exitCode = 1
  } else {
    process.stdout.write(`dist is what the source builds (${names.size} files).\n`)
  }
} finally {
  rmSync(fresh, { recursive: true, force: true })
}
