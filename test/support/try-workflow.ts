/** Tries workflows of a user with `npm run try`. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { expect } from 'vitest'

import { root } from './contract/pages.ts'
import { acquireStart, addCleanup } from './scenario.ts'

type Tried = Readonly<{ code: number | null; stdout: string; stderr: string; folder: string }>

/** A workflow with one job, which plans. */
export const workflow = (
  on: string,
  job: string,
  inputs: Readonly<Record<string, string>>,
  before = '',
): string => `
name: Mine
on: ${on}
permissions: { id-token: write }
jobs:
  storage:
    runs-on: ubuntu-latest
${job}
    steps:
${before}
      - uses: OWNER/amplify-create-backend-storage@FULL_SHA
        with:
${Object.entries({
  mode: 'plan',
  'aws-region': 'eu-west-1',
  'app-id': 'dmine',
  'backend-environment-name': 'live',
  'resource-name': 'media',
  'authenticated-permissions': 'READ',
  'role-to-assume': 'arn:aws:iam::222233334444:role/mine',
  ...inputs,
})
  .map(([name, value]) => `          ${name}: ${value}`)
  .join('\n')}
`

/** Tries a workflow, which is in a file of its own. */
export async function tryWorkflow(source: string, ...args: string[]): Promise<Tried> {
  const folder = mkdtempSync(join(tmpdir(), 'workflow-'))
  addCleanup(() => {
    rmSync(folder, { recursive: true })
  })
  writeFileSync(join(folder, 'mine.yml'), source)
  const release = await acquireStart()
  try {
    const child = spawn(
      process.execPath,
      [join(root, 'emulator/cli/try.ts'), '--workflow', 'mine.yml', ...args],
      { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
    const [code, stdout, stderr] = await Promise.all([
      ended,
      text(child.stdout),
      text(child.stderr),
    ])
    return { code, stdout, stderr, folder }
  } finally {
    release()
  }
}

/** Checks that the step has planned a storage with this name. */
export function expectPlanned({ stdout, stderr }: Tried, resourceName: string): void {
  expect(stdout + stderr).toMatch(/^result=planned$/m)
  expect(stdout).toContain(`resource-name=${resourceName}\n`)
}

/** Checks the result of a run, or the error code of one that failed. */
export function expectResult(
  { stdout, stderr }: Pick<Tried, 'stdout' | 'stderr'>,
  expected: string,
): void {
  const [, result = '', code = ''] = /^result=(.*)$[^]*^error-code=(.*)$/m.exec(stdout) ?? []
  expect(result === 'failed' ? code : result, stdout + stderr).toBe(expected)
}
