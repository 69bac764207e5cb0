/** The bundle, run the way a runner runs it. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { parse } from 'yaml'

import type { Emulator } from '../../../emulator/emulator.ts'
import { object, optionalString } from './json.ts'

const fileAt = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

const bundle = fileAt('dist/index.js')

export type ActionRun = {
  readonly exitCode: number
  readonly outputs: Readonly<Record<string, string>>
  readonly log: string
}

export type ActionOptions = {
  readonly inputs: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  /** Arguments for Node itself. */
  readonly nodeArguments?: readonly string[]
}

/** The inputs as a runner passes them: every declared one, with its default where nothing is given. */
async function inputEnv(
  inputs: ActionOptions['inputs'],
  emulator: Emulator,
): Promise<Record<string, string>> {
  const declared = object(object(parse(await readFile(fileAt('action.yml'), 'utf8')))['inputs'])
  const stranger = Object.keys(inputs).find((name) => !Object.hasOwn(declared, name))
  if (stranger !== undefined) throw new Error(`action.yml declares no input ${stranger}`)
  return Object.fromEntries(
    Object.entries(declared).map(([name, declaration]) => {
      const standard = optionalString(object(declaration)['default']) ?? ''
      const value = standard === '${{ github.token }}' ? emulator.githubToken : standard
      return [`INPUT_${name.toUpperCase().replaceAll(' ', '_')}`, inputs[name] ?? value]
    }),
  )
}

/** Reads the file that GITHUB_OUTPUT names. */
function readOutputs(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^([^\n<=]+)<<(\S+)\n([\s\S]*?)\n?\2$/gm)].map(
      ([, name = '', , value = '']) => [name, value],
    ),
  )
}

/** Runs the action on a push to main. */
export async function runAction(emulator: Emulator, options: ActionOptions): Promise<ActionRun> {
  const folder = await mkdtemp(join(tmpdir(), 'peers-'))
  try {
    const file = async (name: string, text = ''): Promise<string> => {
      const path = join(folder, name)
      await writeFile(path, text)
      return path
    }
    const outputFile = await file('output')
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      GITHUB_ACTIONS: 'true',
      GITHUB_OUTPUT: outputFile,
      GITHUB_STEP_SUMMARY: await file('summary'),
      GITHUB_STATE: await file('state'),
      GITHUB_ENV: await file('env'),
      GITHUB_EVENT_NAME: 'push',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_EVENT_PATH: await file(
        'event.json',
        JSON.stringify({ repository: { default_branch: 'main' } }),
      ),
      GITHUB_REPOSITORY: 'octo-org/octo-app',
      GITHUB_RUN_ID: '1234567890',
      ...emulator.env,
      ...(await inputEnv(options.inputs, emulator)),
      ...options.env,
    }
    const ended = await run([...(options.nodeArguments ?? []), bundle], env)
    return { ...ended, outputs: readOutputs(await readFile(outputFile, 'utf8')) }
  } finally {
    await rm(folder, { recursive: true })
  }
}

function run(
  given: readonly string[],
  env: Record<string, string>,
): Promise<Pick<ActionRun, 'exitCode' | 'log'>> {
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [...given],
      { env, timeout: 100_000, killSignal: 'SIGKILL' },
      (failed, stdout, stderr) => {
        const code = failed === null ? 0 : failed.code
        if (typeof code === 'number') resolve({ exitCode: code, log: stdout + stderr })
        else reject(new Error(`The bundle did not end by itself\n${stdout}${stderr}`))
      },
    )
  })
}
