/** Which files of the bundle a run loads. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { expect } from 'vitest'

import { pullRequest } from '../../../emulator/runner/events.ts'
import { createHome } from '../../support/home-folder.ts'
import { runOnce } from '../../support/run-action.ts'
import { scenario } from '../../support/scenario.ts'

const dist = fileURLToPath(new URL('../../../dist', import.meta.url))
const chunks = readdirSync(dist).filter(
  (file) =>
    file.endsWith('.index.js') && readFileSync(join(dist, file), 'utf8').includes('octokit'),
)

/** The files of the bundle that a plan with this comment-on-pr loads. */
async function getLoaded(comment: string): Promise<readonly string[]> {
  const { HOME: folder } = createHome()
  await runOnce({
    ...{ scale: 1, event: pullRequest(), with: { 'comment-on-pr': comment } },
    env: { NODE_V8_COVERAGE: folder },
  })
  return readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .flatMap((text) => [...text.matchAll(/"url":"file:[^"]*\/dist\/([^"/]+)"/g)])
    .map(([, name = '']) => name)
}

scenario('Octokit is loaded for a comment', async () => {
  expect(chunks).toHaveLength(1)
  expect(await getLoaded('true')).toEqual(expect.arrayContaining(['index.js', ...chunks]))
})

scenario(
  'Octokit is not loaded without a comment, and the files of such a run have less than 114 kB when compressed',
  async () => {
    const files = await getLoaded('false')
    expect(files).toContain('index.js')
    expect(files).not.toContain(chunks[0])
    const sizes = [...new Set(files)].map((file) => gzipSync(readFileSync(join(dist, file))).length)
    expect(sizes.reduce((one, other) => one + other)).toBeLessThan(114_000)
  },
)
