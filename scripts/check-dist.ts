/** Whether the committed dist is what this source builds: nothing different, new or stale. */
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
  const wrong = [...names].filter((name) => read(committed, name) !== read(fresh, name))
  if (wrong.length > 0) {
    process.stderr.write(
      `dist is not what this source builds: ${wrong.join(', ')}. Run "npm run build" and commit dist.\n`,
    )
    process.exitCode = 1
  } else {
    process.stdout.write(`dist is what this source builds (${names.size} files).\n`)
  }
} finally {
  rmSync(fresh, { recursive: true, force: true })
}
