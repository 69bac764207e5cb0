/** The recipe of docs/emulator.md that runs a whole workflow in act. */
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { describe, expect } from 'vitest'

import { readPage } from '../../support/contract/pages.ts'
import { scenario } from '../../support/scenario.ts'
import { readExample } from '../../workflows/workflow-files.ts'
import { root, runTool, tool, type ToolResult } from '../tools.ts'
import { createRepository, repositoryFiles, temporaryFolder } from './act.ts'

const { blocks } = readPage('docs/emulator.md')
const recipe = blocks.find(({ mark }) => mark === 'recipe: act')?.text ?? ''

/** Runs the recipe in a folder that looks like a clone of this repository, for an app with this workflow. */
async function followRecipe(workflow: string): Promise<ToolResult> {
  const folder = temporaryFolder()
  const clone = join(folder, 'clone')
  mkdirSync(clone)
  for (const name of ['emulator', 'node_modules'])
    symlinkSync(join(root, name), join(clone, name), 'dir')
  for (const name of ['action.yml', 'dist'])
    cpSync(join(root, name), join(clone, name), { recursive: true })
  const app = join(folder, 'app')
  await createRepository(
    app,
    { ...repositoryFiles, '.github/workflows/storage.yml': workflow },
    'github.com',
  )
  mkdirSync(join(folder, 'home'))
  return runTool('/bin/bash', ['-euc', recipe], {
    cwd: clone,
    env: {
      PATH: [dirname(process.execPath), dirname(tool('act')), '/usr/bin', '/bin'].join(':'),
      HOME: join(folder, 'home'),
      app,
    },
    timeoutMs: 100_000,
  })
}

describe('The recipe for act', () => {
  scenario('It runs a workflow of the user unchanged, on its own app and role', async () => {
    const workflow = readExample('plan-and-apply.yml')
      .replaceAll('d1a2b3c4d5e6f7', 'dmine')
      .replaceAll('111122223333', '222233334444')
    const { exitCode, stdout, stderr } = await followRecipe(workflow)
    expect(exitCode, stdout + stderr).toBe(0)
    expect(stdout).toContain('Result: created.')
    expect(stdout).toContain('arn:aws:iam::222233334444:role/amplify-storage-apply')
    expect(stdout).toContain('Job succeeded')
  })
})
