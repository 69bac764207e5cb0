import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { describe, expect, onTestFinished, test } from 'vitest'

import { send } from '../../support/emulator-requests.ts'

const cli = fileURLToPath(new URL('../../../emulator/cli/start.ts', import.meta.url))

const example = (name: string): string =>
  fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url))

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

/** What the command has printed when the emulator is ready. */
const untilReady = ({ stdout }: ReturnType<typeof spawn>): Promise<string> =>
  new Promise((resolve) => {
    let printed = ''
    stdout?.on('data', (chunk: Buffer) => {
      printed += chunk.toString()
      if (printed.includes('Ctrl-C')) resolve(printed)
    })
  })

const urlIn = (printed: string): string => /AWS_ENDPOINT_URL='(\S+)'/.exec(printed)?.[1] ?? ''

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'emulator-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true })
  })
  return folder
}

describe('npm run emulator', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'The command prints what a shell needs for a client, and ends on %s',
    async (signal) => {
      const { child, ended } = run('--job-seconds', '0.5')
      const printed = await untilReady(child)
      for (const name of ['ACTIONS_ID_TOKEN_REQUEST_TOKEN', 'AWS_ACCESS_KEY_ID', 'GITHUB_TOKEN'])
        expect(printed).toContain(`export ${name}='`)
      const lines = printed.split('\n')
      expect(lines.filter((line) => !/^(#.*|export \w+='[^']*'|)$/.test(line))).toEqual([])
      const { json } = await send(urlIn(printed), { path: '/_emulator/state' })
      expect(json).toMatchObject({ rules: { jobMs: 500 } })
      child.kill(signal)
      expect(await ended).toMatchObject({ code: 0, stderr: '' })
    },
  )

  test('The option --variables writes a file of variables that a runner can read', async () => {
    const file = join(temporaryFolder(), 'emulator.env')
    const { child, ended } = run('--variables', file)
    const url = urlIn(await untilReady(child))
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    expect(lines).toContain(`AWS_ENDPOINT_URL=${url}`)
    expect(lines.filter((line) => !/^[A-Z_]+=\S+$/.test(line))).toEqual([])
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({ code: 0 })
  })

  test('The event file of a manual run has its inputs as text, with the defaults', async () => {
    const folder = temporaryFolder()
    const [workflow, file] = [join(folder, 'mine.yml'), join(folder, 'event.json')]
    const inputs = 'name: { default: media }, count: { type: number }, wide: { type: boolean }'
    writeFileSync(
      workflow,
      `on: { workflow_dispatch: { inputs: { ${inputs} } } }\njobs: { a: { steps: [{ uses: ./ }] } }`,
    )
    const args = ['--event', 'workflow_dispatch', '--event-file', file, '--input', 'count=10']
    const payload = (): unknown => JSON.parse(readFileSync(file, 'utf8'))
    await untilReady(run('--workflow', workflow, ...args).child)
    expect(payload()).toMatchObject({ inputs: { name: 'media', count: '10', wide: 'false' } })
    await untilReady(run(...args).child)
    expect(payload()).toMatchObject({ inputs: { count: '10' } })
  })

  test('The variables for a pull request of a fork have no OIDC token', async () => {
    const file = join(temporaryFolder(), 'emulator.env')
    await untilReady(run('--event', 'fork', '--variables', file).child)
    const variables = readFileSync(file, 'utf8')
    expect(variables).toContain('AWS_ENDPOINT_URL=')
    expect(variables).not.toContain('ACTIONS_ID_TOKEN_')
  })

  test.each([
    ['{ push: }', '', false],
    ['{ push: }', 'permissions: { id-token: write }', true],
    ['{ workflow_call: }', '', true],
    ['{ workflow_call: }', 'permissions: {}', false],
  ])(
    'For a workflow on %s with "%s", the variables have an OIDC token: %s',
    async (on, permissions, expected) => {
      const folder = temporaryFolder()
      const [path, file] = [join(folder, 'mine.yml'), join(folder, 'emulator.env')]
      writeFileSync(path, `on: ${on}\n${permissions}\njobs: { a: { steps: [{ uses: ./ }] } }`)
      await untilReady(run('--workflow', path, '--variables', file).child)
      expect(readFileSync(file, 'utf8').includes('ACTIONS_ID_TOKEN_')).toBe(expected)
    },
  )

  test('A port in use and a file that cannot be written are told in a line', async () => {
    const { child } = run()
    const { port } = new URL(urlIn(await untilReady(child)))
    const second = await run('--port', port).ended
    expect([second.code, second.stderr]).toEqual([
      1,
      `Port ${port} is in use. Choose another one, or leave out --port for any free port.\n`,
    ])
    const file = join(tmpdir(), 'no-such-folder', 'emulator.env')
    const third = await run('--variables', file).ended
    expect([third.code, third.stderr.split('\n')[0]]).toEqual([2, `Cannot write ${file}: ENOENT`])
  })

  test.each([
    [['--event', 'pull-request'], 'repo:octo-org/octo-app:pull_request'],
    [['--environment', 'prod'], 'repo:octo-org/octo-app:environment:prod'],
    [['--repository', 'a/b'], 'repo:a/b:ref:refs/heads/main'],
    [['--event', 'pull_request', '--branch', 'dev'], 'repo:octo-org/octo-app:pull_request'],
  ])('With the options %j, the roles trust tokens with the subject %s', async (args, subject) => {
    const { child } = run(...args)
    const printed = await untilReady(child)
    expect(printed).toContain(`#     sub ${subject}\n`)
    expect(printed).toContain(`#     trusts ${subject}\n`)
  })

  test('With a workflow, the emulator has what its steps name', async () => {
    const { child } = run('--workflow', example('environments-matrix.yml'))
    const printed = await untilReady(child)
    for (const name of ['app d7f6e5c4b3a2d1', 'arn:aws:iam::444455556666:role/'])
      expect(printed).toContain(name)
  })

  test('The token has the branch of the option --branch', async () => {
    const printed = await untilReady(run('--branch', 'dev').child)
    expect(printed).toContain('#     sub repo:octo-org/octo-app:ref:refs/heads/dev\n')
  })

  test('With a workflow and --matrix, the emulator has what that combination names', async () => {
    const args = ['--workflow', example('environments-matrix.yml')]
    const printed = await untilReady(run(...args, '--matrix', 'environment=dev').child)
    expect(printed).toContain('app d1a2b3c4d5e6f7')
    expect(printed).not.toContain('app d7f6e5c4b3a2d1')
  })

  test('A workflow whose names come from another job is rejected with a command that works', async () => {
    const folder = temporaryFolder()
    const file = '.github/workflows/storage.yml'
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    copyFileSync(example('environments-from-file.yml'), join(folder, file))
    const rejected = await run('--workflow', join(folder, file)).ended
    expect([rejected.code, rejected.stderr.split('\n')[0]]).toEqual([
      2,
      expect.stringContaining('needs.list'),
    ])
    const [, command = ''] = /^ {2}npm run emulator -- (.*)$/m.exec(rejected.stderr) ?? []
    expect(command).not.toContain('--workflow')
    const [, patch = ''] = /--data '(.*)'$/m.exec(rejected.stderr) ?? []
    expect(rejected.stderr).toContain(`act push --directory ${folder} --workflows ${file} `)
    const args = command.split(' ').map((arg) => (arg.includes('.') ? join(folder, arg) : arg))
    const url = urlIn(await untilReady(run(...args).child))
    const body = patch.replace('ROLE_ARN', 'arn:aws:iam::444455556666:role/apply')
    const { status } = await send(url, { method: 'PUT', path: '/_emulator/state', body })
    expect(status).toBe(200)
  })

  test.each(['start', 'try'])(
    'A reader that closes the pipe of %s.ts causes no error',
    async (name) => {
      const program = fileURLToPath(new URL(`../../../emulator/cli/${name}.ts`, import.meta.url))
      const child = spawn(process.execPath, [program, '--help'], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      child.stdout.destroy()
      const code = new Promise<number | null>((resolve) => child.once('exit', resolve))
      expect([await code, await text(child.stderr)]).toEqual([0, ''])
    },
  )

  test('The option --help prints the options', async () => {
    const { code, stdout } = await run('--help').ended
    expect(code).toBe(0)
    expect(stdout).toContain('--job-seconds')
  })

  test.each([
    [['--prot', '1'], 'Unknown option --prot.\nDid you mean --port?\n'],
    [['--port', '70000'], '--port must be a number from 0 to 65535, not "70000"'],
    [['--port', '1.5'], '--port must be an integer'],
    [['--job-seconds', 'soon'], '--job-seconds must be a number'],
    [['--input', 'a=b'], 'Add --workflow PATH, or --event workflow_dispatch.\n'],
    [['here'], "Unexpected argument 'here'"],
  ])('The command line %j is a usage error', async (args, message) => {
    const { code, stdout, stderr } = await run(...args).ended
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(message)
  })
})
