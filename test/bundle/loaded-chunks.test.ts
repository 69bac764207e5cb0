/** Which files of the bundle a run loads. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

import { pullRequest } from '../../emulator/runner/events.ts'
import { runAction, createTestBed } from '../support/run-action.ts'

const dist = fileURLToPath(new URL('../../dist', import.meta.url))
const chunks = readdirSync(dist).filter(
  (file) =>
    file.endsWith('.index.js') && readFileSync(join(dist, file), 'utf8').includes('octokit'),
)

async function loaded(comment: string): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'coverage-'))
  try {
    await runAction(await createTestBed({ scale: 1 }), {
      event: pullRequest(),
      with: { 'comment-on-pr': comment },
      env: { NODE_V8_COVERAGE: folder },
    })
    return readdirSync(folder).flatMap((file) =>
      [
        ...readFileSync(join(folder, file), 'utf8').matchAll(/"url":"file:[^"]*\/dist\/([^"/]+)"/g),
      ].map(([, name = '']) => name),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe('Octokit', () => {
  it('Octokit is loaded for a comment', async () => {
    expect(chunks).toHaveLength(1)
    expect(await loaded('true')).toEqual(expect.arrayContaining(['index.js', ...chunks]))
  })

  it('Octokit is not loaded without a comment, and the files of such a run have less than 130 kB when compressed', async () => {
    const files = await loaded('false')
    expect(files).toContain('index.js')
    expect(files).not.toContain(chunks[0])
    const zipped = [...new Set(files)].map(
      (file) => gzipSync(readFileSync(join(dist, file))).length,
    )
    expect(zipped.reduce((one, other) => one + other)).toBeLessThan(130_000)
  })
})
