import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { describe, expect, onTestFinished, test } from 'vitest'

import { send } from '../support/emulator-requests.ts'

const cli = fileURLToPath(new URL('../../emulator/cli/start.ts', import.meta.url))

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

function run(...args: string[]): { child: ReturnType<typeof spawn>; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const code = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const ended = Promise.all([code, text(child.stdout), text(child.stderr)]).then(
    ([code, stdout, stderr]) => ({ code, stdout, stderr }),
  )
  return { child, ended }
}

describe('the command', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'prints what a client needs, and ends on %s',
    async (signal) => {
      const { child, ended } = run('--job-seconds', '0.5')
      const ready = new Promise<string>((resolve) => {
        let seen = ''
        child.stdout?.on('data', (chunk: Buffer) => {
          seen += chunk.toString()
          if (seen.includes('Ctrl-C')) resolve(seen)
        })
      })
      const printed = await ready
      const url = /export AWS_ENDPOINT_URL='(\S+)'/.exec(printed)?.[1] ?? ''
      for (const name of ['ACTIONS_ID_TOKEN_REQUEST_TOKEN', 'AWS_ACCESS_KEY_ID', 'GITHUB_TOKEN'])
        expect(printed).toContain(`export ${name}='`)
      const strange = printed
        .split('\n')
        .filter((line) => !/^(#.*|export \w+='[^']*'|)$/.test(line))
      expect(strange).toEqual([])
      const { json } = await send(url, { path: '/_emulator/state' })
      expect(json).toMatchObject({ rules: { jobMs: 500 } })
      child.kill(signal)
      expect(await ended).toMatchObject({ code: 0, stderr: '' })
    },
  )

  test('explains itself', async () => {
    const { code, stdout } = await run('--help').ended
    expect(code).toBe(0)
    expect(stdout).toContain('--job-seconds')
  })

  test.each([
    [['--prot', '1'], "Unknown option '--prot'"],
    [['--port', '70000'], '--port must be a number from 0 to 65535'],
    [['--port', '1.5'], '--port must be a whole number'],
    [['--job-seconds', 'soon'], '--job-seconds must be a number'],
    [['here'], "Unexpected argument 'here'"],
  ])('refuses %j', async (args, message) => {
    const { code, stdout, stderr } = await run(...args).ended
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(message)
  })
})

test('writes the variables for the action to a file, which a runner can read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'variables-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true })
  })
  const file = join(folder, 'emulator.env')
  const { child, ended } = run('--variables', file)
  const printed = await new Promise<string>((resolve) => {
    let seen = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      seen += chunk.toString()
      if (seen.includes('Ctrl-C')) resolve(seen)
    })
  })
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  expect(lines).toContain(`AWS_ENDPOINT_URL=${/AWS_ENDPOINT_URL='(\S+)'/.exec(printed)?.[1] ?? ''}`)
  expect(lines.filter((line) => !/^[A-Z_]+=\S+$/.test(line))).toEqual([])
  child.kill('SIGTERM')
  expect(await ended).toMatchObject({ code: 0 })
})
