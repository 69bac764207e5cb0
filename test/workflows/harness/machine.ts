/** The computer that the jobs of a run have: its folders, its own environment, what it may reach. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { onTestFinished } from 'vitest'

import type { Emulator } from '../../../emulator/emulator.ts'
import { clockEnv } from '../../support/scaled-clock.ts'
import { preloadArguments } from '../../support/preload.ts'
import { createActions, root, type Actions } from './actions.ts'

export type Machine = Readonly<{
  emulator: Emulator
  actions: Actions
  /** The environment that every process inherits. */
  env: Readonly<Record<string, string>>
  /** Arguments for Node, before the file that it runs. */
  nodeArguments: readonly string[]
  serverUrl: string
  /** Where a job with `id-token: write` asks for its tokens. */
  tokenUrl: string
  secrets: Readonly<Record<string, string>>
  vars: Readonly<Record<string, string>>
  /** The workflows that can be called, by the text of `uses:`. */
  called: Readonly<Record<string, string>>
  /** A new, empty folder, gone after the test. */
  folder(name: string): string
}>

export type MachineOptions = Readonly<{
  /** The folder of this action, with action.yml and dist/. */
  action?: string
  /** Other actions' folders, by `OWNER/REPO`. */
  actions?: ReadonlyMap<string, string>
  /** The files of the repository, which a checkout brings. */
  repository?: Readonly<Record<string, string>>
  env?: Readonly<Record<string, string>>
  serverUrl?: string
  tokenUrl?: string
  secrets?: Readonly<Record<string, string>>
  vars?: Readonly<Record<string, string>>
  called?: Readonly<Record<string, string>>
  /** How fast time passes, and the moment from which on; as the emulator's clock. */
  clock?: Readonly<{ scale: number; originMs: number }>
}>

// The cache of vitest.config.ts; the last ones are of Windows, where little runs without them.
const inherited = [
  'PATH',
  'NODE_COMPILE_CACHE',
  'SystemRoot',
  'COMSPEC',
  'PATHEXT',
  'TEMP',
  'TMP',
] as const

/** A runner's machine from which the emulator, and nothing else, is reached. */
export function createMachine(emulator: Emulator, options: MachineOptions = {}): Machine {
  const home = mkdtempSync(join(tmpdir(), 'workflow-'))
  onTestFinished(() => {
    rmSync(home, { recursive: true, force: true, maxRetries: 3 })
  })
  const folder = (name: string): string => mkdtempSync(join(home, `${name}-`))
  const { clock } = options
  const own = folder('home')
  return {
    emulator,
    actions: createActions(options.action ?? root, options.actions ?? new Map()),
    env: {
      ...Object.fromEntries(
        inherited.flatMap((name) => {
          const value = process.env[name]
          return value === undefined ? [] : [[name, value]]
        }),
      ),
      HOME: own,
      USERPROFILE: own,
      AWS_ENDPOINT_URL: emulator.url,
      AWS_EC2_METADATA_DISABLED: 'true',
      STAND_IN_REPOSITORY: writeFiles(folder('repository'), options.repository ?? {}),
      STAND_IN_CREDENTIALS: JSON.stringify(emulator.ambientEnv),
      ...(clock === undefined ? {} : clockEnv(clock.scale, clock.originMs)),
      ...options.env,
    },
    nodeArguments: clock === undefined ? [] : preloadArguments('preload/scaled-clock.ts'),
    serverUrl: options.serverUrl ?? 'https://github.com',
    tokenUrl: options.tokenUrl ?? emulator.env['ACTIONS_ID_TOKEN_REQUEST_URL'] ?? '',
    secrets: options.secrets ?? {},
    vars: options.vars ?? {},
    called: options.called ?? {},
    folder,
  }
}

function writeFiles(folder: string, files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text, { mode: text.startsWith('#!') ? 0o755 : 0o644 })
  }
  return folder
}
