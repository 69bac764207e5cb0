/** The recipe of docs/emulator.md that runs a whole workflow in act. */
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { describe, expect } from 'vitest'

import { findCode, readPage, tableBelow } from '../../support/contract/pages.ts'
import { scenario } from '../../support/scenario.ts'
import { readExample } from '../../workflows/workflow-files.ts'
import { root, runTool, tool, type ToolResult } from '../tools.ts'
import { createRepository, repositoryFiles, temporaryFolder } from './act.ts'

const page = readPage('docs/emulator.md')
const recipe = page.blocks.find(({ mark }) => mark === 'recipe: act')?.text ?? ''

/** What a row of the table names in place of `--event push` and of `act push`. */
function replacements(event: string): readonly [emulator: string, act: string] {
  const row = tableBelow(page, 'Run a whole workflow in act').find(([name]) => name === event)
  const [emulator = '', act = ''] = (row ?? []).slice(1).map((cell) => findCode(cell)[0])
  return [emulator, act]
}

/** Runs the recipe in a folder that looks like a clone of this repository, for an app with this workflow. */
async function followRecipe(
  workflow: string,
  [emulator, act] = ['--event push', 'act push'] as readonly [string, string],
): Promise<ToolResult> {
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
  const script = recipe.replace('--event push', emulator).replace('act push', act)
  const result = await runTool('/bin/bash', ['-euc', script], {
    cwd: clone,
    env: {
      PATH: [dirname(process.execPath), dirname(tool('act')), '/usr/bin', '/bin'].join(':'),
      HOME: join(folder, 'home'),
      app,
    },
    timeoutMs: 100_000,
  })
  const status = await runTool('/usr/bin/git', ['status', '--short'], { cwd: app })
  expect(status.stdout, 'files in the repository of the app').toBe('')
  return result
}

/** act reads outputs from a file, whereas it can lose the last lines that a step writes before it ends. */
const resultLine = (result: string): string => `::set-output:: result=${result}\n`

describe('The recipe for act', () => {
  scenario('It runs a workflow of the user unchanged, on its own app and role', async () => {
    const workflow = readExample('plan-and-apply.yml')
      .replaceAll('d1a2b3c4d5e6f7', 'dmine')
      .replaceAll('111122223333', '222233334444')
    const { exitCode, stdout, stderr } = await followRecipe(workflow)
    expect(exitCode, stdout + stderr).toBe(0)
    expect(stdout).toContain(resultLine('created'))
    expect(stdout).toContain('arn:aws:iam::222233334444:role/amplify-storage-apply')
    expect(stdout).toContain('Job succeeded')
  })

  scenario('It runs a workflow that starts the emulator itself', async () => {
    const workflow = readExample('emulator.yml')
    const manual = replacements('a manual run, with its inputs')
    const { exitCode, stdout, stderr } = await followRecipe(workflow, [
      manual[0].replace(' --input NAME=VALUE', ''),
      manual[1],
    ])
    expect(exitCode, stdout + stderr).toBe(0)
    expect(stdout).toContain(resultLine('created'))
    expect(stdout).toMatch(/The emulator listens on/)
  })

  scenario('It gives a manual run its inputs', async () => {
    const workflow = readExample('plan-and-apply.yml')
      .replace(/^on:\n(?: .*\n)+/m, 'on: { workflow_dispatch: { inputs: { name: } } }\n')
      .replace('resource-name: media', 'resource-name: ${{ inputs.name }}')
    const manual = replacements('a manual run, with its inputs')
    const { exitCode, stdout, stderr } = await followRecipe(workflow, [
      manual[0].replace('NAME=VALUE', 'name=photos'),
      manual[1],
    ])
    expect(exitCode, stdout + stderr).toBe(0)
    expect(stdout).toContain(resultLine('created'))
    expect(stdout).toMatch(/resource-name\W+photos/)
  })

  for (const [event, example, result] of [
    ['a pull request', 'plan-and-apply.yml', 'planned'],
    ['a pull request of a fork', 'plan-and-apply.yml', 'skipped'],
    ['a pull request that is merged', 'merged-pull-request.yml', 'created'],
    ['a check of the merge queue', 'merge-queue.yml', 'planned'],
    ['a schedule', 'drift.yml', 'failed'],
  ] as const)
    scenario(`It runs a workflow on ${event}`, async () => {
      const { stdout, stderr } = await followRecipe(readExample(example), replacements(event))
      expect(stdout, stdout + stderr).toContain(resultLine(result))
    })
})
