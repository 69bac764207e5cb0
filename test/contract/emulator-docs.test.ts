/** The commands and names in docs/emulator.md work on the emulator. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'

import { startEmulator, type Emulator } from '../../emulator/emulator.ts'
import { faultKinds } from '../../emulator/faults/parse.ts'
import { operationNames } from '../../emulator/lib/operations.ts'
import { readPage, root } from '../support/contract/pages.ts'

const page = readPage('docs/emulator.md')

type Call = Readonly<{ method: string; path: string; body: string | undefined }>

/** Every curl command on the page. */
const calls: readonly Call[] = page.blocks
  .filter(({ language }) => language === 'sh')
  .flatMap(({ text }) => [
    ...text.matchAll(
      /^curl (?:-X (\w+) )?"\$AWS_ENDPOINT_URL([^"]*)"(?:[\s\\]+--data '([^']*)')?$/gm,
    ),
  ])
  .map(([, method, path = '', body]) => ({
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    path,
    body,
  }))

const recipe = (name: string): string => {
  const [block, ...others] = page.blocks.filter(({ mark }) => mark === `recipe: ${name}`)
  if (block === undefined || others.length > 0)
    throw new Error(`docs/emulator.md has no single recipe "${name}"`)
  return block.text
}

/** Runs a script in a folder that looks like a clone; its processes end with the test. */
async function runInClone(
  script: string,
  files: Readonly<Record<string, string>>,
): Promise<Readonly<{ code: number | null; stdout: string; stderr: string }>> {
  const folder = mkdtempSync(join(tmpdir(), 'clone-'))
  for (const name of ['dist', 'emulator', 'node_modules']) {
    symlinkSync(join(root, name), join(folder, name), 'dir')
  }
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  const child = spawn('bash', ['-euc', script], {
    cwd: folder,
    // The Node of the tests, for systems for which the lock file has none.
    env: {
      PATH: [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter),
      HOME: folder,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const { pid } = child
  onTestFinished(() => {
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL')
    } catch {
      // All processes have ended.
    }
    rmSync(folder, { recursive: true })
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  return { code, stdout, stderr }
}

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.stop())

describe('docs/emulator.md', () => {
  it('The tests cover every curl command on the page', () => {
    const curls = page.text.match(/^curl /gm) ?? []
    expect(calls).toHaveLength(curls.length)
    expect(calls.filter(({ body }) => body !== undefined).length).toBeGreaterThan(3)
  })

  it.each(calls)('The emulator accepts $method $path as shown', async ({ method, path, body }) => {
    const response = await fetch(`${emulator.url}${path}`, { method, ...(body && { body }) })
    const text = await response.text()
    // A failure shows the message.
    expect(response.ok ? '' : text).toBe('')
  })

  // Windows has no signals between processes.
  it.each(process.platform === 'win32' ? [] : ['bash'])(
    'The recipes work as written in %s',
    async () => {
      const sdk = page.blocks.filter(({ language }) => language === 'js').map(({ text: js }) => js)
      const script = [
        recipe('start'),
        'node sdk.mjs',
        recipe('by hand'),
        recipe('stop'),
        // The emulator has to end.
        'wait "$emulator"',
        'echo "The emulator has ended."',
      ].join('\n')
      const { code, stdout, stderr } = await runInClone(script, { 'sdk.mjs': sdk.join('') })

      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toContain("[ 'dev', 'prod' ]")
      expect(stdout).toContain('Result: created.')
      // From the files for outputs and summary.
      expect(stdout).toMatch(/^ready<<(\S+)\ntrue\n\1$/m)
      expect(stdout).toMatch(/^## ✅ Storage <code>media<\/code> created$/m)
      expect(stdout.trimEnd()).toMatch(/The emulator has ended\.$/)
    },
  )

  it('The listed operations exist, and all kinds of faults are listed and exist', async () => {
    const lines = page.text.split('\n')
    const named = (label: string): readonly string[] => {
      const from = lines.findIndex((line) => line.startsWith(`- \`${label}\``))
      const item = [lines[from] ?? '', ...lines.slice(from + 1)]
      const end = item.findIndex((line, index) => index > 0 && !line.startsWith('  '))
      return [
        ...item
          .slice(0, end)
          .join(' ')
          .matchAll(/`(\w+)`/g),
      ].map(([, name = '']) => name)
    }
    const [, ...operations] = named('operation')
    expect(operations.length).toBeGreaterThan(8)
    expect(operations.filter((name) => !operationNames.some((known) => known === name))).toEqual([])
    const [, ...kinds] = named('kind')
    expect(kinds.toSorted()).toEqual(faultKinds.toSorted())
    for (const kind of kinds) {
      const body = JSON.stringify({ operation: 'GetBackend', kind, ...REQUIRED[kind] })
      const response = await fetch(`${emulator.url}/_emulator/faults`, { method: 'POST', body })
      expect({ kind, status: response.status }).toEqual({ kind, status: 201 })
    }
  })

  /** Fields that some kinds require. */
  const REQUIRED: Readonly<Record<string, object>> = {
    status: { status: 500 },
    body: { body: '{}' },
    delay: { ms: 1 },
    slow: { ms: 1 },
  }
})
